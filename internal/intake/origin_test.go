package intake

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

func TestOrigins(t *testing.T) {
	listed := []string{"https://www.example.com", "http://localhost:3000"}
	cases := map[string]struct {
		allowed         []string
		origin, site    string
		wantTaken       bool
		wantReadBy      string
		wantCredentials string
	}{
		"no list, a plain form on any site":        {origin: "https://any.example", site: "cross-site", wantTaken: true},
		"a listed site":                            {allowed: listed, origin: "https://www.example.com", site: "cross-site", wantTaken: true, wantReadBy: "https://www.example.com", wantCredentials: "true"},
		"another site":                             {allowed: listed, origin: "https://evil.example", site: "cross-site"},
		"a neighbour of a listed site":             {allowed: listed, origin: "https://www.example.com.evil.example", site: "cross-site"},
		"another scheme":                           {allowed: listed, origin: "http://www.example.com", site: "cross-site"},
		"another sub-domain of our site":           {allowed: listed, origin: "https://other.forms.example", site: "same-site"},
		"our own form":                             {allowed: listed, origin: "https://forms.example", site: "same-origin", wantTaken: true},
		"our own form, behind a proxy":             {allowed: listed, origin: "https://proxy.example", site: "same-origin", wantTaken: true},
		"our own form, an old browser":             {allowed: listed, origin: "http://forms.example", wantTaken: true},
		"another site, an old browser":             {allowed: listed, origin: "https://evil.example"},
		"a page that hides where it is":            {allowed: listed, origin: "null", site: "cross-site"},
		"a page that hides where it is, even more": {allowed: listed, origin: "null"},
		"a program":                                {allowed: listed, wantTaken: true},
		"an address that was typed":                {allowed: listed, site: "none", wantTaken: true},
		"every site":                               {allowed: []string{"*"}, origin: "https://any.example", site: "cross-site", wantTaken: true, wantReadBy: "*"},
		"every site, one of them by name":          {allowed: []string{"*", "https://www.example.com"}, origin: "https://www.example.com", site: "cross-site", wantTaken: true, wantReadBy: "https://www.example.com", wantCredentials: "true"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			h := testHandler(fakePipelines{form: v1alpha1.FormSpec{AllowedOrigins: tc.allowed}}, &fakeCommitter{})
			for _, preflight := range []bool{false, true} {
				r := request(aName, contentTy, asJSON)
				want := http.StatusAccepted
				if !tc.wantTaken {
					want = http.StatusForbidden
				}
				if preflight {
					r = httptest.NewRequest(http.MethodOptions, "/v1/ns/trial/submissions", nil)
					r.Header.Set("Access-Control-Request-Method", "POST")
					want = http.StatusNoContent
					if tc.wantReadBy == "" {
						want = http.StatusForbidden
					}
				}
				r.Host = "forms.example"
				if tc.origin != "" {
					r.Header.Set("Origin", tc.origin)
				}
				if tc.site != "" {
					r.Header.Set("Sec-Fetch-Site", tc.site)
				}
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if w.Code != want {
					t.Errorf("preflight %v: code %d, want %d", preflight, w.Code, want)
				}
				if got := w.Header().Get("Access-Control-Allow-Origin"); got != tc.wantReadBy {
					t.Errorf("preflight %v: may be read by %q, want %q", preflight, got, tc.wantReadBy)
				}
				if got := w.Header().Get("Access-Control-Allow-Credentials"); got != tc.wantCredentials {
					t.Errorf("preflight %v: credentials %q, want %q", preflight, got, tc.wantCredentials)
				}
				if len(tc.allowed) > 0 && w.Header().Get("Vary") != "Origin" {
					t.Errorf("preflight %v: caches are not told that the answer depends on the origin", preflight)
				}
			}
		})
	}
}
