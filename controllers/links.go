package controllers

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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
	"github.com/contact-operator/contact-operator/internal/tracing"
)

// Links makes links from Integrations and their Secrets, and finds them for the stages.
type Links struct {
	// Client reads Integrations from the cache, and Secrets and ConfigMaps from the API server.
	Client client.Client
	// Registry holds the links.
	Registry *link.Registry
	// Providers by the name that spec.provider has.
	Providers map[string]provider.Factory
	// HTTP makes the calls of all providers.
	HTTP *http.Client
	// Metrics are told of each call.
	Metrics *Metrics
	// Tracer follows batches; nil: nobody does.
	Tracer *tracing.Tracer

	refreshing sync.Mutex // from reading an Integration to setting its link, so that no old state replaces a newer one
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
	_, found, err := l.Refresh(ctx, key)
	return found, err
}

// Refresh makes the link of an Integration, or replaces it if its spec, its Secrets or its ConfigMaps have changed, which
// wakes all that wait for it. The link of an Integration that does not exist is removed, and the error is a *provider.Wait.
// Any other error means that something could not be read; the link stays as it was.
func (l *Links) Refresh(ctx context.Context, key link.Key) (*v1alpha1.Integration, *link.Link, error) {
	l.refreshing.Lock()
	defer l.refreshing.Unlock()
	var integration v1alpha1.Integration
	if err := l.Client.Get(ctx, types.NamespacedName(key), &integration); err != nil {
		if apierrors.IsNotFound(err) {
			l.Registry.Remove(key)
			return nil, nil, &provider.Wait{Misconfigured: true, Message: "Integration " + key.Name + " does not exist"}
		}
		return nil, nil, safe(err)
	}
	current, was := l.Registry.Get(key)
	options := optionsOf(&integration)
	options.Tracer = l.Tracer
	options.Observe = func(class string, took time.Duration) {
		l.Metrics.Called(key, string(integration.Spec.Provider), class, took)
	}
	factory, settings, err := l.settings(ctx, &integration)
	var unfit *fault
	switch {
	case errors.As(err, &unfit):
		options.Health = unfit.health
	case err != nil:
		return nil, nil, err
	}
	fingerprint := fingerprintOf(&integration, settings, options.Health)
	same := current != nil && was == fingerprint
	if same && current.Health().Condition != link.InvalidSpec {
		return &integration, current, nil
	}
	if unfit == nil {
		if options.Provider, err = factory.New(settings); err != nil {
			options.Health = link.Health{Condition: link.InvalidSpec, Message: provider.AsError(err).Message}
		} else if current == nil {
			options.Health = remembered(&integration)
		}
	}
	if same && options.Health == current.Health() {
		return &integration, current, nil // what it needs outside of the cluster, a file perhaps, is still not there
	}
	return &integration, l.Registry.Set(key, fingerprint, options), nil
}

const defaultTimeout = 10 * time.Second

// optionsOf is what an Integration's spec says of its link.
func optionsOf(integration *v1alpha1.Integration) link.Options {
	spec := &integration.Spec
	number := func(n *int32) int { return int(valueOf(n)) }
	seconds := func(n *int32) time.Duration { return time.Duration(valueOf(n)) * time.Second }
	options := link.Options{
		UID:        string(integration.UID),
		Suspended:  spec.Suspend != nil && *spec.Suspend,
		Timeout:    cmp.Or(seconds(spec.TimeoutSeconds), defaultTimeout),
		Concurrent: number(spec.Limits.ConcurrentCalls),
		Circuit: link.Circuit{
			FailurePercent: number(spec.Circuit.FailurePercent), MinimumCalls: number(spec.Circuit.MinimumCalls),
			Window: seconds(spec.Circuit.WindowSeconds), OpenFor: seconds(spec.Circuit.OpenSeconds),
			MaxOpenFor: seconds(spec.Circuit.MaxOpenSeconds), ProbeSuccesses: number(spec.Circuit.ProbeSuccesses),
		},
		Batch: link.Batch{
			Records: number(spec.Batch.MaxRecords),
			Linger:  time.Duration(valueOf(spec.Batch.LingerMilliseconds)) * time.Millisecond,
		},
	}
	if limit := spec.Limits.Rate; limit != nil {
		options.Rate = &link.Rate{Calls: int(limit.Calls), Period: cmp.Or(seconds(limit.PeriodSeconds), time.Second)}
	}
	return options
}

