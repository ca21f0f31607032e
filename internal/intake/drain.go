package intake

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/go-logr/logr"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/intake/spool"
	"github.com/contact-operator/contact-operator/internal/tracing"
)

const (
	// drainBatch is how many entries are read ahead.
	drainBatch = 64
	// drainPoll is how often the spool is looked at while something waits and nothing else happens.
	drainPoll = time.Second
	// sweepPause is the least time between two looks at the whole spool that found nothing to do.
	sweepPause = 250 * time.Millisecond
	// After a failure the drainer rests: first that long, then twice that, and so on. The jitter is half of it.
	firstRest   = 200 * time.Millisecond
	longestRest = 30 * time.Second
	// The same for a namespace in which an administrator has to mend something.
	firstBlock   = 500 * time.Millisecond // an API server that has just started knows no rights yet
	longestBlock = 5 * time.Minute
	// halvedOnce is the time in which the pace is halved once only: failures come in heaps.
	halvedOnce = 100 * time.Millisecond
	// worthTelling is how long the spool must have held something before the log says so.
	worthTelling = 30 * time.Second
	// maxBlocked bounds the namespaces that are remembered as blocked.
	maxBlocked = 4096
)

// drainer replays the spool: oldest first, as many at once as the API server takes without complaint (one more after each
// round that succeeds, half as many after a failure), and only in slots that live traffic leaves free.
type drainer struct {
	store     *spool.Store
	direct    *apiCommitter
	pressure  *pressure
	held      *heldKeys
	congested <-chan struct{}
	log       logr.Logger
	metrics   *metrics

	pace      float64
	halvedAt  time.Time
	failures  int
	restUntil time.Time
	// sweepAfter is when the spool may be looked through again after nothing was found to do.
	sweepAfter time.Time
	blocked    map[string]*block
	inFlight   map[spool.Key]bool
	ahead      []spool.Entry
	position   spool.Key
	results    chan drained
	workers    sync.WaitGroup
	// waitsSince is when the spool was last seen to hold something after it had been empty; told, whether the log says so.
	waitsSince time.Time
	told       bool
	// lastly is what became of the last entry that was tried.
	lastly judgement
	// mu guards blocked and inFlight: the spool's owner asks for them.
	mu sync.Mutex
}

// block is a namespace that rests.
type block struct {
	until    time.Time
	failures int
}

// drained is what became of one entry.
type drained struct {
	key       spool.Key
	judgement judgement
	wait      time.Duration
	// diskErr: the spool could not note it.
	diskErr error
}

func newDrainer(c *spoolCommitter) *drainer {
	return &drainer{
		store: c.store, direct: c.direct, pressure: c.pressure, held: c.held, congested: c.congested, log: c.log, metrics: c.metrics,
		pace: 1, blocked: map[string]*block{}, inFlight: map[spool.Key]bool{}, results: make(chan drained, cap(c.direct.slots.taken)),
	}
}

// run drains until ctx ends, then waits for what is in flight, which ends with ctx.
func (d *drainer) run(ctx context.Context) {
	defer d.workers.Wait()
	for ctx.Err() == nil {
		d.fill(ctx)
		d.tell(time.Now())
		var poll <-chan time.Time
		if d.store.Figures().Pending > 0 {
			poll = time.After(d.nextLook())
		}
		select {
		case <-ctx.Done():
		case r := <-d.results:
			d.take(r)
		case <-d.direct.slots.freed:
		case <-d.store.Changed():
		case <-d.held.released:
		case <-d.pressure.relieved:
		case <-d.direct.health.well: // a live create has got through
			d.restUntil = time.Time{}
		case <-d.congested:
			d.slower(time.Now())
		case <-poll:
		}
	}
}

// tell tells once that submissions wait in the spool, when it is no matter of seconds, and once that none does any more.
func (d *drainer) tell(now time.Time) {
	f := d.store.Figures()
	switch {
	case f.Pending == 0 && d.told:
		d.log.Info("the spool is empty again: all submissions are handed over", "after", now.Sub(d.waitsSince).Round(time.Second).String())
		fallthrough
	case f.Pending == 0:
		d.waitsSince, d.told = time.Time{}, false
	case d.waitsSince.IsZero():
		d.waitsSince = now
	case !d.told && now.Sub(d.waitsSince) >= worthTelling:
		d.told = true
		why := "the API server takes fewer than arrive, or refuses them: look at its health and load, and at the lines above"
		switch {
		case d.lastly == judgedAway, d.direct.health.away():
			why = "the API server does not answer: look at it, and at the way to it"
		case d.pressure.reason() != "":
			why = pressureAdvice[d.pressure.reason()]
		}
		d.log.Error(nil, "submissions wait in the spool; they are safe, and handed over later: "+why, "entries", f.Pending, "for", worthTelling.String())
	}
}

// nextLook is how long to wait when nothing happens.
func (d *drainer) nextLook() time.Duration {
	now := time.Now()
	wait := drainPoll
	for _, until := range []time.Time{d.restUntil, d.sweepAfter} {
		if left := until.Sub(now); left > 0 && left < wait {
			wait = left
		}
	}
	return wait
}

// spare is how many of the slots the drainer leaves to live traffic: a quarter.
func (d *drainer) spare() int { return cap(d.direct.slots.taken) / 4 }

// fill starts as many replays as the pace and the slots allow.
func (d *drainer) fill(ctx context.Context) {
	for d.pressure.reason() == "" && !time.Now().Before(d.restUntil) && len(d.inFlight) < max(int(d.pace), 1) {
		if len(d.ahead) == 0 && !d.read(ctx) {
			return
		}
		entry := d.ahead[0]
		if d.skip(entry.Key) {
			d.ahead = d.ahead[1:]
			continue
		}
		if !d.direct.slots.try(d.spare()) {
			return
		}
		d.ahead = d.ahead[1:]
		d.mu.Lock()
		d.inFlight[entry.Key] = true
		d.mu.Unlock()
		d.workers.Go(func() { d.results <- d.replay(ctx, entry) })
	}
}

