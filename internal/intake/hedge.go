package intake

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/intake/spool"
	"github.com/contact-operator/contact-operator/internal/tracing"
)

// Why a submission went into the spool: values of the label reason.
const (
	spooledSlow      = "slow"      // the API server took longer than --commit-patience
	spooledSaturated = "saturated" // all creates in flight were in use
	spooledRefused   = "refused"   // the API server answered, but did not take it
	spooledAway      = "away"      // the API server did not answer
	spooledBudget    = "budget"    // too many submissions are unfinished
	spooledQuota     = "quota"     // etcd is nearly full
)

var spoolReasons = []string{spooledSlow, spooledSaturated, spooledRefused, spooledAway, spooledBudget, spooledQuota}

// spoolCommitter creates the object in the API server if that is quick, and otherwise puts it into the spool. Either is
// durable. It waits for the API server only when the spool can't help.
type spoolCommitter struct {
	direct   *apiCommitter
	store    *spool.Store
	patience time.Duration
	pressure *pressure
	held     *heldKeys
	// congested gets something when a submission found no free slot; congestedAt is when that was, in nanoseconds.
	congested   chan struct{}
	congestedAt atomic.Int64
	log         logr.Logger
	metrics     *metrics
	// slow counts the creates that go on behind a submission that has been answered.
	slow sync.WaitGroup
}

func newSpoolCommitter(direct *apiCommitter, store *spool.Store, patience time.Duration, p *pressure, m *metrics, log logr.Logger) *spoolCommitter {
	return &spoolCommitter{
		direct: direct, store: store, patience: patience, pressure: p, metrics: m, log: log,
		held: newHeldKeys(), congested: make(chan struct{}, 1),
	}
}

// Commit returns once either the API server or the spool has the submission. Like a create, it goes on when the request is
// cancelled.
func (c *spoolCommitter) Commit(ctx context.Context, submission *v1alpha1.ContactSubmission) error {
	ctx = context.WithoutCancel(ctx)
	if reason := c.pressure.reason(); reason != "" {
		return c.spool(ctx, submission, reason)
	}
	if !c.direct.slots.try(0) {
		c.congestedAt.Store(time.Now().UnixNano())
		poke(c.congested)
		return c.spool(ctx, submission, spooledSaturated)
	}
	create := make(chan error, 1)
	c.slow.Go(func() {
		limit, cancel := context.WithTimeout(ctx, c.direct.timeout)
		defer cancel()
		create <- c.direct.createNow(limit, submission)
	})
	patience := time.NewTimer(c.patienceNow())
	defer patience.Stop()
	select {
	case err := <-create:
		if committed(err) {
			return nil
		}
		return c.spool(ctx, submission, c.reasonOf(ctx, submission, err))
	case <-patience.C:
		return c.hedge(ctx, submission, create)
	}
}

// hurried is how long a shortage of slots makes patience short, and hurry by how much: creates are slow then, and waiting
// for them would only make the visitors wait.
const (
	hurried = time.Second
	hurry   = 10
)

func (c *spoolCommitter) patienceNow() time.Duration {
	if time.Now().UnixNano()-c.congestedAt.Load() < int64(hurried) {
		return c.patience / hurry
	}
	return c.patience
}

// spool puts a submission into the spool; where that fails, the API server is asked in earnest.
func (c *spoolCommitter) spool(ctx context.Context, submission *v1alpha1.ContactSubmission, reason string) error {
	_, step := c.direct.tracer.Start(ctx, "spool")
	err := <-c.store.Put(keyOf(submission), encodeEntry(submission))
	spooled(step, reason, err)
	if err == nil {
		c.metrics.spooled.WithLabelValues(reason).Inc()
		return nil
	}
	c.metrics.notSpooled.Inc()
	if reason == spooledQuota {
		return &Uncommitted{RetryAfter: retryLater, Err: err} // a full etcd would take down more than this
	}
	return c.direct.Commit(ctx, submission)
}

// hedge puts a submission into the spool while its create goes on, and returns with the first of them that succeeds. The
// entry is held, so that it is not replayed, until the create has ended; if the create succeeds after all, the entry goes.
func (c *spoolCommitter) hedge(ctx context.Context, submission *v1alpha1.ContactSubmission, create <-chan error) error {
	key := keyOf(submission)
	c.held.hold(key)
	_, step := c.direct.tracer.Start(ctx, "spool")
	put := c.store.Put(key, encodeEntry(submission))
	select {
	case err := <-put:
		spooled(step, spooledSlow, err)
		if err == nil {
			c.metrics.spooled.WithLabelValues(spooledSlow).Inc()
			c.slow.Go(func() { c.settle(key, committed(<-create)) })
			return nil
		}
		c.metrics.notSpooled.Inc()
		c.held.release(key)
		if err := <-create; !committed(err) {
			return c.uncommitted(ctx, submission, err)
		}
		return nil
	case err := <-create:
		if committed(err) {
			step.End("NotNeeded", "")
			c.slow.Go(func() { c.settle(key, <-put == nil) })
			return nil
		}
		defer c.held.release(key)
		notPut := <-put
		spooled(step, spooledSlow, notPut)
		if notPut == nil {
			c.metrics.spooled.WithLabelValues(c.reasonOf(ctx, submission, err)).Inc()
			return nil
		}
		c.metrics.notSpooled.Inc()
		return c.uncommitted(ctx, submission, err)
	}
}

