// Package pipeline takes a submission through its stages: Validated, Located, CRMSynced and MarketingSynced, one file
// each. It is pure: it gets what is known, calls the providers through their links, and returns what should be written.
// It never sees a Kubernetes client, so that a stage can be read, and tested, by itself.
package pipeline

import (
	"cmp"
	"context"
	"errors"
	"runtime/debug"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/contact"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/tracing"
)

// Link is one Integration as the stages see it.
type Link interface {
	// UID of the Integration.
	UID() string
	// Provider has the ports that the Integration offers.
	Provider() provider.Provider
	// LastSuccess is when the system last took a call, zero when it has not yet.
	LastSuccess() time.Time
	// Call runs a remote call that changes nothing under the link's guard. It returns what the call returned, or a
	// *provider.Wait without having made it. It never waits for a slot.
	Call(ctx context.Context, call func(context.Context) error) error
	// Upsert writes a rendered record under the link's guard, by itself or together with others. It returns what the system
	// answered for this record, or a *provider.Wait without having written it.
	Upsert(ctx context.Context, request provider.Request) (provider.Receipt, error)
}

// Links finds the link of an Integration in the submission's namespace. A *provider.Wait says that it is missing or can't
// be used; any other error that this can't be told now.
type Links func(ctx context.Context, integration string) (Link, error)

// Input is what is known before a pass.
type Input struct {
	// Submission to take further. It is not changed.
	Submission *v1alpha1.ContactSubmission
	// Pipeline of the submission, nil when it does not exist.
	Pipeline *v1alpha1.ContactPipeline
	// Contact of the submission, nil when there is none yet. It is not changed.
	Contact *v1alpha1.Contact
	// Earlier is the newest verdict by which another submission of the address was rejected or held, nil when there is none or
	// the address has a Contact, which knows more.
	Earlier *v1alpha1.ContactVerdict
	// Links to the Integrations.
	Links Links
	// Changed tells whether an Integration that the submission waited for has changed since, so that what was planned for it
	// no longer holds.
	Changed func(integration string) bool
	// Doubtful: an earlier pass over this submission may have told the systems what nobody has written down. They are told
	// again, even where the Contact says that they hold it.
	Doubtful bool
	// ParkedSince is when the submission began to wait for its link, if it has done nothing else since. CalledBy tells
	// whether it was the link of an Integration that ended that, and called it; nil: none did.
	ParkedSince time.Time
	CalledBy    func(integration string) bool
	// Tracer follows the stages that are taken, where ctx belongs to a submission that is followed; nil: nobody does.
	Tracer *tracing.Tracer
	// Now tells the time.
	Now provider.Clock
	// Jitter draws a duration between 0 and max.
	Jitter func(maximum time.Duration) time.Duration
}

// Output is what a pass found out.
type Output struct {
	// Contact as it should be, nil when there is to be none. A submission that is rejected makes none, but one that is there
	// learns of the verdict.
	Contact *v1alpha1.Contact
	// Status of the submission as it should be.
	Status v1alpha1.ContactSubmissionStatus
	// Parked names the Integrations whose link calls the submission as soon as it can take its call; Waiting those that a
	// change is waited for, or the time of the next attempt, if that comes first.
	Parked, Waiting []string
	// NextAttempt is the earliest planned try, or the time by which a wait is to be written down; zero when there is none.
	NextAttempt time.Time
	// Failures of this pass.
	Failures []Failure
}

// Failure is a call that failed in a pass.
type Failure struct {
	Stage       v1alpha1.Stage
	Integration string
	Err         *provider.Error
}

// pass is one go at a submission.
type pass struct {
	Input
	address   string // normalised
	contact   *v1alpha1.Contact
	status    v1alpha1.ContactSubmissionStatus
	fresh     bool // validation ran in this pass: the Contact does not know the submission yet
	located   bool // this pass found the location
	moved     bool // this pass has more to tell than that it waits for a slot
	accept    bool // a person accepts the address, whatever the verdict
	canary    bool // it is the pipeline's made-up submission: what was found out before it came does not count
	again     bool // a person asks for everything again: hashes and what is known don't count
	out       Output
	abort     error // why the pass has to be repeated as a whole
	startedAt time.Time
}

