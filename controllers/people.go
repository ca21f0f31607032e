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
	// Known reads the metadata of Contacts from the cache.
	Known client.Reader

	turns turns

	mu   sync.Mutex
	wake func([]link.Key)
	// found are those whose Contact was seen or made here before the cache showed it.
	found map[link.Key]struct{}
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

// isNew tells whether a person's Contact need not be read because there is none: the cache, which holds the metadata of all,
// knows of none, and none was found here that the cache has not shown yet. When it errs, because the cache is behind what
// somebody else has written, the API server refuses to create the Contact, and the next pass reads it.
func (p *People) isNew(ctx context.Context, person link.Key) (bool, error) {
	known := &metav1.PartialObjectMetadata{}
	known.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("Contact"))
	err := p.Known.Get(ctx, types.NamespacedName(person), known)
	if err != nil && !apierrors.IsNotFound(err) {
		return false, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		delete(p.found, person)
		return false, nil
	}
	_, found := p.found[person]
	return !found, nil
}

// noteFound is told that a person's Contact is there, so that it is read also while the cache does not show it.
func (p *People) noteFound(person link.Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found == nil {
		p.found = make(map[link.Key]struct{})
	}
	p.found[person] = struct{}{}
}

// noteGone is told that the API server has no Contact of a person.
func (p *People) noteGone(person link.Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.found, person)
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
