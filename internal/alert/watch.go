package alert

import (
	"context"
	"sync"
	"time"

	"github.com/go-logr/logr"
)

// Watch finds out every few seconds what is wrong, and has it sent. The operator's and the intake's differ in Find alone.
type Watch struct {
	// Find says what is wrong now.
	Find func(ctx context.Context, now time.Time) ([]Incident, error)
	// Interval is the time between two looks.
	Interval time.Duration
	// Table is kept up to date.
	Table *Table
	// Sender tells the Alertmanagers.
	Sender *Sender
	// Log gets an entry when the state can't be read.
	Log logr.Logger
}

// Start watches until ctx ends. It makes a manager's Runnable of a Watch.
func (w *Watch) Start(ctx context.Context) error {
	w.look(ctx) // first: an Alertmanager is told of what is, not that all is well
	var sending sync.WaitGroup
	sending.Go(func() { w.Sender.Run(ctx) })
	defer sending.Wait()
	timer := time.NewTimer(w.Interval)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
			timer.Reset(max(w.Interval, restFactor*w.look(ctx)))
		}
	}
}

// NeedLeaderElection makes the leader the one that alerts.
func (w *Watch) NeedLeaderElection() bool { return true }

// restFactor is how many times longer a Watch rests than it looks: a backlog of hundreds of thousands is counted less often.
const restFactor = 20

// look looks once, and says how long it took.
func (w *Watch) look(ctx context.Context) (took time.Duration) {
	now := time.Now()
	defer func() { took = time.Since(now) }()
	found, err := w.Find(ctx, now)
	if err != nil {
		if ctx.Err() == nil {
			w.Log.Error(err, "What is wrong can't be told; the alerts stay as they are")
		}
		return took
	}
	w.Table.Update(found, now)
	return took
}
