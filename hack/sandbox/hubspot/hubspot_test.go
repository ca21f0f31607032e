package hubspot

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/hack/sandbox/description"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

const token = "sandbox-hubspot-token"

// bench is an account with a clock, whose answers are all held against the description.
type bench struct {
	t       *testing.T
	sandbox *server.Server
	now     time.Time
}

func newBench(t *testing.T, o Options) *bench {
	t.Helper()
	b := &bench{t: t, now: time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)}
	o.Now = func() time.Time { return b.now }
	b.sandbox = server.New(server.Options{Vendors: map[server.Service]server.NewVendor{server.HubSpot: New(o)}})
	return b
}

// call returns the answer to a request, as JSON.
func (b *bench) call(method, path, body string) (int, map[string]any, http.Header) {
	b.t.Helper()
	r := httptest.NewRequestWithContext(b.t.Context(), method, "/hubspot"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	b.sandbox.ServeHTTP(w, r)
	var answer map[string]any
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			b.t.Fatal(err)
		}
	}
	described := httptest.NewRequestWithContext(b.t.Context(), method, path, bytes.NewReader([]byte(body)))
	described.Header = r.Header
	if checked, err := description.MustLoad(document).Check(described, []byte(body)); checked != nil {
		var content any
		if answer != nil {
			content = answer
		}
		if bad := checked.Answer(w.Code, w.Header(), content); bad != nil && (err == nil || w.Code >= 400) {
			b.t.Errorf("%s %s: the answer is not as described: %v", method, path, bad)
		}
	}
	return w.Code, answer, w.Header()
}

const batchUpsert = "/crm/v3/objects/contacts/batch/upsert"

// inputs make a batch. Each is an address, and properties as JSON.
func inputs(pairs ...string) string {
	var list []string
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, `{"idProperty":"email","id":"`+pairs[i]+`","objectWriteTraceId":"`+strconv.Itoa(i/2)+`","properties":`+pairs[i+1]+`}`)
	}
	return `{"inputs":[` + strings.Join(list, ",") + `]}`
}

func TestRefusesWhatHubSpotWould(t *testing.T) {
	t.Parallel()
	many := make([]string, 0, 202)
	for i := range 101 {
		many = append(many, "p"+strconv.Itoa(i)+"@example.com", `{}`)
	}
	cases := map[string]struct {
		method, path, body string
		wantStatus         int
		wantText           string // in the message
	}{
		"a value that is no text":      {"POST", batchUpsert, inputs("ada@example.com", `{"company":1}`), 400, "Invalid input JSON"},
		"no inputs":                    {"POST", batchUpsert, `{"inputs":[]}`, 400, "Invalid input JSON"},
		"too many inputs":              {"POST", batchUpsert, inputs(many...), 400, "Invalid input JSON"},
		"a field of no use":            {"POST", batchUpsert, `{"inputs":[{"id":"a@example.com","idproperty":"email","properties":{}}]}`, 400, "Invalid input JSON"},
		"the id property in the query": {"POST", batchUpsert + "?idProperty=email", `{"inputs":[{"id":"a@example.com","properties":{}}]}`, 400, "non-unique property"},
		"one contact twice":            {"POST", batchUpsert, inputs("ada@example.com", `{}`, "ADA@example.com", `{}`), 400, "Duplicate IDs"},
		"a single one, badly":          {"POST", batchUpsert, `{"inputs":[{"idProperty":"email","id":"a@example.com","properties":{"none":"x"}}]}`, 400, "PROPERTY_DOESNT_EXIST"},
		"a partial failure":            {"POST", batchUpsert, inputs("ada@example.com", `{"none":"x"}`, "bob@example.com", `{}`), 207, ""},
		"an address":                   {"POST", batchUpsert, inputs("ada@example.1", `{}`), 207, ""},
		"no associations":              {"POST", "/crm/v3/objects/contacts", `{"properties":{"email":"ada@example.com"}}`, 400, "Invalid input JSON"},
		"a number":                     {"PATCH", "/crm/v3/objects/contacts/1", `{"properties":{"createdate":"2026-11-05"}}`, 404, "resource not found"},
		"a search without a filter":    {"POST", "/crm/v3/objects/contacts/search", `{"filterGroups":[]}`, 400, "Invalid input JSON"},
		"another path":                 {"GET", "/crm/v3/objects/contact", "", 404, "no such path"},
		"another method":               {"PUT", "/crm/v3/objects/contacts/1", `{}`, 405, "method is not allowed"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, Options{})
			status, answer, _ := b.call(tc.method, tc.path, tc.body)
			message, _ := answer["message"].(string)
			if status != tc.wantStatus || !strings.Contains(message, tc.wantText) {
				t.Errorf("got %d %v, want %d %q", status, answer, tc.wantStatus, tc.wantText)
			}
		})
	}
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"", "Bearer wrong", "token " + token, "Basic " + token} {
		b := newBench(t, Options{})
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/hubspot/account-info/v3/details", nil)
		r.Header.Set("Authorization", header)
		w := httptest.NewRecorder()
		b.sandbox.ServeHTTP(w, r)
		if w.Code != 401 || !strings.Contains(w.Body.String(), "INVALID_AUTHENTICATION") || !strings.Contains(w.Body.String(), "correlationId") {
			t.Errorf("%q: %d %s", header, w.Code, w.Body)
		}
		if n := b.sandbox.Stats()[server.HubSpot].Unauthorized; n != 1 {
			t.Errorf("%d calls are counted as unauthorized, want 1", n)
		}
	}
}

