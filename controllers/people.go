package controllers

import (
	"context"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/contact"
	"github.com/contact-operator/contact-operator/internal/link"
)

// People is what those who work on a person share: the turns, and who was erased.
type People struct {
	// Client reads ErasureReceipts from the cache.
	Client client.Client

	turns turns

	mu   sync.Mutex
	wake func([]link.Key)
}

// personOf is the key of the Contact that a submission belongs to.
func personOf(s *v1alpha1.ContactSubmission) link.Key {
	return link.Key{Namespace: s.Namespace, Name: contact.Name(contact.NormaliseAddress(s.Spec.Contact.Email))}
}

// erasureKey stands for the erasure of a person among the things that submissions wait for.
func erasureKey(person link.Key) link.Key {
	return link.Key{Namespace: person.Namespace, Name: "Contact/" + person.Name}
}

// erasedSince tells whether a person was erased after a submission was received.
func (p *People) erasedSince(ctx context.Context, person link.Key, received metav1.MicroTime) (bool, error) {
	var receipt v1alpha1.ErasureReceipt
	err := p.Client.Get(ctx, types.NamespacedName(person), &receipt)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	return err == nil && !received.After(receipt.Spec.ErasedAt.Time), err
}

// notify sets what enqueues submissions whose turn has come.
func (p *People) notify(wake func([]link.Key)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wake = wake
}

func (p *People) call(submissions []link.Key) {
	p.mu.Lock()
	wake := p.wake
	p.mu.Unlock()
	if len(submissions) > 0 && wake != nil {
		wake(submissions)
	}
}
