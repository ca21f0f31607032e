package salesforce

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/hack/sandbox/description"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

const secret = "sandbox-salesforce-token"

// bench is an org with a clock, whose answers are all held against the description.
type bench struct {
	t       *testing.T
	sandbox *server.Server
	now     time.Time
	session string
}

func newBench(t *testing.T, o Options) *bench {
	t.Helper()
	b := &bench{t: t, now: time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)}
	o.Now = func() time.Time { return b.now }
	b.sandbox = server.New(server.Options{Vendors: map[server.Service]server.NewVendor{server.Salesforce: New(o)}})
	_, answer, _ := b.signIn(url.Values{"grant_type": {"client_credentials"}, "client_id": {ClientID}, "client_secret": {secret}})
	b.session, _ = answer["access_token"].(string)
	return b
}

func (b *bench) signIn(form url.Values) (int, map[string]any, http.Header) {
	b.t.Helper()
	status, answer, header := b.send("POST", "/services/oauth2/token", form.Encode(), "application/x-www-form-urlencoded")
	object, _ := answer.(map[string]any)
	return status, object, header
}

const data = "/services/data/v62.0"

func (b *bench) call(method, path, body string, header ...string) (int, any, http.Header) {
	b.t.Helper()
	return b.send(method, data+path, body, "application/json", header...)
}

func (b *bench) send(method, path, body, contentType string, header ...string) (int, any, http.Header) {
	b.t.Helper()
	request := func(prefix string) *http.Request {
		r := httptest.NewRequestWithContext(b.t.Context(), method, prefix+path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+b.session)
		if body != "" {
			r.Header.Set("Content-Type", contentType)
		}
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		return r
	}
	w := httptest.NewRecorder()
	b.sandbox.ServeHTTP(w, request("/salesforce"))
	var answer any
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			b.t.Fatal(err)
		}
	}
	described := request("")
	takeKey(described)
	if checked, err := description.MustLoad(document).Check(described, []byte(body)); checked != nil {
		if bad := checked.Answer(w.Code, w.Header(), answer); bad != nil && (err == nil || w.Code >= 400) {
			b.t.Errorf("%s %s: the answer is not as described: %v", method, path, bad)
		}
	}
	return w.Code, answer, w.Header()
}

// code is the first error's.
func code(answer any) any {
	list, _ := answer.([]any)
	if len(list) == 0 {
		return nil
	}
	first, _ := list[0].(map[string]any)
	return first["errorCode"]
}

const (
	one        = "/sobjects/Contact/ContactKey__c/ada%40example.com"
	collection = "/composite/sobjects/Contact/ContactKey__c"
)

// records make a collection. Each is a key, and fields as JSON.
func records(pairs ...string) string {
	var list []string
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, `{"attributes":{"type":"Contact"},"ContactKey__c":"`+pairs[i]+`",`+strings.TrimPrefix(pairs[i+1], "{"))
	}
	return `{"allOrNone":false,"records":[` + strings.Join(list, ",") + `]}`
}