func TestUpsert(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	_, first, _ := b.call("POST", batchUpsert, inputs("Ada@Example.com", `{"firstname":"Ada","company":"X"}`, "bob@example.com", `{"lifecyclestage":"no-such"}`))
	if n := len(first["results"].([]any)); n != 1 || first["numErrors"] != 1.0 {
		t.Errorf("got %v", first)
	}
	status, second, _ := b.call("POST", batchUpsert, inputs("ada@example.com", `{"lastname":"L","company":""}`))
	result := second["results"].([]any)[0].(map[string]any)
	if status != 200 || result["new"] != false || result["objectWriteTraceId"] != "0" || result["id"] != "1" {
		t.Errorf("got %d %v", status, result)
	}
	want := []server.Record{{
		Key: "ada@example.com", Email: "ada@example.com", ID: "1", Writes: 2,
		Fields: map[string]any{"email": "ada@example.com", "firstname": "Ada", "lastname": "L"},
	}}
	if diff := cmp.Diff(want, b.sandbox.Records(server.HubSpot)); diff != "" {
		t.Errorf("an empty text clears, and what is not sent stays:\n%s", diff)
	}
	if s := b.sandbox.Stats()[server.HubSpot]; s.Batches != 2 || s.Records != 3 {
		t.Errorf("%d batches with %d records, want 2 with 3", s.Batches, s.Records)
	}

	b.call("PATCH", "/crm/v3/objects/contacts/1", `{"properties":{"hs_additional_emails":"ada@old.example"}}`)
	_, third, _ := b.call("POST", batchUpsert, inputs("ada@old.example", `{"phone":"1"}`))
	if result := third["results"].([]any)[0].(map[string]any); result["id"] != "1" || result["new"] != false {
		t.Errorf("a secondary address finds the contact: got %v", result)
	}
	status, taken, _ := b.call("POST", "/crm/v3/objects/contacts", `{"properties":{"email":"ada@old.example"},"associations":[]}`)
	if status != 409 || taken["message"] != "Contact already exists. Existing ID: 1" {
		t.Errorf("got %d %v", status, taken)
	}
	b.call("POST", batchUpsert, inputs("ada@example.com", `{"email":"ada@new.example"}`))
	if status, _, _ := b.call("GET", "/crm/v3/objects/contacts/ada@new.example?idProperty=email", ""); status != 200 {
		t.Errorf("another address in the properties moves the contact: got %d", status)
	}
}

