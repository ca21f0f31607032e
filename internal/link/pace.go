package link

import (
	"time"

	"golang.org/x/time/rate"
)

// Rate is a number of calls in a time.
type Rate struct {
	Calls  int
	Period time.Duration
}

// pace says how many calls a link makes at a time, and how many in a time. It is not safe for concurrent use.
//
// The number at a time follows the system: one more for each round of calls that succeeds, half as many when one fails or
// is told to slow down.
type pace struct {
	most    float64
	limit   float64
	lastCut time.Time
	tokens  *rate.Limiter // nil: no limit
}

func newPace(concurrent int, limit *Rate) *pace {
	p := &pace{most: float64(concurrent), limit: float64(concurrent)}
	if limit != nil {
		// A bucket of a twentieth, refilled so that no period, wherever it begins, sees more than its number of calls.
		burst := max(1, limit.Calls/20)
		perSecond := float64(limit.Calls-burst+1) / limit.Period.Seconds()
		p.tokens = rate.NewLimiter(rate.Limit(perSecond), burst)
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
	if p.tokens == nil {
		return int(p.most), time.Time{}
	}
	tokens := p.tokens.TokensAt(now)
	if tokens >= 1 {
		return int(tokens), time.Time{}
	}
	missing := (1 - tokens) / float64(p.tokens.Limit())
	return 0, now.Add(time.Duration(missing*float64(time.Second)) + time.Millisecond)
}

// take spends a token.
func (p *pace) take(now time.Time) bool { return p.tokens == nil || p.tokens.AllowN(now, 1) }
