package espocrm

import (
	"encoding/json"
	"strings"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/expression"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
)

// Factory makes the provider EspoCRM.
func Factory() provider.Factory {
	return provider.Factory{Member: member, Refs: refs, New: newProvider}
}

func refs(spec json.RawMessage) (provider.Refs, error) {
	c, err := decode(spec)
	if err != nil {
		return provider.Refs{}, err
	}
	list := []provider.Ref{c.APIKeySecretRef}
	if c.HMACSecretRef != nil {
		list = append(list, *c.HMACSecretRef)
	}
	return provider.Refs{Secrets: list}, nil
}

func newProvider(s provider.Settings) (provider.Provider, error) {
	c, err := decode(s.Spec)
	if err != nil {
		return provider.Provider{}, err
	}
	base, err := httpx.BaseURL("spec.espocrm.url", c.URL)
	if err != nil {
		return provider.Provider{}, err
	}
	if strings.HasSuffix(base, "/api/v1") {
		return provider.Provider{}, provider.Errorf(provider.Config, "spec.espocrm.url: give it without /api/v1")
	}
	key, err := s.Secret(c.APIKeySecretRef)
	if err != nil {
		return provider.Provider{}, err
	}
	secret := ""
	if c.HMACSecretRef != nil {
		if secret, err = s.Secret(*c.HMACSecretRef); err != nil {
			return provider.Provider{}, err
		}
	}
	environments, err := expression.NewEnvironments()
	if err != nil {
		return provider.Provider{}, err
	}
	fields, err := mapping.Compile("spec.espocrm.fields", environments.Contact, c.Fields, map[string]string{
		addressAttribute: "it is always the address", "emailAddressData": "emailAddress is always the address", "id": "EspoCRM gives it",
	})
	if err != nil {
		return provider.Provider{}, err
	}
	i := &instance{client: s.HTTP, base: base + "/api/v1", key: key, secret: secret, entity: c.Entity, fields: fields}
	i.checked = mapping.NewCheck(i.checkFields)
	w := &writer{instance: i, placeholder: c.Placeholder}
	return provider.Provider{Upserter: w, Health: i, Eraser: &eraser{instance: i, fieldsFirst: c.Erase == eraseAndDelete}}, nil
}
