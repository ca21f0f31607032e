package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

// sandbox is a Server behind a real socket.
type sandbox struct {
	*server.Server
	t      *testing.T
	url    string
	client *http.Client
}

func start(t *testing.T, o server.Options) *sandbox {
	t.Helper()
	s := server.New(o)
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	t.Cleanup(s.Close) // first: it lets go of the calls that srv.Close waits for
	return &sandbox{Server: s, t: t, url: srv.URL, client: srv.Client()}
}

// do sends a request with the service's first token; "" sends none.
func (s *sandbox) do(ctx context.Context, token, method, path string, body any) (*http.Response, error) {
	s.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, bytes.NewReader(data))
	if err != nil {
		s.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return s.client.Do(r)
}

func (s *sandbox) call(service server.Service, method, path string, body map[string]any) (int, map[string]any) {
	s.t.Helper()
	resp, err := s.do(s.t.Context(), server.DefaultToken(service), method, path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	var answer map[string]any
	if len(data) > 0 {
		if err := json.Unmarshal(data, &answer); err != nil {
			s.t.Fatalf("%s %s: status %d, not JSON: %v", method, path, resp.StatusCode, err)
		}
	}
	return resp.StatusCode, answer
}

func (s *sandbox) put(path string, body any) int {
	s.t.Helper()
	resp, err := s.do(s.t.Context(), "", "PUT", path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

func (s *sandbox) fault(service, body string) {
	s.t.Helper()
	if status := s.put("/_faults/"+service, json.RawMessage(body)); status != http.StatusNoContent {
		s.t.Fatalf("setting the fault: status %d", status)
	}
}

func TestFaultReset(t *testing.T) {
	s := start(t, server.Options{})
	s.fault("crm", `{"mode":"reset"}`)
	resp, err := s.do(t.Context(), server.DefaultToken(server.CRM), "PUT", ada, map[string]any{"name": "Ada"})
	if err == nil {
		_ = resp.Body.Close()
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("error is %v, want a connection reset by the peer", err)
	}
	if len(s.Records(server.CRM)) != 0 {
		t.Error("a reset call wrote a record")
	}
	s.fault("crm", `{"mode":"ok"}`)
	if status, _ := s.call(server.CRM, "PUT", ada, map[string]any{"name": "Ada"}); status != http.StatusCreated {
		t.Errorf("after the fault: status %d, want 201", status)
	}
	if got := s.Stats()[server.CRM]; got.Calls != 2 || got.Faults != 1 || got.InFlight != 0 {
		t.Errorf("stats are %+v, want 2 calls, 1 fault, none in flight", got)
	}
}

func TestFaultHangLastsUntilTheClientGoes(t *testing.T) {
	s := start(t, server.Options{})
	s.fault("crm", `{"mode":"hang"}`)
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		resp, err := s.do(ctx, server.DefaultToken(server.CRM), "PUT", ada, map[string]any{})
		if err == nil {
			_ = resp.Body.Close()
		}
		failed <- err
	}()
	s.await("the call is held", func(st server.ServiceStats) bool { return st.Faults == 1 && st.InFlight == 1 })
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want that the client went away", err)
	}
	s.await("the call is let go", func(st server.ServiceStats) bool { return st.InFlight == 0 })
	if len(s.Records(server.CRM)) != 0 {
		t.Error("a hung call wrote a record")
	}
}

func TestCloseEndsHeldCalls(t *testing.T) {
	for _, mode := range []string{"hang", "timeout"} {
		t.Run(mode, func(t *testing.T) {
			s := start(t, server.Options{})
			s.fault("crm", `{"mode":"`+mode+`"}`)
			failed := make(chan error, 1)
			go func() {
				resp, err := s.do(t.Context(), server.DefaultToken(server.CRM), "PUT", ada, map[string]any{})
				if err == nil {
					_ = resp.Body.Close()
				}
				failed <- err
			}()
			s.await("the call is held", func(st server.ServiceStats) bool { return st.Faults == 1 })
			s.Close()
			if err := <-failed; err == nil {
				t.Error("the held call was answered")
			}
		})
	}
}

func TestFaultTimeoutDoesTheWorkAndAnswersLate(t *testing.T) {
	s := start(t, server.Options{Patience: time.Millisecond})
	s.fault("crm", `{"mode":"timeout"}`)
	if status, _ := s.call(server.CRM, "PUT", ada, map[string]any{"name": "Ada"}); status != http.StatusCreated {
		t.Errorf("status %d, want 201: who waits for long enough gets the answer", status)
	}
	if len(s.Records(server.CRM)) != 1 {
		t.Error("the call that timed out wrote no record")
	}
}

func TestFaultStatus(t *testing.T) {
	tests := map[string]struct {
		fault          string
		wantStatus     int
		wantRetryAfter string
	}{
		"503 unless said otherwise": {`{"mode":"status"}`, 503, ""},
		"throttled":                 {`{"mode":"status","status":429,"retryAfterSeconds":7}`, 429, "7"},
		"after a latency":           {`{"mode":"status","status":500,"latencyMillis":1}`, 500, ""},
		"none of the calls":         {`{"mode":"status","status":500,"rate":0}`, 201, ""},
		"only latency":              {`{"latencyMillis":1}`, 201, ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := start(t, server.Options{})
			s.fault("crm", tc.fault)
			resp, err := s.do(t.Context(), server.DefaultToken(server.CRM), "PUT", ada, map[string]any{})
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != tc.wantStatus || resp.Header.Get("Retry-After") != tc.wantRetryAfter {
				t.Errorf("status %d, Retry-After %q; want %d, %q",
					resp.StatusCode, resp.Header.Get("Retry-After"), tc.wantStatus, tc.wantRetryAfter)
			}
		})
	}
}

