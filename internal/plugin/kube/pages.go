package kube

import (
	"context"
	"errors"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// pageSize is how many objects are read at a time: memory stays small, and so does each request.
const pageSize = 500

// ErrEnough ends a walk over pages early, without an error.
var ErrEnough = errors.New("enough")

// EachSubmission calls visit for every ContactSubmission that options select, one page at a time, in the order of names.
func EachSubmission(
	ctx context.Context, c client.Reader, visit func(*v1alpha1.ContactSubmission) error, options ...client.ListOption,
) error {
	return each(ctx, c, func() (client.ObjectList, func() error) {
		list := &v1alpha1.ContactSubmissionList{}
		return list, func() error { return eachOf(list.Items, visit) }
	}, options)
}

// EachContact calls visit for every Contact that options select, one page at a time, in the order of names.
func EachContact(
	ctx context.Context, c client.Reader, visit func(*v1alpha1.Contact) error, options ...client.ListOption,
) error {
	return each(ctx, c, func() (client.ObjectList, func() error) {
		list := &v1alpha1.ContactList{}
		return list, func() error { return eachOf(list.Items, visit) }
	}, options)
}

// Pipelines reads every ContactPipeline that options select.
func Pipelines(ctx context.Context, c client.Reader, options ...client.ListOption) ([]v1alpha1.ContactPipeline, error) {
	var all []v1alpha1.ContactPipeline
	err := each(ctx, c, func() (client.ObjectList, func() error) {
		list := &v1alpha1.ContactPipelineList{}
		return list, func() error { all = append(all, list.Items...); return nil }
	}, options)
	return all, err
}

// Integrations reads every Integration that options select.
func Integrations(ctx context.Context, c client.Reader, options ...client.ListOption) ([]v1alpha1.Integration, error) {
	var all []v1alpha1.Integration
	err := each(ctx, c, func() (client.ObjectList, func() error) {
		list := &v1alpha1.IntegrationList{}
		return list, func() error { all = append(all, list.Items...); return nil }
	}, options)
	return all, err
}

// names reads the names of at most one page of a kind's objects, for completion.
func names(ctx context.Context, c client.Reader, kind, namespace string) ([]string, error) {
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind + "List"))
	if err := c.List(ctx, list, client.InNamespace(namespace), client.Limit(pageSize)); err != nil {
		return nil, err
	}
	found := make([]string, len(list.Items))
	for i := range list.Items {
		found[i] = list.Items[i].Name
	}
	return found, nil
}

func eachOf[T any](items []T, visit func(*T) error) error {
	for i := range items {
		if err := visit(&items[i]); err != nil {
			return err
		}
	}
	return nil
}

// each reads pages into fresh lists. When the pages took longer than the API server remembers, it goes on from the same
// name with what is there now.
func each(
	ctx context.Context, c client.Reader, page func() (client.ObjectList, func() error), options []client.ListOption,
) error {
	next := ""
	for {
		list, visit := page()
		err := c.List(ctx, list, append(slices.Clone(options), client.Limit(pageSize), client.Continue(next))...)
		if again := afterExpiry(err); again != "" && again != next {
			next = again
			continue
		}
		if err != nil {
			return err
		}
		if err := visit(); errors.Is(err, ErrEnough) {
			return nil
		} else if err != nil {
			return err
		}
		if next = list.GetContinue(); next == "" {
			return nil
		}
	}
}

// afterExpiry returns the token with which a list whose token has expired can go on, or "".
func afterExpiry(err error) string {
	status := (*apierrors.StatusError)(nil)
	if !apierrors.IsResourceExpired(err) || !errors.As(err, &status) {
		return ""
	}
	return status.ErrStatus.Continue
}
