package status

import (
	"fmt"

	"k8s.io/apimachinery/pkg/types"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// severity says how much harm the state of a link does.
type severity int

const (
	fine     severity = iota // nothing to do
	doubtful                 // may mend itself, or is wanted
	failing                  // fails, and is tried again by itself
	broken                   // stays so until a person mends it
	halted                   // nothing moves at all
)

var severities = map[string]severity{
	v1alpha1.ReasonReady:               fine,
	healthNotUsed:                      fine,
	healthNotChecked:                   doubtful,
	v1alpha1.ReasonSuspended:           doubtful,
	v1alpha1.ReasonFailing:             failing,
	v1alpha1.ReasonInvalidSpec:         broken,
	v1alpha1.ReasonSecretNotFound:      broken,
	v1alpha1.ReasonUnauthorized:        broken,
	v1alpha1.ReasonRefused:             broken,
	v1alpha1.ReasonIntegrationNotFound: broken,
	v1alpha1.ReasonIntegrationUnsuited: broken,
	healthPipelineMissing:              broken,
	healthNotPickedUp:                  halted,
}

const healthPipelineMissing = "PipelineNotFound"

// severityOf takes a reason that this version does not know for a failure.
func severityOf(health string) severity {
	if s, known := severities[health]; known {
		return s
	}
	return failing
}

// advice says what to do about a link, for somebody who has been woken by it.
func advice(l Link, pipeline types.NamespacedName) string {
	integration := fmt.Sprintf("%s -n %s", l.Integration, pipeline.Namespace)
	switch l.Health {
	case v1alpha1.ReasonFailing:
		return "Nothing is lost: submissions wait, and go on by themselves once the system answers. Ask its owner whether it is up; " +
			"kubectl describe cint " + integration
	case v1alpha1.ReasonUnauthorized:
		return "Renew the credentials in its Secret; submissions go on by themselves within a minute. kubectl describe cint " + integration
	case v1alpha1.ReasonRefused:
		return "The system says that the request itself is wrong: correct the url, headers or body. kubectl edit cint " + integration
	case v1alpha1.ReasonInvalidSpec:
		return "Correct the place that the message names; submissions go on at once. kubectl edit cint " + integration
	case v1alpha1.ReasonSecretNotFound:
		return "Create the Secret or key that the message names; submissions go on by themselves within a minute."
	case v1alpha1.ReasonSuspended:
		if l.Integration == "" {
			return fmt.Sprintf("Somebody switched it off. To go on: kubectl patch cpipe %s -n %s --type merge -p '{\"spec\":{\"suspend\":false}}'",
				pipeline.Name, pipeline.Namespace)
		}
		return fmt.Sprintf("Somebody switched it off. To go on: kubectl patch cint %s --type merge -p '{\"spec\":{\"suspend\":false}}'", integration)
	case v1alpha1.ReasonIntegrationNotFound:
		if l.Integration == "" {
			return fmt.Sprintf("Create the Integration, or name another one: kubectl edit cpipe %s -n %s", pipeline.Name, pipeline.Namespace)
		}
		return fmt.Sprintf("Create Integration %s in namespace %s, or name another one: kubectl edit cpipe %s -n %s",
			l.Integration, pipeline.Namespace, pipeline.Name, pipeline.Namespace)
	case v1alpha1.ReasonIntegrationUnsuited:
		return fmt.Sprintf("Name an Integration that offers what the stage needs: kubectl edit cpipe %s -n %s", pipeline.Name, pipeline.Namespace)
	case healthPipelineMissing:
		return fmt.Sprintf("Create ContactPipeline %s in namespace %s; its submissions go on at once.", pipeline.Name, pipeline.Namespace)
	case healthNotPickedUp:
		return "Nothing is lost, but nothing moves. Does the operator run, and can it write? " +
			"kubectl get pods -A -l app.kubernetes.io/name=contact-operator"
	case healthNotChecked:
		return "The operator has not looked at it yet. If that lasts longer than a minute, does the operator run? " +
			"kubectl get pods -A -l app.kubernetes.io/name=contact-operator"
	default:
		return "kubectl describe cint " + integration
	}
}
