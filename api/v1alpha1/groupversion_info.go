// Package v1alpha1 holds the resources of contact-operator.io/v1alpha1: ContactSubmission, Contact, ContactPipeline and
// Integration, with the conditions and reasons that their status uses.
//
// +kubebuilder:object:generate=true
// +groupName=contact-operator.io
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the API group and version of every kind in this package.
var GroupVersion = schema.GroupVersion{Group: "contact-operator.io", Version: "v1alpha1"}

// AddToScheme registers the kinds of this package.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion,
		&Contact{}, &ContactList{},
		&ContactPipeline{}, &ContactPipelineList{},
		&ContactSubmission{}, &ContactSubmissionList{},
		&ErasureReceipt{}, &ErasureReceiptList{},
		&Integration{}, &IntegrationList{},
	)
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
