package ipinfo

import (
	"encoding/json"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/location"
)

// Factory makes the provider IPinfo.
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
	token, err := s.Secret(c.TokenSecretRef)
	if err != nil {
		return provider.Provider{}, err
	}
	asked := (&service{client: s.HTTP, kind: c.Service, base: c.URL, token: token}).asked()
	locator, err := location.NewLocator(location.Options{
		PhoneField: "spec.ipinfo.phoneRegion", PhoneRegion: c.PhoneRegion,
		LookUpField: "spec.ipinfo.lookUp", LookUp: c.LookUp,
		Addresses: asked.Country,
	})
	if err != nil {
		return provider.Provider{}, err
	}
	return provider.Provider{Locator: locator, Health: asked, HealthEvery: location.HealthEvery}, nil
}
