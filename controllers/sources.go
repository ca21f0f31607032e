package controllers

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/link"
)

// checkSources says in a pipeline's conditions whether what its sources and its captcha are checked with is there. The intake
// reads it by a right of its own, which only the intake can tell about: in its log and its metrics. While the pipeline stays as
// it is, the Secrets are looked at every ten seconds at most.
func (r *PipelineReconciler) checkSources(ctx context.Context, p *v1alpha1.ContactPipeline) error {
	named := secretsNamed(p)
	if len(named) == 0 {
		meta.RemoveStatusCondition(&p.Status.Conditions, v1alpha1.ConditionSourcesReady)
		return nil
	}
	key := link.Key{Namespace: p.Namespace, Name: p.Name}
	said := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionSourcesReady)
	if said != nil && said.ObservedGeneration == p.Generation && r.sources.wait(key, r.Now()) > 0 {
		return nil
	}
	var missing []string
	for _, n := range named {
		secret := &corev1.Secret{}
		err := r.Client.Get(ctx, client.ObjectKey{Namespace: p.Namespace, Name: n.ref.Name}, secret)
		switch {
		case apierrors.IsNotFound(err):
			missing = append(missing, fmt.Sprintf("%s: Secret %s does not exist", n.field, n.ref.Name))
		case err != nil:
			return safe(err)
		case len(strings.TrimSpace(string(secret.Data[n.ref.Key]))) == 0:
			missing = append(missing, fmt.Sprintf("%s: Secret %s has no key %s, or it is blank", n.field, n.ref.Name, n.ref.Key))
		}
	}
	r.sources.wrote(key, r.Now())
	condition := metav1.Condition{
		Type: v1alpha1.ConditionSourcesReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReady, ObservedGeneration: p.Generation,
	}
	if len(missing) > 0 {
		condition.Status, condition.Reason, condition.Message = metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound, strings.Join(missing, "; ")
	}
	meta.SetStatusCondition(&p.Status.Conditions, condition)
	return nil
}

// namedSecret is a Secret that a pipeline names, and where.
type namedSecret struct {
	field string
	ref   v1alpha1.SecretKeyReference
}

func secretsNamed(p *v1alpha1.ContactPipeline) []namedSecret {
	var named []namedSecret
	for i := range p.Spec.Sources {
		named = append(named, namedSecret{"spec.sources[" + p.Spec.Sources[i].Name + "]", p.Spec.Sources[i].SecretRef})
	}
	if c := p.Spec.Form.Captcha; c != nil {
		named = append(named, namedSecret{"spec.form.captcha", c.SecretRef})
	}
	return named
}
