package listmonk

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/hack/sandbox/description"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

const token = "sandbox-listmonk-token"

// bench is an instance whose answers are all held against the description.
type bench struct {
	t       *testing.T
	sandbox *server.Server
}

func newBench(t *testing.T, o Options) *bench {
	t.Helper()
	return &bench{t: t, sandbox: server.New(server.Options{Vendors: map[server.Service]server.NewVendor{server.Listmonk: New(o)}})}
}

// call returns the status of an answer, and its data or message.
func (b *bench) call(method, path, body string, header ...string) (int, any) {
	b.t.Helper()
	r := httptest.NewRequestWithContext(b.t.Context(), method, "/listmonk"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "token "+User+":"+token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	b.sandbox.ServeHTTP(w, r)
	var answer map[string]any
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			b.t.Fatal(err)
		}
	}
	described := httptest.NewRequestWithContext(b.t.Context(), method, path, nil)
	described.Header = r.Header
	if checked, err := description.MustLoad(document).Check(described, []byte(body)); err == nil {
		if bad := checked.Answer(w.Code, w.Header(), answer); bad != nil {
			b.t.Errorf("%s %s: the answer is not as described: %v", method, path, bad)
		}
	}
	if data, found := answer["data"]; found {
		return w.Code, data
	}
	return w.Code, answer["message"]
}

// subscriptions are the lists of subscriber 1, with their states.
func (b *bench) subscriptions() any {
	return b.sandbox.Records(server.Listmonk)[0].Fields["lists"]
}

const ada = `{"email":"Ada@example.com","name":"Ada","status":"enabled","lists":[3,4,99],"attribs":{"a":1,"b":2}}`

func TestCredentials(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		header, value string
		wantStatus    int
		wantMessage   any
	}{
		"the API user":     {"Authorization", "token " + User + ":" + token, 200, true},
		"basic":            {"Authorization", "Basic Y29udGFjdC1vcGVyYXRvcjpzYW5kYm94LWxpc3Rtb25rLXRva2Vu", 200, true},
		"bearer":           {"Authorization", "Bearer " + token, 403, "unknown Authorization scheme"},
		"another token":    {"Authorization", "token " + User + ":x", 403, "invalid API credentials"},
		"another user":     {"Authorization", "token admin:" + token, 403, "invalid API credentials"},
		"a session cookie": {"Cookie", "session=x", 403, "invalid session"},
	}
	for name, tc := range cases {
		if status, message := newBench(t, Options{}).call("GET", "/api/health", "", tc.header, tc.value); status != tc.wantStatus || message != tc.wantMessage {
			t.Errorf("%s: %d %v, want %d %v", name, status, message, tc.wantStatus, tc.wantMessage)
		}
	}
	if status, _ := newBench(t, Options{}).call("GET", "/health", "", "Authorization", ""); status != 200 {
		t.Errorf("the public health: %d", status)
	}
}

func TestRefusesWhatListmonkWould(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		version            int
		method, path, body string
		wantStatus         int
	}{
		"an address":                   {6, "POST", "/api/subscribers", `{"email":"Ada <ada@example.com>","name":"x","status":"enabled"}`, 400},
		"a blocked domain":             {6, "POST", "/api/subscribers", `{"email":"ada@blocklisted.example","name":"x","status":"enabled"}`, 400},
		"no name":                      {5, "POST", "/api/subscribers", `{"email":"bob@example.com","name":"","status":"enabled"}`, 400},
		"no name, newer":               {6, "POST", "/api/subscribers", `{"email":"bob@example.com","name":"","status":"enabled"}`, 200},
		"a field that nobody reads":    {6, "POST", "/api/subscribers", `{"email":"bob@example.com","name":"x","status":"enabled","attributes":{}}`, 400},
		"taken":                        {6, "POST", "/api/subscribers", `{"email":"ADA@example.com","name":"x","status":"enabled"}`, 409},
		"a search that is no pattern":  {6, "GET", "/api/subscribers?search=%5Eada%28", "", 500},
		"SQL":                          {6, "GET", "/api/subscribers?query=subscribers.id%3D1", "", 403},
		"nobody":                       {6, "GET", "/api/subscribers/98", "", 400},
		"patch before 6.1":             {5, "PATCH", "/api/subscribers/1", `{"name":"x"}`, 405},
		"moving to a taken address":    {6, "PUT", "/api/subscribers/1", `{"email":"eve@example.com","name":"x"}`, 500},
		"no such list":                 {6, "GET", "/api/lists/99", "", 400},
		"adding to a list that is not": {6, "PUT", "/api/subscribers/lists", `{"ids":[1],"action":"add","target_list_ids":[99]}`, 500},
		"another action":               {6, "PUT", "/api/subscribers/lists", `{"ids":[1],"action":"subscribe","target_list_ids":[3]}`, 400},
		"no lists":                     {6, "PUT", "/api/subscribers/lists", `{"ids":[1],"action":"add","target_list_ids":[]}`, 400},
		"no such path":                 {6, "GET", "/api/subscriber", "", 404},
		"without /api":                 {6, "GET", "/subscribers", "", 307},
		"another method":               {6, "POST", "/api/lists/3", "", 405},
		"deleting nobody":              {6, "DELETE", "/api/subscribers/99", "", 200},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, Options{Version: tc.version})
			b.call("POST", "/api/subscribers", ada)
			b.call("POST", "/api/subscribers", `{"email":"eve@example.com","name":"x","status":"enabled"}`)
			if status, answer := b.call(tc.method, tc.path, tc.body); status != tc.wantStatus {
				t.Errorf("got %d %v, want %d", status, answer, tc.wantStatus)
			}
		})
	}
}

