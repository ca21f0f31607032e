package controllers

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// reportData puts into an Integration's status how the data does that its provider answers from. It returns what tells of a change,
// for when the status has been written.
func (r *IntegrationReconciler) reportData(integration *v1alpha1.Integration, data *provider.Data) (tell func()) {
	conditions := &integration.Status.Conditions
	if data == nil {
		meta.RemoveStatusCondition(conditions, v1alpha1.ConditionDataCurrent)
		return func() {}
	}
	was := ""
	if before := meta.FindStatusCondition(*conditions, v1alpha1.ConditionDataCurrent); before != nil {
		was = before.Reason
	}
	current := dataCurrent(data)
	current.ObservedGeneration = integration.Generation
	meta.SetStatusCondition(conditions, current)
	return func() {
		switch {
		case current.Reason == was:
		case current.Status == metav1.ConditionFalse:
			r.Recorder.Eventf(integration, nil, corev1.EventTypeWarning, current.Reason, "Read", "%s", current.Message)
		case was != "":
			r.Recorder.Eventf(integration, nil, corev1.EventTypeNormal, current.Reason, "Read", "%s", current.Message)
		}
	}
}

func dataCurrent(data *provider.Data) metav1.Condition {
	if data.Fault != "" {
		return metav1.Condition{
			Type: v1alpha1.ConditionDataCurrent, Status: metav1.ConditionFalse, Reason: string(data.Fault), Message: data.Message,
		}
	}
	return metav1.Condition{
		Type: v1alpha1.ConditionDataCurrent, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonCurrent,
		Message: "made on " + data.Built.UTC().Format("2006-01-02"),
	}
}
