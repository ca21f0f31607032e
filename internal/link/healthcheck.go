package link

import (
	"context"
	"time"
)

// idleTime without a call is when a link is worth a health check, unless its provider finds one too dear for that.
const idleTime = time.Minute

// epoch is a time that is past.
var epoch = time.Unix(0, 0)

// CheckHealth asks a system that nobody has called for a while how it does, and, while nobody waits for it, one that gets
// no calls whether it takes them again. It does nothing where there is nothing to ask, and returns when to come back, zero
// when that is so.
func (r *Registry) CheckHealth(ctx context.Context, integration Key) time.Time {
	r.mu.Lock()
	e := r.links[integration]
	w := r.waitersOf(integration)
	waits := len(w.parked.at)+len(w.waiting.at)+w.called > 0
	r.mu.Unlock()
	if e == nil || waits {
		return time.Time{}
	}
	return e.link.checkHealth(ctx)
}

func (l *Link) checkHealth(ctx context.Context) time.Time {
	checker := l.options.Provider.Health
	if checker == nil || l.Usable() != nil || l.Health().Condition == Refused { // that says nothing of what was refused
		return time.Time{}
	}
	if next := l.nextCheck(); next.After(l.now()) {
		return next
	}
	if p, err := l.admit(); err == nil {
		p.health = true
		// The link learns from it; nobody else needs to know.
		_ = l.perform(ctx, p, time.Time{}, func(ctx context.Context) (int, error) { return 0, checker.CheckHealth(ctx) })
	}
	return l.nextCheck()
}

func (l *Link) nextCheck() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.health.stopped():
		return l.nextProbe
	case l.breaker.state() == Open:
		return l.breaker.retryAt
	case l.breaker.state() == HalfOpen, l.lastCall.IsZero():
		return epoch
	case l.health.Condition == Failing || l.failures > 0:
		return l.lastCall.Add(idleTime)
	default:
		return l.lastCall.Add(max(idleTime, l.options.Provider.HealthEvery))
	}
}
