package zerobounce

import (
	"encoding/json"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/contact-operator/contact-operator/hack/sandbox/description"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

const key = "sandbox-zerobounce-token"

// bench is an account whose answers are all held against the description.
type bench struct {
	t       *testing.T
	sandbox *server.Server
}

func newBench(t *testing.T, o Options) *bench {
	t.Helper()
	return &bench{t: t, sandbox: server.New(server.Options{Vendors: map[server.Service]server.NewVendor{server.ZeroBounce: New(o)}})}
}

func (b *bench) get(path string) (int, map[string]any) {
	b.t.Helper()
	w := httptest.NewRecorder()
	b.sandbox.ServeHTTP(w, httptest.NewRequestWithContext(b.t.Context(), "GET", "/zerobounce"+path, nil))
	var answer map[string]any
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			b.t.Fatal(err)
		}
	}
	if checked, err := description.MustLoad(document).Check(httptest.NewRequestWithContext(b.t.Context(), "GET", path, nil), nil); err == nil {
		if bad := checked.Answer(w.Code, w.Header(), answer); bad != nil {
			b.t.Errorf("%s: the answer is not as described: %v", path, bad)
		}
	}
	return w.Code, answer
}

func TestRefusesWhatZeroBounceWould(t *testing.T) {
	t.Parallel()
	const refused = "Invalid API key or your account ran out of credits"
	cases := map[string]struct {
		credits    int
		path       string
		wantStatus int
		wantError  any
	}{
		"good":                     {0, "/v2/validate?api_key=" + key + "&email=ada%40example.com&ip_address=&timeout=27", 200, nil},
		"another key":              {0, "/v2/validate?api_key=x&email=ada%40example.com&ip_address=", 200, refused},
		"no credits":               {-1, "/v2/validate?api_key=" + key + "&email=ada%40example.com&ip_address=", 200, refused},
		"no key":                   {0, "/v2/validate?email=ada%40example.com&ip_address=", 400, ""},
		"no ip_address":            {0, "/v2/validate?api_key=" + key + "&email=ada%40example.com", 400, ""},
		"no address":               {0, "/v2/validate?api_key=" + key + "&email=&ip_address=", 400, ""},
		"too little time":          {0, "/v2/validate?api_key=" + key + "&email=ada%40example.com&ip_address=&timeout=2", 400, ""},
		"a parameter nobody reads": {0, "/v2/validate?api_key=" + key + "&email=ada%40example.com&ip_address=&x=1", 400, ""},
		"without its version":      {0, "/validate?api_key=" + key + "&email=ada%40example.com&ip_address=", 404, nil},
		"credits":                  {7, "/v2/getcredits?api_key=" + key, 200, nil},
	}
	for name, tc := range cases {
		status, answer := newBench(t, Options{Credits: tc.credits}).get(tc.path)
		if status != tc.wantStatus || tc.wantError != "" && answer["error"] != tc.wantError {
			t.Errorf("%s: %d %v, want %d %v", name, status, answer, tc.wantStatus, tc.wantError)
		}
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{Credits: 100})
	asked := map[string]string{
		"ada@example.com": "valid ", "info@example.com": "do_not_mail role_based", "ada@disposable.example": "do_not_mail disposable",
		"ada@acceptall.example": "catch-all ", "ada@undeliverable.example": "invalid mailbox_not_found", "ada": "invalid failed_syntax_check",
		"ada@unknown.example": "unknown greylisted",
	}
	for address, want := range asked {
		if _, got := b.get("/v2/validate?api_key=" + key + "&ip_address=&email=" + address); got["status"].(string)+" "+got["sub_status"].(string) != want {
			t.Errorf("%s: got %v, want %s", address, got, want)
		}
	}
	for local, want := range testAddresses() {
		if _, got := b.get("/v2/validate?api_key=" + key + "&ip_address=&email=" + local + "@example.com"); got["status"] != want[0] || got["sub_status"] != want[1] {
			t.Errorf("%s: got %v, want %v", local, got, want)
		}
	}
	// What is unknown costs nothing, and neither do ZeroBounce's own addresses.
	if _, got := b.get("/v2/getcredits?api_key=" + key); got["Credits"] != "94" {
		t.Errorf("left are %v", got)
	}
	if _, got := b.get("/v2/getcredits?api_key=x"); got["Credits"] != "-1" {
		t.Errorf("with another key: %v", got)
	}
}

func TestBlocks(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		path  string
		most  int
		lasts time.Duration
	}{
		"a wrong key":            {"/v2/validate?api_key=x&email=ada%40example.com&ip_address=", 200, time.Hour},
		"a wrong key to credits": {"/v2/getcredits?api_key=x", 200, 24 * time.Hour},
		"wrong requests":         {"/v2/validate?api_key=" + key + "&email=ada%40example.com", 100, time.Hour},
	} {
		now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
		b := newBench(t, Options{Now: func() time.Time { return now }})
		for i := range tc.most + 1 {
			if status, _ := b.get(tc.path); status == 429 {
				t.Fatalf("%s: blocked at call %d", name, i+1)
			}
		}
		good := "/v2/getcredits?api_key=" + key
		if status, _ := b.get(good); status != 429 {
			t.Errorf("%s: not blocked: %d", name, status)
		}
		now = now.Add(tc.lasts)
		if status, _ := b.get(good); status != 200 {
			t.Errorf("%s: blocked for longer than %v: %d", name, tc.lasts, status)
		}
	}
}
