package server_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

func TestFaultsThatSpoilTheAnswer(t *testing.T) {
	tests := map[string]struct {
		fault       string
		reason      string
		wantType    string
		wantDone    bool // the work is done all the same
		wantBroken  bool // the answer breaks off, or never comes
		wantJSON    bool
		wantAtLeast int
	}{
		"garbage": {`{"mode":"garbage"}`, "it says JSON and is none", "application/json", false, false, false, 1},
		"html":    {`{"mode":"html"}`, "a network that wants a login answers in the service's place", "text/html; charset=utf-8", false, false, false, 1},
		"huge":    {`{"mode":"huge"}`, "JSON, but far more than anybody asked for", "application/json", false, false, true, 8 << 20},
		"cut":     {`{"mode":"cut"}`, "done, but the caller can't know", "application/json", true, true, false, 1},
		"trickle": {`{"mode":"trickle","latencyMillis":1}`, "slow, but right", "application/json", true, false, true, 1},
		"tls":     {`{"mode":"tls"}`, "a connection that is there is ended", "", false, true, false, 0},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := start(t, server.Options{})
			s.fault("crm", tc.fault)
			resp, err := s.do(t.Context(), server.DefaultToken(server.CRM), "PUT", ada, map[string]any{"name": "Ada"})
			var body []byte
			if err == nil {
				body, err = io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if got := resp.Header.Get("Content-Type"); resp.StatusCode/100 != 2 || got != tc.wantType {
					t.Errorf("%s: status %d, type %q; want success and %q", tc.reason, resp.StatusCode, got, tc.wantType)
				}
			}
			if broken := err != nil; broken != tc.wantBroken {
				t.Errorf("%s: error is %v", tc.reason, err)
			}
			if len(body) < tc.wantAtLeast || json.Valid(body) != tc.wantJSON {
				t.Errorf("%s: %d bytes, JSON %t; want at least %d, %t", tc.reason, len(body), json.Valid(body), tc.wantAtLeast, tc.wantJSON)
			}
			if done := len(s.Records(server.CRM)) == 1; done != tc.wantDone {
				t.Errorf("%s: done is %t", tc.reason, done)
			}
			if got := s.Stats()[server.CRM]; got.Calls != 1 || got.Faults != 1 {
				t.Errorf("stats are %+v, want 1 call, 1 fault", got)
			}
			if want := name == "tls"; s.TLSFails() != want {
				t.Errorf("TLSFails is %t, want %t", s.TLSFails(), want)
			}
		})
	}
}

func TestRetryAfterAsADate(t *testing.T) {
	s := start(t, server.Options{})
	s.fault("crm", `{"mode":"status","status":429,"retryAfterSeconds":3600,"retryAfterDate":true}`)
	before := time.Now().Truncate(time.Second)
	resp, err := s.do(t.Context(), server.DefaultToken(server.CRM), "PUT", ada, map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	at, err := http.ParseTime(resp.Header.Get("Retry-After"))
	if err != nil || at.Before(before.Add(time.Hour)) || at.After(time.Now().Add(time.Hour)) {
		t.Errorf("Retry-After is %q (%v), want the time in an hour", resp.Header.Get("Retry-After"), err)
	}
}

func TestSeveralFaultsShareTheCalls(t *testing.T) {
	s := start(t, server.Options{})
	s.fault("crm", `[{"mode":"status","status":500,"rate":0.5},{"mode":"status","status":429,"rate":0.25}]`)
	const calls = 400
	got := map[int]int{}
	for range calls {
		status, _ := s.call(server.CRM, "PUT", ada, map[string]any{})
		got[status]++
	}
	// 400 draws: less than one run in a hundred million strays as far as this.
	for status, within := range map[int][2]int{500: {140, 260}, 429: {50, 150}} {
		if got[status] < within[0] || got[status] > within[1] {
			t.Errorf("%d of %d calls got %d, want between %d and %d", got[status], calls, status, within[0], within[1])
		}
	}
	if got[200]+got[201] == 0 {
		t.Error("no call was spared")
	}
	s.fault("crm", `[{"mode":"status","status":500,"rate":0},{"mode":"status","status":503}]`)
	if status, _ := s.call(server.CRM, "PUT", ada, map[string]any{}); status != 503 {
		t.Errorf("status %d, want 503: a fault without a rate gets what the others leave", status)
	}
}

func TestListsOfFaultsThatMakeNoSense(t *testing.T) {
	tests := map[string]struct{ body, want string }{
		"more than all":     {`[{"mode":"reset","rate":0.6},{"mode":"hang","rate":0.6}]`, "more than 1"},
		"two for the rest":  {`[{"mode":"reset"},{"mode":"hang"}]`, "without a rate"},
		"a bad one":         {`[{"mode":"reset","rate":0.1},{"mode":"explode"}]`, "fault 2: mode"},
		"a misspelt field":  {`[{"mode":"reset","chance":0.1}]`, "chance"},
		"a date of nothing": {`{"mode":"status","retryAfterDate":true}`, "retryAfterSeconds"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := start(t, server.Options{})
			resp, err := s.do(t.Context(), "", "PUT", "/_faults/crm", json.RawMessage(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			if err = errors.Join(err, resp.Body.Close()); err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != http.StatusBadRequest || !strings.Contains(string(body), tc.want) {
				t.Errorf("status %d, %s; want 400 and a word about %q", resp.StatusCode, body, tc.want)
			}
		})
	}
}

func TestHealthCostsNothingButFailsLikeAnyCall(t *testing.T) {
	s := start(t, server.Options{})
	for _, service := range server.Services() {
		path := "/" + string(service) + "/v1/health"
		if status, body := s.call(service, "GET", path, nil); status != http.StatusOK || body["status"] != "ok" {
			t.Errorf("%s: status %d, %v", service, status, body)
		}
		if got := s.Stats()[service]; got.Calls != 1 || got.HealthChecks != 1 || got.Records != 0 {
			t.Errorf("%s: stats are %+v, want 1 call, a health check, no record", service, got)
		}
		s.SetToken(service, "another")
		if status, _ := s.call(service, "GET", path, nil); status != http.StatusUnauthorized {
			t.Errorf("%s: status %d with a wrong token, want 401", service, status)
		}
		s.fault(string(service), `{"mode":"status","status":500}`)
		if status, _ := s.call(service, "GET", path, nil); status != http.StatusInternalServerError {
			t.Errorf("%s: status %d under a fault, want 500", service, status)
		}
	}
}
