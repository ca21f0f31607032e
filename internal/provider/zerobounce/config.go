package zerobounce

import (
	"cmp"
	"encoding/json"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// Config is the zerobounce member of an Integration's spec. Its names are those of the API; a test in the catalog holds the
// two together.
type Config struct {
	URL          string       `json:"url,omitempty"`
	KeySecretRef provider.Ref `json:"keySecretRef"`
}

const (
	member     = "zerobounce"
	vendor     = "ZeroBounce"
	urlField   = "spec.zerobounce.url"
	defaultURL = "https://api.zerobounce.net/v2"
)

// Factory makes the provider ZeroBounce.
func Factory() provider.Factory {
	return provider.Factory{Member: member, Refs: refs, New: newProvider}
}

func decode(spec json.RawMessage) (c Config, err error) {
	err = provider.Decode(member, spec, &c)
	c.URL = cmp.Or(c.URL, defaultURL)
	return c, err
}

func refs(spec json.RawMessage) (provider.Refs, error) {
	c, err := decode(spec)
	if err != nil {
		return provider.Refs{}, err
	}
	return provider.Refs{Secrets: []provider.Ref{c.KeySecretRef}}, nil
}

func newProvider(s provider.Settings) (provider.Provider, error) {
	c, err := decode(s.Spec)
	if err != nil {
		return provider.Provider{}, err
	}
	a := &account{client: s.HTTP}
	if a.base, err = httpx.BaseURL(urlField, c.URL); err != nil {
		return provider.Provider{}, err
	}
	if a.key, err = s.Secret(c.KeySecretRef); err != nil {
		return provider.Provider{}, err
	}
	return provider.Provider{Verifier: a, Health: a}, nil
}