// read reads ahead. A look that comes to the end begins again at the oldest entry, and rests when there was nothing to do.
func (d *drainer) read(ctx context.Context) bool {
	if time.Now().Before(d.sweepAfter) {
		return false
	}
	for {
		begin := d.position
		batch, err := d.store.Next(ctx, d.position, drainBatch, d.skip)
		if err != nil {
			d.rest(0) // the spool itself says why
			return false
		}
		d.ahead, d.position = batch.Entries, batch.Last
		if len(d.ahead) > 0 {
			return true
		}
		if batch.Last == "" && begin == "" {
			d.sweepAfter = time.Now().Add(sweepPause)
			return false
		}
	}
}

// skip says that an entry's turn has not come: its create is still under way, or its namespace rests.
func (d *drainer) skip(key spool.Key) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.inFlight[key] {
		return true
	}
	if b := d.blocked[key.Namespace()]; b != nil && time.Now().Before(b.until) {
		return true
	}
	return d.held.has(key)
}

// replay hands one entry to the API server, with a slot that has been taken, and notes the outcome in the spool.
func (d *drainer) replay(ctx context.Context, entry spool.Entry) drained {
	result := drained{key: entry.Key}
	submission, err := decodeEntry(entry)
	if err != nil {
		d.direct.slots.release()
		result.judgement = judgedDead
		result.diskErr = <-d.store.Bury(entry.Key, spool.ReasonCorrupt)
		return result
	}
	followed, step := d.direct.tracer.Start(d.direct.tracer.Resume(ctx, submission.Annotations[v1alpha1.AnnotationTraceparent]), "replay")
	limit, cancel := context.WithTimeout(followed, d.direct.timeout)
	defer cancel()
	err = d.direct.createNow(limit, submission)
	var reason string
	result.judgement, reason = judge(err)
	step.End(string(result.judgement), failureOf(err))
	result.wait = askedToWait(err)
	switch result.judgement {
	case judgedKept:
		result.diskErr = <-d.store.Remove(entry.Key)
	case judgedDead:
		tracing.Logger(followed, d.log).Error(nil, "the API server refuses a submission of the spool for good; it is now a dead letter: see contact-intake spool list. "+
			"If the CRDs are older than the intake, install those of its version and use contact-intake spool retry",
			"namespace", submission.Namespace, "pipeline", submission.Spec.PipelineRef.Name, "id", submission.Name, "error", describe(err))
		result.diskErr = <-d.store.Bury(entry.Key, reason)
	case judgedBlocked, judgedLocked:
		if advice, known := finalFailure(err); known {
			d.log.Error(nil, "waiting in the spool: "+advice, "namespace", submission.Namespace, "error", describe(err))
		} else {
			d.log.Error(nil, "waiting in the spool: the API server refuses submissions of this namespace", "namespace", submission.Namespace, "error", describe(err))
		}
	}
	return result
}

// take learns from what became of an entry.
func (d *drainer) take(r drained) {
	namespace := r.key.Namespace()
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.inFlight, r.key)
	d.lastly = r.judgement
	d.metrics.drained.WithLabelValues(string(r.judgement)).Inc()
	switch r.judgement {
	case judgedKept, judgedDead:
		d.faster()
		delete(d.blocked, namespace)
	case judgedBlocked:
		d.block(namespace)
	case judgedAway:
		d.startOver()
		d.failed(r.wait)
	case judgedLocked, judgedBusy:
		d.failed(r.wait)
	}
	d.metrics.blocked.Set(float64(len(d.blocked)))
	if r.diskErr != nil {
		d.startOver()
		d.failed(0) // it is replayed, and meets its own object
	}
}

// startOver goes back to the oldest entry.
func (d *drainer) startOver() { d.ahead, d.position = nil, "" }

func (d *drainer) faster() {
	d.failures = 0
	d.pace = min(d.pace+1/d.pace, float64(max(cap(d.direct.slots.taken)-d.spare(), 1)))
	d.metrics.pace.Set(d.pace)
}

func (d *drainer) slower(now time.Time) {
	if now.Sub(d.halvedAt) < halvedOnce {
		return
	}
	d.halvedAt = now
	d.pace = max(d.pace/2, 1)
	d.metrics.pace.Set(d.pace)
}

// failed rests, and longer each time. Failures of the same heap count once.
func (d *drainer) failed(asked time.Duration) {
	now := time.Now()
	d.slower(now)
	if now.Before(d.restUntil) {
		if until := now.Add(asked); until.After(d.restUntil) {
			d.restUntil = until
		}
		return
	}
	d.rest(asked)
}

func (d *drainer) rest(asked time.Duration) {
	pause := min(firstRest<<min(d.failures, 10), longestRest)
	d.failures++
	d.restUntil = time.Now().Add(max(pause/2+rand.N(pause/2), asked))
}

// block lets a namespace rest.
func (d *drainer) block(namespace string) {
	b := d.blocked[namespace]
	if b == nil {
		if len(d.blocked) >= maxBlocked {
			return // its entries are simply tried in turn
		}
		b = &block{}
		d.blocked[namespace] = b
	}
	if time.Now().Before(b.until) {
		return
	}
	pause := min(firstBlock<<min(b.failures, 10), longestBlock)
	b.failures++
	b.until = time.Now().Add(pause/2 + rand.N(pause/2))
}
