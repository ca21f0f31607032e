package kickbox

import (
	"encoding/json"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/contact-operator/contact-operator/hack/sandbox/description"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

const key = "live_key"

// bench is an account whose answers are all held against the description.
type bench struct {
	t       *testing.T
	sandbox *server.Server
}

func newBench(t *testing.T, o Options, key string) *bench {
	t.Helper()
	return &bench{t: t, sandbox: server.New(server.Options{
		Tokens:  map[server.Service]string{server.Kickbox: key},
		Vendors: map[server.Service]server.NewVendor{server.Kickbox: New(o)},
	})}
}

func (b *bench) get(path, authorization string) (int, map[string]any, string) {
	b.t.Helper()
	r := httptest.NewRequestWithContext(b.t.Context(), "GET", "/kickbox"+path, nil)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	w := httptest.NewRecorder()
	b.sandbox.ServeHTTP(w, r)
	var answer map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		b.t.Fatal(err)
	}
	described := httptest.NewRequestWithContext(b.t.Context(), "GET", path, nil)
	if checked, err := description.MustLoad(document).Check(described, nil); err == nil {
		if bad := checked.Answer(w.Code, w.Header(), answer); bad != nil {
			b.t.Errorf("%s: the answer is not as described: %v", path, bad)
		}
	}
	return w.Code, answer, w.Header().Get("X-Kickbox-Balance")
}

func TestRefusesWhatKickboxWould(t *testing.T) {
	t.Parallel()
	const bearer = "Bearer " + key
	cases := map[string]struct {
		path, authorization string
		want                int
	}{
		"bearer":                     {"/v2/verify?email=ada%40example.com&timeout=6000", bearer, 200},
		"as the PHP library does":    {"/v2/verify?email=ada%40example.com", "token " + key, 200},
		"in the query":               {"/v2/verify?email=ada%40example.com&apikey=" + key, "", 200},
		"no key":                     {"/v2/verify?email=ada%40example.com", "", 401},
		"another key":                {"/v2/verify?email=ada%40example.com", "Bearer x", 401},
		"no address":                 {"/v2/verify", bearer, 400},
		"too much time":              {"/v2/verify?email=ada%40example.com&timeout=30001", bearer, 400},
		"a time in words":            {"/v2/verify?email=ada%40example.com&timeout=6s", bearer, 400},
		"a parameter nobody reads":   {"/v2/verify?email=ada%40example.com&ip=203.0.113.7", bearer, 400},
		"the balance":                {"/v2/balance", bearer, 200},
		"the balance, another key":   {"/v2/balance", "Bearer x", 401},
		"another path":               {"/v1/verify?email=ada%40example.com", bearer, 404},
		"a batch, which we don't do": {"/v2/verify-batch", bearer, 404},
	}
	for name, tc := range cases {
		if got, answer, _ := newBench(t, Options{}, key).get(tc.path, tc.authorization); got != tc.want {
			t.Errorf("%s: %d %v, want %d", name, got, answer, tc.want)
		}
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]map[string]string{
		"live_x": {
			"ada@example.com": "deliverable accepted_email", "info@example.com": "risky low_quality", "ada@disposable.example": "risky low_quality",
			"ada@acceptall.example": "risky low_deliverability", "ada@full.example": "risky low_deliverability",
			"ada@undeliverable.example": "undeliverable rejected_email", "ada": "undeliverable invalid_email", "ada@unknown.example": "unknown no_connect",
		},
		"test_x": {
			"ada@undeliverable.example": "deliverable accepted_email", "ada": "deliverable accepted_email", "rejected-email@example.com": "undeliverable rejected_email",
			"ada%2Btimeout@example.com": "unknown timeout",
		},
	} {
		b := newBench(t, Options{}, key)
		for address, want := range want {
			if _, got, _ := b.get("/v2/verify?email="+address, "Bearer "+key); got["result"].(string)+" "+got["reason"].(string) != want {
				t.Errorf("%s, %s: got %v, want %s", key, address, got, want)
			}
		}
	}
}

func TestCreditsAndLimit(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 2, 9, 0, 58, 0, time.UTC)
	b := newBench(t, Options{Credits: 1, PerMinute: 3, Now: func() time.Time { return now }}, key)
	for i, want := range []struct {
		after   time.Duration
		status  int
		balance string
	}{
		{0, 200, "0"},
		{time.Second, 403, "0"},
		{0, 403, "0"},
		{0, 429, ""},
		{time.Second, 403, "0"}, // the next clock minute
	} {
		now = now.Add(want.after)
		if status, answer, balance := b.get("/v2/verify?email=ada@example.com", "Bearer "+key); status != want.status || balance != want.balance {
			t.Errorf("call %d: %d %v, balance %q; want %d, %q", i, status, answer, balance, want.status, want.balance)
		}
	}
}
