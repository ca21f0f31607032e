package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/provider"
)

var start = time.Date(2026, 11, 2, 9, 15, 0, 0, time.UTC)

// world is everything outside the pipeline: four scripted systems and a call log.
type world struct {
	mu      sync.Mutex
	calls   []string
	verdict provider.Verdict
	country string
	errs    map[string]error // by Integration
	missing map[string]bool
	refuse  map[string]*provider.Wait
	receipt provider.Receipt
	now     time.Time
	stored  *v1alpha1.Contact
	panics  string // the Integration whose call panics

	lastSuccess time.Time
}

func newWorld() *world {
	return &world{
		verdict: provider.Deliverable, country: "GB", now: start,
		errs: map[string]error{}, missing: map[string]bool{}, refuse: map[string]*provider.Wait{},
	}
}

func (w *world) called(what string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, what)
	if what == w.panics {
		panic("ada@example.com upsets the adapter")
	}
	return w.errs[what]
}

// takeCalls returns the calls made since the last time, in the order in which stages are listed.
func (w *world) takeCalls() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	made := map[string]int{}
	for _, c := range w.calls {
		made[c]++
	}
	w.calls = nil
	var out []string
	for _, name := range []string{"verifier", "locator", "crm", "marketing"} {
		for range made[name] {
			out = append(out, name)
		}
	}
	return strings.Join(out, " ")
}

type fakeLink struct {
	w    *world
	name string
}

func (l fakeLink) UID() string { return "uid-" + l.name }

func (l fakeLink) Provider() provider.Provider {
	switch l.name {
	case "verifier":
		return provider.Provider{Verifier: l}
	case "locator":
		return provider.Provider{Locator: l}
	case "crm", "marketing":
		return provider.Provider{Upserter: l}
	default:
		return provider.Provider{}
	}
}

func (l fakeLink) Call(ctx context.Context, call func(context.Context) error) error {
	if wait := l.w.refuse[l.name]; wait != nil {
		return wait
	}
	return call(ctx)
}

func (l fakeLink) LastSuccess() time.Time { return l.w.lastSuccess }

func (l fakeLink) Verify(context.Context, provider.Submission) (provider.Verification, error) {
	return provider.Verification{Verdict: l.w.verdict, Evidence: "mx", Mailbox: "Own"}, l.w.called(l.name)
}

func (l fakeLink) Locate(context.Context, provider.Submission) (provider.Location, error) {
	return provider.Location{Country: l.w.country, Source: "Service"}, l.w.called(l.name)
}

func (l fakeLink) Render(c provider.Contact) (provider.Request, error) {
	c.Consent.Time = "" // as a mapping that tells of the answer, not of when it was given
	payload, err := json.Marshal(c)
	return provider.Request{Key: c.Email, Payload: payload}, err
}

func (l fakeLink) Upsert(context.Context, provider.Request) (provider.Receipt, error) {
	return l.w.receipt, l.w.called(l.name)
}

func (w *world) links(_ context.Context, name string) (Link, error) {
	if w.missing[name] {
		return nil, &provider.Wait{Misconfigured: true, Message: "Integration " + name + " does not exist"}
	}
	return fakeLink{w, name}, nil
}

// pass makes one pass, and keeps what it found out as the API server would.
func (w *world) pass(t *testing.T, s *v1alpha1.ContactSubmission, p *v1alpha1.ContactPipeline, change ...func(*Input)) Output {
	t.Helper()
	in := Input{
		Submission: s, Pipeline: p, Contact: w.stored, Links: w.links,
		Now: func() time.Time { return w.now }, Jitter: func(maximum time.Duration) time.Duration { return maximum },
		Changed: func(string) bool { return false },
	}
	for _, c := range change {
		c(&in)
	}
	before := s.DeepCopy()
	out, err := Run(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, s); diff != "" {
		t.Errorf("the pass changed its input: %s", diff)
	}
	s.Status = out.Status
	if out.Contact != nil {
		w.stored = out.Contact
	}
	return out
}

func changed(integration string) func(*Input) {
	return func(in *Input) { in.Changed = func(name string) bool { return name == integration } }
}

func reference(name string) v1alpha1.LocalReference { return v1alpha1.LocalReference{Name: name} }

