package link

import (
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// CircuitState is the state of a circuit breaker.
type CircuitState string

// The states.
const (
	Closed   CircuitState = "Closed"
	Open     CircuitState = "Open"
	HalfOpen CircuitState = "HalfOpen"
)

// Circuit says when calls to a failing system are held back, and when it is tried again. Zero values stand for the
// defaults of the API.
type Circuit struct {
	// FailurePercent of at least MinimumCalls within Window opens the circuit, and so do MinimumCalls that fail in a row:
	// after busy times, an outage would else need as many failures as there were successes.
	FailurePercent, MinimumCalls int
	Window                       time.Duration
	// OpenFor is the time to the first probe; each that fails doubles it, up to MaxOpenFor.
	OpenFor, MaxOpenFor time.Duration
	// ProbeSuccesses in a row, one at a time, close the circuit.
	ProbeSuccesses int
}

// breaker is the circuit breaker of one link. A library counts the calls over the sliding window and decides when the
// circuit opens and closes; when an open one is tried again, and that probes go one at a time, is decided here. It is not
// safe for concurrent use.
type breaker struct {
	policy   Circuit
	counts   circuitbreaker.CircuitBreaker[any]
	reopened int       // how often in a row a probe failed, or the circuit opened again before it was settled
	retryAt  time.Time // when an open circuit is tried again
	probing  bool      // a probe is under way
	row      int       // failures in a row
	closedAt time.Time // when probes last closed the circuit
}

func newBreaker(policy Circuit) *breaker {
	return &breaker{
		policy: policy,
		counts: circuitbreaker.NewBuilder[any]().
			WithFailureRateThreshold(float64(policy.FailurePercent)/100, uint(policy.MinimumCalls), policy.Window). //nolint:gosec // small and positive
			WithSuccessThreshold(uint(policy.ProbeSuccesses)).                                                      //nolint:gosec // likewise
			Build(),
	}
}

func (b *breaker) state() CircuitState {
	switch b.counts.State() {
	case circuitbreaker.OpenState:
		return Open
	case circuitbreaker.HalfOpenState:
		return HalfOpen
	default:
		return Closed
	}
}

// probeDue tells whether a circuit that is not closed takes a call now.
func (b *breaker) probeDue(now time.Time) bool {
	return !b.probing && (b.state() == HalfOpen || !now.Before(b.retryAt))
}

// beginProbe lets a probe through.
func (b *breaker) beginProbe() {
	b.counts.HalfOpen()
	b.probing = true
}

// open holds calls back from now on.
func (b *breaker) open(now time.Time) {
	b.counts.Open()
	b.row = 0
	b.retryAt = now.Add(min(b.policy.OpenFor<<min(b.reopened, 16), b.policy.MaxOpenFor))
	b.reopened++
}

// succeeded notes a call that was answered. It tells whether that closed the circuit. What was begun before the circuit
// opened says nothing any more.
func (b *breaker) succeeded(now time.Time, probe bool) (closed bool) {
	before := b.state()
	if probe != (before == HalfOpen) || before == Open {
		return false
	}
	b.counts.RecordSuccess()
	b.row = 0
	if probe && b.state() == Closed {
		b.closedAt = now
		return true
	}
	return false
}

// failed notes a call that failed. It tells whether that opened the circuit, be it again.
func (b *breaker) failed(now time.Time, probe bool) (opened bool) {
	before := b.state()
	if probe != (before == HalfOpen) || before == Open {
		return false
	}
	b.counts.RecordFailure()
	b.row++
	if b.state() == Open || b.row >= b.policy.MinimumCalls {
		b.open(now)
		return true
	}
	return false
}

// fewCalls tells whether too few calls were made of late for their share of failures to say anything.
func (b *breaker) fewCalls() bool {
	return b.counts.Metrics().Executions() < uint(b.policy.MinimumCalls) //nolint:gosec // small and positive
}

// settledAfter is how long a circuit must have been closed, with few failures, for an incident to be over.
const settledAfter = 10 * time.Second

// settled tells whether a closed circuit has kept well for long enough.
func (b *breaker) settled(now time.Time) bool {
	return b.state() == Closed && now.Sub(b.closedAt) >= settledAfter &&
		b.counts.Metrics().FailureRate()*200 < float64(b.policy.FailurePercent)
}
