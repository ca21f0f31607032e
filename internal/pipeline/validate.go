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
	case p.suspected() && !p.accept:
		return heldForPerson()
	case stage == nil:
		return done("", v1alpha1.ReasonNotConfigured, "")
	case p.accept && !p.suspected():
		return p.acceptedByPerson(stage)
	}
	switch known := p.knownVerdict(stage); {
	case known == nil:
		return p.verify(ctx, stage)
	case known.Verdict == provider.Unknown: // after all rechecks
		return p.settleUnknown(stage, known.Verification, known.at)
	default:
		return p.judge(stage, known.Verification, known.at)
	}
}

// acceptedByPerson lets an address pass that was rejected or held, without asking the service again.
func (p *pass) acceptedByPerson(stage *v1alpha1.ValidationStage) outcome {
	verdict := provider.Verdict(p.condition(v1alpha1.StageValidated).Reason) // a rejection is named after its verdict
	if verdict == v1alpha1.ReasonHeld {
		verdict = provider.Unknown
	}
	integration := stage.IntegrationRef.Name
	if given := p.status.Verdict; given != nil && given.Result == v1alpha1.Verdict(verdict) {
		p.keepVerdict(given.Integration, asVerification(given), given.Time)
	} else {
		p.keepVerdict(integration, provider.Verification{Verdict: verdict}, metav1.NewMicroTime(p.startedAt.Truncate(time.Microsecond)))
	}
	return done(integration, v1alpha1.ReasonAccepted, "the address is "+string(verdict)+", which a person has accepted")
}

// noVerdict is the failure that an Unknown verdict is recorded as.
const noVerdict = "the service reached no verdict"

// knownVerification is one that was made before.
type knownVerification struct {
	provider.Verification
	at metav1.MicroTime
}

// knownVerdict is the newest one that the same Integration gave and that still holds. Asking again would cost money and tell
// nothing new.
func (p *pass) knownVerdict(stage *v1alpha1.ValidationStage) *knownVerification {
	if p.again {
		return nil
	}
	var newest *v1alpha1.ContactVerdict
	candidates := []*v1alpha1.ContactVerdict{p.Earlier}
	if p.contact != nil {
		candidates = append(candidates, p.contact.Status.Verdict)
	}
	for _, v := range candidates {
		if v != nil && v.Integration == stage.IntegrationRef.Name && p.holds(stage, v) && (newest == nil || newest.Time.Before(&v.Time)) {
			newest = v
		}
	}
	if newest == nil {
		return nil
	}
	return &knownVerification{asVerification(newest), newest.Time}
}

// holds tells whether a verdict holds for this submission: for as long as the pipeline says, and in any case when it was given
// after the submission was received (on another one of the address, or on this one in a pass that did not end). An Unknown one
// holds until the address is worth another look, and no longer. For a canary what was found out before it came does not count.
func (p *pass) holds(stage *v1alpha1.ValidationStage, v *v1alpha1.ContactVerdict) bool {
	age := p.startedAt.Sub(v.Time.Time)
	before := v.Time.Time.Before(contact.ReceivedAt(p.Submission).Time)
	switch lasts := time.Duration(value(stage.VerdictSeconds)) * time.Second; {
	case p.canary && before:
		return false
	case v.Result == v1alpha1.Verdict(provider.Unknown):
		return age < min(lasts, time.Duration(value(stage.UnknownRecheckSeconds))*time.Second)
	default:
		return age <= lasts || !before
	}
}

func asVerification(v *v1alpha1.ContactVerdict) provider.Verification {
	return provider.Verification{Verdict: provider.Verdict(v.Result), Evidence: v.Evidence, Mailbox: string(v.Mailbox)}
}

func (p *pass) verify(ctx context.Context, stage *v1alpha1.ValidationStage) outcome {
	integration := stage.IntegrationRef.Name
	link, err := p.Links(ctx, integration)
	if err != nil {
		return unavailable(integration, err)
	}
	verifier := link.Provider().Verifier
	if verifier == nil {
		return unsuited(integration, "verify")
	}
	var v provider.Verification
	err = link.Call(ctx, func(ctx context.Context) error {
		v, err = verifier.Verify(ctx, p.subject())
		return err
	})
	if err != nil {
		o := p.failed(v1alpha1.StageValidated, integration, link, err)
		if o.status != metav1.ConditionFalse {
			return o
		}
		// A service that refuses to look at an address has not said that it takes no mail: that is no verdict.
		v = provider.Verification{Verdict: provider.Unknown}
	}
	p.status.Suggestion = v.Suggestion
	return p.judge(stage, v, metav1.NewMicroTime(p.startedAt.Truncate(time.Microsecond)))
}