// What calls do to subscriptions, one after the other.
func TestSubscriptions(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	steps := []struct {
		reason, method, path, body string
		want                       map[string]any
	}{
		{"a list that does not exist is dropped in silence", "POST", "/api/subscribers", ada, map[string]any{"3": "unconfirmed", "4": "unconfirmed"}},
		{"a patch without lists keeps them", "PATCH", "/api/subscribers/1", `{"attribs":{"b":3}}`, map[string]any{"3": "unconfirmed", "4": "unconfirmed"}},
		{"a patch with lists replaces them", "PATCH", "/api/subscribers/1", `{"lists":[3]}`, map[string]any{"3": "unconfirmed"}},
		{"one who leaves", "PUT", "/api/subscribers/lists", `{"ids":[1],"action":"unsubscribe","target_list_ids":[3,5]}`, map[string]any{"3": "unsubscribed"}},
		{"is not put back without a status", "PUT", "/api/subscribers/lists", `{"ids":[1],"action":"add","target_list_ids":[3,5]}`, map[string]any{"3": "unsubscribed", "5": "unconfirmed"}},
		{"but is with one", "PUT", "/api/subscribers/lists", `{"ids":[1],"action":"add","target_list_ids":[3],"status":"confirmed"}`, map[string]any{"3": "confirmed", "5": "unconfirmed"}},
		{"a PUT keeps who is confirmed", "PUT", "/api/subscribers/1", `{"email":"ada@example.com","name":"Ada","lists":[3,5]}`, map[string]any{"3": "confirmed", "5": "unconfirmed"}},
		{"a list is removed", "PUT", "/api/subscribers/lists", `{"ids":[1],"action":"remove","target_list_ids":[5]}`, map[string]any{"3": "confirmed"}},
		{"the block list ends all", "PUT", "/api/subscribers/1/blocklist", "", map[string]any{"3": "unsubscribed"}},
		{"a PUT without lists drops them", "PUT", "/api/subscribers/1", `{"email":"ada@example.com","name":"Ada"}`, map[string]any{}},
	}
	for _, step := range steps {
		if status, answer := b.call(step.method, step.path, step.body); status != 200 {
			t.Fatalf("%s: got %d %v", step.reason, status, answer)
		}
		if diff := cmp.Diff(step.want, b.subscriptions()); diff != "" {
			t.Errorf("%s:\n%s", step.reason, diff)
		}
	}
	if fields := b.sandbox.Records(server.Listmonk)[0].Fields; fields["attribs"] != nil {
		t.Errorf("a PUT without attributes drops them: got %v", fields["attribs"])
	}
}

func TestAttributes(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	b.call("POST", "/api/subscribers", ada)
	b.call("PATCH", "/api/subscribers/1", `{"attribs":{"b":3,"c":4}}`)
	want := map[string]any{"a": 1.0, "b": 3.0, "c": 4.0}
	if diff := cmp.Diff(want, b.sandbox.Records(server.Listmonk)[0].Fields["attribs"]); diff != "" {
		t.Errorf("a patch merges:\n%s", diff)
	}
}

func TestMailsToConfirm(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	for _, step := range []struct {
		reason, method, path, body string
		want                       float64
	}{
		{"a new subscriber of a list with double opt-in", "POST", "/api/subscribers", ada, 1},
		{"adding sends none", "PUT", "/api/subscribers/lists", `{"ids":[1],"action":"add","target_list_ids":[4,5]}`, 1},
		{"asking sends one", "POST", "/api/subscribers/1/optin", "", 2},
		{"each time", "POST", "/api/subscribers/1/optin", "", 3},
		{"a PUT sends one to who has not confirmed", "PUT", "/api/subscribers/1", `{"email":"ada@example.com","name":"x","lists":[3,4]}`, 4},
		{"unless it confirms", "PUT", "/api/subscribers/1", `{"email":"ada@example.com","name":"x","lists":[3,4],"preconfirm_subscriptions":true}`, 4},
	} {
		if status, answer := b.call(step.method, step.path, step.body); status != 200 {
			t.Fatalf("%s: got %d %v", step.reason, status, answer)
		}
		if got := b.sandbox.Records(server.Listmonk)[0].Fields["optinMails"]; got != step.want {
			t.Errorf("%s: %v mails, want %v", step.reason, got, step.want)
		}
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{Manages: []int{3}})
	if _, answer := b.call("POST", "/api/subscribers", ada); len(answer.(map[string]any)["lists"].([]any)) != 1 {
		t.Errorf("a list that may not be managed is dropped in silence: got %v", answer)
	}
	b.call("POST", "/api/subscribers", `{"email":"eve@example.com","name":"x","status":"enabled","lists":[5]}`)
	for path, want := range map[string]int{"/api/lists/5": 403, "/api/lists/3": 200, "/api/subscribers/1": 200, "/api/subscribers/2": 403} {
		if status, _ := b.call("GET", path, ""); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
	if _, answer := b.call("GET", "/api/subscribers?search=example", ""); answer.(map[string]any)["total"] != 1.0 {
		t.Errorf("a search leaves out who may not be seen: got %v", answer)
	}
}
