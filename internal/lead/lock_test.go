package lead

import (
	"context"
	"errors"
	"testing"
	"time"

	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// lease is a lease in memory, as another operator may have left it.
type lease struct {
	resourcelock.Interface
	record resourcelock.LeaderElectionRecord
	err    error
	takes  func()
}

func (l *lease) Identity() string { return "me" }

func (l *lease) Get(context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	return &l.record, nil, nil
}

func (l *lease) Create(_ context.Context, r resourcelock.LeaderElectionRecord) error {
	return l.Update(context.Background(), r)
}

func (l *lease) Update(_ context.Context, r resourcelock.LeaderElectionRecord) error {
	if l.takes != nil {
		l.takes()
	}
	if l.err == nil {
		l.record = r
	}
	return l.err
}

func TestGate(t *testing.T) {
	start := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	const duration = 30 * time.Second
	mine := resourcelock.LeaderElectionRecord{HolderIdentity: "me"}
	type world struct {
		lock  *Lock
		lease *lease
		now   time.Time
	}
	take := func(w *world) {
		_, _, _ = w.lock.Get(t.Context())
		_ = w.lock.Update(t.Context(), mine)
	}
	pass := func(d time.Duration) func(*world) { return func(w *world) { w.now = w.now.Add(d) } }
	breaks := func(w *world) { w.lease.err = errors.New("no answer") }
	tests := map[string]struct {
		reason string
		holder string
		steps  []func(*world)
		// Either of these, from the start.
		wantDeadline, wantOpensAt time.Duration
	}{
		"follower": {
			reason: "nothing is begun without the lease", holder: "other", wantOpensAt: time.Second,
		},
		"free lease": {
			reason: "nobody can be at work", steps: []func(*world){take}, wantDeadline: duration - margin,
		},
		"created": {
			reason: "nobody was there before",
			steps:  []func(*world){func(w *world) { _ = w.lock.Create(t.Context(), mine) }}, wantDeadline: duration - margin,
		},
		"taken from another": {
			reason: "the other may be paused in the middle of a call", holder: "other", steps: []func(*world){take}, wantOpensAt: Handover,
		},
		"taken from another, later": {
			reason: "a call of the other has ended by now", holder: "other",
			steps:        []func(*world){take, pass(5 * time.Second), take, pass(6 * time.Second), take},
			wantDeadline: 11*time.Second + duration - margin,
		},
		"renewed": {
			reason: "each renewal moves the deadline", steps: []func(*world){take, pass(4 * time.Second), take},
			wantDeadline: 4*time.Second + duration - margin,
		},
		"renewal fails": {
			reason: "the last one that succeeded counts", steps: []func(*world){take, breaks, pass(10 * time.Second), take},
			wantDeadline: duration - margin,
		},
		"about to be lost": {
			reason: "no call is begun that can't end in time", steps: []func(*world){take, breaks, pass(duration - margin), take},
			wantOpensAt: duration - margin + time.Second,
		},
		"a slow renewal": {
			reason: "others count from when they saw it, which may be when it was begun",
			steps: []func(*world){func(w *world) {
				w.lease.takes = func() { w.now = w.now.Add(3 * time.Second) }
				take(w)
			}}, wantDeadline: duration - margin,
		},
		"given back": {
			reason: "nothing is begun any more, whether or not the API server has heard of it",
			steps: []func(*world){take, breaks, func(w *world) {
				_ = w.lock.Update(t.Context(), resourcelock.LeaderElectionRecord{})
			}}, wantOpensAt: time.Second,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := &world{now: start, lease: &lease{record: resourcelock.LeaderElectionRecord{HolderIdentity: tc.holder}}}
			w.lock = &Lock{Interface: w.lease, LeaseDuration: duration, Now: func() time.Time { return w.now }}
			for _, step := range tc.steps {
				step(w)
			}
			deadline, opensAt := w.lock.Gate(w.now)
			since := func(at time.Time) time.Duration {
				if at.IsZero() {
					return 0
				}
				return at.Sub(start)
			}
			if since(deadline) != tc.wantDeadline || since(opensAt) != tc.wantOpensAt {
				t.Errorf("%s: deadline %v, opens at %v; want %v, %v", tc.reason, since(deadline), since(opensAt), tc.wantDeadline, tc.wantOpensAt)
			}
		})
	}
}
