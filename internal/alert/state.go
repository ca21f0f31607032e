package alert

import (
	"context"
	"errors"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// State is what alerts are computed from. It is only read. Completed submissions need not be in it.
type State struct {
	Integrations []v1alpha1.Integration
	Pipelines    []v1alpha1.ContactPipeline
	Submissions  []v1alpha1.ContactSubmission
}

// Read reads the state. Give it the manager's cache: it lists everything, and copies nothing.
func Read(ctx context.Context, cache client.Reader) (State, error) {
	var (
		integrations v1alpha1.IntegrationList
		pipelines    v1alpha1.ContactPipelineList
		submissions  v1alpha1.ContactSubmissionList
	)
	err := errors.Join(
		cache.List(ctx, &integrations, client.UnsafeDisableDeepCopy),
		cache.List(ctx, &pipelines, client.UnsafeDisableDeepCopy),
		cache.List(ctx, &submissions, client.UnsafeDisableDeepCopy),
	)
	return State{Integrations: integrations.Items, Pipelines: pipelines.Items, Submissions: submissions.Items}, err
}