func trial() *v1alpha1.ContactPipeline {
	stage := func(name string) *v1alpha1.IntegrationStage {
		return &v1alpha1.IntegrationStage{IntegrationRef: reference(name)}
	}
	return &v1alpha1.ContactPipeline{
		ObjectMeta: metav1.ObjectMeta{Namespace: "contacts", Name: "trial"},
		Spec: v1alpha1.ContactPipelineSpec{
			Order: v1alpha1.OrderIndependent,
			Validation: &v1alpha1.ValidationStage{
				IntegrationRef: reference("verifier"),
				Undeliverable:  v1alpha1.VerdictReject, Disposable: v1alpha1.VerdictReject, Role: v1alpha1.VerdictReject,
				AcceptAll: v1alpha1.VerdictReject, Unknown: v1alpha1.UnknownAccept,
				UnknownRechecks: new(int32(1)), UnknownRecheckSeconds: new(int32(60)),
			},
			Location: stage("locator"), CRM: stage("crm"), Marketing: stage("marketing"),
		},
	}
}

func sent(name string, second int) *v1alpha1.ContactSubmission {
	received := metav1.NewMicroTime(start.Add(time.Duration(second) * time.Second))
	return &v1alpha1.ContactSubmission{
		ObjectMeta: metav1.ObjectMeta{Namespace: "contacts", Name: name, CreationTimestamp: metav1.NewTime(received.Time)},
		Spec: v1alpha1.ContactSubmissionSpec{
			PipelineRef: reference("trial"),
			Contact:     v1alpha1.ContactFields{Email: "Ada@Example.com", Name: "Ada"},
			Source:      v1alpha1.SubmissionSource{ReceivedAt: &received},
			Consent:     &v1alpha1.SubmissionConsent{Marketing: v1alpha1.ConsentGranted},
		},
	}
}

// reasons lists the reasons of the stages and of Ready, in order.
func reasons(s *v1alpha1.ContactSubmission) string {
	var all []string
	for _, name := range append(stageNames(), v1alpha1.ConditionReady) {
		if c := meta.FindStatusCondition(s.Status.Conditions, name); c != nil {
			all = append(all, c.Reason)
		} else {
			all = append(all, "-")
		}
	}
	return strings.Join(all, " ")
}

func stageNames() []string {
	var names []string
	for _, s := range v1alpha1.Stages {
		names = append(names, string(s))
	}
	return names
}

func transient(what string) error { return provider.Errorf(provider.Transient, "%s", what) }

