package link

import (
	"sort"
	"time"
)

// Rate is a number of calls in a time.
type Rate struct {
	Calls  int
	Period time.Duration
}

// window keeps to a Rate: no period, wherever it begins, sees more calls. It remembers when the last calls were made. A
// bucket of tokens would need less memory, but loses what is not taken in time, and those that are called to take it take
// their time. It is not safe for concurrent use.
type window struct {
	period time.Duration
	made   []time.Time // a ring: the oldest is at next
	next   int
}

// guard is added to the period, since calls don't arrive at the distances at which they leave.
const guard = 20 * time.Millisecond

func newWindow(r Rate) *window {
	return &window{period: r.Period + guard, made: make([]time.Time, r.Calls)}
}

// free is when the oldest call no longer counts.
func (w *window) free() time.Time { return w.made[w.next].Add(w.period) }

// available is how many calls may be made now.
func (w *window) available(now time.Time) int {
	return sort.Search(len(w.made), func(i int) bool {
		return w.made[(w.next+i)%len(w.made)].Add(w.period).After(now)
	})
}

// take makes a call, if that may be.
func (w *window) take(now time.Time) bool {
	if w.free().After(now) {
		return false
	}
	w.made[w.next] = now
	w.next = (w.next + 1) % len(w.made)
	return true
}

// pace says how many calls a link makes at a time, and how many in a time. It is not safe for concurrent use.
//
// The number at a time follows the system: one more for each round of calls that succeeds, half as many when one fails or
// is told to slow down.
type pace struct {
	most    float64
	limit   float64
	lastCut time.Time
	rate    *window // nil: no limit
}

func newPace(concurrent int, limit *Rate) *pace {
	p := &pace{most: float64(concurrent), limit: float64(concurrent)}
	if limit != nil {
		p.rate = newWindow(*limit)
	}
	return p
}

// restart begins with one call at a time.
func (p *pace) restart() { p.limit = 1 }

func (p *pace) succeeded() { p.limit = min(p.limit+1/p.limit, p.most) }

// failed halves the number, once for all the calls that were begun before it was last halved.
func (p *pace) failed(begun, now time.Time) {
	if !begun.After(p.lastCut) {
		return
	}
	p.limit, p.lastCut = max(1, p.limit/2), now
}

// slots is how many more calls may be begun while some are in flight.
func (p *pace) slots(inFlight int) int { return max(0, int(p.limit)-inFlight) }

// available is how many calls the rate allows now, and if it is none, when it will allow one.
func (p *pace) available(now time.Time) (n int, at time.Time) {
	if p.rate == nil {
		return int(p.most), time.Time{}
	}
	if n = p.rate.available(now); n > 0 {
		return n, time.Time{}
	}
	return 0, p.rate.free()
}

// take makes a call, if the rate allows one.
func (p *pace) take(now time.Time) bool { return p.rate == nil || p.rate.take(now) }
