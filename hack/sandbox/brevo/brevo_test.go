package brevo

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/hack/sandbox/description"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

const token = "sandbox-brevo-token"

// bench is an account whose answers are all held against the description.
type bench struct {
	t       *testing.T
	sandbox *server.Server
	table   server.Table
}

func newBench(t *testing.T, o Options) *bench {
	t.Helper()
	b := &bench{t: t}
	b.sandbox = server.New(server.Options{Vendors: map[server.Service]server.NewVendor{server.Brevo: func(t server.Table) server.Vendor {
		b.table = t
		return New(o)(t)
	}}})
	return b
}

// call returns the status of an answer, its body, and the headers of the limits: limit, remaining, reset.
func (b *bench) call(method, path, body string, header ...string) (status int, answer map[string]any, limits string) {
	b.t.Helper()
	r := httptest.NewRequestWithContext(b.t.Context(), method, "/brevo"+path, strings.NewReader(body))
	r.Header.Set("api-key", token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	b.sandbox.ServeHTTP(w, r)
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			b.t.Fatal(err)
		}
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
	h := w.Header()
	return w.Code, answer, h.Get("x-sib-ratelimit-limit") + " " + h.Get("x-sib-ratelimit-remaining") + " " + h.Get("x-sib-ratelimit-reset")
}

const (
	ada    = "/v3/contacts/ada%40example.com"
	create = `{"email":"Ada@example.com","listIds":[7],"attributes":{"FIRSTNAME":"Ada","NOSUCH":"x","SEATS":"three","PLAN":2}}`
)

func TestRefusesWhatBrevoWould(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		method, path, body string
		wantStatus         int
		wantCode           any
	}{
		"taken":                       {"POST", "/v3/contacts", create, 400, "duplicate_parameter"},
		"an address that is none":     {"POST", "/v3/contacts", `{"email":"ada"}`, 400, "invalid_parameter"},
		"no such list":                {"POST", "/v3/contacts", `{"email":"eve@example.com","listIds":[99]}`, 400, "invalid_parameter"},
		"a phone number without code": {"POST", "/v3/contacts", `{"email":"eve@example.com","attributes":{"SMS":"12"}}`, 400, "invalid_parameter"},
		"another's phone number":      {"POST", "/v3/contacts", `{"email":"eve@example.com","attributes":{"SMS":"+442079460958"}}`, 400, "invalid_parameter"},
		"the address as an attribute": {"PUT", ada, `{"attributes":{"EMAIL":"eve@example.com"}}`, 400, "invalid_parameter"},
		"a field that nobody reads":   {"PUT", ada, `{"lists":[7]}`, 400, "invalid_parameter"},
		"nobody":                      {"GET", "/v3/contacts/eve%40example.com", "", 404, "document_not_found"},
		"nobody to change":            {"PUT", "/v3/contacts/eve%40example.com", `{"listIds":[7]}`, 404, "document_not_found"},
		"nobody to delete":            {"DELETE", "/v3/contacts/eve%40example.com", "", 404, "document_not_found"},
		"a list that is none":         {"GET", "/v3/contacts/lists/99", "", 404, "document_not_found"},
		"no such path":                {"GET", "/v3/people", "", 404, "document_not_found"},
		"another method":              {"PATCH", "/v3/contacts", "", 405, "method_not_allowed"},
		"a user of the account":       {"DELETE", "/v3/contacts/owner%40example.com", "", 405, "method_not_allowed"},
		"an attribute twice":          {"POST", "/v3/contacts/attributes/normal/FIRSTNAME", `{"type":"text"}`, 400, "duplicate_parameter"},
		"a time that is none":         {"GET", "/v3/contacts?modifiedSince=yesterday", "", 400, "invalid_parameter"},
		"a page that is too large":    {"GET", "/v3/contacts?limit=1001", "", 400, "invalid_parameter"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, Options{})
			b.call("POST", "/v3/contacts", create)
			b.call("POST", "/v3/contacts", `{"email":"owner@example.com","attributes":{"SMS":"+442079460958"}}`)
			if status, answer, _ := b.call(tc.method, tc.path, tc.body); status != tc.wantStatus || answer["code"] != tc.wantCode {
				t.Errorf("got %d %v, want %d %v", status, answer, tc.wantStatus, tc.wantCode)
			}
		})
	}
	b := newBench(t, Options{})
	if status, answer, _ := b.call("GET", "/v3/account", "", "api-key", ""); status != 401 || answer["code"] != "unauthorized" {
		t.Errorf("without a key: %d %v", status, answer)
	}
	if status, _, _ := b.call("GET", "/v3/account", "", "api-key", "", "Authorization", "Bearer "+token); status != 401 {
		t.Errorf("with the key in another header: %d", status)
	}
}

