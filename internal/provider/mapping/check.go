package mapping

import (
	"context"
	"sync/atomic"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// Check finds out once, before the first write, whether a system has what an Integration names: a factory makes no call. It
// is made again after it failed, and after Forget. Those who come meanwhile wait for it, so that it is made by one call at a
// time. It is safe for concurrent use.
type Check struct {
	ask    func(context.Context) error
	turn   chan struct{}
	passed atomic.Bool
}

// NewCheck makes a Check. ask returns nil, or an *Error.
func NewCheck(ask func(context.Context) error) *Check {
	return &Check{ask: ask, turn: make(chan struct{}, 1)}
}

// Pass returns nil once the Check has been passed, or an *Error.
func (c *Check) Pass(ctx context.Context) error {
	if c.passed.Load() {
		return nil
	}
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return &provider.Error{Class: provider.Transient, Message: "no answer within the deadline", Err: ctx.Err()}
	}
	defer func() { <-c.turn }()
	if c.passed.Load() { // by the one who was waited for
		return nil
	}
	if err := c.ask(ctx); err != nil {
		return err
	}
	c.passed.Store(true)
	return nil
}

// Forget has the Check made again: the system has said something that does not go with it.
func (c *Check) Forget() { c.passed.Store(false) }