func TestRefusesWhatSalesforceWould(t *testing.T) {
	t.Parallel()
	many := make([]string, 0, 402)
	for i := range 201 {
		many = append(many, "p"+strconv.Itoa(i)+"@example.com", `{"LastName":"X"}`)
	}
	cases := map[string]struct {
		method, path, body string
		wantStatus         int
		wantCode           any
	}{
		"no last name":              {"PATCH", one, `{"FirstName":"Ada"}`, 400, "REQUIRED_FIELD_MISSING"},
		"the key in the body":       {"PATCH", one, `{"LastName":"L","ContactKey__c":"ada@example.com"}`, 400, "INVALID_FIELD"},
		"an id in the body":         {"PATCH", one, `{"LastName":"L","Id":"003"}`, 400, "INVALID_FIELD"},
		"no such field":             {"PATCH", one, `{"LastName":"L","Nick__c":"x"}`, 400, "INVALID_FIELD"},
		"a number as text":          {"PATCH", one, `{"LastName":"L","Score__c":"1"}`, 400, "JSON_PARSER_ERROR"},
		"a text as number":          {"PATCH", one, `{"LastName":1}`, 400, "JSON_PARSER_ERROR"},
		"a bool as text":            {"PATCH", one, `{"LastName":"L","HasOptedOutOfEmail":"true"}`, 400, "JSON_PARSER_ERROR"},
		"a time as date":            {"PATCH", one, `{"LastName":"L","Joined__c":"2026-11-05T12:00:00Z"}`, 400, "JSON_PARSER_ERROR"},
		"a time without a T":        {"PATCH", one, `{"LastName":"L","Seen__c":"2026-11-05 12:00:00"}`, 400, "JSON_PARSER_ERROR"},
		"a read-only field":         {"PATCH", one, `{"LastName":"L","Name":"Ada L"}`, 400, "INVALID_FIELD_FOR_INSERT_UPDATE"},
		"an address":                {"PATCH", one, `{"LastName":"L","Email":"nobody"}`, 400, "INVALID_EMAIL_ADDRESS"},
		"a long name":               {"PATCH", one, `{"LastName":"` + strings.Repeat("x", 81) + `"}`, 400, "STRING_TOO_LONG"},
		"a picklist":                {"PATCH", one, `{"LastName":"L","Stage__c":"other"}`, 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"},
		"a value that is past":      {"PATCH", one, `{"LastName":"L","Stage__c":"retired"}`, 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"},
		"a validation rule":         {"PATCH", one, `{"LastName":"L","Phone":"call me"}`, 400, "FIELD_CUSTOM_VALIDATION_EXCEPTION"},
		"a field that is no key":    {"PATCH", "/sobjects/Contact/Email/ada%40example.com", `{"LastName":"L"}`, 404, "NOT_FOUND"},
		"another object":            {"PATCH", "/sobjects/Person/ContactKey__c/x", `{"LastName":"L"}`, 404, "NOT_FOUND"},
		"nobody":                    {"DELETE", one, "", 404, "NOT_FOUND"},
		"a list in the place of it": {"PATCH", one, `[]`, 400, "JSON_PARSER_ERROR"},
		"too many records":          {"PATCH", collection, records(many...), 400, "JSON_PARSER_ERROR"},
		"no type":                   {"PATCH", collection, `{"records":[{"ContactKey__c":"x","LastName":"X"}]}`, 400, "JSON_PARSER_ERROR"},
		"another type":              {"PATCH", collection, `{"records":[{"attributes":{"type":"Lead"},"ContactKey__c":"x"}]}`, 400, "INVALID_TYPE"},
		"one bad field of many":     {"PATCH", collection, records("a@example.com", `{"LastName":"A"}`, "b@example.com", `{"Nick__c":"B"}`), 400, "INVALID_FIELD"},
		"another path":              {"GET", "/sobject/Contact", "", 404, "NOT_FOUND"},
		"another method":            {"PUT", one, `{}`, 405, "METHOD_NOT_ALLOWED"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, Options{})
			status, answer, _ := b.call(tc.method, tc.path, tc.body)
			if status != tc.wantStatus || code(answer) != tc.wantCode {
				t.Errorf("got %d %v, want %d %q", status, answer, tc.wantStatus, tc.wantCode)
			}
		})
	}
	b := newBench(t, Options{})
	for _, version := range []string{"v45.0", "v99.0", "v6.0"} {
		if status, answer, _ := b.send("GET", "/services/data/"+version+"/", "", ""); status != 404 || code(answer) != "NOT_FOUND" {
			t.Errorf("%s: got %d %v", version, status, answer)
		}
	}
	if status, _, _ := b.send("PATCH", data+one, `{"LastName":"L"}`, "text/plain"); status != 415 {
		t.Errorf("a body that is said to be no JSON: got %d", status)
	}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{SessionLasts: time.Hour})
	cases := map[string]struct {
		form url.Values
		want any
	}{
		"another app":    {url.Values{"grant_type": {"client_credentials"}, "client_id": {"x"}, "client_secret": {secret}}, "invalid_client_id"},
		"another secret": {url.Values{"grant_type": {"client_credentials"}, "client_id": {ClientID}, "client_secret": {"x"}}, "invalid_client"},
		"another flow":   {url.Values{"grant_type": {"password"}}, "unsupported_grant_type"},
		"no form":        {url.Values{}, "invalid_request"},
		"no JWT here":    {url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {"a.b.c"}}, "invalid_grant"},
	}
	for name, tc := range cases {
		if status, answer, _ := b.signIn(tc.form); status != 400 || answer["error"] != tc.want {
			t.Errorf("%s: got %d %v, want %s", name, status, answer, tc.want)
		}
	}
	if status, answer, _ := b.call("GET", "/", ""); status != 200 {
		t.Errorf("got %d %v", status, answer)
	}
	b.now = b.now.Add(time.Hour)
	if status, answer, _ := b.call("GET", "/", ""); status != 401 || code(answer) != "INVALID_SESSION_ID" {
		t.Errorf("an ended session: got %d %v", status, answer)
	}
	fresh := newBench(t, Options{})
	fresh.sandbox.SetToken(server.Salesforce, "another")
	if status, _, _ := fresh.call("GET", "/", ""); status != 401 {
		t.Errorf("a session of another secret: got %d", status)
	}
}

// The certificate that an app is given has the key that assertions are held against.
func TestPublicKey(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	certificate := func(public, private any) []byte {
		template := &x509.Certificate{SerialNumber: big.NewInt(1)}
		b, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: b})
	}
	if got, err := PublicKey(certificate(&key.PublicKey, key)); err != nil || !got.Equal(&key.PublicKey) {
		t.Errorf("got %v, %v", got, err)
	}
	for reason, text := range map[string][]byte{
		"another kind of key": certificate(&elliptical.PublicKey, elliptical), "no PEM": []byte("x"), "no certificate": []byte("-----BEGIN X-----\nMTIzNA==\n-----END X-----\n"),
	} {
		if _, err := PublicKey(text); err == nil {
			t.Errorf("%s: no error", reason)
		}
	}
}

