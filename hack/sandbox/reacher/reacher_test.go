package reacher

import (
	"encoding/json"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/hack/sandbox/description"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

const secret = "sandbox-reacher-token"

// bench is a server whose JSON answers are all held against the description.
type bench struct {
	t       *testing.T
	sandbox *server.Server
}

func newBench(t *testing.T, o Options) *bench {
	t.Helper()
	return &bench{t: t, sandbox: server.New(server.Options{Vendors: map[server.Service]server.NewVendor{server.Reacher: New(o)}})}
}

// call returns the status of an answer, and its body. header overrides what a good call has; "" takes a header away.
func (b *bench) call(method, path, body string, header ...string) (int, string) {
	b.t.Helper()
	r := httptest.NewRequestWithContext(b.t.Context(), method, "/reacher"+path, strings.NewReader(body))
	r.Header.Set("X-Reacher-Secret", secret)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Del(header[i])
		if header[i+1] != "" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	if r.Header.Get("Transfer-Encoding") != "" {
		r.ContentLength = -1
	}
	w := httptest.NewRecorder()
	b.sandbox.ServeHTTP(w, r)
	if w.Header().Get("Content-Type") == "application/json" {
		described := httptest.NewRequestWithContext(b.t.Context(), method, path, nil)
		described.Header = r.Header
		if checked, err := description.MustLoad(document).Check(described, []byte(body)); err == nil {
			var answer any
			if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
				b.t.Fatal(err)
			}
			if bad := checked.Answer(w.Code, w.Header(), answer); bad != nil {
				b.t.Errorf("%s %s %s: the answer is not as described: %v", method, path, body, bad)
			}
		}
	}
	text, _ := io.ReadAll(w.Body)
	return w.Code, strings.TrimSpace(string(text))
}

func TestRefusesWhatReacherWould(t *testing.T) {
	t.Parallel()
	const ada = `{"to_email":"ada@example.com"}`
	cases := map[string]struct {
		method, path, body string
		header             []string
		wantStatus         int
		wantBody           string // "": any
	}{
		"good":                      {"POST", "/v1/check_email", ada, nil, 200, ""},
		"no secret":                 {"POST", "/v1/check_email", ada, []string{"X-Reacher-Secret", ""}, 400, `Missing request header "x-reacher-secret"`},
		"another secret":            {"POST", "/v1/check_email", ada, []string{"X-Reacher-Secret", "x"}, 400, `Invalid request header "x-reacher-secret"`},
		"a bearer token":            {"POST", "/v1/check_email", ada, []string{"X-Reacher-Secret", "", "Authorization", "Bearer " + secret}, 400, ""},
		"no length":                 {"POST", "/v1/check_email", ada, []string{"Transfer-Encoding", "chunked"}, 411, ""},
		"too long":                  {"POST", "/v1/check_email", `{"to_email":"` + strings.Repeat("x", 17<<10) + `"}`, nil, 413, ""},
		"a form":                    {"POST", "/v1/check_email", ada, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, ""},
		"no JSON":                   {"POST", "/v1/check_email", `{`, nil, 400, ""},
		"a field that nobody reads": {"POST", "/v1/check_email", `{"to_email":"ada@example.com","from_email":"us@example.com"}`, nil, 400, ""},
		"no address":                {"POST", "/v1/check_email", `{"to_email":""}`, nil, 400, `{"error":"to_email field is required."}`},
		"another method":            {"GET", "/v1/check_email", "", nil, 405, ""},
		"another path":              {"POST", "/check_email", ada, nil, 404, ""},
		"its version":               {"GET", "/version", "", []string{"X-Reacher-Secret", ""}, 200, `{"version":"0.11.7"}`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, body := newBench(t, Options{}).call(tc.method, tc.path, tc.body, tc.header...)
			if status != tc.wantStatus || tc.wantBody != "" && body != tc.wantBody {
				t.Errorf("got %d %s, want %d %s", status, body, tc.wantStatus, tc.wantBody)
			}
		})
	}
	if status, _ := newBench(t, Options{Open: true}).call("POST", "/v1/check_email", ada, "X-Reacher-Secret", ""); status != 200 {
		t.Errorf("without a secret there: %d", status)
	}
}

func TestReachable(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	for address, want := range map[string]string{
		"ada@example.com":            "safe",
		"ada@gmial.com":              "safe",
		"info@example.com":           "risky",
		"info@undeliverable.example": "risky", // a role hides that there is no such mailbox
		"ada@acceptall.example":      "risky",
		"ada@fullinbox.example":      "risky",
		"ada@undeliverable.example":  "invalid",
		"ada@disabled.example":       "invalid",
		"ada@nomx.example":           "invalid",
		"ada@disposable.example":     "invalid", // as a wrong syntax
		"ada@mailinator.com":         "invalid",
		"not an address":             "invalid",
		"ada@unknown.example":        "unknown",
		"ada@slow.example":           "unknown",
		"ada@blocklisted.example":    "unknown",
		"ada@needsrdns.example":      "unknown",
	} {
		status, body := b.call("POST", "/v1/check_email", `{"to_email":"`+address+`"}`)
		var got checked
		if err := json.Unmarshal([]byte(body), &got); err != nil || status != 200 || got.Reachable != want {
			t.Errorf("%s: %d %s, %v; want %s", address, status, got.Reachable, err, want)
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	b := newBench(t, Options{PerMinute: 2, PerDay: 3, Now: func() time.Time { return now }})
	type step struct {
		after  time.Duration
		status int
		body   string
	}
	var got []step
	for _, after := range []time.Duration{0, time.Second, 30 * time.Second, 29 * time.Second, 0} {
		now = now.Add(after)
		status, body := b.call("POST", "/v1/check_email", `{"to_email":"ada@example.com"}`)
		if status == 200 {
			body = ""
		}
		got = append(got, step{after, status, body})
	}
	want := []step{
		{0, 200, ""},
		{time.Second, 200, ""},
		{30 * time.Second, 429, `{"error":"Rate limit per minute exceeded, please wait 29s"}`},
		{29 * time.Second, 200, ""},
		{0, 429, `{"error":"Rate limit per day exceeded, please wait 86340s"}`},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(step{})); diff != "" {
		t.Error(diff)
	}
	if status, _ := b.call("POST", "/v1/check_email", `{"to_email":""}`); status != 400 {
		t.Errorf("a call without an address counts: %d", status)
	}
}
