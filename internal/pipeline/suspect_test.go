package pipeline

import (
	"testing"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/provider"
)

func suspected(why v1alpha1.Suspicion) *v1alpha1.ContactSubmission {
	s := sent("a", 0)
	s.Spec.Source.Suspicion = why
	return s
}

func TestSuspicion(t *testing.T) {
	held := "Held Pending Pending Pending Stalled"
	all := "Deliverable Located Synced Synced Completed"
	cases := map[string]struct {
		reason    string
		why       v1alpha1.Suspicion
		want      string
		wantCalls string
	}{
		"failed":         {"no system hears of what a program may have sent", v1alpha1.SuspicionFailed, held, ""},
		"missing":        {"likewise", v1alpha1.SuspicionMissing, held, ""},
		"unchecked":      {"an outage of the captcha service holds nobody up", v1alpha1.SuspicionUnchecked, all, "verifier locator crm marketing"},
		"without script": {"the intake has applied the pipeline's policy", v1alpha1.SuspicionWithoutScript, all, "verifier locator crm marketing"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w, s := newWorld(), suspected(tc.why)
			w.pass(t, s, trial())
			if got := reasons(s); got != tc.want {
				t.Errorf("got %s, want %s: %s", got, tc.want, tc.reason)
			}
			if got := w.takeCalls(); got != tc.wantCalls {
				t.Errorf("called %q, want %q: %s", got, tc.wantCalls, tc.reason)
			}
		})
	}
}

// TestSuspectedIsRescued: accepting says that a person sent it, not that the address is good.
func TestSuspectedIsRescued(t *testing.T) {
	w, s := newWorld(), suspected(v1alpha1.SuspicionFailed)
	asks(v1alpha1.AnnotationAccept, "in advance")(s)
	w.pass(t, s, trial())
	if got := reasons(s); got != "Held Pending Pending Pending Stalled" {
		t.Fatalf("accepted in advance: %s", got)
	}
	if w.stored != nil {
		t.Error("there is a Contact of what is held")
	}
	asks(v1alpha1.AnnotationRetry, "2026-11-02T10:00:00Z")(s)
	w.pass(t, s, trial())
	if got := reasons(s); got != "Held Pending Pending Pending Stalled" {
		t.Errorf("a retry is no acceptance: %s", got)
	}

	// The verifier is away at first: being let in has to outlive that.
	asks(v1alpha1.AnnotationAccept, "I know her")(s)
	w.errs["verifier"] = transient("no answer")
	w.pass(t, s, trial())
	if got := reasons(s); got != "Retrying Pending Pending Pending Waiting" {
		t.Fatalf("accepted, the verifier away: %s", got)
	}
	delete(w.errs, "verifier")
	w.verdict = provider.Role
	w.now = s.Status.Failures[0].NextAttemptTime.Time
	w.pass(t, s, trial())
	if got := reasons(s); got != "Role Skipped Skipped Skipped Rejected" {
		t.Fatalf("accepted, an address that the pipeline rejects: %s", got)
	}
	asks(v1alpha1.AnnotationAccept, "the address, too")(s)
	w.pass(t, s, trial())
	if got := reasons(s); got != "Accepted Located Synced Synced Completed" {
		t.Errorf("accepted twice: %s", got)
	}
}

func TestSuspectedWithoutValidation(t *testing.T) {
	w, s, p := newWorld(), suspected(v1alpha1.SuspicionMissing), trial()
	p.Spec.Validation = nil
	w.pass(t, s, p)
	if got := reasons(s); got != "Held Pending Pending Pending Stalled" {
		t.Errorf("no service is needed to hold it: %s", got)
	}
	asks(v1alpha1.AnnotationAccept, "a person")(s)
	w.pass(t, s, p)
	if got := reasons(s); got != "NotConfigured Located Synced Synced Completed" {
		t.Errorf("accepted: %s", got)
	}
}

// TestWithoutAnAddress: what a form tool sent without an address is kept and rejected. No acceptance makes a Contact of it.
func TestWithoutAnAddress(t *testing.T) {
	w, s, p := newWorld(), sent("a", 0), trial()
	p.Spec.Validation = nil
	s.Spec.Contact, s.Spec.Source.Via = v1alpha1.ContactFields{}, "typeform"
	for _, accept := range []string{"", "please", "please, now"} {
		asks(v1alpha1.AnnotationAccept, accept)(s)
		w.pass(t, s, p)
		if got := reasons(s); got != "Undeliverable Skipped Skipped Skipped Rejected" {
			t.Errorf("%q: %s", accept, got)
		}
		if w.stored != nil || w.takeCalls() != "" {
			t.Fatalf("%q: somebody hears of nobody", accept)
		}
	}
}