func valueOf(n *int32) int32 {
	if n == nil {
		return 0
	}
	return *n
}

// fault says why an Integration has no provider.
type fault struct{ health link.Health }

func (f *fault) Error() string { return f.health.Message }

func faultf(condition link.Condition, format string, args ...any) error {
	return &fault{health: link.Health{Condition: condition, Message: fmt.Sprintf(format, args...)}}
}

// settings gathers what a provider is made from. Its errors are *faults, or say that the API server could not be read.
func (l *Links) settings(ctx context.Context, integration *v1alpha1.Integration) (provider.Factory, provider.Settings, error) {
	settings := provider.Settings{HTTP: l.HTTP, Secrets: map[provider.Ref]string{}, ConfigMaps: map[provider.Ref]string{}}
	factory, known := l.Providers[string(integration.Spec.Provider)]
	if !known {
		return factory, settings, faultf(link.InvalidSpec, "this operator has no provider %s", integration.Spec.Provider)
	}
	spec, err := json.Marshal(integration.Spec)
	if err != nil {
		return factory, settings, faultf(link.InvalidSpec, "spec can't be encoded")
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(spec, &members); err != nil {
		return factory, settings, faultf(link.InvalidSpec, "spec can't be encoded")
	}
	settings.Spec = members[factory.Member]
	refs, err := factory.Refs(settings.Spec)
	if err != nil {
		return factory, settings, faultf(link.InvalidSpec, "%s", provider.AsError(err).Message)
	}
	var missing []string
	for _, ref := range refs.Secrets {
		var secret corev1.Secret
		value, miss, err := l.read(ctx, integration.Namespace, ref, "Secret", &secret, func() (string, bool) {
			value, has := secret.Data[ref.Key]
			return string(value), has
		})
		if err != nil {
			return factory, settings, err
		}
		missing = append(missing, miss...)
		settings.Secrets[ref] = value
	}
	for _, ref := range refs.ConfigMaps {
		var configMap corev1.ConfigMap
		value, miss, err := l.read(ctx, integration.Namespace, ref, "ConfigMap", &configMap, func() (string, bool) {
			value, has := configMap.Data[ref.Key]
			return value, has
		})
		if err != nil {
			return factory, settings, err
		}
		missing = append(missing, miss...)
		settings.ConfigMaps[ref] = value
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return factory, settings, faultf(link.SecretNotFound, "%s; create it in namespace %s",
			strings.Join(slices.Compact(missing), ", "), integration.Namespace)
	}
	return factory, settings, nil
}

// read reads one key of a Secret or a ConfigMap. What does not exist is returned in words.
func (l *Links) read(ctx context.Context, namespace string, ref provider.Ref, kind string, into client.Object, key func() (string, bool)) (
	value string, missing []string, err error,
) {
	err = l.Client.Get(ctx, types.NamespacedName{Namespace: namespace, Name: ref.Name}, into)
	switch value, has := key(); {
	case apierrors.IsNotFound(err):
		return "", []string{fmt.Sprintf("%s %s does not exist", kind, ref.Name)}, nil
	case err != nil:
		return "", nil, safe(err)
	case !has:
		return "", []string{fmt.Sprintf("%s %s has no key %s", kind, ref.Name, ref.Key)}, nil
	default:
		return value, nil, nil
	}
}

// fingerprintOf stands for all that a link is made from. It can't be turned back into the Secrets.
func fingerprintOf(integration *v1alpha1.Integration, settings provider.Settings, health link.Health) string {
	h := sha256.New()
	add := func(parts ...string) {
		for _, part := range parts {
			h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
			h.Write([]byte(part))
		}
	}
	add(string(integration.UID), fmt.Sprint(integration.Generation), string(health.Condition), health.Message)
	for _, values := range []map[provider.Ref]string{settings.Secrets, settings.ConfigMaps} {
		refs := slices.SortedFunc(maps.Keys(values), func(a, b provider.Ref) int {
			return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Key, b.Key))
		})
		for _, ref := range refs {
			add(ref.Name, ref.Key, values[ref])
		}
		add("")
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
		return link.Health{Condition: condition, Message: v1alpha1.Seen(ready.Message)}
	default:
		return link.Health{}
	}
}
