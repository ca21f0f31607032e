package pipeline

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/contact"
)

// TestWhoHasLeftIsNeverPushedAgain, whoever found it out, until a person asks for it.
func TestWhoHasLeftIsNeverPushedAgain(t *testing.T) {
	again := func(s *v1alpha1.ContactSubmission) {
		s.Annotations = map[string]string{v1alpha1.AnnotationRetry: "now"}
	}
	withdrawn := func(s *v1alpha1.ContactSubmission) { s.Spec.Consent.Marketing = v1alpha1.ConsentDenied }
	tests := map[string]struct {
		reason     string
		first      func(*v1alpha1.ContactSubmission)
		sweep      bool   // finds out between the two; or else the first write does
		uid        string // of the Integration that was asked
		second     func(*v1alpha1.ContactSubmission)
		wantCalls  string
		wantReason string
	}{
		"a write has told": {
			reason: "they left", wantCalls: "verifier locator crm", wantReason: v1alpha1.ReasonSuppressed,
		},
		"a sweep has told": {
			reason: "they left", sweep: true, wantCalls: "verifier locator crm", wantReason: v1alpha1.ReasonSuppressed,
		},
		"they withdraw the consent, too": {
			reason: "there is nothing to tell", sweep: true, second: withdrawn, wantCalls: "verifier locator crm", wantReason: v1alpha1.ReasonSuppressed,
		},
		"a person asks": {
			reason: "they may have come back there", sweep: true, second: again, wantCalls: "verifier locator crm marketing", wantReason: v1alpha1.ReasonSynced,
		},
		"another system is in its place": {
			reason: "they have not left that one", sweep: true, uid: "another", wantCalls: "verifier locator crm marketing", wantReason: v1alpha1.ReasonSynced,
		},
		"they had withdrawn the consent here, and give it again": {
			reason: "it was us who had them unsubscribed, so the system is to decide", first: withdrawn,
			wantCalls: "verifier locator crm marketing", wantReason: v1alpha1.ReasonSynced,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w, first := newWorld(), sent("a", 0)
			w.pass(t, sent("z", -60), trial()) // so that the systems hold the person
			if tc.first != nil {
				tc.first(first)
			}
			first.Spec.Contact.Name = "Ada L."
			w.receipt.Suppressed = !tc.sweep
			w.pass(t, first, trial())
			w.receipt.Suppressed = false
			if tc.sweep {
				held := *contact.Sync(w.stored, v1alpha1.StageMarketingSynced, "marketing")
				held.State, held.Hash = v1alpha1.SyncStateSuppressed, ""
				if tc.uid != "" {
					held.IntegrationUID = tc.uid
				}
				contact.SetSync(w.stored, held)
			}
			w.takeCalls()
			second := sent("b", 60)
			second.Spec.Contact.Name = "Ada Lovelace"
			if tc.second != nil {
				tc.second(second)
			}
			w.now = w.now.Add(100 * 24 * time.Hour) // the verdict has expired
			w.pass(t, second, trial())
			if got := w.takeCalls(); got != tc.wantCalls {
				t.Errorf("%s: called %q, want %q", tc.reason, got, tc.wantCalls)
			}
			if c := meta.FindStatusCondition(second.Status.Conditions, string(v1alpha1.StageMarketingSynced)); c.Reason != tc.wantReason {
				t.Errorf("%s: got %s, want %s", tc.reason, c.Reason, tc.wantReason)
			}
		})
	}
}

// TestARetryOfWhoHasLeftIsNotLost: a person asks, and the system can't be reached just then.
func TestARetryOfWhoHasLeftIsNotLost(t *testing.T) {
	w := newWorld()
	w.receipt.Suppressed = true
	w.pass(t, sent("a", 0), trial())
	w.receipt.Suppressed = false
	w.errs["marketing"] = transient("no answer")
	s := sent("b", 1)
	s.Annotations = map[string]string{v1alpha1.AnnotationRetry: "now"}
	w.now = w.pass(t, s, trial()).NextAttempt
	delete(w.errs, "marketing")
	w.takeCalls()
	w.pass(t, s, trial())
	if got := w.takeCalls(); got != "marketing" {
		t.Errorf("called %q", got)
	}
}