func TestFaultOfOneServiceLeavesTheOthersAlone(t *testing.T) {
	s := start(t, server.Options{})
	s.fault("crm", `{"mode":"status"}`)
	if status, _ := s.call(server.Marketing, "PUT", "/marketing/v1/subscribers/a@example.com", map[string]any{}); status != http.StatusCreated {
		t.Errorf("status %d, want 201", status)
	}
}

func TestControlRefuses(t *testing.T) {
	tests := map[string]struct {
		path, body string
		wantStatus int
	}{
		"an unknown service":          {"/_faults/erp", `{"mode":"ok"}`, 404},
		"an unknown mode":             {"/_faults/crm", `{"mode":"explode"}`, 400},
		"a misspelt field":            {"/_faults/crm", `{"mode":"ok","latencyMs":1}`, 400},
		"a rate above 1":              {"/_faults/crm", `{"mode":"hang","rate":1.5}`, 400},
		"a status that is none":       {"/_faults/crm", `{"mode":"status","status":42}`, 400},
		"a time before the call":      {"/_faults/crm", `{"latencyMillis":-1}`, 400},
		"a token for nobody":          {"/_tokens/erp", `{"token":"x"}`, 404},
		"no token":                    {"/_tokens/crm", `{"token":""}`, 400},
		"what is not JSON":            {"/_tokens/crm", `"`, 400},
		"nothing when all is correct": {"/_tokens/crm", `{"token":"x"}`, 204},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := start(t, server.Options{})
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.url+tc.path, bytes.NewReader([]byte(tc.body)))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := s.client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != tc.wantStatus {
				t.Errorf("status %d, want %d", resp.StatusCode, tc.wantStatus)
			}
		})
	}
}

func TestTokenRotation(t *testing.T) {
	s := start(t, server.Options{Tokens: map[server.Service]string{server.CRM: "first"}})
	try := func(token string) int {
		resp, err := s.do(t.Context(), token, "PUT", ada, map[string]any{})
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	for token, wantStatus := range map[string]int{"": 401, "wrong": 401, "first": 201} {
		if got := try(token); got != wantStatus {
			t.Errorf("token %q: status %d, want %d", token, got, wantStatus)
		}
	}
	if status := s.put("/_tokens/crm", map[string]string{"token": "second"}); status != http.StatusNoContent {
		t.Fatalf("rotation: status %d", status)
	}
	if first, second := try("first"), try("second"); first != 401 || second != 200 {
		t.Errorf("after the rotation: status %d with the old token, %d with the new one; want 401, 200", first, second)
	}
	if status := s.put("/_reset", nil); status != http.StatusNoContent {
		t.Fatalf("reset: status %d", status)
	}
	if got := s.Stats()[server.CRM]; got != (server.ServiceStats{}) || len(s.Records(server.CRM)) != 0 {
		t.Errorf("after the reset: stats are %+v with %d records, want none", got, len(s.Records(server.CRM)))
	}
	if got := try("first"); got != 201 {
		t.Errorf("after the reset: status %d with the first token, want 201", got)
	}
}

// await polls what the CRM counted: the server's own view of a call has no event to wait for.
func (s *sandbox) await(what string, done func(server.ServiceStats) bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for {
		if done(s.Stats()[server.CRM]) {
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			s.t.Fatalf("waiting until %s: stats are %+v", what, s.Stats()[server.CRM])
		}
	}
}
