package link

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
)

var quick = Circuit{FailurePercent: 50, MinimumCalls: 4, Window: time.Minute, OpenFor: 5 * time.Second, MaxOpenFor: 30 * time.Second, ProbeSuccesses: 2}

func TestCircuitOpensByTheShareOfFailures(t *testing.T) {
	good, bad := error(nil), classed(provider.Transient)
	tests := map[string]struct {
		reason string
		calls  []error
		want   CircuitState
	}{
		"too few calls":     {"they say nothing", []error{bad, bad, bad}, Closed},
		"half of them":      {"reaches the share", []error{good, bad, good, bad}, Open},
		"a third of them":   {"is below it", []error{good, good, bad, good, good, bad}, Closed},
		"about one record":  {"the system works", []error{classed(provider.Invalid), classed(provider.Conflict), classed(provider.Invalid), bad}, Closed},
		"asked to slow":     {"is no failure", []error{classed(provider.Throttled), classed(provider.Throttled), bad, bad}, Closed},
		"locked rows":       {"concern one record each", []error{rowLocked(), rowLocked(), rowLocked(), rowLocked(), bad}, Closed},
		"in a row":          {"a busy past does not hide an outage", append(slices.Repeat([]error{good}, 50), bad, bad, bad, bad), Open},
		"more than a third": {"counts only within the window", []error{bad, bad, good, good}, Open},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r, _ := newRegistry()
			l := r.Set(crm, "1", Options{Timeout: time.Minute, Circuit: quick})
			for _, err := range tc.calls {
				_ = l.Call(t.Context(), returns(err))
			}
			if s, _ := r.Snapshot(crm); s.Circuit != tc.want {
				t.Errorf("%s: %s, want %s", tc.reason, s.Circuit, tc.want)
			}
		})
	}
}

func rowLocked() error {
	return &provider.Error{Class: provider.Transient, Message: "locked", RecordOnly: true, RetryAfter: time.Hour}
}

func TestWindowForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := newRegistry()
		l := r.Set(crm, "1", Options{Timeout: time.Minute, Circuit: quick})
		call(t, l, 2, classed(provider.Transient))
		call(t, l, 1, classed(provider.Invalid)) // it answers, so that these are not in a row
		elapse(2 * time.Minute)
		call(t, l, 3, classed(provider.Transient))
		if s, _ := r.Snapshot(crm); s.Circuit != Closed {
			t.Errorf("is %s: failures of long ago count", s.Circuit)
		}
	})
}

// TestOutage is the story of one: the circuit opens, parked submissions wait, probes go one at a time and ever more slowly,
// and all that waits goes on in the order in which it was received.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, woken := newRegistry()
		l := r.Set(crm, "1", Options{Timeout: time.Minute, Circuit: quick})
		call(t, l, 4, classed(provider.Transient))
		calls := 0
		probe := func(name string, err error) {
			t.Helper()
			b := r.Begin(sub(name))
			defer r.Done(b)
			if e := l.Call(t.Context(), func(context.Context) error { calls++; return err }); !errors.Is(e, err) {
				t.Errorf("the probe got %v", e)
			}
		}
		var wait *provider.Wait
		if err := l.Call(t.Context(), returns(nil)); !errors.As(err, &wait) || !wait.Busy || wait.Brief || wait.Misconfigured {
			t.Fatalf("got %#v while the circuit is open", err)
		}
		park(r, "c", "a", "b")
		plan(r, "z")
		for _, interval := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 30 * time.Second, 30 * time.Second} {
			elapse(interval - time.Millisecond)
			woken.expect(t, "it is not time")
			elapse(time.Millisecond)
			woken.expect(t, "one probes, the oldest", "a")
			probe("a", classed(provider.Transient))
			park(r, "a") // its planned time has come while nothing else happened
		}
		if calls != 5 {
			t.Errorf("%d probes", calls)
		}
		elapse(30 * time.Second)
		woken.expect(t, "one probes", "a")
		probe("a", nil)
		woken.expect(t, "a second probe has to confirm it", "b")
		if s, _ := r.Snapshot(crm); s.Circuit != HalfOpen || s.Waiting != 2 {
			t.Errorf("%s with %d waiting", s.Circuit, s.Waiting)
		}
		probe("b", nil)
		woken.expect(t, "it is closed: one at a time to begin with", "c")
		if b := r.Begin(sub("c")); !b.Changed(crm) {
			t.Error("what was planned during the outage still holds")
		} else {
			_ = l.Call(t.Context(), returns(nil))
			r.Done(b)
		}
		woken.expect(t, "a planned time does not hold either", "z")
		if got := l.Health().Condition; got != Failing {
			t.Errorf("is %s: it has answered for no time yet", got)
		}
		if at := l.Settling(); time.Until(at) > settledAfter || at.IsZero() {
			t.Errorf("settles at %v", at)
		}
		elapse(settledAfter)
		r.Tick(crm)
		if got := l.Health().Condition; got != Healthy {
			t.Errorf("is %s after a while", got)
		}
	})
}

