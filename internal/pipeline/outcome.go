package pipeline

import (
	"errors"
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
	next        next            // what the stage waits for
	brief       bool            // a system that is well is waited for
	after       time.Duration   // with retryLater: no earlier than this; 0 leaves it to the backoff
	abort       error           // nothing can be said of the stage: the pass has to be repeated as a whole
}

// next says what a stage waits for.
type next int

const (
	nothing    next = iota // it has ended, or waits for another stage
	retryLater             // a planned time, or a change of its Integration if that comes first
	onChange               // a change of its Integration, or its system taking calls again
	onLink                 // its link, which calls it as soon as it can take its call
)

func done(integration, reason, message string) outcome {
	return outcome{status: metav1.ConditionTrue, reason: reason, message: message, integration: integration}
}

func ended(integration, reason, message string) outcome {
	return outcome{status: metav1.ConditionFalse, reason: reason, message: message, integration: integration}
}

func pending(message string) outcome {
	return outcome{status: metav1.ConditionUnknown, reason: v1alpha1.ReasonPending, message: message}
}

func misconfigured(integration, message string) outcome {
	return outcome{
		status: metav1.ConditionUnknown, reason: v1alpha1.ReasonMisconfigured, message: message,
		integration: integration, next: onChange,
	}
}

// unsuited says that an Integration does not offer what a stage needs.
func unsuited(integration, port string) outcome {
	return misconfigured(integration, "Integration "+integration+" does not offer "+port)
}

// unavailable says why there is no link: the Integration is missing or can't be used, or that can't be told.
func unavailable(integration string, err error) outcome {
	if wait := (*provider.Wait)(nil); errors.As(err, &wait) {
		return waits(integration, wait)
	}
	return outcome{abort: err}
}

// waits says that a link made no call.
func waits(integration string, wait *provider.Wait) outcome {
	o := misconfigured(integration, wait.Message)
	if !wait.Misconfigured {
		o.reason = v1alpha1.ReasonParked
	}
	if wait.Busy {
		o.next, o.brief = onLink, wait.Brief
	}
	return o
}

// failed says what an error of a call means for a stage.
func (p *pass) failed(stage v1alpha1.Stage, integration string, link Link, err error) outcome {
	if wait := (*provider.Wait)(nil); errors.As(err, &wait) {
		return waits(integration, wait)
	}
	failure := p.aboutThisRecord(stage, integration, link, provider.AsError(err))
	o := outcome{
		status: metav1.ConditionUnknown, integration: integration, failure: failure,
		message: "Integration " + integration + ": " + failure.Message,
	}
	switch failure.Class {
	case provider.Auth, provider.Config:
		o.reason, o.next = v1alpha1.ReasonMisconfigured, onChange
	case provider.Invalid:
		o.status, o.reason = metav1.ConditionFalse, v1alpha1.ReasonInvalidData
	case provider.Conflict:
		o.status, o.reason = metav1.ConditionFalse, v1alpha1.ReasonConflict
	case provider.Throttled:
		o.reason, o.next, o.after = v1alpha1.ReasonThrottled, retryLater, failure.RetryAfter
	default:
		o.reason, o.next, o.after = v1alpha1.ReasonRetrying, retryLater, failure.RetryAfter
	}
	return o
}

// aboutThisRecord tells a wrong configuration from a poisonous record. When a record is answered "this request is wrong"
// twice, and the system took others in between, the record is at fault: it must not stop the link for all.
func (p *pass) aboutThisRecord(stage v1alpha1.Stage, integration string, link Link, failure *provider.Error) *provider.Error {
	before := failureOf(p.status.Failures, stage)
	again := failure.Class == provider.Config && before != nil &&
		before.Class == v1alpha1.ErrorClass(provider.Config) && before.Integration == integration
	if !again || !link.LastSuccess().After(before.Time.Time) {
		return failure
	}
	return &provider.Error{
		Class: provider.Invalid, Message: failure.Message + "; it takes other records, so this one is at fault", Err: failure,
	}
}

