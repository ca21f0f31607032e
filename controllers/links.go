package controllers

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/link"
	"github.com/contact-operator/contact-operator/internal/pipeline"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// Links makes links from Integrations and their Secrets, and finds them for the stages.
type Links struct {
	// Client reads Integrations from the cache and Secrets from the API server.
	Client client.Client
	// Registry holds the links.
	Registry *link.Registry
	// Providers by the name that spec.provider has.
	Providers map[string]provider.Factory
	// HTTP makes the calls of all providers.
	HTTP *http.Client

	setting sync.Mutex // one replaces a link at a time
}

// In returns what finds the links of a namespace.
func (l *Links) In(namespace string) pipeline.Links {
	return func(ctx context.Context, name string) (pipeline.Link, error) {
		found, err := l.find(ctx, namespace, name)
		if err != nil {
			return nil, err
		}
		return found, found.Usable()
	}
}

// find returns the link of an Integration, and makes it when nobody has yet: after a start, submissions may come up before
// their Integrations.
func (l *Links) find(ctx context.Context, namespace, name string) (*link.Link, error) {
	key := link.Key{Namespace: namespace, Name: name}
	if found, _ := l.Registry.Get(key); found != nil {
		return found, nil
	}
	var integration v1alpha1.Integration
	if err := l.Client.Get(ctx, types.NamespacedName(key), &integration); err != nil {
		if apierrors.IsNotFound(err) {
			return nil, &provider.Wait{Misconfigured: true, Message: "Integration " + name + " does not exist"}
		}
		return nil, safe(err)
	}
	return l.Refresh(ctx, &integration)
}

// Refresh replaces the link of an Integration if its spec or its Secrets have changed, which wakes all that wait for it.
// An error means that they could not be read; the link stays as it was.
func (l *Links) Refresh(ctx context.Context, integration *v1alpha1.Integration) (*link.Link, error) {
	options := link.Options{
		UID:       string(integration.UID),
		Suspended: integration.Spec.Suspend != nil && *integration.Spec.Suspend,
		Timeout:   defaultTimeout,
	}
	if seconds := integration.Spec.TimeoutSeconds; seconds != nil {
		options.Timeout = time.Duration(*seconds) * time.Second
	}
	factory, settings, err := l.settings(ctx, integration)
	var fault *fault
	switch {
	case errors.As(err, &fault):
		options.Health = fault.health
	case err != nil:
		return nil, err
	}

	l.setting.Lock()
	defer l.setting.Unlock()
	key := link.Key{Namespace: integration.Namespace, Name: integration.Name}
	fingerprint := fingerprintOf(integration, settings.Secrets, options.Health)
	current, was := l.Registry.Get(key)
	if current != nil && was == fingerprint {
		return current, nil
	}
	if fault == nil {
		if options.Provider, err = factory.New(settings); err != nil {
			options.Health = link.Health{Condition: link.InvalidSpec, Message: provider.AsError(err).Message}
		} else if current == nil {
			options.Health = remembered(integration)
		}
	}
	return l.Registry.Set(key, fingerprint, options), nil
}

const defaultTimeout = 10 * time.Second

// fault says why an Integration has no provider.
type fault struct{ health link.Health }

func (f *fault) Error() string { return f.health.Message }

func faultf(condition link.Condition, format string, args ...any) error {
	return &fault{health: link.Health{Condition: condition, Message: fmt.Sprintf(format, args...)}}
}

// settings gathers what a provider is made from. Its errors are *faults, or say that the API server could not be read.
func (l *Links) settings(ctx context.Context, integration *v1alpha1.Integration) (provider.Factory, provider.Settings, error) {
	settings := provider.Settings{HTTP: l.HTTP, Secrets: map[provider.SecretRef]string{}}
	factory, known := l.Providers[string(integration.Spec.Provider)]
	if !known {
		return factory, settings, faultf(link.InvalidSpec, "this operator has no provider %s", integration.Spec.Provider)
	}
	spec, err := json.Marshal(integration.Spec.HTTP)
	if err != nil {
		return factory, settings, faultf(link.InvalidSpec, "spec.http can't be encoded")
	}
	settings.Spec = spec
	refs, err := factory.SecretRefs(spec)
	if err != nil {
		return factory, settings, faultf(link.InvalidSpec, "%s", provider.AsError(err).Message)
	}
	var missing []string
	for _, ref := range refs {
		var secret corev1.Secret
		err := l.Client.Get(ctx, types.NamespacedName{Namespace: integration.Namespace, Name: ref.Name}, &secret)
		switch value, has := secret.Data[ref.Key]; {
		case apierrors.IsNotFound(err):
			missing = append(missing, fmt.Sprintf("Secret %s does not exist", ref.Name))
		case err != nil:
			return factory, settings, safe(err)
		case !has:
			missing = append(missing, fmt.Sprintf("Secret %s has no key %s", ref.Name, ref.Key))
		default:
			settings.Secrets[ref] = string(value)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return factory, settings, faultf(link.SecretNotFound, "%s; create it in namespace %s",
			strings.Join(slices.Compact(missing), ", "), integration.Namespace)
	}
	return factory, settings, nil
}

// fingerprintOf stands for all that a link is made from. It can't be turned back into the Secrets.
func fingerprintOf(integration *v1alpha1.Integration, secrets map[provider.SecretRef]string, health link.Health) string {
	parts := []string{string(integration.UID), fmt.Sprint(integration.Generation), string(health.Condition), health.Message}
	refs := make([]provider.SecretRef, 0, len(secrets))
	for ref := range secrets {
		refs = append(refs, ref)
	}
	slices.SortFunc(refs, func(a, b provider.SecretRef) int {
		return strings.Compare(a.Name+"/"+a.Key, b.Name+"/"+b.Key)
	})
	for _, ref := range refs {
		parts = append(parts, ref.Name, ref.Key, secrets[ref])
	}
	h := sha256.New()
	for _, part := range parts {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// remembered is how a link did before the operator started, as its Integration's status says, so that a restart neither
// forgets an outage nor runs into a system that has refused us.
func remembered(integration *v1alpha1.Integration) link.Health {
	ready := meta.FindStatusCondition(integration.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.ObservedGeneration != integration.Generation {
		return link.Health{}
	}
	switch condition := link.Condition(ready.Reason); condition {
	case link.Failing, link.Unauthorized, link.Refused:
		return link.Health{Condition: condition, Message: ready.Message}
	default:
		return link.Health{}
	}
}
