package salesforce

import (
	"encoding/json"
	"time"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/expression"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
)

// Factory makes the provider Salesforce.
func Factory() provider.Factory { return FactoryAt(time.Now) }

// FactoryAt is Factory with a clock, by which assertions are dated.
func FactoryAt(now provider.Clock) provider.Factory {
	return provider.Factory{Member: member, Refs: refs, New: func(s provider.Settings) (provider.Provider, error) { return newProvider(s, now) }}
}

func refs(spec json.RawMessage) (provider.Refs, error) {
	c, err := decode(spec)
	if err != nil {
		return provider.Refs{}, err
	}
	if c.JWT != nil {
		return provider.Refs{Secrets: []provider.Ref{c.JWT.PrivateKeySecretRef}}, nil
	}
	return provider.Refs{Secrets: []provider.Ref{*c.ClientSecretRef}}, nil
}

func newProvider(s provider.Settings, now provider.Clock) (provider.Provider, error) {
	c, err := decode(s.Spec)
	if err != nil {
		return provider.Provider{}, err
	}
	base, err := httpx.BaseURL("spec.salesforce.url", c.URL)
	if err != nil {
		return provider.Provider{}, err
	}
	grant, err := newGrant(s, c, base)
	if err != nil {
		return provider.Provider{}, err
	}
	environments, err := expression.NewEnvironments()
	if err != nil {
		return provider.Provider{}, err
	}
	fields, err := mapping.Compile("spec.salesforce.fields", environments.Contact, c.Fields, map[string]string{
		emailField: "it is always the address", c.ExternalIDField: "it is the key", "Id": "Salesforce gives it", "attributes": "it is no field",
	})
	if err != nil {
		return provider.Provider{}, err
	}
	o := &org{
		client: s.HTTP, version: c.APIVersion, object: c.Object, externalID: c.ExternalIDField, fields: fields,
		placeholder: c.Placeholder, saveAnyway: c.DuplicateRules == saveAnyway,
		signIn: &signIn{client: s.HTTP, url: base + tokenPath, grant: grant, now: now, turn: make(chan struct{}, 1)},
	}
	o.checked = mapping.NewCheck(o.checkFields)
	w := &writer{org: o}
	return provider.Provider{Upserter: w, Batch: w, Health: o, Eraser: &eraser{org: o}}, nil
}
