package link

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestNoWakeIsMissed: a slot comes free, or the Integration changes, after the pass and before Wait.
func TestNoWakeIsMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, woken := newRegistry()
		r.Set(crm, "1", Options{Timeout: time.Minute})
		begun := r.Begin(sub("a"))
		r.Set(crm, "2", Options{Timeout: time.Minute})
		r.Wait(sub("a"), begun, Waits{Waiting: []Key{crm}})
		woken.expect(t, "the change came after Begin", "a")
		if !r.Begin(sub("a")).Changed(crm) {
			t.Error("it does not learn of the change")
		}
		park(r, "b")
		woken.expect(t, "there is a free slot", "b")
		pipeline := sub("ContactPipeline/trial")
		begun = r.Begin(sub("c"))
		r.Wake(pipeline, false)
		r.Wait(sub("c"), begun, Waits{Waiting: []Key{pipeline}})
		woken.expect(t, "the pipeline was seen after Begin", "c")
	})
}

// TestASlotIsNotLostOnOneThatDoesNotNeedIt: twenty wait, one slot comes free, and whoever is woken makes no call.
func TestASlotIsNotLostOnOneThatDoesNotNeedIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, woken := newRegistry()
		l := r.Set(crm, "1", Options{Timeout: time.Minute, Concurrent: 1})
		release := hold(t, l, 1)
		for i := range 20 {
			park(r, string(rune('a'+i)))
		}
		release()
		seen := 0
		for next := woken.take(); len(next) > 0; next = woken.take() {
			if len(next) > 1 {
				t.Fatalf("%d were woken for one slot", len(next))
			}
			seen++
			begin(r, next[0].Name) // taken up; it turns out to have nothing to do there
		}
		if seen != 20 {
			t.Errorf("%d of 20 were woken", seen)
		}
	})
}

func TestChangeCallsInOrderAsThereIsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, woken := newRegistry()
		plan(r, "c", "a", "b", "a", "d")
		begin(r, "a") // taken up for another reason: it no longer waits
		r.Set(crm, "1", Options{Concurrent: 2})
		woken.expect(t, "two calls at a time", "b", "c")
		begun := r.Begin(sub("c"))
		if begun.Changed(crm) {
			t.Error("after a start, planned times hold")
		}
		r.Wait(sub("c"), begun, Waits{Waiting: []Key{crm}, Received: received("c")})
		r.Done(begun)
		woken.expect(t, "the other slot", "d")
		begin(r, "b")
		begin(r, "d")
		r.Set(crm, "2", Options{Concurrent: 2})
		woken.expect(t, "the link is a new one", "c")
		if !r.Begin(sub("c")).Changed(crm) {
			t.Error("after a change, planned times no longer hold")
		}
	})
}

// TestASuspendedLinkWakesNobody: that would cost a write for each that waits.
func TestASuspendedLinkWakesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, woken := newRegistry()
		r.Set(crm, "1", Options{Concurrent: 2})
		plan(r, "a", "b")
		r.Set(crm, "2", Options{Suspended: true})
		woken.expect(t, "it is suspended")
		r.Set(crm, "3", Options{Concurrent: 2})
		woken.expect(t, "it goes on, one at a time to begin with", "a")
		r.Remove(crm)
		woken.expect(t, "it was deleted: they learn why they wait", "b")
	})
}

func TestWhatIsInNoHurryIsCalledLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, woken := newRegistry()
		l := r.Set(crm, "1", Options{Concurrent: 3, Timeout: time.Hour})
		release := hold(t, l, 3)
		r.Wait(sub("a"), begin(r, "a"), Waits{Parked: []Key{crm}, Received: received("a"), Low: true})
		park(r, "c", "b")
		release()
		woken.expect(t, "an import waits for the others", "b", "c", "a")
	})
}

func TestSinceIsWhenTheWaitBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := newRegistry()
		l := r.Set(crm, "1", Options{Concurrent: 1, Timeout: time.Hour})
		release := hold(t, l, 1)
		began := time.Now()
		for range 3 {
			park(r, "a")
			elapse(time.Second)
		}
		begun := r.Begin(sub("a"))
		if !begun.Since().Equal(began) {
			t.Errorf("since %v, want %v", begun.Since(), began)
		}
		r.Wait(sub("a"), begun, Waits{Waiting: []Key{crm}})
		if since := begin(r, "a").Since(); !since.IsZero() {
			t.Errorf("it did something else, and waits since %v", since)
		}
		release()
	})
}

func TestRegistryForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := newRegistry()
		l := r.Set(crm, "1", Options{Concurrent: 1, Timeout: time.Hour})
		release := hold(t, l, 1)
		for range 3 {
			r.Wait(sub("a"), begin(r, "a"), Waits{Waiting: []Key{crm, sub("ContactPipeline/trial")}, Parked: []Key{crm}})
			r.Wake(crm, true)
		}
		begin(r, "a")
		release()
		w := r.waitersOf(crm)
		if n := len(r.waits) + len(r.changes) + len(r.calledBy) + len(r.since) + w.called + len(w.parked.heap) + len(w.waiting.heap); n != 0 {
			t.Errorf("%d entries are left of a submission that waits for nothing", n)
		}
	})
}

func TestBacklogs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := newRegistry()
		marketing, trial, event := sub("marketing"), sub("ContactPipeline/trial"), sub("ContactPipeline/event")
		for _, key := range []Key{crm, marketing} {
			r.Set(key, "1", Options{Suspended: true})
		}
		wait := func(name string, pipeline Key, links ...Key) {
			r.Wait(sub(name), begin(r, name), Waits{Waiting: append(links, pipeline), Received: received(name)})
		}
		wait("b", trial, crm)
		wait("a", trial, crm, marketing)
		wait("c", trial)
		wait("d", event, crm)
		got := r.Backlogs(trial)
		if got[crm] != (Backlog{2, received("a")}) || got[marketing] != (Backlog{1, received("a")}) || len(got) != 2 {
			t.Errorf("got %v", got)
		}
		if s, _ := r.Snapshot(crm); s.Waiting != 3 || !s.Oldest.Equal(received("a")) {
			t.Errorf("%d wait, the oldest since %v", s.Waiting, s.Oldest)
		}
	})
}

func TestFigures(t *testing.T) {
	var f figures
	at := firstReceived
	for i := range 100 {
		took := 20 * time.Millisecond
		if i >= 90 {
			took = 2 * time.Second
		}
		f.add(at, took, i%10 == 0, 2)
		at = at.Add(100 * time.Millisecond)
	}
	calls, failures, p95 := f.recent(at)
	if calls != 100 || failures != 10 || p95 < 2*time.Second || p95 > 2500*time.Millisecond {
		t.Errorf("%d calls, %d failures, p95 %v", calls, failures, p95)
	}
	if got := f.throughput(at, time.Time{}); got < 19 || got > 21 {
		t.Errorf("%.1f records a second, of 200 in 10 seconds", got)
	}
	if got := f.throughput(at, at); got != 0 {
		t.Errorf("%.1f records a second, of before", got)
	}
	if calls, failures, p95 := f.recent(at.Add(figuresWindow)); calls != 0 || failures != 0 || p95 != 0 {
		t.Errorf("%d calls, %d failures, p95 %v of long ago", calls, failures, p95)
	}
	if got := f.throughput(at.Add(throughputWindow), time.Time{}); got != 0 {
		t.Errorf("%.1f records a second of long ago", got)
	}
}

// TestOneThatIsTurnedAwayStillKnowsOfTheChange: it was called after an outage, and its link had no room, or was throttled, when it
// came; when it is called again, what was planned during the outage must not hold it back.
func TestOneThatIsTurnedAwayStillKnowsOfTheChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := newRegistry()
		r.Set(crm, "1", Options{Timeout: time.Minute})
		plan(r, "a")
		r.Set(crm, "2", Options{Timeout: time.Minute})
		begun := r.Begin(sub("a"))
		if !begun.Changed(crm) {
			t.Fatal("it does not learn of the change")
		}
		r.Wait(sub("a"), begun, Waits{Parked: []Key{crm}})
		if begun = r.Begin(sub("a")); !begun.Changed(crm) {
			t.Error("turned away once, it has forgotten the change")
		}
		r.Wait(sub("a"), begun, Waits{Waiting: []Key{crm}}) // its call was made, and failed
		if r.Begin(sub("a")).Changed(crm) {
			t.Error("what is planned after the change holds")
		}
	})
}