// judge applies the pipeline's policy to a verdict.
func (p *pass) judge(stage *v1alpha1.ValidationStage, v provider.Verification, at metav1.MicroTime) outcome {
	integration := stage.IntegrationRef.Name
	pass := func(reason, message string) outcome {
		p.keepVerdict(integration, v, at)
		return done(integration, reason, message)
	}
	doubtful := func(action v1alpha1.VerdictAction, reason string) outcome {
		if action == v1alpha1.VerdictAccept {
			return pass(v1alpha1.ReasonAccepted, "the address is "+reason+", which the pipeline accepts")
		}
		p.keepRefusal(integration, v, at)
		return ended(integration, reason, v.Evidence)
	}
	switch v.Verdict {
	case provider.Deliverable:
		return pass(v1alpha1.ReasonDeliverable, "")
	case provider.Undeliverable:
		return doubtful(stage.Undeliverable, v1alpha1.ReasonUndeliverable)
	case provider.Disposable:
		return doubtful(stage.Disposable, v1alpha1.ReasonDisposable)
	case provider.Role:
		return doubtful(stage.Role, v1alpha1.ReasonRole)
	case provider.AcceptAll:
		return doubtful(stage.AcceptAll, v1alpha1.ReasonAcceptAll)
	default:
		return p.judgeUnknown(stage, v, at)
	}
}

// judgeUnknown verifies again, slowly, for as often as the pipeline says; then it is settled. It never rejects.
func (p *pass) judgeUnknown(stage *v1alpha1.ValidationStage, v provider.Verification, at metav1.MicroTime) outcome {
	checks := value(p.status.UnknownVerdicts) + 1
	p.status.UnknownVerdicts = &checks
	if checks <= value(stage.UnknownRechecks) {
		return outcome{
			status: metav1.ConditionUnknown, reason: v1alpha1.ReasonRetrying, integration: stage.IntegrationRef.Name,
			message: "no verdict yet" + because(v.Evidence) + ": the address is verified again",
			failure: provider.Errorf(provider.Transient, noVerdict),
			next:    retryLater, after: time.Duration(value(stage.UnknownRecheckSeconds)) * time.Second,
		}
	}
	return p.settleUnknown(stage, v, at)
}

// because is the evidence of a verdict in brackets.
func because(evidence string) string {
	if evidence == "" {
		return ""
	}
	return " (" + evidence + ")"
}

// settleUnknown accepts an address without a verdict, with a flag, or leaves it to a person.
func (p *pass) settleUnknown(stage *v1alpha1.ValidationStage, v provider.Verification, at metav1.MicroTime) outcome {
	integration := stage.IntegrationRef.Name
	if stage.Unknown == v1alpha1.UnknownHold {
		p.keepRefusal(integration, v, at)
		return outcome{
			status: metav1.ConditionUnknown, reason: v1alpha1.ReasonHeld, integration: integration,
			message: "no verdict was reached, and the pipeline leaves the decision to a person",
		}
	}
	p.keepVerdict(integration, v, at)
	return done(integration, v1alpha1.ReasonAcceptedUnknown, "no verdict was reached, which the pipeline accepts")
}

// keepVerdict notes on the Contact what lets the submission pass.
func (p *pass) keepVerdict(integration string, v provider.Verification, at metav1.MicroTime) {
	if p.contact == nil {
		p.contact = contact.New(p.Submission.Namespace, p.address)
	}
	p.contact.Status.Verdict = asKept(integration, v, at)
	p.status.Verdict = nil
}

// keepRefusal notes what keeps the submission from passing: on itself, as it makes no Contact, and on a Contact that is there.
func (p *pass) keepRefusal(integration string, v provider.Verification, at metav1.MicroTime) {
	p.status.Verdict = asKept(integration, v, at)
	if p.contact != nil {
		p.contact.Status.Verdict = asKept(integration, v, at)
	}
}

func asKept(integration string, v provider.Verification, at metav1.MicroTime) *v1alpha1.ContactVerdict {
	return &v1alpha1.ContactVerdict{
		Result: v1alpha1.Verdict(v.Verdict), Integration: integration, Time: at,
		Evidence: v.Evidence, Mailbox: v1alpha1.Mailbox(v.Mailbox),
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
