package espocrm

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/hack/sandbox/description"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

const key = "sandbox-espocrm-token"

// bench is an EspoCRM with a clock, whose answers are all held against the description.
type bench struct {
	t       *testing.T
	sandbox *server.Server
	now     time.Time
}

func newBench(t *testing.T, o Options) *bench {
	t.Helper()
	b := &bench{t: t, now: time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)}
	o.Now = func() time.Time { return b.now }
	b.sandbox = server.New(server.Options{Vendors: map[server.Service]server.NewVendor{server.EspoCRM: New(o)}})
	return b
}

// call returns the status of an answer, its body, and its reason.
func (b *bench) call(method, path, body string, header ...string) (int, any, string) {
	b.t.Helper()
	request := func(prefix string) *http.Request {
		r := httptest.NewRequestWithContext(b.t.Context(), method, prefix+path, strings.NewReader(body))
		r.Header.Set("X-Api-Key", key)
		if body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		return r
	}
	w := httptest.NewRecorder()
	b.sandbox.ServeHTTP(w, request("/espocrm/api/v1"))
	var answer any
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			b.t.Fatal(err)
		}
	}
	if checked, err := description.MustLoad(document).Check(request("/api/v1"), []byte(body)); err == nil && w.Body.Len() > 0 {
		if bad := checked.Answer(w.Code, w.Header(), answer); bad != nil && answer != nil {
			b.t.Errorf("%s %s: the answer is not as described: %v", method, path, bad)
		}
	}
	return w.Code, answer, w.Header().Get("X-Status-Reason")
}

func (b *bench) create(body string, header ...string) string {
	b.t.Helper()
	status, answer, reason := b.call("POST", "/Contact", body, header...)
	if status != 200 {
		b.t.Fatalf("got %d %v %s", status, answer, reason)
	}
	return answer.(map[string]any)["id"].(string)
}

// search returns the ids of those who have an address.
func (b *bench) search(address string) []any {
	b.t.Helper()
	query := url.Values{"where[0][type]": {"equals"}, "where[0][attribute]": {"emailAddress"}, "where[0][value]": {address}, "select": {"id,emailAddress"}, "maxSize": {"20"}}
	_, answer, _ := b.call("GET", "/Contact?"+query.Encode(), "", "X-No-Total", "true")
	var ids []any
	for _, r := range answer.(map[string]any)["list"].([]any) {
		ids = append(ids, r.(map[string]any)["id"])
	}
	return ids
}

func TestRefusesWhatEspoCRMWould(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		method, path, body string
		wantStatus         int
		wantReason         string // its beginning
	}{
		"no last name":      {"POST", "/Contact", `{"emailAddress":"ada@example.com"}`, 400, "Field validation failure; entityType: Contact, field: lastName, type: required."},
		"an address":        {"POST", "/Contact", `{"lastName":"L","emailAddress":"nobody"}`, 400, "Field validation failure; entityType: Contact, field: emailAddress"},
		"an option":         {"POST", "/Contact", `{"lastName":"L","cPlan":"gold"}`, 400, "Field validation failure; entityType: Contact, field: cPlan, type: valid."},
		"several options":   {"POST", "/Contact", `{"lastName":"L","cTopics":"blog"}`, 400, "Field validation failure; entityType: Contact, field: cTopics"},
		"a text as number":  {"POST", "/Contact", `{"lastName":"L","cSeats":"3"}`, 400, "Field validation failure; entityType: Contact, field: cSeats"},
		"a fraction":        {"POST", "/Contact", `{"lastName":"L","cSeats":1.5}`, 400, "Field validation failure; entityType: Contact, field: cSeats"},
		"a number as text":  {"POST", "/Contact", `{"lastName":"L","description":3}`, 400, "Field validation failure; entityType: Contact, field: description"},
		"a time with a T":   {"POST", "/Contact", `{"lastName":"L","cRegisteredAt":"2026-11-05T12:00:00Z"}`, 400, "Field validation failure; entityType: Contact, field: cRegisteredAt"},
		"a long name":       {"POST", "/Contact", `{"lastName":"` + strings.Repeat("x", 101) + `"}`, 400, "Field validation failure; entityType: Contact, field: lastName, type: maxLength."},
		"nobody":            {"PUT", "/Contact/662b0", `{"lastName":"L"}`, 404, "Record 662b0 does not exist."},
		"another entity":    {"GET", "/Person", "", 404, "Controller 'Person'"},
		"a list":            {"POST", "/Contact", `[]`, 400, ""},
		"another condition": {"GET", "/Contact?" + url.Values{"where[0][type]": {"like"}}.Encode(), "", 400, ""},
		"too large a page":  {"GET", "/Contact?maxSize=500", "", 400, ""},
		"another path":      {"GET", "/Contact/1/2/3", "", 404, ""},
		"another method":    {"PUT", "/Metadata", "{}", 404, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, Options{})
			status, answer, reason := b.call(tc.method, tc.path, tc.body)
			if status != tc.wantStatus || !strings.HasPrefix(reason, tc.wantReason) {
				t.Errorf("got %d %v %q, want %d %q", status, answer, reason, tc.wantStatus, tc.wantReason)
			}
			if n := len(b.sandbox.Records(server.EspoCRM)); n != 0 {
				t.Errorf("%d records were made", n)
			}
		})
	}
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	for i := range 11 {
		if status, _, _ := b.call("GET", "/App/user", "", "X-Api-Key", "wrong"); status != 401 {
			t.Errorf("call %d: got %d", i, status)
		}
	}
	if status, _, reason := b.call("GET", "/App/user", ""); status != 403 || !strings.HasPrefix(reason, "Max failed login attempts exceeded") {
		t.Errorf("after too many failures: got %d %s", status, reason)
	}
	b.now = b.now.Add(time.Minute)
	if status, _, _ := b.call("GET", "/App/user", ""); status != 200 {
		t.Errorf("a minute later: got %d", status)
	}

	signed := newBench(t, Options{Secret: "s3cret"})
	signature := func(text string) string {
		mac := hmac.New(sha256.New, []byte("s3cret"))
		mac.Write([]byte(text))
		return base64.StdEncoding.EncodeToString(append([]byte(key+":"), mac.Sum(nil)...))
	}
	for text, want := range map[string]int{"GET /App/user": 200, "POST /App/user": 401, "GET /api/v1/App/user": 401} {
		if status, _, _ := signed.call("GET", "/App/user", "", "X-Hmac-Authorization", signature(text)); status != want {
			t.Errorf("%s: got %d, want %d", text, status, want)
		}
	}
	if status, _, _ := signed.call("GET", "/App/user", ""); status != 401 {
		t.Errorf("the key alone: got %d", status)
	}
}

