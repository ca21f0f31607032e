package link

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
)

func TestSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, woken := newRegistry()
		l := r.Set(crm, "1", Options{Timeout: time.Hour, Concurrent: 3})
		release := hold(t, l, 3)
		var wait *provider.Wait
		if err := l.Call(t.Context(), returns(nil)); !errors.As(err, &wait) || !wait.Busy || !wait.Brief {
			t.Fatalf("got %v, want to be told that every slot is taken", err)
		}
		park(r, "e", "d", "c", "b", "a")
		woken.expect(t, "every slot is taken")
		release()
		woken.expect(t, "three slots came free, for the oldest", "a", "b", "c")
		begin(r, "b") // it needs no call
		woken.expect(t, "its slot goes on", "d")
	})
}

func TestRate(t *testing.T) {
	tests := map[string]Rate{
		"a few a second":   {Calls: 7, Period: time.Second},
		"a hundred in ten": {Calls: 100, Period: 10 * time.Second},
		"one a minute":     {Calls: 1, Period: time.Minute},
		"many":             {Calls: 1000, Period: time.Second},
	}
	for name, limit := range tests {
		synctest.Test(t, func(t *testing.T) {
			r, _ := newRegistry()
			l := r.Set(crm, "1", Options{Timeout: time.Minute, Rate: &limit})
			var made []time.Time
			for len(made) < 5*limit.Calls {
				if err := l.Call(t.Context(), returns(nil)); err == nil {
					made = append(made, time.Now())
					continue
				}
				elapse(limit.Period / time.Duration(20*limit.Calls))
			}
			for i := limit.Calls; i < len(made); i++ {
				if took := made[i].Sub(made[i-limit.Calls]); took < limit.Period-time.Microsecond {
					t.Fatalf("%s: %d calls within %s", name, limit.Calls+1, took)
				}
			}
			if took, want := made[len(made)-1].Sub(made[0]), 5*limit.Period; took > want+want/10 {
				t.Errorf("%s: %d calls took %s, more than a tenth above what the rate allows", name, len(made), took)
			}
		})
	}
}

func TestTheNextTokenCallsTheNextSubmission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, woken := newRegistry()
		l := r.Set(crm, "1", Options{Timeout: time.Minute, Rate: &Rate{Calls: 1, Period: time.Minute}})
		call(t, l, 1, nil)
		park(r, "b", "a")
		woken.expect(t, "there is no token")
		elapse(time.Minute + time.Second)
		woken.expect(t, "there is one", "a")
	})
}

// TestNothingIsPolled: while the system takes no calls, nothing happens at all.
func TestNothingIsPolled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, woken := newRegistry()
		l := r.Set(crm, "1", Options{Timeout: time.Minute})
		end := make(chan struct{})
		go func() {
			_ = l.Call(context.Background(), func(context.Context) error { //nolint:usetesting // the test's own ends too early
				<-end
				return classed(provider.Auth)
			})
		}()
		synctest.Wait()
		close(end)
		synctest.Wait()
		park(r, "a", "b")
		woken.expect(t, "it was stopped")
		elapse(probeInterval / 2)
		woken.expect(t, "and stays so")
		if l.timerAt.IsZero() {
			t.Error("nobody will look again")
		}
	})
}