func TestOnePass(t *testing.T) {
	accept := func(p *v1alpha1.ContactPipeline) {
		v := p.Spec.Validation
		v.Undeliverable, v.Disposable, v.Role, v.AcceptAll = "Accept", "Accept", "Accept", "Accept"
	}
	tests := map[string]struct {
		reason      string
		world       func(*world)
		pipeline    func(*v1alpha1.ContactPipeline)
		submission  func(*v1alpha1.ContactSubmission)
		wantReasons string
		wantState   v1alpha1.SubmissionState
		wantCalls   string
	}{
		"happy": {
			reason:      "one pass, one call to each system",
			wantReasons: "Deliverable Located Synced Synced Completed", wantState: "Completed",
			wantCalls: "verifier locator crm marketing",
		},
		"undeliverable": {
			reason: "rejected: nothing else is asked or told", world: func(w *world) { w.verdict = provider.Undeliverable },
			wantReasons: "Undeliverable Skipped Skipped Skipped Rejected", wantState: "Held", wantCalls: "verifier",
		},
		"disposable": {
			reason: "rejected by default", world: func(w *world) { w.verdict = provider.Disposable },
			wantReasons: "Disposable Skipped Skipped Skipped Rejected", wantState: "Held", wantCalls: "verifier",
		},
		"role": {
			reason: "rejected by default", world: func(w *world) { w.verdict = provider.Role },
			wantReasons: "Role Skipped Skipped Skipped Rejected", wantState: "Held", wantCalls: "verifier",
		},
		"accept-all": {
			reason: "rejected by default", world: func(w *world) { w.verdict = provider.AcceptAll },
			wantReasons: "AcceptAll Skipped Skipped Skipped Rejected", wantState: "Held", wantCalls: "verifier",
		},
		"role accepted": {
			reason: "the pipeline's policy decides", world: func(w *world) { w.verdict = provider.Role }, pipeline: accept,
			wantReasons: "Accepted Located Synced Synced Completed", wantState: "Completed",
			wantCalls: "verifier locator crm marketing",
		},
		"unknown": {
			reason: "never rejected: verified again", world: func(w *world) { w.verdict = provider.Unknown },
			wantReasons: "Retrying Pending Pending Pending Waiting", wantState: "Active", wantCalls: "verifier",
		},
		"unknown, no rechecks": {
			reason: "accepted with a flag", world: func(w *world) { w.verdict = provider.Unknown },
			pipeline:    func(p *v1alpha1.ContactPipeline) { p.Spec.Validation.UnknownRechecks = new(int32(0)) },
			wantReasons: "AcceptedUnknown Located Synced Synced Completed", wantState: "Completed",
			wantCalls: "verifier locator crm marketing",
		},
		"unknown, held": {
			reason: "a person decides", world: func(w *world) { w.verdict = provider.Unknown },
			pipeline: func(p *v1alpha1.ContactPipeline) {
				p.Spec.Validation.UnknownRechecks, p.Spec.Validation.Unknown = new(int32(0)), v1alpha1.UnknownHold
			},
			wantReasons: "Held Pending Pending Pending Stalled", wantState: "Held", wantCalls: "verifier",
		},
		"blank address": {
			reason:      "needs no service to tell",
			submission:  func(s *v1alpha1.ContactSubmission) { s.Spec.Contact.Email = "  " },
			wantReasons: "Undeliverable Skipped Skipped Skipped Rejected", wantState: "Held",
		},
		"endless address": {
			reason:      "needs no service to tell, and would not fit into a Contact",
			submission:  func(s *v1alpha1.ContactSubmission) { s.Spec.Contact.Email = strings.Repeat("ä", 300) + "@example.com" },
			pipeline:    func(p *v1alpha1.ContactPipeline) { p.Spec.Validation = nil },
			wantReasons: "Undeliverable Skipped Skipped Skipped Rejected", wantState: "Held",
		},
		"verifier down": {
			reason:      "waits: an address is never rejected for want of an answer",
			world:       func(w *world) { w.errs["verifier"] = transient("no answer") },
			wantReasons: "Retrying Pending Pending Pending Waiting", wantState: "Active", wantCalls: "verifier",
		},
		"verifier refuses the record": {
			reason:      "that is no verdict",
			world:       func(w *world) { w.errs["verifier"] = provider.Errorf(provider.Invalid, "422") },
			wantReasons: "Retrying Pending Pending Pending Waiting", wantState: "Active", wantCalls: "verifier",
		},
		"no country": {
			reason: "is an end, not a failure", world: func(w *world) { w.country = "" },
			wantReasons: "Deliverable NotFound Synced Synced Completed", wantState: "Completed",
			wantCalls: "verifier locator crm marketing",
		},
		"locator refuses the record": {
			reason:      "then it does not know",
			world:       func(w *world) { w.errs["locator"] = provider.Errorf(provider.Invalid, "422") },
			wantReasons: "Deliverable NotFound Synced Synced Completed", wantState: "Completed",
			wantCalls: "verifier locator crm marketing",
		},
		"locator down": {
			reason: "holds up nothing else", world: func(w *world) { w.errs["locator"] = transient("no answer") },
			wantReasons: "Deliverable Retrying Synced Synced Waiting", wantState: "Active",
			wantCalls: "verifier locator crm marketing",
		},
		"locator down, strict": {
			reason: "holds up what comes after", world: func(w *world) { w.errs["locator"] = transient("no answer") },
			pipeline:    func(p *v1alpha1.ContactPipeline) { p.Spec.Order = v1alpha1.OrderStrict },
			wantReasons: "Deliverable Retrying Pending Pending Waiting", wantState: "Active", wantCalls: "verifier locator",
		},
		"crm down": {
			reason: "does not hold back marketing", world: func(w *world) { w.errs["crm"] = transient("reset") },
			wantReasons: "Deliverable Located Retrying Synced Waiting", wantState: "Active",
			wantCalls: "verifier locator crm marketing",
		},
		"crm down, strict": {
			reason: "holds back marketing", world: func(w *world) { w.errs["crm"] = transient("reset") },
			pipeline:    func(p *v1alpha1.ContactPipeline) { p.Spec.Order = v1alpha1.OrderStrict },
			wantReasons: "Deliverable Located Retrying Pending Waiting", wantState: "Active", wantCalls: "verifier locator crm",
		},
		"crm refuses the record": {
			reason: "a person has to look", world: func(w *world) { w.errs["crm"] = provider.Errorf(provider.Invalid, "422") },
			wantReasons: "Deliverable Located InvalidData Synced Stalled", wantState: "Held",
			wantCalls: "verifier locator crm marketing",
		},
		"crm refuses the record, strict": {
			reason: "what comes after is skipped", world: func(w *world) { w.errs["crm"] = provider.Errorf(provider.Invalid, "422") },
			pipeline:    func(p *v1alpha1.ContactPipeline) { p.Spec.Order = v1alpha1.OrderStrict },
			wantReasons: "Deliverable Located InvalidData Skipped Stalled", wantState: "Held", wantCalls: "verifier locator crm",
		},
		"conflict": {
			reason: "a person has to look", world: func(w *world) { w.errs["crm"] = provider.Errorf(provider.Conflict, "409") },
			wantReasons: "Deliverable Located Conflict Synced Stalled", wantState: "Held",
			wantCalls: "verifier locator crm marketing",
		},
		"stalled and retrying": {
			reason: "is not stalled while something can move",
			world: func(w *world) {
				w.errs["crm"] = provider.Errorf(provider.Invalid, "422")
				w.errs["marketing"] = provider.Errorf(provider.Throttled, "429")
			},
			wantReasons: "Deliverable Located InvalidData Throttled Waiting", wantState: "Active",
			wantCalls: "verifier locator crm marketing",
		},
		"wrong credential": {
			reason: "is the Integration's fault", world: func(w *world) { w.errs["crm"] = provider.Errorf(provider.Auth, "401") },
			wantReasons: "Deliverable Located Misconfigured Synced Waiting", wantState: "Active",
			wantCalls: "verifier locator crm marketing",
		},
		"link refuses to call": {
			reason: "parked: no call is made", world: func(w *world) { w.refuse["marketing"] = &provider.Wait{Message: "suspended"} },
			wantReasons: "Deliverable Located Synced Parked Waiting", wantState: "Active", wantCalls: "verifier locator crm",
		},
		"integration missing": {
			reason: "waits for it", world: func(w *world) { w.missing["verifier"] = true },
			wantReasons: "Misconfigured Pending Pending Pending Waiting", wantState: "Active",
		},
		"integration unsuited": {
			reason:      "a locator can't be told of people",
			pipeline:    func(p *v1alpha1.ContactPipeline) { p.Spec.CRM.IntegrationRef.Name = "locator" },
			wantReasons: "Deliverable Located Misconfigured Synced Waiting", wantState: "Active",
			wantCalls: "verifier locator marketing",
		},
		"nothing configured": {
			reason:      "a pipeline may just collect",
			pipeline:    func(p *v1alpha1.ContactPipeline) { p.Spec = v1alpha1.ContactPipelineSpec{} },
			wantReasons: "NotConfigured NotConfigured NotConfigured NotConfigured Completed", wantState: "Completed",
		},
		"suspended": {
			reason: "parked: no call is made", pipeline: func(p *v1alpha1.ContactPipeline) { p.Spec.Suspend = new(true) },
			wantReasons: "Parked Pending Pending Pending Waiting", wantState: "Active",
		},
		"no answer about marketing": {
			reason:      "is not a yes",
			submission:  func(s *v1alpha1.ContactSubmission) { s.Spec.Consent = nil },
			wantReasons: "Deliverable Located Synced NoConsent Completed", wantState: "Completed", wantCalls: "verifier locator crm",
		},
		"unsubscribed there": {
			reason: "is kept, and said", world: func(w *world) { w.receipt.Suppressed = true },
			pipeline:    func(p *v1alpha1.ContactPipeline) { p.Spec.CRM = nil },
			wantReasons: "Deliverable Located NotConfigured Suppressed Completed", wantState: "Completed",
			wantCalls: "verifier locator marketing",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w, p, s := newWorld(), trial(), sent("a", 0)
			if tc.world != nil {
				tc.world(w)
			}
			if tc.pipeline != nil {
				tc.pipeline(p)
			}
			if tc.submission != nil {
				tc.submission(s)
			}
			w.pass(t, s, p)
			if got := reasons(s); got != tc.wantReasons {
				t.Errorf("%s:\n got %s\nwant %s", tc.reason, got, tc.wantReasons)
			}
			if s.Status.State != tc.wantState {
				t.Errorf("%s: state %s, want %s", tc.reason, s.Status.State, tc.wantState)
			}
			if got := w.takeCalls(); got != tc.wantCalls {
				t.Errorf("%s: called %q, want %q", tc.reason, got, tc.wantCalls)
			}
		})
	}
}

