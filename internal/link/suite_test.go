package link

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
)

var crm = Key{"contacts", "crm"}

func sub(name string) Key { return Key{"contacts", name} }

// log remembers who was woken, in order.
type log struct {
	mu    sync.Mutex
	woken []Key
	told  int
}

func (l *log) take() []Key {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.woken
	l.woken = nil
	return w
}

func (l *log) expect(t *testing.T, reason string, want ...string) {
	t.Helper()
	synctest.Wait()
	var got []string
	for _, key := range l.take() {
		got = append(got, key.Name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("woke %v, want %v: %s", got, want, reason)
	}
}

func newRegistry() (*Registry, *log) { return newGatedRegistry(nil) }

func newGatedRegistry(gate Gate) (*Registry, *log) {
	r, l := NewRegistry(time.Now, gate), &log{}
	r.NotifySubmissions(func(keys []Key) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.woken = append(l.woken, keys...)
	})
	r.NotifyIntegrations(func(Key) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.told++
	})
	return r, l
}

// firstReceived is when the first submission was received; what comes later in the alphabet came later.
var firstReceived = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

func received(name string) time.Time { return firstReceived.Add(time.Duration(name[0]) * time.Second) }

func park(r *Registry, names ...string) {
	for _, name := range names {
		r.Wait(sub(name), begin(r, name), Waits{Parked: []Key{crm}, Received: received(name)})
	}
}

func plan(r *Registry, names ...string) {
	for _, name := range names {
		r.Wait(sub(name), begin(r, name), Waits{Waiting: []Key{crm}, Received: received(name)})
	}
}

// begin takes a submission up, and ends that at once.
func begin(r *Registry, name string) Begun {
	b := r.Begin(sub(name))
	r.Done(b)
	return b
}

func returns(err error) func(context.Context) error {
	return func(context.Context) error { return err }
}

func classed(c provider.Class) error { return provider.Errorf(c, "because") }

// call makes calls that end in the same way, one after the other.
func call(t *testing.T, l *Link, times int, err error) {
	t.Helper()
	for range times {
		_ = l.Call(t.Context(), returns(err))
	}
}

// hold makes calls that last until they are let go.
func hold(t *testing.T, l *Link, n int) (release func()) {
	t.Helper()
	end := make(chan struct{})
	var running sync.WaitGroup
	for range n {
		running.Go(func() {
			if err := l.Call(t.Context(), func(context.Context) error {
				<-end
				return nil
			}); err != nil {
				t.Errorf("a call to hold was not let through: %v", err)
			}
		})
	}
	synctest.Wait()
	return func() {
		close(end)
		running.Wait()
	}
}

// elapse lets time pass: in a synctest bubble, at once.
func elapse(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // the bubble's clock, not the machine's
