package brevo

import (
	"encoding/json"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/expression"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
)

// Factory makes the provider Brevo.
func Factory() provider.Factory {
	return provider.Factory{Member: member, Refs: refs, New: newProvider}
}

func refs(spec json.RawMessage) (provider.Refs, error) {
	c, err := decode(spec)
	if err != nil {
		return provider.Refs{}, err
	}
	return provider.Refs{Secrets: []provider.Ref{c.APIKeySecretRef}}, nil
}

func newProvider(s provider.Settings) (provider.Provider, error) {
	c, err := decode(s.Spec)
	if err != nil {
		return provider.Provider{}, err
	}
	base, err := httpx.BaseURL("spec.brevo.url", c.URL)
	if err != nil {
		return provider.Provider{}, err
	}
	key, err := s.Secret(c.APIKeySecretRef)
	if err != nil {
		return provider.Provider{}, err
	}
	environments, err := expression.NewEnvironments()
	if err != nil {
		return provider.Provider{}, err
	}
	attributes, err := mapping.Compile("spec.brevo.attributes", environments.Contact, c.Attributes,
		map[string]string{emailAttribute: "it is always the address"})
	if err != nil {
		return provider.Provider{}, err
	}
	a := newAccount(s.HTTP, base, key, c.Lists, attributes)
	return provider.Provider{Upserter: &writer{a}, Eraser: &eraser{a}, Suppressions: &lister{a}, Health: a}, nil
}
