// Package lead bounds what an operator changes outside to the time for which it certainly leads.
//
// Leader election alone does not: a process that was stopped for a while, or cut off from the API server, learns only
// afterwards that another one leads, and a call that it has begun goes on. So each call that changes something must have
// ended before the lease can pass to another, and a leader that took the lease from one that did not give it back waits
// before it changes anything. What remains is a call that has left this process and is carried out late on its way.
package lead

import (
	"context"
	"sync"
	"time"

	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

const (
	// margin is taken off the lease's time for clocks that run at different speeds and processes that were paused.
	margin = 2 * time.Second
	// shortest is the least time that a call is begun with.
	shortest = time.Second
	// Handover is how long a leader waits that took the lease from one that did not give it back: the default deadline of a
	// call.
	Handover = 10 * time.Second
)

// Lock is a lease that remembers for how long it certainly is ours.
type Lock struct {
	resourcelock.Interface
	// LeaseDuration after which others may take the lease.
	LeaseDuration time.Duration
	// Now tells the time.
	Now func() time.Time

	mu      sync.Mutex
	holder  string    // as last seen
	renewed time.Time // when the last renewal that succeeded was begun; zero: the lease is not ours
	opensAt time.Time
}

// Get implements resourcelock.Interface.
func (l *Lock) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	record, raw, err := l.Interface.Get(ctx)
	if err == nil {
		l.mu.Lock()
		l.holder = record.HolderIdentity
		l.mu.Unlock()
	}
	return record, raw, err
}

// Create implements resourcelock.Interface.
func (l *Lock) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	begun := l.Now()
	err := l.Interface.Create(ctx, record)
	if err == nil {
		l.renew(record.HolderIdentity, begun)
	}
	return err
}

// Update implements resourcelock.Interface.
func (l *Lock) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	if record.HolderIdentity != l.Identity() { // it is given back: nothing may be begun from here on, whatever comes of it
		l.mu.Lock()
		l.renewed = time.Time{}
		l.mu.Unlock()
	}
	begun := l.Now()
	err := l.Interface.Update(ctx, record)
	if err == nil {
		l.renew(record.HolderIdentity, begun)
	}
	return err
}

func (l *Lock) renew(holder string, begun time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if holder != l.Identity() {
		return
	}
	if l.renewed.IsZero() && l.holder != "" && l.holder != holder {
		l.opensAt = begun.Add(Handover)
	}
	l.holder, l.renewed = holder, begun
}

// Gate is a link.Gate: until when a call that is begun now must have ended, or when to ask again.
func (l *Lock) Gate(now time.Time) (deadline, opensAt time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	deadline = l.renewed.Add(l.LeaseDuration - margin)
	switch {
	case l.renewed.IsZero(), deadline.Sub(now) < shortest:
		return time.Time{}, now.Add(time.Second)
	case l.opensAt.After(now):
		return time.Time{}, l.opensAt
	default:
		return deadline, time.Time{}
	}
}
