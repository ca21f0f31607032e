package pipeline

import (
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// TestReadyTellsTheStory: whoever reads Ready alone knows what the submission waits for, where to look, and what to do.
func TestReadyTellsTheStory(t *testing.T) {
	tests := map[string]struct {
		reason string
		change func(w *world, s *v1alpha1.ContactSubmission, p *v1alpha1.ContactPipeline)
		want   string
	}{
		"waits": {
			"when it is tried again is told there",
			func(w *world, _ *v1alpha1.ContactSubmission, _ *v1alpha1.ContactPipeline) {
				w.errs["crm"] = transient("away")
			},
			"Waiting: CRMSynced is Retrying (see Integration crm)",
		},
		"waits for its pipeline": {
			"no Integration is at fault",
			func(_ *world, _ *v1alpha1.ContactSubmission, p *v1alpha1.ContactPipeline) { p.Spec.Suspend = new(true) },
			"Waiting: Validated is Parked",
		},
		"rejected": {
			"a person may know better",
			func(w *world, _ *v1alpha1.ContactSubmission, _ *v1alpha1.ContactPipeline) { w.verdict = provider.Role },
			"Rejected: the address is Role, which the pipeline rejects. To do: let it pass, if it is wanted, by the annotation contact-operator.io/accept",
		},
		"stalled": {
			"nothing moves it but a person",
			func(w *world, _ *v1alpha1.ContactSubmission, _ *v1alpha1.ContactPipeline) {
				w.errs["crm"] = provider.Errorf(provider.Invalid, "refused")
			},
			"Stalled: CRMSynced is InvalidData. To do: mend what the stage tells of, then ask for another try by the annotation contact-operator.io/retry-requested-at",
		},
		"held": {
			"a person decides",
			func(_ *world, s *v1alpha1.ContactSubmission, _ *v1alpha1.ContactPipeline) {
				s.Spec.Source.Suspicion = v1alpha1.SuspicionFailed
			},
			"Stalled: Validated is Held. To do: let it pass, if it is wanted, by the annotation contact-operator.io/accept",
		},
		"done": {"there is nothing to say", func(*world, *v1alpha1.ContactSubmission, *v1alpha1.ContactPipeline) {}, "Completed: "},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w, s, p := newWorld(), sent("a", 0), trial()
			tc.change(w, s, p)
			w.pass(t, s, p)
			ready := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady)
			if got := ready.Reason + ": " + ready.Message; got != tc.want {
				t.Errorf("%s: got %q, want %q", tc.reason, got, tc.want)
			}
		})
	}
}
