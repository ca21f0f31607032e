package mapping

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/contact-operator/contact-operator/internal/provider"
)

func TestCheckIsMadeOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls, open := 0, make(chan struct{})
		c := NewCheck(func(context.Context) error {
			calls++
			<-open
			return nil
		})
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if err := c.Pass(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		close(open)
		all.Wait()
		if calls != 1 {
			t.Errorf("%d calls, want 1", calls)
		}
		c.Forget()
		if err := c.Pass(t.Context()); err != nil || calls != 2 {
			t.Errorf("after Forget: %v, %d calls", err, calls)
		}
	})
}

func TestCheckIsMadeAgainAfterAFailure(t *testing.T) {
	t.Parallel()
	var next error = provider.Errorf(provider.Config, "no such field")
	c := NewCheck(func(context.Context) error { return next })
	if err := c.Pass(t.Context()); !errors.Is(err, next) {
		t.Errorf("got %v", err)
	}
	next = nil
	if err := c.Pass(t.Context()); err != nil {
		t.Errorf("got %v", err)
	}
	next = provider.Errorf(provider.Config, "no such field")
	if err := c.Pass(t.Context()); err != nil {
		t.Errorf("it was made again: %v", err)
	}
}

// Who waits for another's check keeps a deadline.
func TestCheckEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		open := make(chan struct{})
		c := NewCheck(func(context.Context) error { <-open; return nil })
		done := make(chan error, 1)
		go func() { done <- c.Pass(t.Context()) }()
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := c.Pass(ctx)
		if e := provider.AsError(err); e.Class != provider.Transient || !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		close(open)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
