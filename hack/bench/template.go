package main

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/contact"
)

// template is a completed submission and its Contact, as the system made them. What is written without the operator are
// copies, so it has the same size.
type template struct {
	submission v1alpha1.ContactSubmission
	contact    v1alpha1.Contact
}

// templateOf makes a template of a completed submission.
func templateOf(ctx context.Context, c client.Client, completed *v1alpha1.ContactSubmission) (template, error) {
	t := template{submission: *completed}
	name := contact.Name(contact.NormaliseAddress(completed.Spec.Contact.Email))
	return t, c.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &t.contact)
}

// received is the submission of another address, as it is when it has been received.
func (t template) received(email string) *v1alpha1.ContactSubmission {
	s := &v1alpha1.ContactSubmission{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: contact.RandomName()},
		Spec:       *t.submission.Spec.DeepCopy(),
	}
	s.Spec.Contact.Email = email
	return s
}

// completed is the status in the end.
func (t template) completed(email string) v1alpha1.ContactSubmissionStatus {
	status := *t.submission.Status.DeepCopy()
	status.ContactName = contact.Name(email)
	return status
}

// person is the Contact of another address.
func (t template) person(email string) *v1alpha1.Contact {
	c := &v1alpha1.Contact{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: contact.Name(email), Finalizers: t.contact.Finalizers},
		Spec:       *t.contact.Spec.DeepCopy(),
	}
	c.Spec.Email = email
	return c
}
