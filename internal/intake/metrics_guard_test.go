package intake

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
)

func TestMetricsAreForThoseWhoMayReadThem(t *testing.T) {
	away := errors.New("connection refused")
	type try struct {
		after  time.Duration
		token  string
		answer error // of the API server
		want   int
		asked  bool
	}
	tests := map[string]struct {
		reason string
		tries  []try
	}{
		"no token": {
			reason: "nobody is asked about nobody", tries: []try{{want: 401}},
		},
		"an invalid token": {
			reason: "each time it is asked about: it may become good", tries: []try{{token: "a", answer: errWho, want: 401, asked: true}, {token: "a", want: 200, asked: true}},
		},
		"a token without the right": {
			reason: "the account has to be bound first", tries: []try{{token: "a", answer: errNotTheirs, want: 403, asked: true}},
		},
		"a good token": {
			reason: "the API server is asked once a minute",
			tries: []try{
				{token: "a", want: 200, asked: true}, {token: "a", after: 30 * time.Second, want: 200}, {token: "a", after: 31 * time.Second, want: 200, asked: true},
			},
		},
		"a token that is revoked": {
			reason: "a no counts at once, also when the API server is away afterwards",
			tries: []try{
				{token: "a", want: 200, asked: true},
				{token: "a", after: time.Minute, answer: errWho, want: 401, asked: true},
				{token: "a", answer: away, want: 503, asked: true},
			},
		},
		"the API server is away": {
			reason: "the figures of the spool are needed then; a stranger learns nothing",
			tries: []try{
				{token: "a", want: 200, asked: true},
				{token: "a", after: 3 * time.Hour, answer: away, want: 200, asked: true},
				{token: "b", answer: away, want: 503, asked: true},
				{token: "a", after: 21 * time.Hour, answer: away, want: 503, asked: true},
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var now try
			clock := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
			asked := false
			guard := newMetricsGuard(func(_ context.Context, token string) error {
				if token != now.token {
					t.Errorf("asked about %q instead of %q", token, now.token)
				}
				asked = true
				return now.answer
			}, logr.Discard())
			guard.now = func() time.Time { return clock }
			handler := guard.around(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "figures") }))
			for i, next := range tc.tries {
				now, asked = next, false
				clock = clock.Add(next.after)
				r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
				if next.token != "" {
					r.Header.Set("Authorization", "Bearer "+next.token)
				}
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, r)
				if w.Code != next.want || asked != next.asked {
					t.Errorf("try %d: answered %d (asked: %t), want %d (%t): %s", i, w.Code, asked, next.want, next.asked, tc.reason)
				}
			}
		})
	}
}

// What the API server says is understood, and it is asked as the reader, never as the intake.
func TestReviewAsksAsTheReader(t *testing.T) {
	status := http.StatusCreated
	body := `{"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","status":{"allowed":true}}`
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Values("Authorization"); len(got) != 1 || got[0] != "Bearer reader" {
			t.Errorf("asked with %q", got)
		}
		if r.Method != http.MethodPost || r.URL.Path != "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" {
			t.Errorf("asked %s %s", r.Method, r.URL.Path)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	defer api.Close()
	review, err := newReview(&rest.Config{Host: api.URL, BearerToken: "intake"})
	if err != nil {
		t.Fatal(err)
	}
	if err := review(t.Context(), "reader"); err != nil {
		t.Errorf("allowed, and yet: %v", err)
	}
	body = `{"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","status":{"allowed":false}}`
	if err := review(t.Context(), "reader"); !errors.Is(err, errNotTheirs) {
		t.Errorf("not allowed: %v", err)
	}
	status, body = http.StatusUnauthorized, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Unauthorized","code":401}`
	if err := review(t.Context(), "reader"); !errors.Is(err, errWho) {
		t.Errorf("an invalid token: %v", err)
	}
	status, body = http.StatusInternalServerError, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"InternalError","code":500}`
	if err := review(t.Context(), "reader"); err == nil || errors.Is(err, errWho) || errors.Is(err, errNotTheirs) {
		t.Errorf("the API server is not well: %v", err)
	}
}

func TestMetricsAreServedOverTLS(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		allowed := r.Header.Get("Authorization") == "Bearer good"
		_, _ = fmt.Fprintf(w, `{"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","status":{"allowed":%t}}`, allowed)
	}))
	defer api.Close()
	server, certificate, err := newMetricsServer(&rest.Config{Host: api.URL}, DefaultOptions(), newMetrics(), logr.Discard())
	if err != nil || certificate != nil {
		t.Fatal(err, certificate)
	}
	listener, err := listen(t.Context(), "", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- serve(ctx, server, listener) }()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // it makes its own certificate
	for token, want := range map[string]int{"": 401, "bad": 403, "good": 200} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+listener.Addr().String()+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if figures := strings.Contains(string(body), "contact_intake_"); answer.StatusCode != want || figures != (want == http.StatusOK) {
			t.Errorf("token %q: answered %d, with figures: %t; want %d", token, answer.StatusCode, figures, want)
		}
	}
	client.CloseIdleConnections()
	stop()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}
