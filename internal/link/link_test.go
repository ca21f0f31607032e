package link

import (
	"context"
	"errors"
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

func newRegistry(now provider.Clock) (*Registry, *log) {
	r, l := NewRegistry(now), &log{}
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

func returns(err error) func(context.Context) error {
	return func(context.Context) error { return err }
}

func classed(c provider.Class) error { return provider.Errorf(c, "because") }

func TestHealth(t *testing.T) {
	transient, auth, config, invalid := classed(provider.Transient), classed(provider.Auth), classed(provider.Config), classed(provider.Invalid)
	tests := map[string]struct {
		reason string
		calls  []error
		want   Condition
	}{
		"fresh":               {"nothing is known", nil, Untried},
		"answers":             {"it works", []error{nil}, Healthy},
		"one failure":         {"happens all the time", []error{nil, transient, transient}, Healthy},
		"three in a row":      {"is worth telling", []error{nil, transient, errors.New("unclassified"), transient}, Failing},
		"recovered":           {"one success is enough", []error{transient, transient, transient, nil}, Healthy},
		"credentials":         {"no second try", []error{nil, auth}, Unauthorized},
		"configuration":       {"no second try", []error{config}, Refused},
		"about one record":    {"the system answers", []error{transient, transient, invalid}, Healthy},
		"stopped is not left": {"without being asked", []error{auth, nil}, Unauthorized},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r, _ := newRegistry(time.Now)
			l := r.Set(crm, "1", Options{Timeout: time.Minute})
			for _, err := range tc.calls {
				_ = l.Call(t.Context(), returns(err))
			}
			if got := l.Health().Condition; got != tc.want {
				t.Errorf("%s: %s, want %s", tc.reason, got, tc.want)
			}
		})
	}
}

func TestNoCallIsMade(t *testing.T) {
	tests := map[string]struct {
		options           Options
		wantMisconfigured bool
	}{
		"suspended":      {Options{Suspended: true}, false},
		"wrong spec":     {Options{Health: Health{InvalidSpec, "spec.http: nonsense"}}, true},
		"missing secret": {Options{Health: Health{SecretNotFound, "Secret x does not exist"}}, true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r, _ := newRegistry(time.Now)
			err := r.Set(crm, "1", tc.options).Call(t.Context(), func(context.Context) error {
				t.Error("a call was made")
				return nil
			})
			var wait *provider.Wait
			if !errors.As(err, &wait) || wait.Misconfigured != tc.wantMisconfigured || wait.Message == "" {
				t.Errorf("got %#v", err)
			}
		})
	}
}

func TestStoppedLinkIsProbedOnce(t *testing.T) {
	now := time.Now()
	r, woken := newRegistry(func() time.Time { return now })
	l := r.Set(crm, "1", Options{Timeout: time.Minute})
	_ = l.Call(t.Context(), returns(classed(provider.Auth)))
	_, mark := r.Begin(sub("a"))
	r.Wait(sub("a"), mark, nil, []Key{crm})
	r.Wait(sub("b"), mark, nil, []Key{crm})

	if r.Probe(crm); len(woken.take()) != 0 {
		t.Error("probed before it is time")
	}
	now = now.Add(probeInterval)
	r.Probe(crm)
	if got := woken.take(); !slices.Equal(got, []Key{sub("a")}) {
		t.Errorf("woke %v, want the one that has waited longest", got)
	}
	calls := 0
	err := l.Call(t.Context(), func(ctx context.Context) error {
		calls++
		if inner := l.Call(ctx, returns(nil)); inner == nil {
			t.Error("a second probe was let through beside the first")
		}
		return nil
	})
	if err != nil || calls != 1 || l.Health().Condition != Healthy {
		t.Errorf("the probe: %v, %d calls, %s", err, calls, l.Health().Condition)
	}
	if got := woken.take(); !slices.Equal(got, []Key{sub("b")}) {
		t.Errorf("woke %v when the system took calls again", got)
	}
	if was, _ := r.Begin(sub("b")); !was {
		t.Error("the submission does not learn that it was woken")
	}
	if was, _ := r.Begin(sub("b")); was {
		t.Error("it learns so twice")
	}
}

