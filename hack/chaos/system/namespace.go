package system

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// samples is the namespace of the launcher's samples.
const samples = "contacts"

// NewNamespace copies the samples' Secrets, Integrations and pipelines into a namespace of their own, each Integration and
// pipeline after its change, and waits until all are ready. So a run starts with links that remember nothing.
func (s *System) NewNamespace(ctx context.Context, name string, integration func(*v1alpha1.Integration), pipeline func(*v1alpha1.ContactPipeline)) error {
	var secrets corev1.SecretList
	var integrations v1alpha1.IntegrationList
	var pipelines v1alpha1.ContactPipelineList
	for _, list := range []client.ObjectList{&secrets, &integrations, &pipelines} {
		if err := s.Client.List(ctx, list, client.InNamespace(samples)); err != nil {
			return err
		}
	}
	fresh := func(old string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: name, Name: old} }
	objects := []client.Object{&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}}
	for _, o := range secrets.Items {
		objects = append(objects, &corev1.Secret{ObjectMeta: fresh(o.Name), Data: o.Data})
	}
	for _, o := range integrations.Items {
		if o.Spec.Provider != v1alpha1.ProviderHTTP {
			continue // built in: no outside system
		}
		one := &v1alpha1.Integration{ObjectMeta: fresh(o.Name), Spec: o.Spec}
		integration(one)
		objects = append(objects, one)
	}
	for _, o := range pipelines.Items {
		if o.Spec.Marketing == nil {
			continue
		}
		one := &v1alpha1.ContactPipeline{ObjectMeta: fresh(o.Name), Spec: o.Spec}
		pipeline(one)
		objects = append(objects, one)
	}
	for _, o := range objects {
		if err := s.Client.Create(ctx, o); err != nil {
			return fmt.Errorf("creating %T %s: %w", o, o.GetName(), err)
		}
	}
	if err := s.awaitReady(ctx, name); err != nil {
		return err
	}
	return s.awaitForms(ctx, objects)
}

// awaitForms waits until the intake serves every pipeline's form. After an outage of the API server it may take half a minute
// until the intake hears of a new one.
func (s *System) awaitForms(ctx context.Context, objects []client.Object) error {
	for _, o := range objects {
		if _, ok := o.(*v1alpha1.ContactPipeline); !ok {
			continue
		}
		url := s.IntakeURL("/v1/" + o.GetNamespace() + "/" + o.GetName() + "/form")
		err := wait.PollUntilContextTimeout(ctx, 250*time.Millisecond, 2*time.Minute, true, func(ctx context.Context) (bool, error) {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
			if err != nil {
				return false, err
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				return false, nil //nolint:nilerr // it may be starting again
			}
			return resp.StatusCode == http.StatusOK, resp.Body.Close()
		})
		if err != nil {
			return fmt.Errorf("the intake does not serve the form of pipeline %s/%s: %w", o.GetNamespace(), o.GetName(), err)
		}
	}
	return nil
}

// Retire removes the Integrations and pipelines of a namespace, so that nothing more is done for it.
func (s *System) Retire(ctx context.Context, namespace string) error {
	return errors.Join(
		s.Client.DeleteAllOf(ctx, &v1alpha1.ContactPipeline{}, client.InNamespace(namespace)),
		s.Client.DeleteAllOf(ctx, &v1alpha1.Integration{}, client.InNamespace(namespace)),
	)
}

// UseTLS makes an Integration call the sandbox's TLS port.
func (s *System) UseTLS(i *v1alpha1.Integration) {
	for _, url := range urls(i) {
		*url = strings.Replace(*url, s.SandboxURL(), s.SandboxTLSURL(), 1)
	}
}

func urls(i *v1alpha1.Integration) []*string {
	var all []*string
	if h := i.Spec.HTTP; h != nil {
		if h.Verify != nil {
			all = append(all, &h.Verify.URL)
		}
		if h.Locate != nil {
			all = append(all, &h.Locate.URL)
		}
		if h.Upsert != nil {
			all = append(all, &h.Upsert.URL)
		}
		if h.Erase != nil {
			all = append(all, &h.Erase.URL)
		}
	}
	return all
}

func (s *System) awaitReady(ctx context.Context, namespace string) error {
	last := errors.New("the operator has not looked yet")
	err := wait.PollUntilContextTimeout(ctx, 250*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		last = s.ready(ctx, namespace)
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("namespace %s does not become ready: %w", namespace, last)
	}
	return nil
}

func (s *System) ready(ctx context.Context, namespace string) error {
	var integrations v1alpha1.IntegrationList
	var pipelines v1alpha1.ContactPipelineList
	if err := s.Client.List(ctx, &integrations, client.InNamespace(namespace)); err != nil {
		return err
	}
	if err := s.Client.List(ctx, &pipelines, client.InNamespace(namespace)); err != nil {
		return err
	}
	conditions := map[string][]metav1.Condition{}
	for _, i := range integrations.Items {
		conditions["Integration "+i.Name] = i.Status.Conditions
	}
	for _, p := range pipelines.Items {
		conditions["ContactPipeline "+p.Name] = p.Status.Conditions
	}
	for what, cs := range conditions {
		if !meta.IsStatusConditionTrue(cs, v1alpha1.ConditionReady) {
			return fmt.Errorf("%s is not Ready", what)
		}
	}
	return nil
}
