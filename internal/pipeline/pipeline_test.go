package pipeline

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/provider"
)

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
		"locator away, its answer known": {
			reason: "needs no call, so waits for none",
			world: func(w *world) {
				w.local, w.refuse["locator"] = true, &provider.Wait{Busy: true, Message: "Integration locator is failing"}
			},
			submission:  func(s *v1alpha1.ContactSubmission) { s.Spec.Contact.Country = "DE" },
			wantReasons: "Deliverable Located Synced Synced Completed", wantState: "Completed", wantCalls: "verifier crm marketing",
		},
		"locator away": {
			reason: "where it has to be asked, that waits",
			world: func(w *world) {
				w.local, w.refuse["locator"] = true, &provider.Wait{Busy: true, Message: "Integration locator is failing"}
			},
			wantReasons: "Deliverable Parked Synced Synced Waiting", wantState: "Active", wantCalls: "verifier crm marketing",
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
