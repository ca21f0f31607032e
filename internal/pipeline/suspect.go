package pipeline

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// suspected tells whether a submission waits for a person because it may come from a program. Whoever accepts it has looked at
// it, and says that a person sent it, not that the address is good: the address is checked like any other. Once accepted, it
// is never suspected again.
func (p *pass) suspected() bool {
	return p.Submission.Spec.Source.Suspicion.Holds() && p.Submission.Status.LastHandledAccept == ""
}

func heldForPerson() outcome {
	return outcome{
		status: metav1.ConditionUnknown, reason: v1alpha1.ReasonHeld,
		message: "a program may have sent this: it waits for a person, who accepts it or leaves it",
	}
}
