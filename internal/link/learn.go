package link

import (
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// settle learns from how a call ended.
func (l *Link) settle(err error, p permit, took time.Duration, records int) {
	l.mu.Lock()
	was, circuit := l.health, l.breaker.state()
	l.endOf(p)
	now := l.now()
	l.lastCall = now
	var failure *provider.Error
	if err != nil {
		failure = provider.AsError(err)
	}
	l.figures.add(now, took, failure != nil && !aboutOneRecord(failure), records)
	recovered := false
	switch {
	case failure == nil, aboutOneRecord(failure):
		if failure == nil && !p.health {
			l.lastSuccess = now
		}
		recovered = l.succeeded(now, p)
	case failure.Class == provider.Auth:
		l.stop(Unauthorized, failure.Message, now.Add(probeInterval))
	case failure.Class == provider.Config:
		l.refusals++
		l.stop(Refused, failure.Message, now.Add(min(firstProbeInterval<<min(l.refusals-1, 10), probeInterval)))
	default:
		l.failed(now, p, failure)
	}
	changed := was != l.health || circuit != l.breaker.state()
	l.mu.Unlock()
	if recovered {
		l.events.recovered()
	}
	if changed {
		l.events.changed()
	}
	l.events.room()
}

// aboutOneRecord tells whether a failure says that the system works, and only this record does not.
func aboutOneRecord(f *provider.Error) bool {
	return f.Class == provider.Invalid || f.Class == provider.Conflict || f.RecordOnly
}

// succeeded notes an answer. It tells whether calls are made again that were held back. The caller holds mu.
func (l *Link) succeeded(now time.Time, p permit) (recovered bool) {
	l.failures, l.refusals, l.throttles = 0, 0, 0
	closed := l.breaker.succeeded(now, p.probe)
	recovered = closed || l.health.stopped()
	switch {
	case recovered:
		l.pace.restart()
	case !p.probe:
		l.pace.succeeded()
	}
	switch {
	case l.health.Condition != Failing:
		l.health = Health{Condition: Healthy}
	case !l.opened: // too few calls to open the circuit: one that is answered ends it
		l.health = Health{Condition: Healthy}
		recovered = true
	default:
		l.endIncident(now)
	}
	return recovered
}

// endIncident ends one when the circuit has kept well for long enough. The caller holds mu.
func (l *Link) endIncident(now time.Time) {
	if l.health.Condition == Failing && l.breaker.settled(now) {
		l.health, l.opened, l.breaker.reopened = Health{Condition: Healthy}, false, 0
	}
}

// failed notes a failure that passes by itself. The caller holds mu.
func (l *Link) failed(now time.Time, p permit, failure *provider.Error) {
	if failure.Class == provider.Throttled || failure.RetryAfter > 0 {
		l.throttles++
		pause := max(failure.RetryAfter, min(firstPause<<min(l.throttles-1, 10), maxPause))
		if until := now.Add(pause); until.After(l.pausedUntil) {
			l.pausedUntil = until
		}
		// What is asked of all for a while is one answer, however many calls get it.
	}
	l.pace.failed(p.at, now)
	if failure.Class == provider.Throttled {
		return // it works, and asks for less
	}
	l.failures++
	if l.breaker.failed(now, p.probe) {
		l.opened = true
		l.health = Health{Condition: Failing, Message: failure.Message}
		return
	}
	if l.failures >= failingAfter && l.breaker.fewCalls() && l.health.Condition != Failing && !l.health.stopped() {
		l.health = Health{Condition: Failing, Message: failure.Message}
	}
}

// stop holds all calls back but a probe now and then. The caller holds mu.
func (l *Link) stop(condition Condition, message string, nextProbe time.Time) {
	l.health = Health{Condition: condition, Message: message}
	l.nextProbe = nextProbe
}