func TestRememberedHealthIsNotForgottenByARestart(t *testing.T) {
	r, _ := newRegistry(time.Now)
	l := r.Set(crm, "1", Options{Timeout: time.Minute, Health: Health{Unauthorized, "because"}})
	if l.Health().Condition != Unauthorized {
		t.Errorf("starts as %s", l.Health().Condition)
	}
	if err := l.Call(t.Context(), returns(nil)); err != nil {
		t.Errorf("the first call after a start is a probe: %v", err)
	}
}

func TestDeadline(t *testing.T) {
	r, _ := newRegistry(time.Now)
	l := r.Set(crm, "1", Options{Timeout: time.Millisecond})
	err := l.Call(t.Context(), func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestStoppingSaysNothingOfTheOtherSide(t *testing.T) {
	r, _ := newRegistry(time.Now)
	l := r.Set(crm, "1", Options{Timeout: time.Minute})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range failingAfter {
		_ = l.Call(ctx, func(ctx context.Context) error {
			cancel()
			return ctx.Err()
		})
	}
	if got := l.Health().Condition; got != Untried {
		t.Errorf("is %s", got)
	}
}

func TestSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, woken := newRegistry(time.Now)
		l := r.Set(crm, "1", Options{Timeout: time.Hour})
		release := make(chan struct{})
		var running sync.WaitGroup
		for range maxInFlight {
			running.Go(func() {
				_ = l.Call(t.Context(), func(context.Context) error {
					<-release
					return nil
				})
			})
		}
		synctest.Wait()
		_, mark := r.Begin(sub("late"))
		var wait *provider.Wait
		if err := l.Call(t.Context(), returns(nil)); !errors.As(err, &wait) || !wait.Busy {
			t.Fatalf("got %v, want to be told that every slot is taken", err)
		}
		r.Wait(sub("late"), mark, []Key{crm}, nil)
		if got := woken.take(); len(got) != 0 {
			t.Errorf("woke %v while every slot is taken", got)
		}
		close(release)
		running.Wait()
		if got := woken.take(); !slices.Equal(got, []Key{sub("late")}) {
			t.Errorf("woke %v when slots came free", got)
		}
	})
}

// TestNoWakeIsMissed: a slot comes free, or the Integration changes, after the pass and before Wait.
func TestNoWakeIsMissed(t *testing.T) {
	r, woken := newRegistry(time.Now)
	r.Set(crm, "1", Options{Timeout: time.Minute})
	_, mark := r.Begin(sub("a"))
	r.Set(crm, "2", Options{Timeout: time.Minute})
	r.Wait(sub("a"), mark, nil, []Key{crm})
	if got := woken.take(); !slices.Equal(got, []Key{sub("a")}) {
		t.Errorf("woke %v: the change came after the mark", got)
	}
	_, mark = r.Begin(sub("b"))
	r.Wait(sub("b"), mark, []Key{crm}, nil)
	if got := woken.take(); !slices.Equal(got, []Key{sub("b")}) {
		t.Errorf("woke %v: there is a free slot", got)
	}
}

func TestChangeWakesInOrder(t *testing.T) {
	r, woken := newRegistry(time.Now)
	_, mark := r.Begin(sub("a"))
	for _, name := range []string{"c", "a", "b", "a"} {
		r.Wait(sub(name), mark, nil, []Key{crm})
	}
	if got := r.Waiting(crm); got != 3 {
		t.Errorf("%d wait, want 3", got)
	}
	r.Begin(sub("a")) // taken up for another reason: it no longer waits
	r.Set(crm, "1", Options{})
	if got := woken.take(); !slices.Equal(got, []Key{sub("c"), sub("b")}) {
		t.Errorf("woke %v", got)
	}
	if changed, _ := r.Begin(sub("c")); changed {
		t.Error("after a start, planned times hold")
	}
	r.Wait(sub("c"), mark, nil, []Key{crm})
	woken.take()
	r.Set(crm, "2", Options{})
	if changed, _ := r.Begin(sub("c")); !changed {
		t.Error("after a change, planned times no longer hold")
	}
	woken.take()
	r.Wait(sub("d"), func() uint64 { _, m := r.Begin(sub("d")); return m }(), nil, []Key{crm})
	r.Remove(crm)
	if got := woken.take(); !slices.Equal(got, []Key{sub("d")}) {
		t.Errorf("woke %v when the Integration was deleted", got)
	}
}
