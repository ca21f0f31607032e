package link

import (
	"context"
	"time"
)

// idleTime without a call is when a link is worth a health check.
const idleTime = time.Minute

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
	if checker == nil || l.Usable() != nil {
		return time.Time{}
	}
	now := l.now()
	if next := l.nextCheck(); next.After(now) {
		return next
	}
	_ = l.Call(ctx, checker.CheckHealth) // the link learns from it; nobody else needs to know
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
	case l.breaker.state() == HalfOpen:
		return l.now()
	case l.lastCall.IsZero():
		return l.now()
	default:
		return l.lastCall.Add(idleTime)
	}
}
