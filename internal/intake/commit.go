package intake

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/tracing"
)

// Committer makes a submission durable.
type Committer interface {
	// Commit returns nil only when the object is kept for good. The object's name makes it repeatable: committing the
	// same name again is success and changes nothing. Every error is an *Uncommitted.
	Commit(ctx context.Context, submission *v1alpha1.ContactSubmission) error
}

// Uncommitted says that a submission is not known to be kept. The write may still have happened: the way on is to send
// it again under the same name.
type Uncommitted struct {
	// RetryAfter is when sending it again may help.
	RetryAfter time.Duration
	// Err is the cause. Its text may repeat what was sent: it is neither shown nor logged as it is.
	Err error
}

func (u *Uncommitted) Error() string { return "submission not committed" }

func (u *Uncommitted) Unwrap() error { return u.Err }

const (
	// retrySoon is the advice while the API server is away or slow, retryLater when an administrator has to act first.
	retrySoon  = 5 * time.Second
	retryLater = 60 * time.Second
	// The pause between two tries inside one request, doubled each time, with jitter.
	firstPause   = 50 * time.Millisecond
	longestPause = time.Second
	// waitersPerSlot bounds the queue: more could not be served before their time is up.
	waitersPerSlot = 128
)

// apiCommitter creates the object in the API server.
type apiCommitter struct {
	client  client.Client
	timeout time.Duration
	log     logr.Logger
	metrics *metrics
	tracer  *tracing.Tracer
	slots   slots
	health  health
	// queue holds a token for every submission that is waiting or in flight.
	queue chan struct{}
}

func newAPICommitter(c client.Client, inFlight int, timeout time.Duration, m *metrics, log logr.Logger) *apiCommitter {
	return &apiCommitter{
		client:  c,
		timeout: timeout,
		log:     log,
		metrics: m,
		slots:   newSlots(inFlight),
		health:  health{well: make(chan struct{}, 1)},
		queue:   make(chan struct{}, inFlight*waitersPerSlot),
	}
}

// Commit creates the object, and tries again while that may help, until the timeout; waiting for a slot counts. It goes
// on when the request is cancelled: a visitor who closes the page has sent the form all the same.
func (c *apiCommitter) Commit(ctx context.Context, submission *v1alpha1.ContactSubmission) error {
	log := tracing.Logger(ctx, c.log).WithValues("namespace", submission.Namespace, "pipeline", submission.Spec.PipelineRef.Name, "id", submission.Name)
	select {
	case c.queue <- struct{}{}:
		defer func() { <-c.queue }()
	default:
		log.Error(nil, "submission not accepted: too many are waiting for the API server; the sender was asked to try again",
			"waiting", cap(c.queue))
		return &Uncommitted{RetryAfter: retrySoon, Err: errors.New("the queue is full")}
	}

	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.timeout)
	defer cancel()
	var err error
	pause := firstPause
	for attempt := 1; ; attempt++ {
		tried := c.create(ctx, submission)
		if committed(tried) {
			return nil
		}
		if err == nil || ctx.Err() == nil {
			err = tried // once time is up, what went wrong before says more than that time is up
		}
		if advice, final := finalFailure(tried); final {
			log.Error(nil, advice, "error", describe(tried), "attempts", attempt)
			return &Uncommitted{RetryAfter: retryLater, Err: tried}
		}
		wait, retryAfter := pause/2+rand.N(pause), retrySoon
		if seconds, ok := apierrors.SuggestsClientDelay(tried); ok {
			asked := time.Duration(seconds) * time.Second
			wait, retryAfter = max(wait, asked), max(retryAfter, asked)
		}
		pause = min(2*pause, longestPause)
		if deadline, _ := ctx.Deadline(); ctx.Err() != nil || time.Until(deadline) < wait {
			log.Error(nil, "submission not known to be committed: the API server did not take it in time; the sender was asked "+
				"to try again. Look at the API server's health and load", "error", describe(err), "attempts", attempt, "timeout", c.timeout.String())
			return &Uncommitted{RetryAfter: retryAfter, Err: err}
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// create makes one try, when a slot is free.
func (c *apiCommitter) create(ctx context.Context, submission *v1alpha1.ContactSubmission) error {
	if err := c.slots.take(ctx); err != nil {
		return fmt.Errorf("no free slot among %d: %w", cap(c.slots.taken), err)
	}
	return c.createNow(ctx, submission)
}

// createNow makes one try, with a slot that the caller has taken, and gives the slot back.
func (c *apiCommitter) createNow(ctx context.Context, submission *v1alpha1.ContactSubmission) error {
	defer c.slots.release()
	c.metrics.inFlight.Inc()
	defer c.metrics.inFlight.Dec()
	ctx, step := c.tracer.Start(ctx, "create")
	// The client writes the answer into the object: every try starts from a clean copy.
	err := c.client.Create(ctx, submission.DeepCopy())
	c.health.heard(err)
	step.End(outcomeOf(err))
	return err
}

// committed says that the object is there. One that was there before has this very content: its name says so. It came from
// an earlier try, or from an earlier request.
func committed(err error) bool { return err == nil || apierrors.IsAlreadyExists(err) }
