package intake

import "context"

// slots bound the creates in flight at the API server: more of them would only queue there. Live traffic takes any that is
// free; the drainer takes those that live traffic leaves.
type slots struct {
	taken chan struct{}
	// freed gets something when a slot has become free.
	freed chan struct{}
}

func newSlots(n int) slots {
	return slots{taken: make(chan struct{}, n), freed: make(chan struct{}, 1)}
}

// take waits for a slot.
func (s slots) take(ctx context.Context) error {
	select {
	case s.taken <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// try takes a slot if more than spare are free.
func (s slots) try(spare int) bool {
	if len(s.taken)+spare >= cap(s.taken) {
		return false
	}
	select {
	case s.taken <- struct{}{}:
		return true
	default:
		return false
	}
}

func (s slots) release() {
	<-s.taken
	poke(s.freed)
}

// poke leaves word in a channel of one place; what is there already says the same.
func poke(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
