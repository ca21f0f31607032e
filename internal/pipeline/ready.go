package pipeline

import (
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// derive sums the stages up: as the condition Ready for people, and as the one scalar for selectors. Rejected comes
// first, then whatever can still move, then what needs a person, then completed. waitsAt says where to look.
func derive(conditions *[]metav1.Condition, now metav1.Time, waitsAt func(v1alpha1.Stage) string) v1alpha1.SubmissionState {
	var waiting, pending, stalled []string
	rejected := ""
	for _, stage := range v1alpha1.Stages {
		c := meta.FindStatusCondition(*conditions, string(stage))
		switch {
		case c == nil:
			pending = append(pending, string(stage))
		case stage == v1alpha1.StageValidated && c.Status == metav1.ConditionFalse:
			rejected = c.Reason
		case c.Reason == v1alpha1.ReasonHeld, c.Reason == v1alpha1.ReasonInvalidData, c.Reason == v1alpha1.ReasonConflict:
			stalled = append(stalled, string(stage)+" is "+c.Reason)
		case c.Reason == v1alpha1.ReasonPending:
			pending = append(pending, string(stage))
		case c.Status == metav1.ConditionUnknown:
			waiting = append(waiting, string(stage)+" is "+c.Reason+waitsAt(stage))
		}
	}
	held := meta.FindStatusCondition(*conditions, string(v1alpha1.StageValidated))
	if held != nil && held.Reason == v1alpha1.ReasonHeld {
		pending = nil // the others wait for the same person
	}

	ready := metav1.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionUnknown, LastTransitionTime: now}
	state := v1alpha1.StateActive
	switch {
	case rejected != "":
		ready.Status, ready.Reason, state = metav1.ConditionFalse, v1alpha1.ReasonRejected, v1alpha1.StateHeld
		ready.Message = "the address is " + rejected + ", which the pipeline rejects" + v1alpha1.ToDo + "let it pass, if it is wanted, by the annotation " + v1alpha1.AnnotationAccept
	case len(waiting) > 0:
		ready.Reason, ready.Message = v1alpha1.ReasonWaiting, strings.Join(waiting, ", ")
	case len(pending) > 0:
		ready.Reason, ready.Message = v1alpha1.ReasonInProgress, strings.Join(pending, ", ")+" to come"
	case len(stalled) > 0:
		ready.Status, ready.Reason, state = metav1.ConditionFalse, v1alpha1.ReasonStalled, v1alpha1.StateHeld
		ready.Message = strings.Join(stalled, ", ") + v1alpha1.ToDo + toDo(held)
	default:
		ready.Status, ready.Reason, state = metav1.ConditionTrue, v1alpha1.ReasonCompleted, v1alpha1.StateCompleted
	}
	meta.SetStatusCondition(conditions, ready)
	return state
}

// toDo is what a person has to do about a submission that nothing moves.
func toDo(validated *metav1.Condition) string {
	if validated != nil && validated.Reason == v1alpha1.ReasonHeld {
		return "let it pass, if it is wanted, by the annotation " + v1alpha1.AnnotationAccept
	}
	return "mend what the stage tells of, then ask for another try by the annotation " + v1alpha1.AnnotationRetry
}

// waitsAt says where to look for what a stage waits for: when a link is tried again is its Integration's to tell, and changes too
// often to be written down here.
func (p *pass) waitsAt(stage v1alpha1.Stage) string {
	if p.Pipeline == nil || isTrue(p.Pipeline.Spec.Suspend) || p.integration(stage) == "" {
		return ""
	}
	return " (see Integration " + p.integration(stage) + ")"
}