// record turns an outcome into a condition, the retry state, and what the submission waits for. It is the only place
// that does.
func (p *pass) record(stage v1alpha1.Stage, o outcome) {
	if o.abort != nil {
		p.abort = errors.Join(p.abort, o.abort)
		return
	}
	p.moved = p.moved || (!o.brief && o.reason != v1alpha1.ReasonPending)
	if !p.waitsAlready(stage, o) {
		meta.SetStatusCondition(&p.status.Conditions, metav1.Condition{
			Type: string(stage), Status: o.status, Reason: o.reason, Message: bounded(o.message),
			LastTransitionTime: metav1.NewTime(p.startedAt),
		})
		if o.failure != nil {
			p.recordFailure(stage, o)
		} else if f := failureOf(p.status.Failures, stage); f != nil && o.reason != v1alpha1.ReasonPending {
			f.NextAttemptTime = nil
		}
	}
	switch o.next {
	case nothing:
	case onLink:
		p.out.Parked = append(p.out.Parked, o.integration)
	case onChange, retryLater:
		p.out.Waiting = append(p.out.Waiting, o.integration)
	}
}

// waitsAlready tells whether a stage that its link parks is known to wait: what it waits for at the moment, the end of an
// outage or a slot after it, is not worth a write.
func (p *pass) waitsAlready(stage v1alpha1.Stage, o outcome) bool {
	c := p.condition(stage)
	return o.next == onLink && o.failure == nil && o.reason == v1alpha1.ReasonParked &&
		c.Status == metav1.ConditionUnknown && c.Reason != v1alpha1.ReasonPending
}

func (p *pass) recordFailure(stage v1alpha1.Stage, o outcome) {
	p.out.Failures = append(p.out.Failures, Failure{Stage: stage, Integration: o.integration, Err: o.failure})
	f := failureOf(p.status.Failures, stage)
	if f == nil {
		p.status.Failures = append(p.status.Failures, v1alpha1.StageFailure{Stage: stage})
		f = &p.status.Failures[len(p.status.Failures)-1]
	}
	f.Integration = o.integration
	f.Class = v1alpha1.ErrorClass(o.failure.Class)
	f.Message = bounded(o.failure.Message)
	f.Time = metav1.NewTime(p.startedAt)
	f.NextAttemptTime = nil
	if o.next == onChange { // the Integration's fault: no attempt is spent
		return
	}
	attempts := value(f.Attempts) + 1
	f.Attempts = &attempts
	if o.next == retryLater {
		delay := o.after + p.backoff(attempts)                                             // also after a Retry-After: everybody was told the same time
		next := metav1.NewTime(p.startedAt.Add(delay + time.Second).Truncate(time.Second)) // kept in whole seconds: round up
		f.NextAttemptTime = &next
		p.attemptAt(next.Time)
	}
}

// attemptAt notes a planned try.
func (p *pass) attemptAt(at time.Time) {
	if p.out.NextAttempt.IsZero() || at.Before(p.out.NextAttempt) {
		p.out.NextAttempt = at
	}
}

// open tells whether a stage has something left to do. A stage that was skipped opens again with the one it hung on, and
// one that had told its system, or found that it need not, opens again when this pass changed what the system should hold:
// meanwhile another submission may have told the system of the person. What a person asks for opens more:
// an accepted address its validation; a retry all that has not ended well, and both systems in any case.
func (p *pass) open(stage v1alpha1.Stage) bool {
	c := p.condition(stage)
	tells := stage == v1alpha1.StageCRMSynced || stage == v1alpha1.StageMarketingSynced
	switch {
	case c.Status == metav1.ConditionUnknown, c.Reason == v1alpha1.ReasonSkipped:
		return true
	case stage == v1alpha1.StageValidated && p.accept:
		return true
	case p.again:
		return tells || c.Status != metav1.ConditionTrue
	case !p.located || !tells:
		return false
	default: // unsubscribed or not, told by this submission or by another since: the system may hold the person
		return c.Status == metav1.ConditionTrue
	}
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