// Run makes one pass: every stage that can be taken, is. It returns an error when ctx ended, or an Integration could not
// be read; nothing should be written then, and the next pass repeats what this one did.
func Run(ctx context.Context, in Input) (Output, error) {
	p := &pass{
		Input:     in,
		address:   contact.NormaliseAddress(in.Submission.Spec.Contact.Email),
		status:    *in.Submission.Status.DeepCopy(),
		startedAt: in.Now(),
	}
	p.status.ContactName = contact.Name(p.address)
	if in.Contact != nil {
		p.contact = in.Contact.DeepCopy()
	}

	p.run(ctx)
	if err := errors.Join(ctx.Err(), p.abort); err != nil {
		return Output{}, err
	}

	if p.onlyBriefly() {
		p.out.Status = *in.Submission.Status.DeepCopy()
		return p.out, nil
	}
	p.status.Attempts = totalAttempts(p.status.Failures)
	p.status.State = derive(&p.status.Conditions, metav1.NewTime(p.startedAt), p.waitsAt)
	p.out.Status = p.status
	if p.accepted() || in.Contact != nil {
		p.out.Contact = p.contact
	}
	return p.out, nil
}

// briefly is how long a submission may wait for slots before that is written down. A system that is well frees one within
// milliseconds, and a write costs more than that.
const briefly = 10 * time.Second

// onlyBriefly tells whether all that came of a pass is that it waits for a slot, and for so short a time that it is not
// worth writing down. The time for that comes, if the slot does not.
func (p *pass) onlyBriefly() bool {
	until := cmp.Or(p.ParkedSince, p.startedAt).Add(briefly)
	if p.moved || !until.After(p.startedAt) {
		return false
	}
	p.attemptAt(until)
	return true
}

// run takes the stages. Validation gates the rest. The location comes before the systems that are told of it, so that
// they are written once; they are then written side by side, unless the pipeline is Strict.
func (p *pass) run(ctx context.Context) {
	if p.Pipeline == nil || isTrue(p.Pipeline.Spec.Suspend) {
		p.waitForPipeline()
		return
	}
	p.canary = isCanary(p.Pipeline, p.address)
	p.hear() // only now: a request that could not be acted on would be lost
	if p.ready(v1alpha1.StageValidated) {
		p.record(v1alpha1.StageValidated, p.guard(ctx, v1alpha1.StageValidated, p.validate))
	}
	if !p.accepted() {
		p.closeAfter(v1alpha1.StageValidated)
		return
	}
	p.merge()
	if p.again {
		p.forgetHeld()
	}

	if p.ready(v1alpha1.StageLocated) {
		p.record(v1alpha1.StageLocated, p.guard(ctx, v1alpha1.StageLocated, p.locate))
	}

	crm, marketing := p.syncer(v1alpha1.StageCRMSynced), p.syncer(v1alpha1.StageMarketingSynced)
	if p.Pipeline.Spec.Order == v1alpha1.OrderStrict {
		for _, s := range []*syncer{crm, marketing} {
			if p.closeAfter(before(s.stage)) {
				return
			}
			s.run(ctx)
			s.settle()
		}
		return
	}
	var both sync.WaitGroup
	both.Go(func() { crm.run(ctx) })
	both.Go(func() { marketing.run(ctx) })
	both.Wait()
	crm.settle()
	marketing.settle()
}

// ready tells whether a stage is to be taken in this pass: it is open, and if it failed before, its time has come.
func (p *pass) ready(stage v1alpha1.Stage) bool {
	if !p.open(stage) {
		return false
	}
	f := failureOf(p.status.Failures, stage)
	switch {
	case p.again, f == nil, f.NextAttemptTime == nil, !f.NextAttemptTime.After(p.startedAt):
		return true
	case f.Integration != p.integration(stage): // what failed is not what is there now
		return true
	case p.Changed(f.Integration) && f.Message != noVerdict: // to ask again sooner would not change the service's mind
		return true
	}
	p.out.Waiting = append(p.out.Waiting, f.Integration)
	p.attemptAt(f.NextAttemptTime.Time)
	return false
}

// guard takes a stage, and turns a panic into a failure of it: one record that upsets an adapter must not stop the others.
func (p *pass) guard(ctx context.Context, stage v1alpha1.Stage, take func(context.Context) outcome) (o outcome) {
	ctx, step := p.follow(ctx, stage)
	defer func() {
		if recovered := recover(); recovered != nil {
			o = p.failed(stage, p.integration(stage), nil, provider.Panicked(recovered, debug.Stack()))
		}
		endOf(step, &o)
	}()
	return take(ctx)
}

