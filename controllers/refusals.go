package controllers

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/link"
)

// refusedPerson is an index of the cache: the submissions that were rejected or held for a verdict, by the person.
const refusedPerson = "refusedPerson"

func indexRefused(o client.Object) []string {
	if s, ok := o.(*v1alpha1.ContactSubmission); ok && s.Status.Verdict != nil {
		return []string{s.Status.ContactName}
	}
	return nil
}

// refusalsRead is how many refused submissions of a person are looked at. Nearly all have the same verdict, of the same time:
// one was asked for, and the others use it again.
const refusalsRead = 16

// refusalBefore is the newest verdict by which another submission of a person was rejected or held, nil when there is none. Such
// submissions are in the cache, so this asks nothing of the API server.
func (r *SubmissionReconciler) refusalBefore(ctx context.Context, s *v1alpha1.ContactSubmission, person link.Key) (*v1alpha1.ContactVerdict, error) {
	var list v1alpha1.ContactSubmissionList
	err := r.Client.List(ctx, &list, client.InNamespace(person.Namespace), client.MatchingFields{refusedPerson: person.Name},
		client.Limit(refusalsRead), client.UnsafeDisableDeepCopy)
	if err != nil {
		return nil, err
	}
	var newest *v1alpha1.ContactVerdict
	for i := range list.Items {
		if v := list.Items[i].Status.Verdict; v != nil && list.Items[i].UID != s.UID && (newest == nil || newest.Time.Before(&v.Time)) {
			newest = v
		}
	}
	return newest.DeepCopy(), nil // the list is the cache's own
}