func TestMissingPipelineWaits(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	out := w.pass(t, s, nil)
	if got, want := reasons(s), "Misconfigured Pending Pending Pending Waiting"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	validated := meta.FindStatusCondition(s.Status.Conditions, "Validated")
	if !strings.Contains(validated.Message, "ContactPipeline trial") {
		t.Errorf("the message does not name the pipeline: %q", validated.Message)
	}
	if out.Contact != nil || w.takeCalls() != "" || s.Status.Attempts != nil {
		t.Error("something was done without a pipeline")
	}
}

func TestDuplicateCostsNoCalls(t *testing.T) {
	w := newWorld()
	first, second := sent("a", 0), sent("b", 1)
	w.now = start.Add(2 * time.Second) // both are there when the first is processed
	w.pass(t, first, trial())
	w.takeCalls()
	w.pass(t, second, trial())
	if got, want := reasons(second), "Deliverable Located Unchanged Unchanged Completed"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := w.takeCalls(); got != "locator" { // it may come from elsewhere
		t.Errorf("called %q", got)
	}
	if *w.stored.Status.Submissions != 2 {
		t.Errorf("counted %d", *w.stored.Status.Submissions)
	}
}

func TestInterruptedPassIsFree(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.now = start.Add(time.Second)
	w.pass(t, s, trial())
	w.takeCalls()
	s.Status = v1alpha1.ContactSubmissionStatus{} // the Contact was written, the status was not
	w.pass(t, s, trial())
	if got := w.takeCalls(); got != "" {
		t.Errorf("called %q again", got)
	}
	if got, want := reasons(s), "Deliverable Located Unchanged Unchanged Completed"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if *w.stored.Status.Submissions != 1 {
		t.Errorf("counted %d", *w.stored.Status.Submissions)
	}
}

