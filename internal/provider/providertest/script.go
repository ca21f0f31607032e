package providertest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
)

// Reply is one answer of a scripted vendor. Status 0 is 200.
type Reply struct {
	Status int
	Header map[string]string
	Body   string
}

// Script answers each call, named by method and path with query ("GET /v3/contacts?limit=1"), with what it has for it, in
// order; the last one again and again. A call that it has nothing for fails the test.
type Script map[string][]Reply

// Played is a scripted vendor, and the calls that it got.
type Played struct {
	// URL is its base.
	URL string

	mu            sync.Mutex
	calls, bodies []string
}

// Calls are the calls so far, in order.
func (p *Played) Calls() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.calls)
}

// Bodies are those of the calls so far, in order.
func (p *Played) Bodies() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.bodies)
}

// Body is that of the last call of this name.
func (p *Played) Body(call string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, c := range slices.Backward(p.calls) {
		if c == call {
			return p.bodies[i]
		}
	}
	return ""
}

// Play serves a script until the test ends.
func Play(t *testing.T, s Script) *Played {
	t.Helper()
	left := map[string][]Reply{}
	for call, replies := range s {
		left[call] = replies
	}
	p := &Played{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := r.Method + " " + r.URL.RequestURI()
		body, _ := io.ReadAll(r.Body)
		p.mu.Lock()
		p.calls, p.bodies = append(p.calls, call), append(p.bodies, string(body))
		replies := left[call]
		if len(replies) > 1 {
			left[call] = replies[1:]
		}
		p.mu.Unlock()
		if len(replies) == 0 {
			t.Errorf("an unexpected call: %s", call)
			w.WriteHeader(http.StatusTeapot)
			return
		}
		for name, value := range replies[0].Header {
			w.Header().Set(name, value)
		}
		if replies[0].Status != 0 {
			w.WriteHeader(replies[0].Status)
		}
		_, _ = io.WriteString(w, replies[0].Body)
	}))
	t.Cleanup(srv.Close)
	p.URL = srv.URL
	return p
}
