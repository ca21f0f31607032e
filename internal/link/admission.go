package link

import (
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// permit is the right to make one call.
type permit struct {
	at     time.Time
	probe  bool // of a system that gets no other calls
	health bool // it asks how the system does, and is about no record
}

// admit lets a call through, or says why not. It never waits.
func (l *Link) admit() (permit, error) {
	if err := l.Usable(); err != nil {
		return permit{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	p := permit{at: now}
	wait := func(w provider.Wait) (permit, error) {
		w.Busy, w.Message = true, l.says(w.Message)
		return permit{}, &w
	}
	switch {
	case l.health.stopped():
		if l.probing || now.Before(l.nextProbe) {
			return wait(provider.Wait{Misconfigured: true, Message: "is stopped: " + l.health.Message})
		}
		p.probe = true
	case now.Before(l.pausedUntil):
		return wait(provider.Wait{Message: "has asked to be left alone for a while"})
	case l.breaker.state() != Closed:
		if !l.breaker.probeDue(now) {
			return wait(provider.Wait{Message: "fails, and gets no calls but a probe now and then: " + l.health.Message})
		}
		p.probe = true
	case l.pace.slots(l.inFlight) == 0:
		return wait(provider.Wait{Brief: true, Message: "has all the calls in flight that it takes now"})
	}
	if !l.pace.take(now) {
		return wait(provider.Wait{Brief: true, Message: "has had as many calls as its rate allows"})
	}
	if p.probe {
		l.beginProbe()
	}
	l.inFlight++
	return p, nil
}

func (l *Link) beginProbe() {
	if l.health.stopped() {
		l.probing = true
	} else {
		l.breaker.beginProbe()
	}
}

// room is how many submissions can make their call now, and whether that would be a probe. Where only time stands in the
// way, the Registry hears when it is over.
func (l *Link) room() (n int, probe bool) {
	if l.Usable() != nil {
		return 0, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if l.gate != nil {
		if _, opensAt := l.gate(now); opensAt.After(now) {
			l.remindAt(now, opensAt)
			return 0, false
		}
	}
	calls := 1
	switch {
	case l.health.stopped():
		probe = true
		if l.probing || now.Before(l.nextProbe) {
			l.remindAt(now, l.nextProbe)
			return 0, true
		}
	case now.Before(l.pausedUntil):
		l.remindAt(now, l.pausedUntil)
		return 0, false
	case l.breaker.state() != Closed:
		probe = true
		if !l.breaker.probeDue(now) {
			l.remindAt(now, l.breaker.retryAt)
			return 0, true
		}
	default:
		calls = l.pace.slots(l.inFlight)
	}
	allowed, at := l.pace.available(now)
	if allowed == 0 {
		l.remindAt(now, at)
	}
	calls = min(calls, allowed)
	if probe {
		return calls, true
	}
	if l.options.batches() {
		n = l.forming.seats(l.options.Batch.Records)
		calls *= l.options.Batch.Records
	}
	return n + calls, false
}

// remindAt has the Registry look again at a time. The caller holds mu.
func (l *Link) remindAt(now, at time.Time) {
	if !at.After(now) || (!l.timerAt.IsZero() && !at.Before(l.timerAt)) {
		return
	}
	if l.timer != nil {
		l.timer.Stop()
	}
	l.timerAt = at
	l.timer = time.AfterFunc(at.Sub(now), func() {
		l.mu.Lock()
		if l.timerAt.Equal(at) {
			l.timerAt = time.Time{}
		}
		l.mu.Unlock()
		l.events.room()
	})
}

// release gives a permit back that led to nothing.
func (l *Link) release(p permit) {
	l.mu.Lock()
	l.endOf(p)
	l.mu.Unlock()
	l.events.room()
}

// endOf notes that a call has ended. The caller holds mu.
func (l *Link) endOf(p permit) {
	l.inFlight--
	if p.probe {
		l.probing, l.breaker.probing = false, false
	}
}