func TestUpsert(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	status, created, header := b.call("PATCH", one, `{"LastName":"Lovelace","FirstName":"Ada","Title":"x"}`)
	if status != 201 || created.(map[string]any)["created"] != true || len(created.(map[string]any)["id"].(string)) != 18 {
		t.Errorf("got %d %v", status, created)
	}
	if header.Get("Sforce-Limit-Info") != "api-usage=1/1000000" {
		t.Errorf("got %v", header)
	}
	status, updated, _ := b.call("PATCH", "/sobjects/Contact/ContactKey__c/ADA%40example.com", `{"FirstName":"Augusta","Title":null}`)
	if status != 200 || updated.(map[string]any)["id"] != created.(map[string]any)["id"] {
		t.Errorf("a key is compared without regard to case: got %d %v", status, updated)
	}
	want := []server.Record{{
		Key: "ada@example.com", Email: "ada@example.com", ID: "1", Writes: 2,
		Fields: map[string]any{"ContactKey__c": "ADA@example.com", "FirstName": "Augusta", "LastName": "Lovelace"},
	}}
	if diff := cmp.Diff(want, b.sandbox.Records(server.Salesforce)); diff != "" {
		t.Errorf("null clears, and what is not sent stays:\n%s", diff)
	}
	if status, _, _ := b.call("DELETE", one, ""); status != 204 {
		t.Errorf("got %d", status)
	}
}

// A collection is answered with 200, whatever became of its records.
func TestCollection(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	status, answer, _ := b.call("PATCH", collection, records(
		"a@example.com", `{"LastName":"A"}`, "b@example.com", `{"FirstName":"B"}`, "c@example.com", `{"LastName":"C"}`, "C@example.com", `{"LastName":"C"}`,
	))
	var got []any
	for _, one := range answer.([]any) {
		r := one.(map[string]any)
		if r["success"] == true {
			got = append(got, "created")
			continue
		}
		got = append(got, r["errors"].([]any)[0].(map[string]any)["statusCode"])
	}
	if diff := cmp.Diff([]any{"created", "REQUIRED_FIELD_MISSING", "DUPLICATE_VALUE", "DUPLICATE_VALUE"}, got); status != 200 || diff != "" {
		t.Errorf("%d:\n%s", status, diff)
	}
	if s := b.sandbox.Stats()[server.Salesforce]; s.Batches != 1 || s.Records != 4 {
		t.Errorf("%d batches with %d records, want 1 with 4", s.Batches, s.Records)
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{DuplicateRule: Alerts, RowLocks: 1})
	const other = "/sobjects/Contact/ContactKey__c/lovelace%40example.com"
	const name = `{"LastName":"Lovelace","FirstName":"Ada"}`
	steps := []struct {
		reason, path string
		header       []string
		wantStatus   int
		wantCode     any
	}{
		{"the first row is locked", one, nil, 400, "UNABLE_TO_LOCK_ROW"},
		{"and then is not", one, nil, 201, nil},
		{"a namesake", other, nil, 400, "DUPLICATES_DETECTED"},
		{"who is saved anyway", other, []string{"Sforce-Duplicate-Rule-Header", "allowSave=true"}, 201, nil},
	}
	for _, step := range steps {
		if status, answer, _ := b.call("PATCH", step.path, name, step.header...); status != step.wantStatus || code(answer) != step.wantCode {
			t.Errorf("%s: got %d %v", step.reason, status, answer)
		}
	}
}

func TestQuota(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{PerDay: 2})
	for _, want := range []int{200, 200, 403} {
		status, answer, header := b.call("GET", "/", "")
		if status != want || status == 403 && (code(answer) != "REQUEST_LIMIT_EXCEEDED" || header.Get("Sforce-Limit-Info") != "api-usage=2/2") {
			t.Errorf("got %d %v %v, want %d", status, answer, header, want)
		}
	}
	b.now = b.now.Add(24 * time.Hour)
	if status, _, _ := b.call("GET", "/", ""); status != 200 {
		t.Errorf("a day later: got %d", status)
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	const field = `{"FullName":"Contact.Plan__c","Metadata":{"label":"Plan","type":"Text","length":20,"externalId":true,"unique":true}}`
	for _, want := range []int{201, 400} {
		if status, answer, _ := b.call("POST", "/tooling/sobjects/CustomField", field); status != want {
			t.Errorf("got %d %v, want %d", status, answer, want)
		}
	}
	_, answer, _ := b.call("GET", "/sobjects/Contact/describe", "")
	found := false
	for _, f := range answer.(map[string]any)["fields"].([]any) {
		f := f.(map[string]any)
		found = found || f["name"] == "Plan__c" && f["externalId"] == true && f["unique"] == true && f["length"] == 20.0
	}
	if !found {
		t.Errorf("the field is not described: %v", answer)
	}
	if status, _, _ := b.call("PATCH", "/sobjects/Contact/Plan__c/pro", `{"LastName":"L"}`); status != 201 {
		t.Errorf("a field that was made an external id is one: got %d", status)
	}
	b.sandbox.Reset()
	if status, _, _ := b.call("GET", "/", ""); status != 401 {
		t.Errorf("a reset ends the sessions: got %d", status)
	}
}
