package ipinfo

import (
	"encoding/json"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/location"
)

// Config is the IPinfo member of an Integration's spec. Its names are those of the API; a test in the catalog holds the two
// together.
type Config struct {
	// URL, without a path. Default: ipinfo's own, for the service.
	URL string `json:"url,omitempty"`
	// Service is Lite (default), Lookup or Legacy.
	Service        string       `json:"service,omitempty"`
	TokenSecretRef provider.Ref `json:"tokenSecretRef"`
	// LookUp is IfNeeded (default) or Always.
	LookUp      string `json:"lookUp,omitempty"`
	PhoneRegion string `json:"phoneRegion,omitempty"`
}

const (
	member = "ipinfo"

	apiURL    = "https://api.ipinfo.io"
	legacyURL = "https://ipinfo.io"

	// The values of Service.
	lite   = "Lite"
	lookup = "Lookup"
	legacy = "Legacy"
)

func decode(spec json.RawMessage) (Config, error) {
	var c Config
	if err := provider.Decode(member, spec, &c); err != nil {
		return Config{}, err
	}
	if c.LookUp == "" {
		c.LookUp = location.IfNeeded
	}
	usual := apiURL
	switch c.Service {
	case "":
		c.Service = lite
	case lite, lookup:
	case legacy:
		usual = legacyURL
	default:
		return Config{}, provider.Errorf(provider.Config, "spec.ipinfo.service: %q is none of Lite, Lookup and Legacy", c.Service)
	}
	if c.URL == "" {
		c.URL = usual
	}
	var err error
	if c.URL, err = httpx.BaseURL("spec.ipinfo.url", c.URL); err != nil {
		return Config{}, err
	}
	for _, other := range []string{apiURL, legacyURL} {
		if c.URL == other && other != usual {
			return Config{}, provider.Errorf(provider.Config, "spec.ipinfo.url: service %s is at %s: leave url out", c.Service, usual)
		}
	}
	return c, nil
}