func TestErasure(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	b.call("POST", batchUpsert, inputs("ada@example.com", `{}`, "bob@example.com", `{}`))
	steps := []struct {
		reason, method, path, body string
		wantStatus                 int
	}{
		{"an archive removes", "DELETE", "/crm/v3/objects/contacts/1", "", 204},
		{"what is archived is not found", "GET", "/crm/v3/objects/contacts/1", "", 404},
		{"it may come back", "POST", batchUpsert, inputs("ada@example.com", `{}`), 200},
		{"an id that is not there can't be deleted for good", "POST", "/crm/v3/objects/contacts/gdpr-delete", `{"objectId":"99"}`, 404},
		{"deleted for good", "POST", "/crm/v3/objects/contacts/gdpr-delete", `{"objectId":"2"}`, 204},
		{"it never comes back", "POST", batchUpsert, inputs("bob@example.com", `{}`), 207},
		{"an address that is not there is deleted, too", "POST", "/crm/v3/objects/contacts/gdpr-delete", `{"objectId":"eve@example.com","idProperty":"email"}`, 204},
		{"and is blocked", "POST", "/crm/v3/objects/contacts", `{"properties":{"email":"eve@example.com"},"associations":[]}`, 400},
	}
	for _, step := range steps {
		if status, answer, _ := b.call(step.method, step.path, step.body); status != step.wantStatus {
			t.Errorf("%s: got %d %v, want %d", step.reason, status, answer, step.wantStatus)
		}
	}
	b.sandbox.Reset()
	if status, _, _ := b.call("POST", batchUpsert, inputs("bob@example.com", `{}`)); status != 200 {
		t.Errorf("after a reset: got %d", status)
	}
}

func TestSearchLags(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{SearchLag: 10 * time.Second, PerTenSeconds: 100})
	b.call("POST", batchUpsert, inputs("ada@example.com", `{}`))
	const filter = `{"filterGroups":[{"filters":[{"propertyName":"email","operator":"EQ","value":"ada@example.com"}]}]}`
	for _, want := range []float64{0, 1} {
		_, answer, header := b.call("POST", "/crm/v3/objects/contacts/search", filter)
		if answer["total"] != want {
			t.Errorf("found %v, want %v", answer["total"], want)
		}
		if header.Get("X-HubSpot-RateLimit-Max") != "" {
			t.Error("a search tells of no limits")
		}
		b.now = b.now.Add(10 * time.Second)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{PerTenSeconds: 2, PerDay: 3})
	ask := func() (int, map[string]any, http.Header) { return b.call("GET", "/account-info/v3/details", "") }
	ask()
	if status, _, header := ask(); status != 200 || header.Get("X-HubSpot-RateLimit-Remaining") != "0" ||
		header.Get("X-HubSpot-RateLimit-Interval-Milliseconds") != "10000" || header.Get("X-HubSpot-RateLimit-Daily-Remaining") != "1" {
		t.Errorf("got %d %v", status, header)
	}
	status, answer, _ := ask()
	if status != 429 || answer["policyName"] != "TEN_SECONDLY_ROLLING" || answer["errorType"] != "RATE_LIMIT" || answer["category"] != nil {
		t.Errorf("got %d %v", status, answer)
	}
	b.now = b.now.Add(10 * time.Second)
	if status, _, _ := ask(); status != 200 {
		t.Errorf("after ten seconds: got %d", status)
	}
	if status, answer, _ := ask(); status != 429 || answer["policyName"] != "DAILY" {
		t.Errorf("got %d %v", status, answer)
	}
	b.now = b.now.Add(24 * time.Hour)
	if status, _, _ := ask(); status != 200 {
		t.Errorf("on the next day: got %d", status)
	}
}

func TestProperties(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	const read = "/crm/v3/properties/contacts/batch/read"
	status, answer, _ := b.call("POST", read, `{"archived":false,"inputs":[{"name":"firstname"},{"name":"plan"}]}`)
	if status != 207 || len(answer["results"].([]any)) != 1 {
		t.Errorf("got %d %v", status, answer)
	}
	const plan = `{"name":"plan","label":"Plan","type":"enumeration","fieldType":"select","groupName":"contactinformation","options":[{"label":"Pro","value":"pro"}]}`
	for _, want := range []int{201, 409} {
		if status, answer, _ := b.call("POST", "/crm/v3/properties/contacts", plan); status != want {
			t.Errorf("got %d %v, want %d", status, answer, want)
		}
	}
	if status, answer, _ := b.call("POST", read, `{"archived":false,"inputs":[{"name":"plan"}]}`); status != 200 {
		t.Errorf("got %d %v", status, answer)
	}
	if status, _, _ := b.call("POST", batchUpsert, inputs("ada@example.com", `{"plan":"basic"}`)); status != 207 {
		t.Errorf("a value that is no option: got %d", status)
	}
}
