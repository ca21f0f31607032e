package controllers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/contact-operator/contact-operator/internal/link"
)

// safe makes an API server's error fit for the log. When it refuses an object, it or an admission webhook quotes the values
// that it refuses, which may be personal: only the reason and the fields are kept.
func safe(err error) error {
	var status apierrors.APIStatus
	if err == nil || !errors.As(err, &status) || apierrors.IsNotFound(err) || apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) {
		return err
	}
	s := status.Status()
	what := "an object"
	var fields []string
	if s.Details != nil {
		what = strings.TrimSpace(s.Details.Kind + " " + s.Details.Name)
		for _, cause := range s.Details.Causes {
			field, _, _ := strings.Cut(cause.Field, "[") // a key of a map is a visitor's word, too
			fields = append(fields, fmt.Sprintf("%s (%s)", field, cause.Type))
		}
	}
	return &refused{err: err, text: strings.TrimSpace(fmt.Sprintf("the API server answered %d %s for %s %s", s.Code, s.Reason, what, strings.Join(fields, ", ")))}
}

// refused is an API server's error without its text.
type refused struct {
	err  error
	text string
}

func (r *refused) Error() string { return r.text }

func (r *refused) Unwrap() error { return r.err }

// stale tells whether a write lost against another one, or its object is gone: what was read was old.
func stale(err error) bool {
	return apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) || apierrors.IsNotFound(err)
}

// ignoreStale drops such an error where a watch will bring the newer object anyway.
func ignoreStale(err error) error {
	if err == nil || stale(err) {
		return nil
	}
	return safe(err)
}

// retryLimiter spaces the tries after an API server's errors. Failures of outside systems don't come here: their retry
// state lives in status.
func retryLimiter() workqueue.TypedRateLimiter[reconcile.Request] {
	return workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](500*time.Millisecond, 5*time.Minute)
}

// untilStopped drops the errors of passes that were cut off because the operator stops: there may be hundreds, and each would be
// a line that looks like a failure.
func untilStopped(r reconcile.Reconciler) reconcile.Reconciler {
	return reconcile.Func(func(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
		result, err := r.Reconcile(ctx, request)
		if err != nil && errors.Is(ctx.Err(), context.Canceled) {
			return reconcile.Result{}, nil
		}
		return result, err
	})
}

func requestFor(key link.Key) reconcile.Request {
	var request reconcile.Request
	request.Namespace, request.Name = key.Namespace, key.Name
	return request
}
