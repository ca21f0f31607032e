package importer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/time/rate"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/plugin/kube"
)

const (
	// callTimeout is the deadline of one create. Ctrl-C waits for those that are on their way.
	callTimeout = 20 * time.Second
	// patience is how long one line is tried while the API server does not answer, before the import stops.
	patience = 2 * time.Minute
)

// fate is what became of one record.
type fate int

const (
	created fate = iota
	already
	blank
	failed
	undone // the import was stopped before it was sent
)

// sender creates submissions, gently.
type sender struct {
	client  client.Client
	limiter *rate.Limiter
	backoff wait.Backoff
}

// send creates one submission. It retries what passes by itself; problem is what is wrong with this one for good; the
// error is what stops the import. Stopping ctx stops before the next attempt, not during one.
func (s *sender) send(ctx context.Context, object *v1alpha1.ContactSubmission) (result fate, problem string, err error) {
	backoff := s.backoff
	unclear := false // an attempt may have succeeded without an answer
	for began := time.Now(); ; {
		if s.limiter.Wait(ctx) != nil {
			return undone, "", nil
		}
		call, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
		err := s.client.Create(call, object.DeepCopy())
		cancel()
		switch {
		case err == nil:
			return created, "", nil
		case apierrors.IsAlreadyExists(err) && unclear:
			return created, "", nil
		case apierrors.IsAlreadyExists(err):
			return already, "", nil
		case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsRequestEntityTooLargeError(err):
			return failed, "the API server refuses it: " + err.Error(), nil
		case !passes(err):
			return undone, "", err
		case time.Since(began) > patience:
			return undone, "", fmt.Errorf("tried for %s: %w", patience, err)
		}
		unclear = unclear || !apierrors.IsTooManyRequests(err) // that one is a plain no
		timer := time.NewTimer(backoff.Step())
		select {
		case <-ctx.Done():
			timer.Stop()
			return undone, "", nil
		case <-timer.C:
		}
	}
}

// passes tells whether an error goes away by itself.
func passes(err error) bool {
	status := apierrors.APIStatus(nil)
	if !errors.As(err, &status) {
		return true // no answer from the API server
	}
	return apierrors.IsTooManyRequests(err) || apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) ||
		apierrors.IsServiceUnavailable(err) || apierrors.IsInternalError(err) || (status.Status().Code >= 500 && !kube.Missing(err))
}

func newSender(c client.Client, perSecond float64, concurrency int) *sender {
	limit := rate.Inf
	if perSecond > 0 {
		limit = rate.Limit(perSecond)
	}
	return &sender{
		client: c, limiter: rate.NewLimiter(limit, concurrency),
		backoff: wait.Backoff{Duration: 500 * time.Millisecond, Factor: 2, Jitter: 0.2, Steps: 6, Cap: 10 * time.Second},
	}
}
