// Package person gathers what a cluster holds of one person: the Contact, the submissions, and the receipt of an erasure.
package person

import (
	"cmp"
	"context"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/contact"
	"github.com/contact-operator/contact-operator/internal/plugin/kube"
)

// Person is what one namespace holds of a person. The same address in another namespace is another person.
type Person struct {
	Namespace string `json:"namespace"`
	// ContactName is the name that the person's Contact has, or would have.
	ContactName string                   `json:"contactName"`
	Contact     *v1alpha1.Contact        `json:"contact,omitempty"`
	Receipt     *v1alpha1.ErasureReceipt `json:"receipt,omitempty"`
	// Submissions, the newest first; those that the operator has not looked at yet are among them.
	Submissions []v1alpha1.ContactSubmission `json:"submissions"`
}

// Find gathers the people of a Contact's name, by namespace: at most one unless the cluster is read as a whole. It costs
// a few requests, and one for each 500 submissions that the operator has not looked at yet.
func Find(ctx context.Context, cluster *kube.Cluster, name string) ([]*Person, error) {
	found := map[string]*Person{}
	in := func(namespace string) *Person {
		if found[namespace] == nil {
			found[namespace] = &Person{Namespace: namespace, ContactName: name, Submissions: []v1alpha1.ContactSubmission{}}
		}
		return found[namespace]
	}
	scope := client.InNamespace(cluster.Scope())
	err := kube.EachContact(ctx, cluster, func(c *v1alpha1.Contact) error {
		in(c.Namespace).Contact = c
		return nil
	}, scope, client.MatchingFields{"metadata.name": name})
	if err != nil {
		return nil, err
	}
	keep := func(s *v1alpha1.ContactSubmission) {
		p := in(s.Namespace)
		p.Submissions = append(p.Submissions, *s)
	}
	err = kube.EachSubmission(ctx, cluster, func(s *v1alpha1.ContactSubmission) error {
		keep(s)
		return nil
	}, scope, kube.OfContact(name))
	if err != nil {
		return nil, err
	}
	err = kube.EachSubmission(ctx, cluster, func(s *v1alpha1.ContactSubmission) error {
		if contact.Name(contact.NormaliseAddress(s.Spec.Contact.Email)) == name {
			keep(s)
		}
		return nil
	}, scope, kube.Unpicked)
	if err != nil {
		return nil, err
	}
	receipts := &v1alpha1.ErasureReceiptList{}
	err = cluster.List(ctx, receipts, scope, client.MatchingFields{"metadata.name": name})
	// A receipt is an addition here: somebody without the right to read them still finds the rest.
	if err != nil && !apierrors.IsForbidden(err) && !kube.Missing(err) {
		return nil, err
	}
	for i := range receipts.Items {
		in(receipts.Items[i].Namespace).Receipt = &receipts.Items[i]
	}

	people := make([]*Person, 0, len(found))
	for _, p := range found {
		p.sort()
		people = append(people, p)
	}
	slices.SortFunc(people, func(a, b *Person) int { return cmp.Compare(a.Namespace, b.Namespace) })
	return people, nil
}

func (p *Person) sort() {
	slices.SortFunc(p.Submissions, func(a, b v1alpha1.ContactSubmission) int {
		return cmp.Or(Received(&b).Compare(Received(&a)), cmp.Compare(a.Name, b.Name))
	})
	// A submission that was picked up between the two reads was read twice.
	p.Submissions = slices.CompactFunc(p.Submissions, func(a, b v1alpha1.ContactSubmission) bool { return a.UID == b.UID })
}

// Received is when a submission was received.
func Received(s *v1alpha1.ContactSubmission) time.Time {
	if at := s.Spec.Source.ReceivedAt; at != nil {
		return at.Time
	}
	return s.CreationTimestamp.Time
}
