package pipeline

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/contact"
)

// locate finds the country. A country that can't be found is an end, not a failure: the submission goes on without.
func (p *pass) locate(ctx context.Context) outcome {
	stage := p.Pipeline.Spec.Location
	if stage == nil {
		return done("", v1alpha1.ReasonNotConfigured, "")
	}
	integration := stage.IntegrationRef.Name
	if l := p.contact.Status.Location; l != nil && l.Submission == p.Submission.Name && l.Integration == integration {
		return done(integration, v1alpha1.ReasonLocated, "") // found in a pass that did not end
	}
	link, err := p.Links(ctx, integration)
	if err != nil {
		return failed(integration, err)
	}
	locator := link.Provider().Locator
	if locator == nil {
		return unsuited(integration, "locate")
	}
	var country string
	err = link.Call(ctx, func(ctx context.Context) error {
		country, err = locator.Locate(ctx, p.subject())
		return err
	})
	switch {
	case err != nil:
		o := failed(integration, err)
		if o.status == metav1.ConditionFalse { // the service can't use this record: then it does not know
			o.reason = v1alpha1.ReasonNotFound
		}
		return o
	case country == "":
		return ended(integration, v1alpha1.ReasonNotFound, "")
	}
	p.located = true
	contact.SetLocation(p.contact, v1alpha1.ContactLocation{
		Country: country, Integration: integration, FoundAt: metav1.NewTime(p.startedAt), Origin: contact.OriginOf(p.Submission),
	})
	return done(integration, v1alpha1.ReasonLocated, "")
}
