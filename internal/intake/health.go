package intake

import (
	"sync/atomic"
	"time"
)

// awayFor is how long a failure to reach the API server is believed.
const awayFor = 10 * time.Second

// health remembers whether the API server answers.
type health struct {
	awayUntil atomic.Int64 // nanoseconds; 0 while it answers
	// well gets something when it answers again.
	well chan struct{}
}

// heard takes the outcome of a create.
func (h *health) heard(err error) {
	if j, _ := judge(err); j == judgedAway {
		h.awayUntil.Store(time.Now().Add(awayFor).UnixNano())
		return
	}
	if h.awayUntil.Load() != 0 && h.awayUntil.Swap(0) != 0 {
		poke(h.well)
	}
}

// away says whether the API server was out of reach just now.
func (h *health) away() bool {
	until := h.awayUntil.Load()
	return until != 0 && time.Now().UnixNano() < until
}