func TestRetry(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.errs["crm"] = transient("connection reset")
	out := w.pass(t, s, trial())
	f := s.Status.Failures[0]
	if *f.Attempts != 1 || f.Integration != "crm" || f.Class != "Transient" || f.Message != "connection reset" || *s.Status.Attempts != 1 {
		t.Errorf("recorded %+v", f)
	}
	if want := start.Add(firstBackoff + time.Second); !out.NextAttempt.Equal(want) {
		t.Errorf("next attempt at %v, want %v", out.NextAttempt, want)
	}
	if diff := cmp.Diff([]string{"crm"}, out.Waiting); diff != "" {
		t.Error(diff)
	}
	w.takeCalls()

	w.now = start.Add(time.Second)
	w.pass(t, s, trial())
	if got := w.takeCalls(); got != "" {
		t.Errorf("called %q before its time", got)
	}
	w.now = out.NextAttempt
	out = w.pass(t, s, trial())
	if got := w.takeCalls(); got != "crm" || *s.Status.Attempts != 2 {
		t.Errorf("called %q, attempts %d", got, *s.Status.Attempts)
	}
	w.errs["crm"] = provider.Errorf(provider.Auth, "the credentials are refused")
	w.now = out.NextAttempt
	out = w.pass(t, s, trial())
	if *s.Status.Attempts != 2 || !out.NextAttempt.IsZero() {
		t.Errorf("a wrong credential spent an attempt: %d, next %v", *s.Status.Attempts, out.NextAttempt)
	}
	delete(w.errs, "crm")
	w.pass(t, s, trial(), changed("crm"))
	if got, want := reasons(s), "Deliverable Located Synced Synced Completed"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if f := s.Status.Failures[0]; f.NextAttemptTime != nil || *f.Attempts != 2 || f.Class != "Auth" {
		t.Errorf("the story of the failure is not kept: %+v", f)
	}
}

func TestRetryAfterIsAFloor(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.errs["crm"] = &provider.Error{Class: provider.Throttled, Message: "too many requests", RetryAfter: 20 * time.Minute}
	out := w.pass(t, s, trial(), func(in *Input) { in.Jitter = func(time.Duration) time.Duration { return 0 } })
	if earliest := start.Add(20 * time.Minute); out.NextAttempt.Before(earliest) {
		t.Errorf("next attempt at %v, before %v", out.NextAttempt, earliest)
	}
}

func TestBackoffIsBounded(t *testing.T) {
	longest := &pass{Input: Input{Jitter: func(maximum time.Duration) time.Duration { return maximum }}}
	shortest := &pass{Input: Input{Jitter: func(time.Duration) time.Duration { return 0 }}}
	for attempts := int32(1); attempts < 100; attempts++ {
		if d := longest.backoff(attempts); d < firstBackoff || d > maxBackoff {
			t.Errorf("attempt %d waits up to %v", attempts, d)
		}
		if d := shortest.backoff(attempts); d != time.Second {
			t.Errorf("attempt %d waits at least %v", attempts, d)
		}
	}
}

