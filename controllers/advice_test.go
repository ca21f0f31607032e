package controllers

import (
	"context"
	"errors"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/link"
)

// TestReadySaysWhatToDo: for every way in which a link may not work; and what is remembered after a restart is what was seen.
func TestReadySaysWhatToDo(t *testing.T) {
	const what = "the service answered with status 503 (Service Unavailable)"
	for _, condition := range []link.Condition{link.Failing, link.Unauthorized, link.Refused, link.InvalidSpec, link.SecretNotFound} {
		ready := readyOf(&v1alpha1.Integration{}, link.Health{Condition: condition, Message: what})
		if !strings.HasPrefix(ready.Message, what+v1alpha1.ToDo) || len(ready.Message) < len(what+v1alpha1.ToDo)+10 {
			t.Errorf("%s: %q does not say what to do", condition, ready.Message)
		}
		if got := v1alpha1.Seen(ready.Message); got != what {
			t.Errorf("%s: remembered is %q", condition, got)
		}
	}
	for _, condition := range []link.Condition{link.Untried, link.Healthy} {
		if ready := readyOf(&v1alpha1.Integration{}, link.Health{Condition: condition}); ready.Status != metav1.ConditionTrue || ready.Message != "" {
			t.Errorf("%s: %q", condition, ready.Message)
		}
	}
}

// TestStoppingIsNoFailure: a pass that is cut off because the operator stops is no line in the log; any other failure is.
func TestStoppingIsNoFailure(t *testing.T) {
	cut := untilStopped(reconcile.Func(func(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
		return reconcile.Result{}, errors.Join(errors.New("away"), ctx.Err())
	}))
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := cut.Reconcile(stopped, reconcile.Request{}); err != nil {
		t.Errorf("stopping: %v", err)
	}
	if _, err := cut.Reconcile(t.Context(), reconcile.Request{}); err == nil {
		t.Error("a failure is dropped")
	}
}