// TestOneIncidentIsOne: a system that answers now and then is failing all the time.
func TestOneIncidentIsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := newRegistry()
		l := r.Set(crm, "1", Options{Timeout: time.Minute, Circuit: quick})
		good, bad := error(nil), classed(provider.Transient)
		call(t, l, 1, good)
		seen := map[Condition]int{}
		was := l.Health().Condition
		for range 200 {
			for _, err := range []error{bad, bad, good, good, bad, good} {
				call(t, l, 1, err)
				if is := l.Health().Condition; is != was {
					seen[is]++
					was = is
				}
			}
			elapse(time.Second)
		}
		if seen[Failing] != 1 || seen[Healthy] != 0 {
			t.Errorf("the incident began %d times and ended %d times", seen[Failing], seen[Healthy])
		}
		for range 60 {
			call(t, l, 5, good)
			elapse(time.Second)
		}
		if l.Health().Condition != Healthy {
			t.Error("it does not end")
		}
	})
}

func TestDrainGrowsAndIsHalved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := newRegistry()
		l := r.Set(crm, "1", Options{Timeout: time.Minute, Concurrent: 8, Circuit: quick})
		call(t, l, 4, classed(provider.Transient))
		elapse(5 * time.Second)
		call(t, l, 2, nil)
		slots := func() int {
			n, _ := l.room()
			return n
		}
		if got := slots(); got != 1 {
			t.Fatalf("begins with %d at a time", got)
		}
		last := 1
		for range 100 {
			call(t, l, 1, nil)
			if got := slots(); got < last || got > last+1 {
				t.Fatalf("from %d to %d", last, got)
			} else {
				last = got
			}
		}
		if last != 8 {
			t.Errorf("ends at %d, want what the Integration allows", last)
		}
		call(t, l, 1, classed(provider.Transient))
		if got := slots(); got != 4 {
			t.Errorf("%d after a failure", got)
		}
	})
}

// TestFailuresOfOneMomentHalveOnce: eight calls that fail together are one piece of news.
func TestFailuresOfOneMomentHalveOnce(t *testing.T) {
	p := newPace(8, nil)
	begun := firstReceived
	for range 8 {
		p.failed(begun, firstReceived.Add(time.Second))
	}
	if got := p.slots(0); got != 4 {
		t.Errorf("%d slots", got)
	}
}

func TestRetryAfterHoldsForTheWholeLink(t *testing.T) {
	asked := func(class provider.Class) error {
		return &provider.Error{Class: class, Message: "slow down", RetryAfter: 20 * time.Second}
	}
	tests := map[string]struct {
		err  error
		want time.Duration
	}{
		"429 with a time":           {asked(provider.Throttled), 20 * time.Second},
		"503 with a time":           {asked(provider.Transient), 20 * time.Second},
		"429 without":               {classed(provider.Throttled), firstPause},
		"a lock on one record only": {rowLocked(), 0},
	}
	for name, tc := range tests {
		synctest.Test(t, func(t *testing.T) {
			r, woken := newRegistry()
			l := r.Set(crm, "1", Options{Timeout: time.Minute})
			call(t, l, 1, tc.err)
			var wait *provider.Wait
			err := l.Call(t.Context(), returns(nil))
			if paused := errors.As(err, &wait); paused != (tc.want > 0) {
				t.Fatalf("%s: the next call got %v", name, err)
			}
			if tc.want == 0 {
				return
			}
			park(r, "a")
			elapse(tc.want - time.Millisecond)
			woken.expect(t, name+": it is too early")
			elapse(time.Millisecond)
			woken.expect(t, name+": the time is over", "a")
		})
	}
}

func TestThrottledProbeWaitsToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, woken := newRegistry()
		l := r.Set(crm, "1", Options{Timeout: time.Minute, Circuit: quick})
		call(t, l, 4, classed(provider.Transient))
		park(r, "a", "b")
		elapse(5 * time.Second)
		woken.expect(t, "one probes", "a")
		b := r.Begin(sub("a"))
		_ = l.Call(t.Context(), returns(&provider.Error{Class: provider.Throttled, Message: "slow down", RetryAfter: time.Minute}))
		r.Done(b)
		elapse(time.Minute - time.Millisecond)
		woken.expect(t, "it has asked to be left alone")
		elapse(time.Millisecond)
		woken.expect(t, "the next probe", "b")
	})
}
