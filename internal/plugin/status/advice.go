package status

import (
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

// operatorPods shows whether the operator runs.
const operatorPods = "kubectl get pods -A -l app.kubernetes.io/name=contact-operator"

// advice says what to do about a link, for somebody who has been woken by it, and the command that it begins with.
func advice(l Link, pipeline types.NamespacedName) (text, command string) {
	onIntegration := func(verb string) string {
		return "kubectl " + verb + " cint " + l.Integration + " -n " + pipeline.Namespace
	}
	onPipeline := func(verb string) string {
		return "kubectl " + verb + " cpipe " + pipeline.Name + " -n " + pipeline.Namespace
	}
	switch l.Health {
	case v1alpha1.ReasonFailing:
		return "Nothing is lost: submissions wait, and go on by themselves once the system answers. Ask its owner whether it is up.",
			onIntegration("describe")
	case v1alpha1.ReasonUnauthorized:
		return "Renew the credentials in its Secret; submissions go on by themselves within a minute.", onIntegration("describe")
	case v1alpha1.ReasonRefused:
		return "The system says that the request itself is wrong: correct the url, the headers or the body.", onIntegration("edit")
	case v1alpha1.ReasonInvalidSpec:
		return "Correct the place that the message names; submissions go on at once.", onIntegration("edit")
	case v1alpha1.ReasonSecretNotFound:
		return "Create the Secret or the key that the message names; submissions go on by themselves within a minute.", ""
	case v1alpha1.ReasonSuspended:
		text, goOn := "Somebody has switched it off. Nothing is lost; to go on, unset suspend.", ` --type merge -p '{"spec":{"suspend":false}}'`
		if l.Integration == "" {
			return text, onPipeline("patch") + goOn
		}
		return text, onIntegration("patch") + goOn
	case v1alpha1.ReasonIntegrationNotFound:
		return "Create that Integration, or name another one in the pipeline; submissions go on at once.", onPipeline("edit")
	case v1alpha1.ReasonIntegrationUnsuited:
		return "Name an Integration that offers what the stage needs.", onPipeline("edit")
	case healthPipelineMissing:
		return "Create that ContactPipeline; its submissions go on at once.", ""
	case healthNotPickedUp:
		return "Nothing is lost, but nothing moves. Does the operator run, and can it write?", operatorPods
	case healthNotChecked:
		return "The operator has not looked at it yet. If that lasts for more than a minute: does the operator run?", operatorPods
	default:
		return "This plugin does not know that state; it may be older than the operator.", onIntegration("describe")
	}
}
