package intake

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// Contacts reads master records, one by name.
type Contacts interface {
	// Get returns a Contact, or nil when there is none or it is being erased.
	Get(ctx context.Context, namespace, name string) (*v1alpha1.Contact, error)
}

const (
	// contactTimeout is how long a visitor waits to be known. After that, everything is asked.
	contactTimeout = 2 * time.Second
	// contactReads bounds the reads in flight: creating submissions comes first.
	contactReads = 4
	// contactQueue bounds the reads that wait or are in flight.
	contactQueue = 256
)

// errManyContacts is not about one Contact.
var errManyContacts = errors.New("too many reads of Contacts are waiting")

// apiContacts asks the API server. The intake can't list Contacts: it reads those that a token names.
type apiContacts struct {
	client client.Reader
	slots  chan struct{}
	queue  chan struct{}
}

func newAPIContacts(c client.Reader) *apiContacts {
	return &apiContacts{client: c, slots: make(chan struct{}, contactReads), queue: make(chan struct{}, contactQueue)}
}

// Get reads a Contact within two seconds, waiting for a slot included.
func (c *apiContacts) Get(ctx context.Context, namespace, name string) (*v1alpha1.Contact, error) {
	select {
	case c.queue <- struct{}{}:
		defer func() { <-c.queue }()
	default:
		return nil, errManyContacts
	}
	ctx, cancel := context.WithTimeout(ctx, contactTimeout)
	defer cancel()
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return nil, fmt.Errorf("no free slot among %d: %w", cap(c.slots), ctx.Err())
	}
	contact := &v1alpha1.Contact{}
	err := c.client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, contact)
	if apierrors.IsNotFound(err) || (err == nil && !contact.DeletionTimestamp.IsZero()) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a Contact: %w", err)
	}
	return contact, nil
}
