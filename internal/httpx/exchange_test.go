package httpx

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/contact-operator/contact-operator/internal/provider"
)

func TestExchange(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Seen", r.Method+" "+r.Header.Get("Content-Type")+" "+r.Header.Get("Accept")+" "+r.Header.Get("X-Key")+" "+string(body))
		switch r.URL.Path {
		case "/cut", "/refused-and-cut":
			w.Header().Set("Content-Length", "1000")
			if r.URL.Path != "/cut" {
				w.WriteHeader(http.StatusConflict)
			}
			_, _ = io.WriteString(w, "half")
			panic(http.ErrAbortHandler)
		case "/large":
			_, _ = io.WriteString(w, strings.Repeat("x", MaxBody+1))
		}
	}))
	t.Cleanup(srv.Close)
	cases := map[string]struct {
		reason     string
		exchange   Exchange
		wantSeen   string
		wantStatus int
		wantErr    bool
	}{
		"JSON":            {"a body is JSON unless said otherwise", Exchange{Method: "POST", Body: []byte("{}")}, "POST application/json application/json  {}", 200, false},
		"a form":          {"a header that is given counts", Exchange{Method: "POST", Body: []byte("a=b"), Header: map[string]string{"Content-Type": "x/form", "X-Key": "k"}}, "POST x/form application/json k a=b", 200, false},
		"no body":         {"then there is no type of it", Exchange{Method: "GET"}, "GET  application/json  ", 200, false},
		"cut off":         {"half a success is none", Exchange{Method: "GET", URL: "/cut"}, "", 200, true},
		"half a refusal":  {"its status says it all", Exchange{Method: "GET", URL: "/refused-and-cut"}, "", 409, false},
		"too large":       {"an answer has a limit", Exchange{Method: "GET", URL: "/large"}, "", 200, true},
		"a limit of ours": {"a list of fields may be large", Exchange{Method: "GET", URL: "/large", MaxBody: MaxBody + 1}, "", 200, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tc.exchange.URL = srv.URL + tc.exchange.URL
			res, err := tc.exchange.Do(t.Context(), New(Options{AllowLoopback: true}))
			if res.Status != tc.wantStatus || (err != nil) != tc.wantErr || err != nil && provider.AsError(err).Class != provider.Transient {
				t.Errorf("%s: got %d, %v", tc.reason, res.Status, err)
			}
			if seen := res.Header.Get("Seen"); tc.wantSeen != "" && seen != tc.wantSeen {
				t.Errorf("%s: the service saw %q, want %q", tc.reason, seen, tc.wantSeen)
			}
		})
	}
}
