package reacher

import (
	"encoding/json"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/verification"
)

// Config is the reacher member of an Integration's spec. Its names are those of the API; a test in the catalog holds the two
// together.
type Config struct {
	URL             string        `json:"url"`
	HeaderSecretRef *provider.Ref `json:"headerSecretRef,omitempty"`
}

const (
	member   = "reacher"
	vendor   = "Reacher"
	urlField = "spec.reacher.url"
)

// Factory makes the provider Reacher.
func Factory() provider.Factory {
	return provider.Factory{Member: member, Refs: refs, New: newProvider}
}

func decode(spec json.RawMessage) (c Config, err error) {
	return c, provider.Decode(member, spec, &c)
}

func refs(spec json.RawMessage) (provider.Refs, error) {
	c, err := decode(spec)
	if err != nil || c.HeaderSecretRef == nil {
		return provider.Refs{}, err
	}
	return provider.Refs{Secrets: []provider.Ref{*c.HeaderSecretRef}}, nil
}

func newProvider(s provider.Settings) (provider.Provider, error) {
	c, err := decode(s.Spec)
	if err != nil {
		return provider.Provider{}, err
	}
	v := &server{client: s.HTTP, throwAway: verification.ThrowAway()}
	if v.base, err = httpx.BaseURL(urlField, c.URL); err != nil {
		return provider.Provider{}, err
	}
	if c.HeaderSecretRef != nil {
		if v.secret, err = s.Secret(*c.HeaderSecretRef); err != nil {
			return provider.Provider{}, err
		}
	}
	return provider.Provider{Verifier: v, Health: v}, nil
}