func TestAttributesAreDroppedInSilence(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	if status, answer, _ := b.call("POST", "/v3/contacts", create); status != 201 || answer["id"] != 1.0 {
		t.Fatalf("%d %v", status, answer)
	}
	_, c, _ := b.call("GET", ada, "")
	if diff := cmp.Diff(map[string]any{"FIRSTNAME": "Ada", "PLAN": 2.0}, c["attributes"]); diff != "" {
		t.Error(diff)
	}
}

// What calls do to somebody who has left.
func TestThoseWhoHaveLeft(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	b.call("POST", "/v3/contacts", create)
	if err := Leave(b.table, "ada@example.com", 7); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		reason, method, path, body string
		wantStatus                 int
		wantLists, wantLeft        any
		wantBlocked                bool
	}{
		{"a change without lists keeps them off", "PUT", ada, `{"attributes":{"FIRSTNAME":"Eve"}}`, 204, []any{}, []any{7.0}, false},
		{"the upsert puts them back", "POST", "/v3/contacts", `{"email":"ada@example.com","updateEnabled":true,"listIds":[7]}`, 204, []any{7.0}, nil, false},
		{"lists are added", "PUT", ada, `{"listIds":[8]}`, 204, []any{7.0, 8.0}, nil, false},
		{"and taken off", "PUT", ada, `{"unlinkListIds":[7]}`, 204, []any{8.0}, nil, false},
		{"blocklisted", "PUT", ada, `{"emailBlacklisted":true}`, 204, []any{8.0}, nil, true},
		{"stays so", "PUT", ada, `{"listIds":[7]}`, 204, []any{7.0, 8.0}, nil, true},
		{"unless somebody lifts it", "PUT", ada, `{"emailBlacklisted":false}`, 204, []any{7.0, 8.0}, nil, false},
	} {
		if status, answer, _ := b.call(step.method, step.path, step.body); status != step.wantStatus {
			t.Fatalf("%s: %d %v", step.reason, status, answer)
		}
		_, c, _ := b.call("GET", ada, "")
		got := []any{c["listIds"], c["listUnsubscribed"], c["emailBlacklisted"]}
		if diff := cmp.Diff([]any{step.wantLists, step.wantLeft, step.wantBlocked}, got); diff != "" {
			t.Errorf("%s:\n%s", step.reason, diff)
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)
	b := newBench(t, Options{PerSecond: 2, PerHour: 3, OthersPerHour: 1, Now: func() time.Time { return now }})
	for _, step := range []struct {
		reason, path string
		after        time.Duration
		wantStatus   int
		wantLimits   string
	}{
		{"the first of two in a second", "/v3/contacts/attributes", 0, 200, "2 1 1"},
		{"the second", "/v3/contacts/attributes", 0, 200, "2 0 1"},
		{"one too many", "/v3/contacts/attributes", 0, 429, "2 0 1"},
		{"the hour is over, too: what was refused counts", "/v3/contacts/attributes", time.Second, 429, "3 0 3599"},
		{"others have a limit of their own", "/v3/account", 0, 200, "1 0 3600"},
		{"which is small", "/v3/account", 0, 429, "1 0 3600"},
		{"an hour later", "/v3/account", time.Hour, 200, "1 0 3600"},
	} {
		now = now.Add(step.after)
		if status, answer, limits := b.call("GET", step.path, ""); status != step.wantStatus || limits != step.wantLimits {
			t.Errorf("%s: %d %q, want %d %q: %v", step.reason, status, limits, step.wantStatus, step.wantLimits, answer["code"])
		}
	}
}

func TestListsWhoChangedSince(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)
	b := newBench(t, Options{Now: func() time.Time { return now }})
	for _, email := range []string{"b@example.com", "a@example.com"} {
		b.call("POST", "/v3/contacts", `{"email":"`+email+`"}`)
		now = now.Add(time.Minute)
	}
	for query, want := range map[string][]string{
		"": {"a@example.com", "b@example.com"}, "?sort=asc": {"b@example.com", "a@example.com"},
		"?modifiedSince=2026-11-05T12:00:30.000Z": {"a@example.com"}, "?sort=asc&limit=1&offset=1": {"a@example.com"},
	} {
		_, answer, _ := b.call("GET", "/v3/contacts"+query, "")
		var got []string
		for _, c := range answer["contacts"].([]any) {
			got = append(got, c.(map[string]any)["email"].(string))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q:\n%s", query, diff)
		}
	}
}
