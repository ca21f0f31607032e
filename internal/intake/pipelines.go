package intake

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// Pipelines knows the ContactPipelines.
type Pipelines interface {
	// Get returns a pipeline, or nil when there is none. It does not wait for the API server for one that is known.
	Get(ctx context.Context, namespace, name string) (*v1alpha1.ContactPipeline, error)
	// Synced says whether every pipeline is known by now.
	Synced() bool
}

// newScheme knows the project's own kinds, and those of the core.
func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	return scheme, errors.Join(v1alpha1.AddToScheme(scheme), corev1.AddToScheme(scheme))
}

// newMapper names the four resources that the intake deals with, so that it starts, and goes on, without asking the API
// server for its discovery documents.
func newMapper() meta.RESTMapper {
	mapper := meta.NewDefaultRESTMapper([]schema.GroupVersion{v1alpha1.GroupVersion, corev1.SchemeGroupVersion})
	mapper.Add(v1alpha1.GroupVersion.WithKind("ContactPipeline"), meta.RESTScopeNamespace)
	mapper.Add(v1alpha1.GroupVersion.WithKind("ContactSubmission"), meta.RESTScopeNamespace)
	mapper.Add(v1alpha1.GroupVersion.WithKind("Contact"), meta.RESTScopeNamespace)
	mapper.Add(corev1.SchemeGroupVersion.WithKind("Secret"), meta.RESTScopeNamespace)
	return mapper
}

// cachedPipelines answers from a watch. While the API server is away, it answers with what it knew last.
type cachedPipelines struct {
	cache     cache.Cache
	informer  cache.Informer
	namespace string
}

// newCachedPipelines prepares the watch; the caller runs its cache. An empty namespace means all of them.
func newCachedPipelines(ctx context.Context, cfg *rest.Config, scheme *runtime.Scheme, namespace string, log logr.Logger) (*cachedPipelines, error) {
	options := cache.Options{
		Scheme:                      scheme,
		Mapper:                      newMapper(),
		ReaderFailOnMissingInformer: true,
		DefaultTransform:            cache.TransformStripManagedFields(),
		DefaultWatchErrorHandler: func(ctx context.Context, r *toolscache.Reflector, err error) {
			if advice := watchAdvice(err); advice != "" {
				log.Error(err, advice)
				return
			}
			toolscache.DefaultWatchErrorHandler(ctx, r, err)
		},
	}
	if namespace != "" {
		options.DefaultNamespaces = map[string]cache.Config{namespace: {}}
	}
	c, err := cache.New(cfg, options)
	if err != nil {
		return nil, fmt.Errorf("prepare the watch on ContactPipelines: %w", err)
	}
	informer, err := c.GetInformer(ctx, &v1alpha1.ContactPipeline{}, cache.BlockUntilSynced(false))
	if err != nil {
		return nil, fmt.Errorf("prepare the watch on ContactPipelines: %w", err)
	}
	return &cachedPipelines{cache: c, informer: informer, namespace: namespace}, nil
}

// watchAdvice says what to do about a watch that fails for a reason that does not pass by itself; "" for all others.
func watchAdvice(err error) string {
	switch {
	case apierrors.IsForbidden(err):
		return "can't watch ContactPipelines, so no form is known: allow the intake's ServiceAccount to get, list and watch contactpipelines"
	case apierrors.IsUnauthorized(err):
		return "can't watch ContactPipelines, so no form is known: check the credentials in the intake's kubeconfig or its ServiceAccount token"
	case apierrors.IsNotFound(err):
		return "can't watch ContactPipelines, so no form is known: install the CRDs"
	}
	return ""
}

func (p *cachedPipelines) Synced() bool { return p.informer.HasSynced() }

func (p *cachedPipelines) Get(ctx context.Context, namespace, name string) (*v1alpha1.ContactPipeline, error) {
	if p.namespace != "" && p.namespace != namespace {
		return nil, nil
	}
	pipeline := &v1alpha1.ContactPipeline{}
	err := p.cache.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, pipeline)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up a pipeline: %w", err)
	}
	return pipeline, nil
}

// List returns all pipelines, or an error until they are known.
func (p *cachedPipelines) List(ctx context.Context) ([]v1alpha1.ContactPipeline, error) {
	if !p.Synced() {
		return nil, errNotSynced
	}
	var all v1alpha1.ContactPipelineList
	if err := p.cache.List(ctx, &all, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list the pipelines: %w", err)
	}
	return all.Items, nil
}