// settle ends a hedge: the entry goes if it is in the spool and in the API server, and otherwise may be replayed. An entry
// that could not be taken out meets its object when it is replayed.
func (c *spoolCommitter) settle(key spool.Key, both bool) {
	if both {
		if err := <-c.store.Remove(key); err != nil {
			c.log.V(1).Info("an entry could not be taken out of the spool; it will meet its own object", "error", err.Error())
		}
	}
	c.held.release(key)
}

// reasonOf says why the API server did not take a submission, and tells the administrator if it is for one to mend.
func (c *spoolCommitter) reasonOf(ctx context.Context, submission *v1alpha1.ContactSubmission, err error) string {
	j, _ := judge(err)
	if j == judgedAway {
		return spooledAway
	}
	if j == judgedBlocked || j == judgedLocked || j == judgedDead {
		// The drainer says what to do, once for all of them.
		tracing.Logger(ctx, c.log).V(1).Info("the API server did not take a submission; it waits in the spool", "namespace", submission.Namespace,
			"pipeline", submission.Spec.PipelineRef.Name, "id", submission.Name, "error", describe(err))
	}
	return spooledRefused
}

func (c *spoolCommitter) uncommitted(ctx context.Context, submission *v1alpha1.ContactSubmission, err error) error {
	tracing.Logger(ctx, c.log).Error(nil, "submission not known to be kept: neither the API server nor the spool took it; the sender was asked to try again. "+
		"Look at the API server's health, and at the disk of --spool-dir", "namespace", submission.Namespace,
		"pipeline", submission.Spec.PipelineRef.Name, "id", submission.Name, "error", describe(err))
	return &Uncommitted{RetryAfter: max(retrySoon, askedToWait(err)), Err: err}
}

// wait returns when no create goes on any more: each has a deadline.
func (c *spoolCommitter) wait() { c.slow.Wait() }

// keyOf makes the key of a submission in the spool.
func keyOf(s *v1alpha1.ContactSubmission) spool.Key {
	return spool.NewKey(s.Spec.Source.ReceivedAt.Time, s.Namespace, s.Name)
}

// spooledSubmission is how a submission is written in the spool. Its namespace and name are in the entry's key.
type spooledSubmission struct {
	Spec v1alpha1.ContactSubmissionSpec `json:"spec"`
	// Traceparent is the annotation of that name, where there is one.
	Traceparent string `json:"traceparent,omitempty"`
}

func encodeEntry(s *v1alpha1.ContactSubmission) []byte {
	object, err := json.Marshal(spooledSubmission{s.Spec, s.Annotations[v1alpha1.AnnotationTraceparent]})
	if err != nil {
		panic(err) // strings and times always encode
	}
	return object
}

// decodeEntry reads what encodeEntry wrote. Unknown fields are an error: a newer program wrote them.
func decodeEntry(e spool.Entry) (*v1alpha1.ContactSubmission, error) {
	var stored spooledSubmission
	if err := unmarshalStrict(e.Object, &stored); err != nil {
		return nil, errUnreadableEntry
	}
	s := &v1alpha1.ContactSubmission{Spec: stored.Spec}
	s.Namespace, s.Name = e.Key.Namespace(), e.Key.Name()
	keepTrace(s, stored.Traceparent)
	return s, nil
}

// errUnreadableEntry says nothing of the contents.
var errUnreadableEntry = errors.New("the entry is no submission that this version knows")

// heldKeys are the entries that must not be replayed yet.
type heldKeys struct {
	mu   sync.Mutex
	keys map[spool.Key]int
	// released gets something when one may be.
	released chan struct{}
}

func newHeldKeys() *heldKeys {
	return &heldKeys{keys: map[spool.Key]int{}, released: make(chan struct{}, 1)}
}

func (h *heldKeys) hold(key spool.Key) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.keys[key]++
}

func (h *heldKeys) release(key spool.Key) {
	h.mu.Lock()
	if h.keys[key]--; h.keys[key] == 0 {
		delete(h.keys, key)
	}
	h.mu.Unlock()
	poke(h.released)
}

func (h *heldKeys) has(key spool.Key) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.keys[key] > 0
}
