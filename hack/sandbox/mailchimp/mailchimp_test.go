package mailchimp

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/hack/sandbox/description"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

const token = "sandbox-mailchimp-token"

// bench is an account whose answers are all held against the description.
type bench struct {
	t       *testing.T
	sandbox *server.Server
}

func newBench(t *testing.T, o Options) *bench {
	t.Helper()
	return &bench{t: t, sandbox: server.New(server.Options{Vendors: map[server.Service]server.NewVendor{server.Mailchimp: New(o)}})}
}

// call returns the status of an answer, and its body.
func (b *bench) call(method, path, body string, header ...string) (int, map[string]any) {
	b.t.Helper()
	r := httptest.NewRequestWithContext(b.t.Context(), method, "/mailchimp"+path, strings.NewReader(body))
	r.SetBasicAuth("anybody", token)
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
	if kind := w.Header().Get("Content-Type"); answer["instance"] != nil && !strings.HasPrefix(kind, "application/problem+json") {
		b.t.Errorf("%s %s: an error of type %s", method, path, kind)
	}
	described := httptest.NewRequestWithContext(b.t.Context(), method, path, nil)
	described.Header = r.Header
	if checked, err := description.MustLoad(document).Check(described, []byte(body)); err == nil {
		var shown any
		if answer != nil {
			shown = answer
		}
		if bad := checked.Answer(w.Code, w.Header(), shown); bad != nil {
			b.t.Errorf("%s %s: the answer is not as described: %v", method, path, bad)
		}
	}
	return w.Code, answer
}

const (
	lists = "/3.0/lists/" + Audience
	ada   = lists + "/members/ada@example.com"
	put   = `{"email_address":"Ada@example.com","status_if_new":"subscribed","merge_fields":{"FNAME":"Ada","NOSUCH":"x","COMPANY":"Example"}}`
)

func hashPath(email string) string { return lists + "/members/" + hashOf(email) }

func TestCredentials(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		header, value string
		wantStatus    int
		wantTitle     any
	}{
		"basic":       {"X-Nothing", "", 200, nil},
		"bearer":      {"Authorization", "Bearer " + token, 200, nil},
		"another key": {"Authorization", "Bearer x", 401, "API Key Invalid"},
		"no key":      {"Authorization", "", 401, "API Key Missing"},
		"another way": {"Authorization", "token " + token, 401, "API Key Missing"},
	} {
		if status, answer := newBench(t, Options{}).call("GET", "/3.0/ping", "", tc.header, tc.value); status != tc.wantStatus || answer["title"] != tc.wantTitle {
			t.Errorf("%s: %d %v, want %d %v", name, status, answer["title"], tc.wantStatus, tc.wantTitle)
		}
	}
}

func TestRefusesWhatMailchimpWould(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		method, path, body string
		wantStatus         int
		wantTitle          any
	}{
		"another audience":               {"GET", "/3.0/lists/1234", "", 404, "Resource Not Found"},
		"no such path":                   {"GET", "/3.0/audiences", "", 404, "Resource Not Found"},
		"another method":                 {"DELETE", lists, "", 405, "Method Not Allowed"},
		"an address that is none":        {"PUT", hashPath("ada"), `{"email_address":"ada","status_if_new":"subscribed"}`, 400, "Invalid Resource"},
		"one that is made up":            {"PUT", hashPath("x@fake.example"), `{"email_address":"x@fake.example","status_if_new":"subscribed"}`, 400, "Invalid Resource"},
		"tags in a PUT":                  {"PUT", hashPath("eve@example.com"), `{"email_address":"eve@example.com","status_if_new":"subscribed","tags":["x"]}`, 400, "BadRequest"},
		"somebody new without a status":  {"PUT", hashPath("eve@example.com"), `{"email_address":"eve@example.com"}`, 400, "Invalid Resource"},
		"another's hash":                 {"PUT", hashPath("eve@example.com"), `{"email_address":"bob@example.com","status_if_new":"subscribed"}`, 400, "Invalid Resource"},
		"nobody":                         {"GET", hashPath("eve@example.com"), "", 404, "Resource Not Found"},
		"a number that is none":          {"PATCH", ada, `{"merge_fields":{"SEATS":"a dozen"}}`, 400, "Invalid Resource"},
		"no such choice":                 {"PATCH", ada, `{"merge_fields":{"PLAN":"gold"}}`, 400, "Invalid Resource"},
		"an address in one text":         {"PATCH", ada, `{"merge_fields":{"ADDRESS":"1 Example Street"}}`, 400, "Invalid Resource"},
		"deleting for good by address":   {"POST", ada + "/actions/delete-permanent", "", 400, "BadRequest"},
		"tags by address":                {"POST", ada + "/tags", `{"tags":[{"name":"x","status":"active"}]}`, 400, "BadRequest"},
		"a batch without a status":       {"POST", lists, `{"members":[{"email_address":"eve@example.com"}]}`, 400, "BadRequest"},
		"a field that there is already":  {"POST", lists + "/merge-fields", `{"tag":"FNAME","name":"x","type":"text"}`, 400, "Invalid Resource"},
		"a time that is none":            {"GET", lists + "/members?since_last_changed=yesterday", "", 400, "Invalid Resource"},
		"a state that is none":           {"GET", lists + "/members?status=gone", "", 400, "BadRequest"},
		"more members than a page holds": {"GET", lists + "/members?count=1001", "", 400, "BadRequest"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, Options{})
			b.call("PUT", ada, put)
			if status, answer := b.call(tc.method, tc.path, tc.body); status != tc.wantStatus || answer["title"] != tc.wantTitle {
				t.Errorf("got %d %v, want %d %v", status, answer, tc.wantStatus, tc.wantTitle)
			}
		})
	}
}

