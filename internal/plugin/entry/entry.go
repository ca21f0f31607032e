// Package entry makes a ContactSubmission from what was typed on the command line or read from a file: it cleans the
// values, checks them against the limits of the resource, and computes the name.
package entry

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/contact"
)

// Entry is one submission. Its JSON form is what the name is computed from: adding a field that is left out when absent
// keeps the names of all earlier entries.
type Entry struct {
	Email            string            `json:"email"`
	Name             string            `json:"name,omitempty"`
	Company          string            `json:"company,omitempty"`
	Phone            string            `json:"phone,omitempty"`
	Country          string            `json:"country,omitempty"`
	Channel          string            `json:"channel,omitempty"`
	Page             string            `json:"page,omitempty"`
	Attributes       map[string]string `json:"attributes,omitempty"`
	Consent          v1alpha1.Consent  `json:"consent,omitempty"`
	ConsentStatement string            `json:"consentStatement,omitempty"`
	// ReceivedAt is not part of the name unless it was given with the data.
	ReceivedAt *time.Time `json:"receivedAt,omitempty"`
}

// NameFor computes a name that is always the same for the same content from the same source, and different for anything
// else. source keeps the doors apart through which entries come; key tells apart entries that happen to be equal.
func NameFor(namespace, pipeline, source, key string, e *Entry) (string, error) {
	payload, err := json.Marshal(e)
	if err != nil {
		return "", fmt.Errorf("encode the entry: %w", err)
	}
	return contact.SubmissionName(namespace, pipeline, source, key, payload), nil
}

// Object makes the resource. channel is used when the entry has none. receivedAt may be nil: it is the object's creation
// then.
func (e *Entry) Object(namespace, name, pipeline, channel string, receivedAt *time.Time) *v1alpha1.ContactSubmission {
	s := &v1alpha1.ContactSubmission{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.ContactSubmissionSpec{
			PipelineRef: v1alpha1.LocalReference{Name: pipeline},
			Contact: v1alpha1.ContactFields{
				Email: e.Email, Name: e.Name, Company: e.Company, Phone: e.Phone, Country: e.Country,
			},
			Source: v1alpha1.SubmissionSource{Channel: cmp.Or(e.Channel, channel), Page: e.Page},
		},
	}
	if len(e.Attributes) > 0 {
		s.Spec.Attributes = make(map[string]v1alpha1.AttributeValue, len(e.Attributes))
		for name, value := range e.Attributes {
			s.Spec.Attributes[name] = v1alpha1.AttributeValue(value)
		}
	}
	if receivedAt != nil {
		at := metav1.NewMicroTime(receivedAt.UTC().Truncate(time.Microsecond))
		s.Spec.Source.ReceivedAt = &at
	}
	if e.Consent != "" {
		s.Spec.Consent = &v1alpha1.SubmissionConsent{Marketing: e.Consent, Statement: e.ConsentStatement}
	}
	return s
}
