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
	r.Wait(sub("a"), r.Begin(sub("a")), Waits{Waiting: []Key{crm}})
	r.Wait(sub("b"), r.Begin(sub("b")), Waits{Waiting: []Key{crm}})

	if r.Tick(crm); len(woken.take()) != 0 {
		t.Error("probed before it is time")
	}
	now = now.Add(probeInterval)
	r.Tick(crm)
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
	if !r.Begin(sub("a")).Changed(crm) {
		t.Error("the probe keeps to a time that was planned for a system that answers")
	}
	begun := r.Begin(sub("b"))
	if !begun.Changed(crm) || begun.Changed(sub("x")) {
		t.Error("the submission does not learn what has changed")
	}
	if r.Begin(sub("b")).Changed(crm) {
		t.Error("it learns so twice")
	}
	if r.Undo(sub("b"), begun); !r.Begin(sub("b")).Changed(crm) {
		t.Error("a pass that could not be made loses what it knew")
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
		begun := r.Begin(sub("late"))
		var wait *provider.Wait
		if err := l.Call(t.Context(), returns(nil)); !errors.As(err, &wait) || !wait.Busy {
			t.Fatalf("got %v, want to be told that every slot is taken", err)
		}
		r.Wait(sub("late"), begun, Waits{Busy: []Key{crm}})
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
	begun := r.Begin(sub("a"))
	r.Set(crm, "2", Options{Timeout: time.Minute})
	r.Wait(sub("a"), begun, Waits{Waiting: []Key{crm}})
	if got := woken.take(); !slices.Equal(got, []Key{sub("a")}) {
		t.Errorf("woke %v: the change came after Begin", got)
	}
	r.Wait(sub("b"), r.Begin(sub("b")), Waits{Busy: []Key{crm}})
	if got := woken.take(); !slices.Equal(got, []Key{sub("b")}) {
		t.Errorf("woke %v: there is a free slot", got)
	}
}

// TestASlotIsNotLostOnOneThatDoesNotNeedIt: twenty wait, one slot comes free, and whoever is woken makes no call.
func TestASlotIsNotLostOnOneThatDoesNotNeedIt(t *testing.T) {
	r, woken := newRegistry(time.Now)
	l := r.Set(crm, "1", Options{Timeout: time.Minute})
	for range maxInFlight { // every slot is taken
		l.slots <- struct{}{}
	}
	for i := range 20 {
		name := sub(string(rune('a' + i)))
		r.Wait(name, r.Begin(name), Waits{Busy: []Key{crm}})
	}
	<-l.slots
	r.slotFreed(crm)
	seen := 0
	for next := woken.take(); len(next) > 0; next = woken.take() {
		for _, key := range next {
			seen++
			r.Begin(key) // taken up; it turns out to have nothing to do there
		}
	}
	if seen != 20 {
		t.Errorf("%d of 20 were woken", seen)
	}
}

func TestPanicGivesTheSlotBack(t *testing.T) {
	r, _ := newRegistry(time.Now)
	l := r.Set(crm, "1", Options{Timeout: time.Minute})
	for range 3 * maxInFlight {
		func() {
			defer func() { _ = recover() }()
			_ = l.Call(t.Context(), func(context.Context) error { panic("x") })
		}()
	}
	if err := l.Call(t.Context(), returns(nil)); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestRefusalIsProbedSoonerThanAWrongCredential(t *testing.T) {
	now := time.Now()
	r, _ := newRegistry(func() time.Time { return now })
	l := r.Set(crm, "1", Options{Timeout: time.Minute})
	var last time.Duration
	for range 12 {
		_ = l.Call(t.Context(), returns(classed(provider.Config)))
		wait := l.NextProbe().Sub(now)
		if wait < last || wait > probeInterval {
			t.Errorf("waits %v after %v", wait, last)
		}
		last = wait
		now = l.NextProbe()
	}
	if last != probeInterval {
		t.Errorf("ends at %v", last)
	}
}

func TestChangeWakesInOrder(t *testing.T) {
	r, woken := newRegistry(time.Now)
	for _, name := range []string{"c", "a", "b", "a"} {
		r.Wait(sub(name), r.Begin(sub(name)), Waits{Waiting: []Key{crm}})
	}
	r.Begin(sub("a")) // taken up for another reason: it no longer waits
	r.Set(crm, "1", Options{})
	if got := woken.take(); !slices.Equal(got, []Key{sub("c"), sub("b")}) {
		t.Errorf("woke %v", got)
	}
	begun := r.Begin(sub("c"))
	if begun.Changed(crm) {
		t.Error("after a start, planned times hold")
	}
	r.Wait(sub("c"), begun, Waits{Waiting: []Key{crm}})
	woken.take()
	r.Set(crm, "2", Options{})
	if !r.Begin(sub("c")).Changed(crm) {
		t.Error("after a change, planned times no longer hold")
	}
	woken.take()
	r.Wait(sub("d"), r.Begin(sub("d")), Waits{Waiting: []Key{crm}})
	r.Remove(crm)
	if got := woken.take(); !slices.Equal(got, []Key{sub("d")}) {
		t.Errorf("woke %v when the Integration was deleted", got)
	}
}

func TestRegistryForgets(t *testing.T) {
	r, _ := newRegistry(time.Now)
	r.Set(crm, "1", Options{})
	for range 3 {
		r.Wait(sub("a"), r.Begin(sub("a")), Waits{Waiting: []Key{crm}, Busy: []Key{crm}})
		r.Wake(crm, true)
	}
	r.Begin(sub("a"))
	if n := len(r.waits) + len(r.changes) + len(r.slots); n != 0 {
		t.Errorf("%d entries are left of a submission that waits for nothing", n)
	}
}