// What calls do to a member's state, one after the other.
func TestStates(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	batch := func(status, update string) string {
		return `{"members":[{"email_address":"ada@example.com","status":"` + status + `"}],"update_existing":` + update + `}`
	}
	for _, step := range []struct {
		reason, method, path, body string
		wantStatus                 int
		want                       any // the member's state
	}{
		{"status_if_new makes somebody new", "PUT", ada, put, 200, "subscribed"},
		{"and changes nobody", "PUT", ada, strings.Replace(put, "subscribed", "pending", 1), 200, "subscribed"},
		{"one who leaves", "PATCH", ada, `{"status":"unsubscribed"}`, 200, "unsubscribed"},
		{"stays away with status_if_new", "PUT", ada, put, 200, "unsubscribed"},
		{"and with status is in a compliance state", "PUT", ada, `{"email_address":"ada@example.com","status":"subscribed"}`, 400, "unsubscribed"},
		{"but can be asked", "PUT", ada, `{"email_address":"ada@example.com","status":"pending"}`, 200, "pending"},
		{"a batch leaves alone who is there", "POST", lists, batch("subscribed", "false"), 200, "pending"},
		{"unless it is to update", "POST", lists, batch("subscribed", "true"), 200, "subscribed"},
		{"an archived one", "DELETE", ada, "", 204, "archived"},
		{"can't be archived again", "DELETE", ada, "", 405, "archived"},
		{"stays so with a PUT", "PUT", ada, put, 200, "archived"},
		{"and is brought back by a batch", "POST", lists, batch("pending", "false"), 200, "pending"},
	} {
		status, answer := b.call(step.method, step.path, step.body)
		if status != step.wantStatus {
			t.Fatalf("%s: %d %v, want %d", step.reason, status, answer, step.wantStatus)
		}
		if _, m := b.call("GET", ada, ""); m["status"] != step.want {
			t.Errorf("%s: %v, want %v", step.reason, m["status"], step.want)
		}
	}
}

func TestMergeFieldsAreDroppedInSilence(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	b.call("PUT", ada, put)
	_, m := b.call("GET", ada, "")
	if diff := cmp.Diff(map[string]any{"FNAME": "Ada", "COMPANY": "Example"}, m["merge_fields"]); diff != "" {
		t.Error(diff)
	}
	if status, _ := b.call("POST", lists+"/merge-fields", `{"tag":"NOSUCH","name":"There now","type":"text"}`); status != 200 {
		t.Error("a field can be created")
	}
	b.call("PUT", ada, put)
	if _, m = b.call("GET", ada, ""); m["merge_fields"].(map[string]any)["NOSUCH"] != "x" {
		t.Errorf("once it is there it is kept: %v", m["merge_fields"])
	}
}

func TestDeletingForGoodLasts(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	b.call("PUT", ada, put)
	path := hashPath("ada@example.com")
	if status, _ := b.call("POST", path+"/actions/delete-permanent", ""); status != 204 {
		t.Fatal(status)
	}
	if status, answer := b.call("PUT", path, put); status != 400 || answer["title"] != "Forgotten Email Not Subscribed" {
		t.Errorf("%d %v", status, answer)
	}
	_, answer := b.call("POST", lists, `{"members":[{"email_address":"ada@example.com","status":"subscribed"}]}`)
	if answer["error_count"] != 1.0 {
		t.Errorf("by a batch: %v", answer)
	}
}

// Those who are listed since a time changed after it, not at it.
func TestListsByTheTimeOfTheLastChange(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)
	b := newBench(t, Options{Now: func() time.Time { return now }})
	for _, email := range []string{"a@example.com", "b@example.com", "c@example.com"} {
		b.call("PUT", hashPath(email), strings.Replace(put, "Ada@example.com", email, 1))
		now = now.Add(time.Second)
	}
	for query, want := range map[string][]string{
		"": {"a@example.com", "b@example.com", "c@example.com"},
		"&since_last_changed=2026-11-05T12:00:00%2B00:00": {"b@example.com", "c@example.com"},
		"&count=1&offset=1": {"b@example.com"},
		"&sort_dir=DESC":    {"c@example.com", "b@example.com", "a@example.com"},
	} {
		_, answer := b.call("GET", lists+"/members?status=subscribed&sort_field=last_changed"+query, "")
		var got []string
		for _, m := range answer["members"].([]any) {
			got = append(got, m.(map[string]any)["email_address"].(string))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q:\n%s", query, diff)
		}
	}
	b.call("PUT", hashPath("a@example.com"), strings.Replace(put, "Ada@example.com", "a@example.com", 1))
	if _, m := b.call("GET", hashPath("a@example.com"), ""); m["last_changed"] != "2026-11-05T12:00:00+00:00" {
		t.Errorf("what changes nothing is no change: %v", m["last_changed"])
	}
}

// Ten calls are served at a time, and more are refused at once.
func TestConnections(t *testing.T) {
	t.Parallel()
	const most = 10
	served, release := make(chan struct{}, most), make(chan struct{})
	b := newBench(t, Options{Connections: most, Latency: time.Minute, sleep: func(time.Duration) {
		served <- struct{}{}
		<-release
	}})
	var all sync.WaitGroup
	for range most {
		all.Go(func() {
			if status, _ := b.call("GET", "/3.0/ping", ""); status != 200 {
				t.Errorf("one of ten: %d", status)
			}
		})
	}
	for range most {
		<-served
	}
	if status, answer := b.call("GET", "/3.0/ping", ""); status != 429 || answer["title"] != "Too Many Requests" {
		t.Errorf("one more: %d %v", status, answer)
	}
	close(release)
	all.Wait()
	if status, _ := b.call("GET", "/3.0/ping", ""); status != 200 {
		t.Errorf("afterwards: %d", status)
	}
}
