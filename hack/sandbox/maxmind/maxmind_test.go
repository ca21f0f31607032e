package maxmind

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/contact-operator/contact-operator/hack/sandbox/description"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

const key = "sandbox-maxmind-token"

func newSandbox(o Options) *server.Server {
	return server.New(server.Options{Vendors: map[server.Service]server.NewVendor{server.MaxMind: New(o)}})
}

// call returns the answer to a request, which is held against the description.
func call(t *testing.T, sandbox http.Handler, path string, change ...func(*http.Request)) (int, http.Header, map[string]any) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/maxmind"+path, nil)
	r.SetBasicAuth(Account, key)
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	sandbox.ServeHTTP(w, r)
	var body map[string]any
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatal(err)
		}
	}
	described := httptest.NewRequestWithContext(t.Context(), r.Method, path, nil)
	if checked, _ := description.MustLoad(document).Check(described, nil); checked != nil && body != nil {
		if bad := checked.Answer(w.Code, w.Header(), body); bad != nil {
			t.Errorf("%s: the answer is not as described: %v", path, bad)
		}
	}
	return w.Code, w.Header(), body
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	auth := func(account, key string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(account, key) }
	}
	accept := func(kind string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Accept", kind) }
	}
	const (
		country, insights = "/geoip/v2.1/country/", "/geoip/v2.1/insights/"
		problem           = "application/vnd.maxmind.com-error+json; charset=UTF-8; version=2.0"
	)
	cases := map[string]struct {
		options    Options
		path       string
		change     func(*http.Request)
		wantStatus int
		wantType   string
		wantCode   string // of an error
	}{
		"a country":           {path: country + "89.160.20.112", wantStatus: 200, wantType: "application/vnd.maxmind.com-country+json; charset=UTF-8; version=2.1"},
		"IPv6":                {path: country + "2001:218::1", wantStatus: 200, wantType: "application/vnd.maxmind.com-country+json; charset=UTF-8; version=2.1"},
		"insights":            {path: insights + "81.2.69.193", wantStatus: 200, wantType: "application/vnd.maxmind.com-insights+json; charset=UTF-8; version=2.1"},
		"JSON":                {path: country + "89.160.20.112", change: accept("application/json"), wantStatus: 200, wantType: "application/vnd.maxmind.com-country+json; charset=UTF-8; version=2.1"},
		"XML":                 {path: country + "89.160.20.112", change: accept("application/xml"), wantStatus: 415},
		"another's type":      {path: country + "89.160.20.112", change: accept("application/vnd.maxmind.com-city+json"), wantStatus: 415},
		"no header":           {path: country + "89.160.20.112", change: func(r *http.Request) { r.Header.Del("Authorization") }, wantStatus: 401, wantType: problem, wantCode: "ACCOUNT_ID_REQUIRED"},
		"no account":          {path: country + "89.160.20.112", change: auth("", key), wantStatus: 401, wantType: problem, wantCode: "ACCOUNT_ID_REQUIRED"},
		"no key":              {path: country + "89.160.20.112", change: auth(Account, ""), wantStatus: 401, wantType: problem, wantCode: "LICENSE_KEY_REQUIRED"},
		"another key":         {path: country + "89.160.20.112", change: auth(Account, "x"), wantStatus: 401, wantType: problem, wantCode: "AUTHORIZATION_INVALID"},
		"another account":     {path: country + "89.160.20.112", change: auth("1", key), wantStatus: 401, wantType: problem, wantCode: "AUTHORIZATION_INVALID"},
		"insights for free":   {options: Options{Free: true}, path: insights + "89.160.20.112", wantStatus: 402, wantType: problem, wantCode: "PERMISSION_REQUIRED"},
		"no address":          {path: country + "me-or-you", wantStatus: 400, wantType: problem, wantCode: "IP_ADDRESS_INVALID"},
		"a private one":       {path: country + "192.168.1.1", wantStatus: 400, wantType: problem, wantCode: "IP_ADDRESS_RESERVED"},
		"for documentation":   {path: country + "203.0.113.1", wantStatus: 400, wantType: problem, wantCode: "IP_ADDRESS_RESERVED"},
		"not in the database": {path: country + "198.51.99.1", wantStatus: 404, wantType: problem, wantCode: "IP_ADDRESS_NOT_FOUND"},
		"another path":        {path: "/v2.1/country/89.160.20.112", wantStatus: 404},
		"another method":      {path: country + "89.160.20.112", change: func(r *http.Request) { r.Method = http.MethodPost }, wantStatus: 405},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			change := tc.change
			if change == nil {
				change = func(*http.Request) {}
			}
			status, header, body := call(t, newSandbox(tc.options), tc.path, change)
			code, _ := body["code"].(string)
			if status != tc.wantStatus || header.Get("Content-Type") != tc.wantType || code != tc.wantCode {
				t.Errorf("%d %q %q, want %d %q %q", status, header.Get("Content-Type"), code, tc.wantStatus, tc.wantType, tc.wantCode)
			}
		})
	}
}

// Credit is spent by answers alone.
func TestCredit(t *testing.T) {
	t.Parallel()
	sandbox := newSandbox(Options{Credit: 2})
	for i, step := range []struct {
		address string
		want    int
	}{{"89.160.20.112", 200}, {"198.51.99.1", 404}, {"10.0.0.1", 400}, {"89.160.20.112", 200}, {"89.160.20.112", 402}, {"10.0.0.1", 400}} {
		if status, _, _ := call(t, sandbox, "/geoip/v2.1/country/"+step.address); status != step.want {
			t.Errorf("call %d: %d, want %d", i, status, step.want)
		}
	}
}

func TestErrorsInARow(t *testing.T) {
	t.Parallel()
	sandbox := newSandbox(Options{Tolerates: 2})
	for i, step := range []struct {
		address string
		want    int
	}{{"10.0.0.1", 400}, {"89.160.20.112", 200}, {"10.0.0.1", 400}, {"10.0.0.1", 400}, {"10.0.0.1", 429}, {"89.160.20.112", 429}} {
		if status, _, _ := call(t, sandbox, "/geoip/v2.1/country/"+step.address); status != step.want {
			t.Errorf("call %d: %d, want %d", i, status, step.want)
		}
	}
}
