package link

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
)

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
		"throttled":           {"it works, and asks for less", []error{classed(provider.Throttled)}, Untried},
		"stopped is not left": {"without being asked", []error{auth, nil}, Unauthorized},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r, _ := newRegistry()
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
			r, _ := newRegistry()
			err := r.Set(crm, "1", tc.options).Call(t.Context(), func(context.Context) error {
				t.Error("a call was made")
				return nil
			})
			var wait *provider.Wait
			if !errors.As(err, &wait) || wait.Misconfigured != tc.wantMisconfigured || wait.Busy || wait.Message == "" {
				t.Errorf("got %#v", err)
			}
		})
	}
}

func TestStoppedLinkIsProbedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, woken := newRegistry()
		l := r.Set(crm, "1", Options{Timeout: time.Minute})
		call(t, l, 1, classed(provider.Auth))
		park(r, "a", "b")
		elapse(probeInterval - time.Second)
		woken.expect(t, "it is not time to probe yet")
		elapse(time.Second)
		woken.expect(t, "the one that has waited longest probes", "a")
		begun := r.Begin(sub("a"))
		calls := 0
		err := l.Call(t.Context(), func(ctx context.Context) error {
			calls++
			if inner := l.Call(ctx, returns(nil)); inner == nil {
				t.Error("a second probe was let through beside the first")
			}
			return nil
		})
		r.Done(begun)
		if err != nil || calls != 1 || l.Health().Condition != Healthy {
			t.Errorf("the probe: %v, %d calls, %s", err, calls, l.Health().Condition)
		}
		woken.expect(t, "the system takes calls again", "b")
		begun = r.Begin(sub("b"))
		if !begun.Changed(crm) || begun.Changed(sub("x")) {
			t.Error("the submission does not learn what has changed")
		}
		if r.Begin(sub("b")).Changed(crm) {
			t.Error("it learns so twice")
		}
		if r.Undo(sub("b"), begun); !r.Begin(sub("b")).Changed(crm) {
			t.Error("a pass that could not be made loses what it knew")
		}
	})
}

func TestRefusalIsProbedSoonerThanAWrongCredential(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := newRegistry()
		l := r.Set(crm, "1", Options{Timeout: time.Minute})
		var last time.Duration
		for range 12 {
			call(t, l, 1, classed(provider.Config))
			s, _ := r.Snapshot(crm)
			wait := time.Until(s.NextProbe)
			if wait < last || wait > probeInterval {
				t.Errorf("waits %v after %v", wait, last)
			}
			last = wait
			elapse(wait)
		}
		if last != probeInterval {
			t.Errorf("ends at %v", last)
		}
	})
}

func TestRememberedHealthIsNotForgottenByARestart(t *testing.T) {
	tests := map[string]struct {
		remembered Condition
		want       CircuitState
	}{
		"refused":  {Unauthorized, Open},
		"failing":  {Failing, Open},
		"healthy":  {Healthy, Closed},
		"no trace": {"", Closed},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r, _ := newRegistry()
			l := r.Set(crm, "1", Options{Timeout: time.Minute, Health: Health{tc.remembered, "because"}})
			if s, _ := r.Snapshot(crm); s.Circuit != tc.want {
				t.Errorf("circuit is %s, want %s", s.Circuit, tc.want)
			}
			if err := l.Call(t.Context(), returns(nil)); err != nil {
				t.Errorf("the first call after a start is a probe: %v", err)
			}
		})
	}
}

func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		tests := map[string]struct {
			gate Gate
			want time.Duration
		}{
			"of the link": {nil, time.Minute},
			"of the gate": {func(time.Time) (time.Time, time.Time) { return now.Add(time.Second), time.Time{} }, time.Second},
		}
		for name, tc := range tests {
			r, _ := newGatedRegistry(tc.gate)
			l := r.Set(crm, "1", Options{Timeout: time.Minute})
			now = time.Now()
			err := l.Write(t.Context(), func(ctx context.Context) error {
				<-ctx.Done()
				return ctx.Err()
			})
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(now) != tc.want {
				t.Errorf("%s: got %v after %s", name, err, time.Since(now))
			}
		}
	})
}