func TestLocationLateReopensWhatHadSynced(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.errs["locator"] = transient("no answer")
	out := w.pass(t, s, trial())
	w.takeCalls()
	delete(w.errs, "locator")
	w.now = out.NextAttempt
	w.pass(t, s, trial())
	if got := w.takeCalls(); got != "locator crm marketing" {
		t.Errorf("called %q: both systems should hear of the country", got)
	}
	if got, want := reasons(s), "Deliverable Located Synced Synced Completed"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestUnknownIsVerifiedAgainThenAccepted(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.verdict = provider.Unknown
	out := w.pass(t, s, trial())
	if earliest := start.Add(time.Minute); out.NextAttempt.Before(earliest) {
		t.Errorf("verified again at %v, before %v", out.NextAttempt, earliest)
	}
	w.now = out.NextAttempt
	w.pass(t, s, trial())
	if got, want := reasons(s), "AcceptedUnknown Located Synced Synced Completed"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := w.takeCalls(); got != "verifier verifier locator crm marketing" {
		t.Errorf("called %q", got)
	}
}

func TestTransientErrorsAreNoUnknownVerdicts(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.errs["verifier"] = transient("no answer")
	for range 5 {
		w.now = w.pass(t, s, trial()).NextAttempt
	}
	delete(w.errs, "verifier")
	w.verdict = provider.Unknown
	w.pass(t, s, trial())
	if got, want := reasons(s), "Retrying Pending Pending Pending Waiting"; got != want {
		t.Errorf("got %s, want %s: the failed calls count as rechecks", got, want)
	}
}

func TestConsentWithdrawnReachesMarketing(t *testing.T) {
	w := newWorld()
	w.pass(t, sent("a", 0), trial())
	w.takeCalls()
	second := sent("b", 1)
	second.Spec.Consent.Marketing = v1alpha1.ConsentDenied
	w.now = start.Add(2 * time.Second)
	w.pass(t, second, trial())
	if got := w.takeCalls(); !strings.Contains(got, "marketing") {
		t.Errorf("called %q: the system that holds the person is not told", got)
	}
}

func TestChangedPipelineIsTriedAtOnce(t *testing.T) {
	w, s, p := newWorld(), sent("a", 0), trial()
	w.errs["crm"] = transient("no answer")
	w.pass(t, s, p)
	w.takeCalls()
	p.Spec.CRM.IntegrationRef.Name = "marketing" // another system takes over
	w.pass(t, s, p)
	if got := w.takeCalls(); got != "marketing" {
		t.Errorf("called %q", got)
	}
}

func TestPassEndsWithItsContext(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Run(ctx, Input{
		Submission: s, Pipeline: trial(), Links: w.links, Now: func() time.Time { return w.now },
		Jitter: func(d time.Duration) time.Duration { return d },
	})
	if err == nil {
		t.Error("a pass that was cut off reports an outcome")
	}
}

func TestStatusIsStable(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.missing["crm"] = true
	w.pass(t, s, trial())
	before := s.Status.DeepCopy()
	for i := range 3 {
		w.now = start.Add(time.Duration(i+1) * time.Hour)
		w.pass(t, s, trial())
	}
	if diff := cmp.Diff(before, &s.Status); diff != "" {
		t.Errorf("waiting changes the status, which costs a write each time:\n%s", diff)
	}
}

func TestHashTellsApart(t *testing.T) {
	base := provider.Request{Key: "k", Payload: []byte("p"), RemoteID: "1"}
	same := base
	same.RemoteID = "2"
	if Hash("u", base) != Hash("u", same) {
		t.Error("the remote id is no content")
	}
	seen := map[string]string{}
	for _, c := range []struct{ uid, key, payload string }{{"u", "k", "p"}, {"uk", "", "p"}, {"u", "kp", ""}, {"v", "k", "p"}} {
		h := Hash(c.uid, provider.Request{Key: c.key, Payload: []byte(c.payload)})
		if other, clash := seen[h]; clash {
			t.Errorf("%v and %s have one hash", c, other)
		}
		seen[h] = fmt.Sprint(c)
	}
}

// TestWaitingPlansNothing: a planned try that was overtaken by something to wait for is no plan any more. Otherwise the
// submission would come back every second for as long as it waits.
func TestWaitingPlansNothing(t *testing.T) {
	tests := map[string]func(*world, *v1alpha1.ContactPipeline) *v1alpha1.ContactPipeline{
		"Integration suspended": func(w *world, p *v1alpha1.ContactPipeline) *v1alpha1.ContactPipeline {
			w.refuse["crm"] = &provider.Wait{Message: "suspended"}
			return p
		},
		"Integration deleted": func(w *world, p *v1alpha1.ContactPipeline) *v1alpha1.ContactPipeline {
			w.missing["crm"] = true
			return p
		},
		"pipeline suspended": func(_ *world, p *v1alpha1.ContactPipeline) *v1alpha1.ContactPipeline {
			p.Spec.Suspend = new(true)
			return p
		},
		"pipeline deleted": func(*world, *v1alpha1.ContactPipeline) *v1alpha1.ContactPipeline { return nil },
	}
	for name, wait := range tests {
		t.Run(name, func(t *testing.T) {
			w, s, p := newWorld(), sent("a", 0), trial()
			w.errs["crm"] = transient("no answer")
			out := w.pass(t, s, p)
			p = wait(w, p)
			w.now = out.NextAttempt
			for range 3 {
				if out = w.pass(t, s, p); !out.NextAttempt.IsZero() {
					t.Errorf("planned for %v", out.NextAttempt)
				}
				w.now = w.now.Add(time.Minute)
			}
		})
	}
}

func TestPanicIsAFailureOfItsStage(t *testing.T) {
	for _, name := range []string{"verifier", "locator", "crm", "marketing"} {
		t.Run(name, func(t *testing.T) {
			w, s := newWorld(), sent("a", 0)
			w.panics = name
			out := w.pass(t, s, trial())
			if got := reasons(s); strings.Count(got, "Retrying") != 1 || s.Status.State != v1alpha1.StateActive {
				t.Errorf("got %s", got)
			}
			if len(out.Failures) != 1 || !out.Failures[0].Err.Unexpected || strings.Contains(fmt.Sprint(s.Status, out.Failures[0].Err), "ada@") {
				t.Errorf("failures %v", out.Failures)
			}
		})
	}
}

func TestLocationFoundInALostPassStillReachesTheSystems(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.errs["locator"] = transient("no answer")
	w.now = w.pass(t, s, trial()).NextAttempt
	before := s.Status.DeepCopy()
	delete(w.errs, "locator")
	w.errs["crm"] = transient("reset")
	w.pass(t, s, trial())
	s.Status = *before // the Contact was written, the status was not
	delete(w.errs, "crm")
	w.takeCalls()
	w.pass(t, s, trial())
	if got := w.takeCalls(); got != "crm" {
		t.Errorf("called %q: the CRM never hears of the country", got)
	}
}

func TestConsentWithdrawnAfterAnAnswerWasLost(t *testing.T) {
	w := newWorld()
	w.errs["marketing"] = transient("no answer") // it may have subscribed the person all the same
	w.pass(t, sent("a", 0), trial())
	delete(w.errs, "marketing")
	w.takeCalls()
	second := sent("b", 1)
	second.Spec.Consent.Marketing = v1alpha1.ConsentDenied
	w.pass(t, second, trial())
	if got := w.takeCalls(); !strings.Contains(got, "marketing") {
		t.Errorf("called %q: marketing may keep the person subscribed", got)
	}
}

func TestRefusedWriteLeavesNoTrace(t *testing.T) {
	w := newWorld()
	w.errs["marketing"] = provider.Errorf(provider.Throttled, "429")
	w.pass(t, sent("a", 0), trial())
	if held := w.stored.Status.Syncs; len(held) != 1 || held[0].Stage != v1alpha1.StageCRMSynced {
		t.Errorf("got %+v", held)
	}
}

func TestBackoffGrowsBesideRetryAfter(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.errs["crm"] = &provider.Error{Class: provider.Transient, Message: "503", RetryAfter: time.Second}
	var last time.Duration
	for range 8 {
		next := w.pass(t, s, trial()).NextAttempt
		if d := next.Sub(w.now); d <= last {
			t.Errorf("waits %v after %v", d, last)
		} else {
			last = d
		}
		w.now = next
	}
}

func TestChangeOfOneIntegrationLeavesOtherPlansAlone(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.errs["marketing"] = &provider.Error{Class: provider.Throttled, Message: "429", RetryAfter: 30 * time.Minute}
	w.errs["crm"] = provider.Errorf(provider.Auth, "the credentials are refused")
	w.pass(t, s, trial())
	w.takeCalls()
	delete(w.errs, "crm")
	w.pass(t, s, trial(), changed("crm"))
	if got := w.takeCalls(); got != "crm" {
		t.Errorf("called %q", got)
	}
}

func TestChangeDoesNotHurryRechecks(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.verdict = provider.Unknown
	w.pass(t, s, trial())
	w.takeCalls()
	w.pass(t, s, trial(), changed("verifier"))
	if got := w.takeCalls(); got != "" {
		t.Errorf("called %q before its time", got)
	}
}

func TestPoisonousRecordIsToldFromAWrongConfiguration(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.errs["crm"] = provider.Errorf(provider.Config, "404")
	w.pass(t, s, trial())
	w.now = start.Add(time.Minute)
	w.pass(t, s, trial())
	if got, want := reasons(s), "Deliverable Located Misconfigured Synced Waiting"; got != want {
		t.Errorf("nobody else has been taken since, yet got %s", got)
	}
	w.lastSuccess = start.Add(90 * time.Second)
	w.now = start.Add(2 * time.Minute)
	w.pass(t, s, trial())
	if got, want := reasons(s), "Deliverable Located InvalidData Synced Stalled"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestVerdictIsUsedAgainUntilItExpires(t *testing.T) {
	w, p := newWorld(), trial()
	p.Spec.Validation.VerdictSeconds = new(int32(3600))
	w.pass(t, sent("a", 0), p)
	w.takeCalls()
	w.now = start.Add(30 * time.Minute)
	w.pass(t, sent("b", 1800), p)
	if got := w.takeCalls(); strings.Contains(got, "verifier") {
		t.Errorf("called %q: the verdict still holds", got)
	}
	if v := w.stored.Status.Verdict; !v.Time.Time.Equal(start) || v.Evidence != "mx" || v.Mailbox != v1alpha1.MailboxOwn {
		t.Errorf("using a verdict again changes it: %+v", v)
	}
	w.now = start.Add(2 * time.Hour)
	w.pass(t, sent("c", 7200), p)
	if got := w.takeCalls(); !strings.Contains(got, "verifier") {
		t.Errorf("called %q: the verdict has expired", got)
	}
}

func asks(key, text string) func(*v1alpha1.ContactSubmission) {
	return func(s *v1alpha1.ContactSubmission) { s.Annotations = map[string]string{key: text} }
}

func TestAccept(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.verdict = provider.Role
	asks(v1alpha1.AnnotationAccept, "in advance")(s)
	w.pass(t, s, trial())
	if got, want := reasons(s), "Role Skipped Skipped Skipped Rejected"; got != want {
		t.Fatalf("accepted in advance: %s", got)
	}
	if !Asked(s) {
		t.Fatal("the request does not count after the rejection")
	}
	w.takeCalls()
	w.pass(t, s, trial())
	if got, want := reasons(s), "Accepted Located Synced Synced Completed"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := w.takeCalls(); got != "locator crm marketing" {
		t.Errorf("called %q", got)
	}
	if strings.Contains(fmt.Sprint(s.Status, w.stored), "in advance") {
		t.Error("the reason is copied")
	}
	if Asked(s) {
		t.Error("the request is acted on twice")
	}
	long := sent("b", 0)
	long.Status = *s.Status.DeepCopy()
	asks(v1alpha1.AnnotationAccept, strings.Repeat("x", 257))(long)
	if Asked(long) {
		t.Error("an endless reason counts")
	}
}

func TestRetryOnRequest(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.errs["crm"] = provider.Errorf(provider.Invalid, "422")
	w.pass(t, s, trial())
	w.takeCalls()
	if Asked(s) {
		t.Error("nobody asked")
	}
	delete(w.errs, "crm")
	asks(v1alpha1.AnnotationRetry, "2026-11-02T10:00:00Z")(s)
	w.pass(t, s, trial())
	if got, want := reasons(s), "Deliverable Located Synced Synced Completed"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := w.takeCalls(); got != "crm marketing" { // marketing holds it already, but a person asks
		t.Errorf("called %q", got)
	}
	if Asked(s) {
		t.Error("the request is acted on twice")
	}
	if *w.stored.Status.Submissions != 1 {
		t.Errorf("counted %d", *w.stored.Status.Submissions)
	}
}

func TestRetryOfARejectedOneAsksAgain(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.verdict = provider.Undeliverable
	w.pass(t, s, trial())
	w.verdict = provider.Deliverable
	asks(v1alpha1.AnnotationRetry, "1")(s)
	w.pass(t, s, trial())
	if got, want := reasons(s), "Deliverable Located Synced Synced Completed"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRemoteIDOfAnotherSystemIsNotUsed(t *testing.T) {
	w := newWorld()
	w.receipt.RemoteID = "51"
	w.pass(t, sent("a", 0), trial())
	held := w.stored.Status.Syncs[0]
	if held.RemoteID != "51" || held.IntegrationUID != "uid-crm" {
		t.Errorf("got %+v", held)
	}
	w.stored.Status.Syncs[0].IntegrationUID, w.stored.Status.Syncs[0].Hash = "another", "another"
	w.receipt.RemoteID = ""
	w.pass(t, sent("b", 1), trial())
	if got := w.stored.Status.Syncs[0].RemoteID; got != "" {
		t.Errorf("kept the id %q of another system", got)
	}
}

func TestUnreadableIntegrationFailsThePass(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	_, err := Run(t.Context(), Input{
		Submission: s, Pipeline: trial(), Now: func() time.Time { return w.now },
		Jitter: func(d time.Duration) time.Duration { return d }, Changed: func(string) bool { return false },
		Links: func(context.Context, string) (Link, error) { return nil, context.DeadlineExceeded },
	})
	if err == nil {
		t.Error("what can't be told is reported as an outcome")
	}
}
