package pipeline

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/contact"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// locate finds the country. A country that can't be found is an end, not a failure: the submission goes on without.
func (p *pass) locate(ctx context.Context) outcome {
	stage := p.Pipeline.Spec.Location
	if stage == nil {
		return done("", v1alpha1.ReasonNotConfigured, "")
	}
	integration := stage.IntegrationRef.Name
	if l := p.contact.Status.Location; l != nil && l.Submission == p.Submission.Name && l.Integration == integration && !p.again {
		p.located = true // in a pass whose status was not written; nobody knows what the systems were told
		return done(integration, v1alpha1.ReasonLocated, "")
	}
	link, err := p.Links(ctx, integration)
	if err != nil {
		return unavailable(integration, err)
	}
	locator := link.Provider().Locator
	if locator == nil {
		return unsuited(integration, "locate")
	}
	found, local := withoutCall(locator, p.subject())
	if !local {
		err = link.Call(ctx, func(ctx context.Context) error {
			found, err = locator.Locate(ctx, p.subject())
			return err
		})
	}
	switch {
	case err != nil:
		o := p.failed(v1alpha1.StageLocated, integration, link, err)
		if o.status == metav1.ConditionFalse { // the service can't use this record: then it does not know
			o.reason = v1alpha1.ReasonNotFound
		}
		return o
	case found.Country == "":
		return ended(integration, v1alpha1.ReasonNotFound, "")
	}
	p.located = true
	contact.SetLocation(p.contact, v1alpha1.ContactLocation{
		Country: found.Country, Source: v1alpha1.LocationSource(found.Source), Disagreement: found.Disagreement, Phone: found.Phone,
		Integration: integration, FoundAt: metav1.NewTime(p.startedAt), Origin: contact.OriginOf(p.Submission),
	})
	return done(integration, v1alpha1.ReasonLocated, "")
}

// withoutCall is what a locator can tell by itself.
func withoutCall(locator provider.Locator, s provider.Submission) (found provider.Location, ok bool) {
	if l, is := locator.(provider.LocalLocator); is {
		return l.LocateLocally(s)
	}
	return provider.Location{}, false
}