// TestGateHoldsWritesBack: what only asks goes on.
func TestGateHoldsWritesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opensAt := time.Now().Add(time.Minute)
		r, woken := newGatedRegistry(func(time.Time) (time.Time, time.Time) { return time.Time{}, opensAt })
		l := r.Set(crm, "1", Options{Timeout: time.Minute})
		var wait *provider.Wait
		if err := l.Write(t.Context(), returns(nil)); !errors.As(err, &wait) || !wait.Busy {
			t.Errorf("a write got %v", err)
		}
		call(t, l, 1, nil)
		if l.LastSuccess().IsZero() {
			t.Error("a call that changes nothing was held back")
		}
		park(r, "a")
		woken.expect(t, "the gate is closed")
		elapse(time.Minute)
		woken.expect(t, "the gate opens", "a")
		if err := l.Write(t.Context(), returns(nil)); err != nil {
			t.Errorf("behind the open gate: %v", err)
		}
	})
}

func TestStoppingSaysNothingOfTheOtherSide(t *testing.T) {
	r, _ := newRegistry()
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

func TestPanicGivesTheSlotBack(t *testing.T) {
	r, _ := newRegistry()
	l := r.Set(crm, "1", Options{Timeout: time.Minute, Concurrent: 2, Circuit: Circuit{MinimumCalls: 1000}})
	for range 6 {
		func() {
			defer func() { _ = recover() }()
			_ = l.Call(t.Context(), func(context.Context) error { panic("x") })
		}()
	}
	if err := l.Call(t.Context(), returns(nil)); err != nil {
		t.Errorf("got %v", err)
	}
}

type checker struct {
	calls int
	err   error
}

func (c *checker) CheckHealth(context.Context) error {
	c.calls++
	return c.err
}

func TestHealthCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := newRegistry()
		c := &checker{}
		l := r.Set(crm, "1", Options{Timeout: time.Minute, Provider: provider.Provider{Health: c}})
		next := func() time.Duration { return time.Until(r.CheckHealth(t.Context(), crm)) }
		expect := func(reason string, calls int, wait time.Duration) {
			t.Helper()
			if got := next(); c.calls != calls || got != wait {
				t.Errorf("%s: %d checks, the next after %s; want %d, %s", reason, c.calls, got, calls, wait)
			}
		}
		expect("nobody knows how it does", 1, idleTime)
		if !l.LastSuccess().IsZero() {
			t.Error("to be well is not to take records")
		}
		expect("it was asked just now", 1, idleTime)
		elapse(idleTime / 2)
		call(t, l, 1, nil)
		expect("a call says as much", 1, idleTime)
		c.err = classed(provider.Transient)
		for range 3 {
			elapse(idleTime)
			next()
		}
		if got := l.Health().Condition; got != Failing || c.calls != 4 {
			t.Errorf("is %s after %d checks", got, c.calls)
		}
		call(t, l, 1, classed(provider.Config))
		elapse(2 * probeInterval)
		if r.CheckHealth(t.Context(), crm); c.calls != 4 || l.Health().Condition != Refused {
			t.Error("what was refused is not what is asked")
		}
		park(r, "a")
		elapse(idleTime)
		if r.CheckHealth(t.Context(), crm); c.calls != 4 {
			t.Error("somebody waits, whose call says more")
		}
	})
}

// A system whose health calls cost something is asked seldom, while it works.
func TestDearHealthCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := newRegistry()
		c := &checker{}
		r.Set(crm, "1", Options{Timeout: time.Minute, Provider: provider.Provider{Health: c, HealthEvery: time.Hour}})
		expect := func(reason string, calls int, wait time.Duration) {
			t.Helper()
			if got := time.Until(r.CheckHealth(t.Context(), crm)); c.calls != calls || got != wait {
				t.Errorf("%s: %d checks, the next after %s; want %d, %s", reason, c.calls, got, calls, wait)
			}
		}
		expect("nobody knows how it does", 1, time.Hour)
		elapse(time.Hour - time.Minute)
		expect("it was well lately", 1, time.Minute)
		c.err = classed(provider.Transient)
		elapse(time.Minute)
		expect("it is time, and it fails", 2, idleTime)
		c.err = nil
		elapse(idleTime)
		expect("one that fails is asked as ever", 3, time.Hour)
	})
}
