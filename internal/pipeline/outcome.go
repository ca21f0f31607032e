package pipeline

import (
	"errors"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// outcome is how a stage ended in this pass.
type outcome struct {
	status  metav1.ConditionStatus
	reason  string
	message string // stable, nothing personal

	integration string          // that was, or would have been, called
	failure     *provider.Error // what went wrong, recorded against the submission
	retry       bool            // it is tried again by itself
	after       time.Duration   // no earlier than this; 0 leaves it to the backoff
	wait        bool            // it waits for its link
	busy        bool            // for a free slot there
}

func done(integration, reason, message string) outcome {
	return outcome{status: metav1.ConditionTrue, reason: reason, message: message, integration: integration}
}

func ended(integration, reason, message string) outcome {
	return outcome{status: metav1.ConditionFalse, reason: reason, message: message, integration: integration}
}

func pending(message string) outcome {
	return outcome{status: metav1.ConditionUnknown, reason: v1alpha1.ReasonPending, message: message}
}

func misconfigured(message string) outcome {
	return outcome{status: metav1.ConditionUnknown, reason: v1alpha1.ReasonMisconfigured, message: message, wait: true}
}

// unsuited says that an Integration does not offer what a stage needs.
func unsuited(integration, port string) outcome {
	o := misconfigured("Integration " + integration + " does not offer " + port)
	o.integration = integration
	return o
}

// failed says what an error of a link or a provider means for a stage.
func failed(integration string, err error) outcome {
	var wait *provider.Wait
	if errors.As(err, &wait) {
		o := misconfigured(wait.Message)
		o.integration = integration
		o.busy = wait.Busy
		if !wait.Misconfigured {
			o.reason = v1alpha1.ReasonParked
		}
		return o
	}
	failure := provider.AsError(err)
	o := outcome{
		status: metav1.ConditionUnknown, integration: integration, failure: failure,
		message: "Integration " + integration + ": " + failure.Message,
	}
	switch failure.Class {
	case provider.Auth, provider.Config:
		o.reason, o.wait = v1alpha1.ReasonMisconfigured, true
	case provider.Invalid:
		o.status, o.reason = metav1.ConditionFalse, v1alpha1.ReasonInvalidData
	case provider.Conflict:
		o.status, o.reason = metav1.ConditionFalse, v1alpha1.ReasonConflict
	case provider.Throttled:
		o.reason, o.retry, o.after = v1alpha1.ReasonThrottled, true, failure.RetryAfter
	default:
		o.reason, o.retry, o.after = v1alpha1.ReasonRetrying, true, failure.RetryAfter
	}
	return o
}

// record turns an outcome into a condition, the retry state, and what the submission waits for. It is the only place
// that does.
func (p *pass) record(stage v1alpha1.Stage, o outcome) {
	meta.SetStatusCondition(&p.status.Conditions, metav1.Condition{
		Type: string(stage), Status: o.status, Reason: o.reason, Message: bounded(o.message),
		LastTransitionTime: metav1.NewTime(p.startedAt),
	})
	switch {
	case o.failure != nil:
		p.recordFailure(stage, o)
	case !o.wait && o.reason != v1alpha1.ReasonPending:
		clearNextAttempt(p.status.Failures, stage)
	}
	if o.integration == "" {
		return
	}
	switch {
	case o.busy:
		p.out.Busy = append(p.out.Busy, o.integration)
	case o.wait, o.retry:
		p.out.Waiting = append(p.out.Waiting, o.integration)
	}
}

func (p *pass) recordFailure(stage v1alpha1.Stage, o outcome) {
	now := metav1.NewTime(p.startedAt)
	at := slices.IndexFunc(p.status.Failures, func(f v1alpha1.StageFailure) bool { return f.Stage == stage })
	if at < 0 {
		p.status.Failures = append(p.status.Failures, v1alpha1.StageFailure{Stage: stage})
		at = len(p.status.Failures) - 1
	}
	f := &p.status.Failures[at]
	f.Integration = o.integration
	f.Class = v1alpha1.ErrorClass(o.failure.Class)
	f.Message = bounded(o.failure.Message)
	f.Time = now
	f.NextAttemptTime = nil
	if o.wait { // the Integration's fault: no attempt is spent
		return
	}
	attempts := value(f.Attempts) + 1
	f.Attempts = &attempts
	if o.retry {
		delay := max(p.backoff(attempts), o.after)
		if o.after > 0 {
			delay = o.after + p.backoff(1) // everybody was told the same time: spread out
		}
		next := metav1.NewTime(p.startedAt.Add(delay + time.Second).Truncate(time.Second)) // kept in whole seconds: round up
		f.NextAttemptTime = &next
	}
}

// open tells whether a stage has something left to do. A stage that was skipped opens again with the one it hung on, and
// one that had synced opens again when this pass changed what the system should hold.
func (p *pass) open(stage v1alpha1.Stage) bool {
	c := p.condition(stage)
	if c.Status == metav1.ConditionUnknown || c.Reason == v1alpha1.ReasonSkipped {
		return true
	}
	return p.located && (c.Reason == v1alpha1.ReasonSynced || c.Reason == v1alpha1.ReasonUnchanged)
}

func (p *pass) condition(stage v1alpha1.Stage) metav1.Condition {
	if c := meta.FindStatusCondition(p.status.Conditions, string(stage)); c != nil {
		return *c
	}
	return metav1.Condition{Type: string(stage), Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonPending}
}

// bounded cuts a message to what status takes.
func bounded(message string) string {
	const most = 512
	if runes := []rune(message); len(runes) > most {
		return string(runes[:most])
	}
	return message
}
