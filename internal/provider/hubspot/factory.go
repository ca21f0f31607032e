package hubspot

import (
	"encoding/json"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/expression"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
)

// Factory makes the provider HubSpot.
func Factory() provider.Factory {
	return provider.Factory{Member: member, Refs: refs, New: newProvider}
}

func refs(spec json.RawMessage) (provider.Refs, error) {
	c, err := decode(spec)
	if err != nil {
		return provider.Refs{}, err
	}
	return provider.Refs{Secrets: []provider.Ref{c.TokenSecretRef}}, nil
}

func newProvider(s provider.Settings) (provider.Provider, error) {
	c, err := decode(s.Spec)
	if err != nil {
		return provider.Provider{}, err
	}
	base, err := httpx.BaseURL("spec.hubspot.url", c.URL)
	if err != nil {
		return provider.Provider{}, err
	}
	token, err := s.Secret(c.TokenSecretRef)
	if err != nil {
		return provider.Provider{}, err
	}
	environments, err := expression.NewEnvironments()
	if err != nil {
		return provider.Provider{}, err
	}
	fields, err := mapping.Compile("spec.hubspot.properties", environments.Contact, c.Properties,
		map[string]string{emailProperty: "it is always the address"})
	if err != nil {
		return provider.Provider{}, err
	}
	a := &account{client: s.HTTP, base: base, token: token, fields: fields}
	a.properties = mapping.NewCheck(a.checkProperties)
	w := &writer{account: a}
	return provider.Provider{
		Upserter: w, Batch: w, Health: a,
		Eraser: &eraser{account: a, forGood: c.Erase == gdprDelete},
	}, nil
}
