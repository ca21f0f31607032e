package pipeline

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/contact"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// validate checks the e-mail address and applies the pipeline's policy to the verdict.
func (p *pass) validate(ctx context.Context) outcome {
	p.fresh = true
	stage := p.Pipeline.Spec.Validation
	switch {
	case p.address == "":
		return ended("", v1alpha1.ReasonUndeliverable, "the address is blank")
	case len(p.address) > contact.MaxAddress:
		return ended("", v1alpha1.ReasonUndeliverable, "the address is longer than an address can be")
	case stage == nil:
		return done("", v1alpha1.ReasonNotConfigured, "")
	}
	integration := stage.IntegrationRef.Name
	verdict, known := p.knownVerdict(integration)
	if !known {
		var err error
		if verdict, err = p.verify(ctx, integration); err != nil {
			return p.unverified(integration, err)
		}
	}
	return p.judge(stage, verdict)
}

// knownVerdict is one that the same Integration gave after this submission was received: on another submission of the
// address, or on this one in a pass that did not end. Asking again would cost money and tell nothing new.
func (p *pass) knownVerdict(integration string) (provider.Verdict, bool) {
	if p.contact == nil || p.contact.Status.Verdict == nil {
		return "", false
	}
	v := p.contact.Status.Verdict
	received := contact.ReceivedAt(p.Submission)
	if v.Integration != integration || v.Result == v1alpha1.Verdict(provider.Unknown) || v.Time.Time.Before(received.Time) {
		return "", false
	}
	return provider.Verdict(v.Result), true
}

func (p *pass) verify(ctx context.Context, integration string) (provider.Verdict, error) {
	link, err := p.Links(ctx, integration)
	if err != nil {
		return "", err
	}
	verifier := link.Provider().Verifier
	if verifier == nil {
		return "", &provider.Wait{Misconfigured: true, Message: "Integration " + integration + " does not offer verify"}
	}
	var verdict provider.Verdict
	err = link.Call(ctx, func(ctx context.Context) error {
		verdict, err = verifier.Verify(ctx, p.subject())
		return err
	})
	return verdict, err
}

// unverified says what a failed verification means. A service that refuses to look at an address has not said that it
// takes no mail: that is no verdict.
func (p *pass) unverified(integration string, err error) outcome {
	o := failed(integration, err)
	if o.status == metav1.ConditionFalse {
		return p.judge(p.Pipeline.Spec.Validation, provider.Unknown)
	}
	return o
}

// judge applies the pipeline's policy to a verdict.
func (p *pass) judge(stage *v1alpha1.ValidationStage, verdict provider.Verdict) outcome {
	integration := stage.IntegrationRef.Name
	doubtful := func(action v1alpha1.VerdictAction, reason string) outcome {
		if action == v1alpha1.VerdictAccept {
			p.keepVerdict(integration, verdict)
			return done(integration, v1alpha1.ReasonAccepted, "the address is "+reason+", which the pipeline accepts")
		}
		return ended(integration, reason, "")
	}
	switch verdict {
	case provider.Deliverable:
		p.keepVerdict(integration, verdict)
		return done(integration, v1alpha1.ReasonDeliverable, "")
	case provider.Undeliverable:
		return doubtful(stage.Undeliverable, v1alpha1.ReasonUndeliverable)
	case provider.Disposable:
		return doubtful(stage.Disposable, v1alpha1.ReasonDisposable)
	case provider.Role:
		return doubtful(stage.Role, v1alpha1.ReasonRole)
	case provider.AcceptAll:
		return doubtful(stage.AcceptAll, v1alpha1.ReasonAcceptAll)
	default:
		return p.judgeUnknown(stage)
	}
}

// judgeUnknown verifies again, slowly, for as often as the pipeline says; then accepts with a flag, or leaves it to a
// person. It never rejects.
func (p *pass) judgeUnknown(stage *v1alpha1.ValidationStage) outcome {
	integration := stage.IntegrationRef.Name
	checks := value(p.status.UnknownVerdicts) + 1
	p.status.UnknownVerdicts = &checks
	if checks <= value(stage.UnknownRechecks) {
		return outcome{
			status: metav1.ConditionUnknown, reason: v1alpha1.ReasonRetrying, integration: integration,
			message: "no verdict yet; the address is verified again",
			failure: provider.Errorf(provider.Transient, "the service reached no verdict"),
			retry:   true, after: time.Duration(value(stage.UnknownRecheckSeconds)) * time.Second,
		}
	}
	if stage.Unknown == v1alpha1.UnknownHold {
		return outcome{
			status: metav1.ConditionUnknown, reason: v1alpha1.ReasonHeld, integration: integration,
			message: "no verdict was reached, and the pipeline leaves the decision to a person",
		}
	}
	p.keepVerdict(integration, provider.Unknown)
	return done(integration, v1alpha1.ReasonAcceptedUnknown, "no verdict was reached, which the pipeline accepts")
}

// keepVerdict notes on the Contact what lets the submission pass.
func (p *pass) keepVerdict(integration string, verdict provider.Verdict) {
	if p.contact == nil {
		p.contact = contact.New(p.Submission.Namespace, p.address)
	}
	if old := p.contact.Status.Verdict; old != nil && old.Integration == integration && old.Result == v1alpha1.Verdict(verdict) {
		if _, known := p.knownVerdict(integration); known {
			return
		}
	}
	p.contact.Status.Verdict = &v1alpha1.ContactVerdict{
		Result: v1alpha1.Verdict(verdict), Integration: integration,
		Time: metav1.NewMicroTime(p.startedAt.Truncate(time.Microsecond)),
	}
}

// subject is what a verifier and a locator see.
func (p *pass) subject() provider.Submission {
	fields, source := p.Submission.Spec.Contact, p.Submission.Spec.Source
	attributes := make(map[string]string, len(p.Submission.Spec.Attributes))
	for key, v := range p.Submission.Spec.Attributes {
		attributes[key] = string(v)
	}
	return provider.Submission{
		Email: p.address, Name: fields.Name, Company: fields.Company, Phone: fields.Phone, Country: fields.Country,
		RemoteIP: source.RemoteIP, UserAgent: source.UserAgent, Page: source.Page, Channel: source.Channel,
		Attributes: attributes,
	}
}
