package intake

import (
	"context"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"golang.org/x/time/rate"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

const (
	// confirmPatience is how long the API server may take to say whether a pipeline exists.
	confirmPatience = time.Second
	// confirmRate is how often a second it is asked, whatever addresses strangers try.
	confirmRate, confirmBurst = 5, 10
)

// errUnconfirmed is not logged with each request, either: that the API server is away is logged where it is noticed.
var errUnconfirmed = errors.New("the API server does not say whether there is such a ContactPipeline")

// confirmedPipelines asks the API server before it says that there is no such pipeline: a watch that is behind, as it may
// be for half a minute after the API server was away, must not turn visitors of a new form away.
type confirmedPipelines struct {
	Pipelines
	api       client.Reader
	namespace string // "" means all
	asks      *rate.Limiter
}

func confirm(known Pipelines, api client.Reader, namespace string) *confirmedPipelines {
	return &confirmedPipelines{Pipelines: known, api: api, namespace: namespace, asks: rate.NewLimiter(confirmRate, confirmBurst)}
}

// Get returns a pipeline, or nil when there is none. It waits for the API server, shortly, only for one that is not known.
func (p *confirmedPipelines) Get(ctx context.Context, namespace, name string) (*v1alpha1.ContactPipeline, error) {
	pipeline, err := p.Pipelines.Get(ctx, namespace, name)
	switch {
	case pipeline != nil || err != nil:
		return pipeline, err
	case p.namespace != "" && p.namespace != namespace,
		len(validation.IsDNS1123Label(namespace)) > 0, len(validation.IsDNS1123Subdomain(name)) > 0,
		!p.asks.Allow():
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, confirmPatience)
	defer cancel()
	found := &v1alpha1.ContactPipeline{}
	err = p.api.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, found)
	switch {
	case err == nil:
		return found, nil
	case apierrors.IsNotFound(err), apierrors.IsForbidden(err):
		return nil, nil
	}
	return nil, errUnconfirmed
}
