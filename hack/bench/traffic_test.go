package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// An intake of its own: takes all but every fourth, and notes whom it saw.
func TestSend(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Email string }
		data, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(data, &body); err != nil || r.URL.Path != "/v1/contacts/trial/submissions" {
			t.Errorf("%s with %q: %v", r.URL.Path, data, err)
		}
		mu.Lock()
		defer mu.Unlock()
		seen[body.Email] = true
		if len(seen)%4 == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	defer server.Close()

	all := &people{round: "testtest", most: 100}
	got, err := traffic{addr: strings.TrimPrefix(server.URL, "http://"), senders: 8}.send(t.Context(), all.body)
	if err != nil {
		t.Fatal(err)
	}
	if got.accepted() != 75 || got.refused != 25 || len(seen) != 100 {
		t.Errorf("accepted %d, refused %d of %d people, want 75, 25 of 100", got.accepted(), got.refused, len(seen))
	}
	sum := 0
	for _, n := range got.perSecond {
		sum += n
	}
	if sum != got.accepted() {
		t.Errorf("%d accepted in all seconds together, want %d", sum, got.accepted())
	}
}

func TestSendNeedsAnIntake(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	all := &people{round: "testtest", most: 1}
	if _, err := (traffic{addr: strings.TrimPrefix(server.URL, "http://"), senders: 1}).send(t.Context(), all.body); err == nil {
		t.Error("nobody listens, and that is no error")
	}
}
