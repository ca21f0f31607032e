package pipeline

import (
	"context"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/tracing"
)

// follow begins the step of a stage that is taken. Stages may be taken side by side: it only reads the pass.
func (p *pass) follow(ctx context.Context, stage v1alpha1.Stage) (context.Context, tracing.Step) {
	ctx, step := p.Tracer.Start(ctx, string(stage))
	if !step.Followed() {
		return ctx, step
	}
	call := tracing.Call{Namespace: p.Submission.Namespace, Stage: string(stage), Integration: p.integration(stage), Attempt: 1}
	if f := failureOf(p.Submission.Status.Failures, stage); f != nil {
		call.Attempt += int(value(f.Attempts))
	}
	if !p.ParkedSince.IsZero() && p.CalledBy != nil && p.CalledBy(call.Integration) {
		call.Waited = p.startedAt.Sub(p.ParkedSince)
	}
	step.Calls(call)
	return ctx, step
}

// endOf ends such a step, in the words that status has for it.
func endOf(step tracing.Step, o *outcome) {
	if !step.Followed() {
		return
	}
	failure := ""
	if o.failure != nil {
		failure = string(o.failure.Class)
	}
	reason := o.reason
	if reason == "" {
		reason = "Aborted"
	}
	step.End(reason, failure)
}
