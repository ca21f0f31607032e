package main

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"
)

// Whoever comes while a crowd is being processed: a few, who keep coming until that is done.
const (
	lateRate    = 50 // a second
	lateSenders = 16
)

// measureAccept measures how long people wait for their thanks.
func (c *contest) measureAccept(ctx context.Context, r *report) error {
	for _, latency := range c.latencies {
		if err := c.system.slow(ctx, latency); err != nil {
			return err
		}
		var waits []wait
		for range c.rounds {
			one, err := c.wait(ctx)
			if err != nil {
				return err
			}
			say("%s: accepted within %.0f ms (p99), and %.0f ms while those were processed", at(latency), one.crowd.p99, one.late.p99)
			waits = append(waits, one)
		}
		r.addWaits(at(latency), waits)
	}
	return nil
}

// wait is how long people waited for their thanks: a crowd that came at once, and those who came after it, while the API
// server was busy with the crowd.
type wait struct {
	crowd, late spans
	spooled     float64 // share of all that went through the spool, in percent
}

// spans are in milliseconds.
type spans struct{ p50, p99 float64 }

func spansOf(sorted []time.Duration) spans {
	return spans{p50: millis(quantile(sorted, .5)), p99: millis(quantile(sorted, .99))}
}

// wait sends a crowd at once, then a few more until the crowd is processed, and then lets the system come to rest.
func (c *contest) wait(ctx context.Context) (wait, error) {
	completed, err := c.system.completed(ctx)
	if err != nil {
		return wait{}, err
	}
	spooled, err := c.system.spooled(ctx)
	if err != nil {
		return wait{}, err
	}
	begun := time.Now()
	crowd, err := c.send(ctx, c.submissions)
	if err != nil {
		return wait{}, err
	}
	late, err := c.sendLate(ctx, begun, completed)
	if err != nil {
		return wait{}, err
	}
	all := crowd.accepted() + late.accepted()
	if err := c.awaitCompleted(ctx, begun, completed, all); err != nil {
		return wait{}, err
	}
	now, err := c.system.spooled(ctx)
	return wait{crowd: spansOf(crowd.latencies), late: spansOf(late.latencies), spooled: 100 * (now - spooled) / float64(all)}, err
}

// sendLate sends until as many are completed as the crowd had.
func (c *contest) sendLate(ctx context.Context, begun time.Time, before float64) (late *taken, err error) {
	var processed atomic.Bool
	people := c.people(0)
	t := traffic{addr: c.system.addresses[envIntake], senders: lateSenders, limit: rate.NewLimiter(lateRate, 1)}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer processed.Store(true)
		return c.awaitCompleted(ctx, begun, before, c.submissions)
	})
	group.Go(func() error {
		late, err = t.send(ctx, func() ([]byte, bool) {
			if processed.Load() {
				return nil, false
			}
			return people.body()
		})
		return err
	})
	return late, group.Wait()
}

// addWaits adds the figures of one latency.
func (r *report) addWaits(at string, waits []wait) {
	add := func(what, unit string, g goal, value func(wait) float64) {
		r.add(figure{Part: partAccept, At: at, What: what, Unit: unit, Goal: g, Rounds: each(waits, value)})
	}
	add("accepted, all at once, p50", "ms", goal{}, func(w wait) float64 { return w.crowd.p50 })
	add("accepted, all at once, p99", "ms", acceptGoal, func(w wait) float64 { return w.crowd.p99 })
	add("accepted while those are processed, p50", "ms", goal{}, func(w wait) float64 { return w.late.p50 })
	add("accepted while those are processed, p99", "ms", acceptGoal, func(w wait) float64 { return w.late.p99 })
	add("share that went through the spool", "%", goal{}, func(w wait) float64 { return w.spooled })
}
