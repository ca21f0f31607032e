package mailchimp

import (
	"encoding/json"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/expression"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
)

// Factory makes the provider Mailchimp.
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
	key, err := s.Secret(c.APIKeySecretRef)
	if err != nil {
		return provider.Provider{}, err
	}
	raw, err := c.baseURL(key)
	if err != nil {
		return provider.Provider{}, err
	}
	base, err := httpx.BaseURL("spec.mailchimp.url", raw)
	if err != nil {
		return provider.Provider{}, err
	}
	environments, err := expression.NewEnvironments()
	if err != nil {
		return provider.Provider{}, err
	}
	fields, err := mapping.Compile("spec.mailchimp.mergeFields", environments.Contact, c.MergeFields,
		map[string]string{emailField: "it is always the address"})
	if err != nil {
		return provider.Provider{}, err
	}
	tags, err := compileTags(environments.Contact, c)
	if err != nil {
		return provider.Provider{}, err
	}
	a := newAudience(s.HTTP, base, key, c.Audience, fields)
	w := &writer{audience: a, confirmation: c.Confirmation, tags: tags}
	p := provider.Provider{
		Upserter: w, Health: a, Suppressions: &lister{a}, Eraser: &eraser{audience: a, forGood: c.Erase == deletePermanent},
	}
	if c.Confirmation == doubleOptIn {
		p.Batch = w
	}
	return p, nil
}