// integration names the Integration that serves a stage, "" when the pipeline has none.
func (p *pass) integration(stage v1alpha1.Stage) string {
	spec := p.Pipeline.Spec
	if stage == v1alpha1.StageValidated {
		if spec.Validation == nil {
			return ""
		}
		return spec.Validation.IntegrationRef.Name
	}
	served := map[v1alpha1.Stage]*v1alpha1.IntegrationStage{
		v1alpha1.StageLocated: spec.Location, v1alpha1.StageCRMSynced: spec.CRM, v1alpha1.StageMarketingSynced: spec.Marketing,
	}[stage]
	if served == nil {
		return ""
	}
	return served.IntegrationRef.Name
}

// merge puts an accepted submission into its Contact, once: a later pass finds it there.
func (p *pass) merge() {
	if p.contact == nil {
		p.contact = contact.New(p.Submission.Namespace, p.address)
	} else if !p.fresh {
		return
	}
	contact.Merge(p.contact, p.Submission)
}

// forgetHeld forgets what the systems hold: they are written to again, if not in this pass, then in a later one.
func (p *pass) forgetHeld() {
	for _, stage := range []v1alpha1.Stage{v1alpha1.StageCRMSynced, v1alpha1.StageMarketingSynced} {
		if held := contact.Sync(p.contact, stage, p.integration(stage)); held != nil {
			held.Hash = ""
			if held.State == v1alpha1.SyncStateSuppressed { // the person may have come back there
				held.State = v1alpha1.SyncStateAttempted
			}
		}
	}
}

// waitForPipeline leaves every open stage waiting.
func (p *pass) waitForPipeline() {
	name := p.Submission.Spec.PipelineRef.Name
	first := misconfigured("", "ContactPipeline "+name+" does not exist")
	first.next = nothing // whoever runs the pass waits for the pipeline in any case
	if p.Pipeline != nil {
		first.reason, first.message = v1alpha1.ReasonParked, "ContactPipeline "+name+" is suspended"
	}
	if p.Submission.Status.State == v1alpha1.StateHeld {
		return // a person asks for something; until it can be done, it stays as it is
	}
	for _, stage := range v1alpha1.Stages {
		if p.open(stage) {
			p.record(stage, first)
			first = pending("")
		}
	}
}

// closeAfter tells whether a stage that others depend on has not ended well, and settles those others: pending while it
// can still move, skipped when it can't.
func (p *pass) closeAfter(stage v1alpha1.Stage) bool {
	c := p.condition(stage)
	switch {
	case c.Status == metav1.ConditionTrue, c.Reason == v1alpha1.ReasonNotFound:
		return false
	case c.Status == metav1.ConditionUnknown:
		p.recordAfter(stage, pending("waits for "+string(stage)))
	default:
		p.recordAfter(stage, outcome{
			status: metav1.ConditionFalse, reason: v1alpha1.ReasonSkipped,
			message: string(stage) + " ended with " + c.Reason,
		})
	}
	return true
}

func (p *pass) recordAfter(stage v1alpha1.Stage, o outcome) {
	later := false
	for _, s := range v1alpha1.Stages {
		if later && p.open(s) {
			p.record(s, o)
		}
		later = later || s == stage
	}
}

// accepted tells whether validation let the submission pass.
func (p *pass) accepted() bool {
	return p.condition(v1alpha1.StageValidated).Status == metav1.ConditionTrue
}

// before is the stage that comes before another.
func before(stage v1alpha1.Stage) v1alpha1.Stage {
	previous := v1alpha1.Stages[0]
	for _, s := range v1alpha1.Stages {
		if s == stage {
			break
		}
		previous = s
	}
	return previous
}

// isCanary tells whether an address is that of the pipeline's canary. A canary finds out whether the systems work now, so it is
// verified and written each time.
func isCanary(p *v1alpha1.ContactPipeline, address string) bool {
	return p.Spec.Canary != nil && contact.NormaliseAddress(p.Spec.Canary.Email) == address
}

func isTrue(b *bool) bool { return b != nil && *b }
