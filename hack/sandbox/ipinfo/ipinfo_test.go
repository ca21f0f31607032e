package ipinfo

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/hack/sandbox/description"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

// call returns the answer to a request, which is held against the description.
func call(t *testing.T, sandbox http.Handler, path, authorization string) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/ipinfo"+path, nil)
	r.Header.Set("Authorization", authorization)
	w := httptest.NewRecorder()
	sandbox.ServeHTTP(w, r)
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	described := httptest.NewRequestWithContext(t.Context(), r.Method, path, nil)
	if checked, _ := description.MustLoad(document).Check(described, nil); checked != nil {
		if bad := checked.Answer(w.Code, w.Header(), body); bad != nil {
			t.Errorf("%s: the answer is not as described: %v", path, bad)
		}
	}
	return w.Code, body
}

func newSandbox(o Options) *server.Server {
	return server.New(server.Options{Vendors: map[server.Service]server.NewVendor{server.IPinfo: New(o)}})
}

const good = "Bearer sandbox-ipinfo-token"

func TestAnswers(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		options       Options
		path          string
		authorization string
		wantStatus    int
		want          map[string]any // nil: an error
	}{
		"Lite":             {path: "/lite/89.160.20.112", wantStatus: 200, want: map[string]any{"ip": "89.160.20.112", "country_code": "SE", "country": "Sweden", "continent_code": "EU"}},
		"Lite, IPv6":       {path: "/lite/2001:218::1", wantStatus: 200, want: map[string]any{"ip": "2001:218::1", "country_code": "JP", "country": "Japan", "continent_code": "AS"}},
		"Lite, bogon":      {path: "/lite/10.0.0.1", wantStatus: 200, want: map[string]any{"ip": "10.0.0.1", "bogon": true}},
		"Lite, nobody's":   {path: "/lite/198.51.99.1", wantStatus: 200, want: map[string]any{"ip": "198.51.99.1"}},
		"Legacy":           {path: "/89.160.20.112/json", wantStatus: 200, want: map[string]any{"ip": "89.160.20.112", "country": "SE", "privacy": map[string]any{"vpn": false, "proxy": false, "tor": false, "relay": false, "hosting": false}}},
		"Legacy, anycast":  {path: "/8.8.8.8/json", wantStatus: 200, want: map[string]any{"ip": "8.8.8.8", "country": "US", "anycast": true, "privacy": map[string]any{"vpn": false, "proxy": false, "tor": false, "relay": false, "hosting": false}}},
		"Lookup":           {path: "/lookup/89.160.20.112", wantStatus: 200, want: map[string]any{"ip": "89.160.20.112", "geo": map[string]any{"country_code": "SE", "country": "Sweden", "continent_code": "EU"}, "is_anonymous": false, "is_anycast": false, "is_hosting": false, "is_mobile": false, "is_satellite": false}},
		"another token":    {path: "/lite/89.160.20.112", authorization: "Bearer x", wantStatus: 403},
		"Basic":            {path: "/lite/89.160.20.112", authorization: "Basic eDp5", wantStatus: 403},
		"no token":         {path: "/lite/89.160.20.112", authorization: " ", wantStatus: 403},
		"Lookup, for free": {options: Options{OnlyLite: true}, path: "/lookup/89.160.20.112", wantStatus: 403},
		"no address":       {path: "/lite/somewhere", wantStatus: 404},
		"no path":          {path: "/v2/x/y/89.160.20.112", wantStatus: 404},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tc.authorization == "" {
				tc.authorization = good
			}
			status, body := call(t, newSandbox(tc.options), tc.path, tc.authorization)
			if status != tc.wantStatus {
				t.Errorf("status %d, want %d", status, tc.wantStatus)
			}
			if _, is := body["error"].(map[string]any); tc.want == nil && !is {
				t.Errorf("%v is no error", body)
			}
			if diff := cmp.Diff(tc.want, body); tc.want != nil && diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestQuota(t *testing.T) {
	t.Parallel()
	sandbox := newSandbox(Options{Quota: 1})
	for i, step := range []struct {
		path string
		want int
	}{{"/lite/8.8.8.8", 200}, {"/lookup/8.8.8.8", 200}, {"/lookup/8.8.8.8", 429}, {"/8.8.8.8/json", 429}, {"/lite/8.8.8.8", 200}} {
		if status, _ := call(t, sandbox, step.path, good); status != step.want {
			t.Errorf("call %d: %d, want %d", i, status, step.want)
		}
	}
}
