package builtin

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// loader reads a list from where it is.
type loader func(context.Context) (domains, error)

const (
	// loadTimeout bounds one look at a list.
	loadTimeout = 30 * time.Second
	// firstPatience is how long a verification waits for the first look. Without it, the first addresses after each start
	// would be judged without the list; with more, a host that is down would hold up every submission.
	firstPatience = 3 * time.Second
	// retryFirst is the time to the next look after one that failed; it doubles, up to the usual time.
	retryFirst = 10 * time.Second
)

// refresh keeps a list up to date in the background, from the first time that somebody asks for it. A look that fails
// changes nothing: the last good copy stays.
type refresh struct {
	load  loader
	every time.Duration

	list   atomic.Pointer[domains]
	looked chan struct{} // closed after the first look
	first  bool          // there was none yet

	start   sync.Once
	ctx     context.Context // of the background work
	cancel  context.CancelFunc
	running sync.WaitGroup
}

func newRefresh(load loader, every time.Duration) *refresh {
	r := &refresh{load: load, every: every, looked: make(chan struct{}), first: true}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// close ends the background work and waits for it. Nobody may call get any more.
func (r *refresh) close() {
	r.cancel()
	r.running.Wait()
}

// get returns the list, nil when it could not be read so far.
func (r *refresh) get(ctx context.Context) domains {
	r.start.Do(func() { r.running.Go(r.run) })
	select {
	case <-r.looked:
	default:
		patience := time.NewTimer(firstPatience)
		defer patience.Stop()
		select {
		case <-r.looked:
		case <-patience.C:
		case <-ctx.Done():
		}
	}
	if list := r.list.Load(); list != nil {
		return *list
	}
	return nil
}

func (r *refresh) run() {
	failures := 0
	for {
		list, err := r.look()
		if err == nil {
			r.list.Store(&list)
			failures = 0
		} else {
			failures++
		}
		if r.first {
			r.first = false
			close(r.looked)
		}
		pause := time.NewTimer(pauseAfter(failures, r.every))
		select {
		case <-pause.C:
		case <-r.ctx.Done():
			pause.Stop()
			return
		}
	}
}

func (r *refresh) look() (domains, error) {
	ctx, cancel := context.WithTimeout(r.ctx, loadTimeout)
	defer cancel()
	return r.load(ctx)
}

// pauseAfter is the time to the next look after a number of failures in a row.
func pauseAfter(failures int, every time.Duration) time.Duration {
	if failures == 0 {
		return every
	}
	return min(retryFirst<<min(failures-1, 20), every)
}
