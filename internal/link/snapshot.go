package link

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// Snapshot is how a link does, in figures.
type Snapshot struct {
	Health  Health
	Circuit CircuitState
	// Calls and Failures of the last five minutes. What concerns one record is no failure.
	Calls, Failures int
	// P95 is the time within which 95 of 100 calls were answered.
	P95 time.Duration
	// NextProbe is when a system that gets no calls is tried again; zero while it gets them.
	NextProbe time.Time
	// InFlight are the calls that have not ended, Limit how many there may be now.
	InFlight, Limit int
	// Waiting submissions, and when the oldest was received.
	Waiting int
	Oldest  time.Time
	// Drain estimates how long they will take; 0 while that can't be told.
	Drain time.Duration
	// Data that the provider answers from; nil: none that somebody has to keep new.
	Data *provider.Data
}

// Keys lists the Integrations that have a link.
func (r *Registry) Keys() []Key {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Keys(r.links))
}

// Snapshot returns the figures of a link, and false when there is none.
func (r *Registry) Snapshot(integration Key) (Snapshot, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.links[integration]
	if e == nil {
		return Snapshot{}, false
	}
	s, perSecond := e.link.snapshot()
	w := r.waitersOf(integration)
	for _, q := range []*queue{&w.parked, &w.waiting} {
		for _, p := range q.heap {
			s.count(p)
		}
	}
	if perSecond > 0 {
		s.Drain = time.Duration(math.Ceil(float64(s.Waiting)/perSecond)) * time.Second
	}
	return s, true
}

func (s *Snapshot) count(p *place) {
	s.Waiting++
	if s.Oldest.IsZero() || p.received.Before(s.Oldest) {
		s.Oldest = p.received
	}
}

func (l *Link) snapshot() (s Snapshot, recordsPerSecond float64) {
	if source := l.options.Provider.Data; source != nil {
		s.Data = new(source.Data())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	s.Health, s.Circuit = l.health, l.breaker.state()
	s.InFlight, s.Limit = l.inFlight, int(l.pace.limit)
	s.Calls, s.Failures, s.P95 = l.figures.recent(now)
	switch {
	case l.health.stopped():
		s.Circuit, s.NextProbe = Open, l.nextProbe
	case s.Circuit == Open:
		s.NextProbe = l.breaker.retryAt
	case now.Before(l.pausedUntil):
		s.NextProbe = l.pausedUntil
	}
	return s, l.figures.throughput(now, l.breaker.closedAt)
}

// Settling tells when an incident whose circuit is closed again may be over, zero when there is none, or that is past: then
// the calls that come tell.
func (l *Link) Settling() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.health.Condition != Failing || l.breaker.state() != Closed {
		return time.Time{}
	}
	if at := l.breaker.closedAt.Add(settledAfter); at.After(l.now()) {
		return at
	}
	return time.Time{}
}

// Backlog is what waits for one link of a pipeline.
type Backlog struct {
	Waiting int
	Oldest  time.Time
}

// Backlogs tells how many of those that wait for one thing, a pipeline say, wait for which link as well.
func (r *Registry) Backlogs(what Key) map[Key]Backlog {
	r.mu.Lock()
	defer r.mu.Unlock()
	byLink := make(map[Key]Backlog)
	for _, p := range r.waitersOf(what).waiting.heap {
		for _, key := range r.waits[p.submission] {
			if r.links[key] == nil {
				continue
			}
			s := Snapshot{Waiting: byLink[key].Waiting, Oldest: byLink[key].Oldest}
			s.count(p)
			byLink[key] = Backlog{Waiting: s.Waiting, Oldest: s.Oldest}
		}
	}
	return byLink
}
