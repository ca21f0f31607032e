package hubspot

import (
	"encoding/json"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
)

// Config is the hubspot member of an Integration's spec. Its names are those of the API; a test in the catalog holds the two
// together.
type Config struct {
	URL            string          `json:"url,omitempty"`
	TokenSecretRef provider.Ref    `json:"tokenSecretRef"`
	Properties     []mapping.Field `json:"properties,omitempty"`
	Erase          string          `json:"erase,omitempty"`
}

const (
	member     = "hubspot"
	defaultURL = "https://api.hubapi.com"

	// The values of Erase.
	archive    = "Archive"
	gdprDelete = "GDPRDelete"

	emailProperty = "email"
)

func decode(spec json.RawMessage) (Config, error) {
	var c Config
	if err := provider.Decode(member, spec, &c); err != nil {
		return Config{}, err
	}
	if c.URL == "" {
		c.URL = defaultURL
	}
	if len(c.Properties) == 0 {
		c.Properties = []mapping.Field{
			{Name: "firstname", From: "FirstName"},
			{Name: "lastname", From: "LastName"},
			{Name: "company", From: "Company"},
			{Name: "phone", From: "Phone"},
			{Name: "country", From: "Country"},
		}
	}
	switch c.Erase {
	case "":
		c.Erase = archive
	case archive, gdprDelete:
	default:
		return Config{}, provider.Errorf(provider.Config, "spec.hubspot.erase: %q is neither Archive nor GDPRDelete", c.Erase)
	}
	return c, nil
}