// A duplicate has the same name or one of the addresses; nothing keeps two records of one address apart but that check.
func TestDuplicates(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	first := b.create(`{"firstName":"Ada","lastName":"L","emailAddress":"ada@example.com"}`)
	for reason, body := range map[string]string{
		"the address":        `{"lastName":"King","emailAddress":"ADA@example.com"}`,
		"the name":           `{"firstName":"Ada","lastName":"L","emailAddress":"other@example.com"}`,
		"one of the several": `{"lastName":"King","emailAddress":"k@example.com","emailAddressData":[{"emailAddress":"k@example.com","primary":true},{"emailAddress":"ada@example.com"}]}`,
	} {
		status, answer, why := b.call("POST", "/Contact", body)
		if list, _ := answer.([]any); status != 409 || why != "duplicate" || len(list) != 1 || list[0].(map[string]any)["id"] != first {
			t.Errorf("%s: got %d %v %s", reason, status, answer, why)
		}
	}
	second := b.create(`{"lastName":"King","emailAddress":"ada@example.com"}`, "X-Skip-Duplicate-Check", "true")
	if diff := cmp.Diff([]any{first, second}, b.search("Ada@example.com")); diff != "" {
		t.Errorf("both have the address, the oldest first:\n%s", diff)
	}
}

// Values that there is no attribute for, or that may not be written, are dropped without a word.
func TestDropsInSilence(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{Forbidden: []string{"phoneNumber"}})
	b.create(`{"lastName":"L","emailAddress":"ada@example.com","nickname":"x","phoneNumber":"1","createdAt":"2020-01-01 00:00:00","assignedUserId":"662a1"}`)
	want := map[string]any{"_entity": "Contact", "lastName": "L", "emailAddress": "ada@example.com", "assignedUserId": "662a1"}
	if diff := cmp.Diff(want, b.sandbox.Records(server.EspoCRM)[0].Fields); diff != "" {
		t.Error(diff)
	}
}

// An address that is written by itself takes the place of the first one.
func TestAddresses(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.create(`{"lastName":"L","emailAddress":"a@example.com","emailAddressData":[{"emailAddress":"a@example.com","primary":true},{"emailAddress":"b@example.com","primary":false}]}`)
	if got := b.search("b@example.com"); len(got) != 1 {
		t.Errorf("a second address is found: got %v", got)
	}
	b.call("PUT", "/Contact/"+id, `{"emailAddress":"c@example.com"}`)
	for address, want := range map[string]int{"a@example.com": 0, "b@example.com": 1, "c@example.com": 1} {
		if got := b.search(address); len(got) != want {
			t.Errorf("%s: got %v, want %d", address, got, want)
		}
	}
}

func TestErasure(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.create(`{"firstName":"Ada","lastName":"L","emailAddress":"a@example.com","phoneNumber":"1","addressCity":"London","description":"x"}`)
	const fields = `,"fieldList":["name","emailAddress","phoneNumber","address"]}`
	if status, answer, _ := b.call("POST", "/DataPrivacy/action/erase", `{"entityType":"Contact","id":"`+id+`"`+fields); status != 200 || answer != true {
		t.Errorf("got %d %v", status, answer)
	}
	if diff := cmp.Diff(map[string]any{"_entity": "Contact", "description": "x"}, b.sandbox.Records(server.EspoCRM)[0].Fields); diff != "" {
		t.Error(diff)
	}
	if got := b.search("a@example.com"); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	for _, want := range []int{200, 404} {
		if status, _, _ := b.call("DELETE", "/Contact/"+id, ""); status != want {
			t.Errorf("got %d, want %d", status, want)
		}
	}
	denied := newBench(t, Options{NoDelete: true, NoDataPrivacy: true, Forbidden: []string{"phoneNumber"}})
	id = denied.create(`{"lastName":"L"}`)
	if status, _, _ := denied.call("POST", "/DataPrivacy/action/erase", `{"entityType":"Contact","id":"`+id+`"`+fields); status != 403 {
		t.Errorf("no permission: got %d", status)
	}
	if status, _, _ := denied.call("DELETE", "/Contact/"+id, ""); status != 403 {
		t.Errorf("no right to delete: got %d", status)
	}
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	if status, answer, _ := b.call("GET", "/Metadata?key=entityDefs.Lead.fields", ""); status != 200 || answer.(map[string]any)["accountName"] == nil {
		t.Errorf("got %d %v", status, answer)
	}
	if status, answer, _ := b.call("GET", "/Metadata?key=entityDefs.Person.fields", ""); status != 200 || answer != nil {
		t.Errorf("an entity that is not there is null: got %d %v", status, answer)
	}
}
