package main

import (
	"encoding/json"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/contact"
)

// The copies differ from the original in name and address, not in size, and the original stays as it is.
func TestTemplateCopies(t *testing.T) {
	const email, other = "person-aaaa@example.com", "person-bbbb@example.com"
	original := template{
		submission: v1alpha1.ContactSubmission{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: contact.RandomName(), ResourceVersion: "7"},
			Spec:       specOf(email, pipelineName),
			Status:     v1alpha1.ContactSubmissionStatus{State: v1alpha1.StateCompleted, ContactName: contact.Name(email)},
		},
		contact: *contact.New(namespace, email),
	}
	before := size(t, original.submission, original.contact)

	received, status, person := original.received(other), original.completed(other), original.person(other)
	if received.ResourceVersion != "" || received.Name == original.submission.Name || received.Status.State != "" {
		t.Errorf("received is no new submission: %+v", received)
	}
	if status.ContactName != person.Name || person.Name != contact.Name(other) {
		t.Errorf("the status names Contact %q, and %q is made of %q", status.ContactName, person.Name, other)
	}
	if received.Spec.Contact.Email != other || person.Spec.Email != other {
		t.Errorf("the copies are those of %q and %q, want %q", received.Spec.Contact.Email, person.Spec.Email, other)
	}
	received.ResourceVersion, received.Status = original.submission.ResourceVersion, status
	if after := size(t, *received, *person); after != before {
		t.Errorf("the copies have %d bytes, the original %d", after, before)
	}
	if original.submission.Spec.Contact.Email != email || original.contact.Spec.Email != email {
		t.Error("the original has changed")
	}
}

func size(t *testing.T, objects ...any) int {
	t.Helper()
	data, err := json.Marshal(objects)
	if err != nil {
		t.Fatal(err)
	}
	return len(data)
}
