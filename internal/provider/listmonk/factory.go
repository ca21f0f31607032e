package listmonk

import (
	"encoding/json"
	"strings"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/expression"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
)

// Factory makes the provider Listmonk.
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
	base, err := httpx.BaseURL("spec.listmonk.url", c.URL)
	if err != nil {
		return provider.Provider{}, err
	}
	if strings.HasSuffix(base, "/api") {
		return provider.Provider{}, provider.Errorf(provider.Config, "spec.listmonk.url: give it without /api")
	}
	token, err := s.Secret(c.TokenSecretRef)
	if err != nil {
		return provider.Provider{}, err
	}
	environments, err := expression.NewEnvironments()
	if err != nil {
		return provider.Provider{}, err
	}
	attributes, err := mapping.Compile("spec.listmonk.attributes", environments.Contact, c.Attributes, nil)
	if err != nil {
		return provider.Provider{}, err
	}
	i := &instance{client: s.HTTP, base: base, credentials: c.User + ":" + token}
	w := &writer{instance: i, targets: c.Lists, confirmation: c.Confirmation, attributes: attributes}
	w.lists = mapping.NewCheck(w.checkLists)
	return provider.Provider{Upserter: w, Eraser: &eraser{i}, Suppressions: &lister{w}, Health: w}, nil
}
