package brevo

import (
	"encoding/json"
	"slices"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
)

// Config is the brevo member of an Integration's spec. Its names are those of the API; a test in the catalog holds the two
// together.
type Config struct {
	URL             string          `json:"url,omitempty"`
	APIKeySecretRef provider.Ref    `json:"apiKeySecretRef"`
	Lists           []int           `json:"lists"`
	Attributes      []mapping.Field `json:"attributes,omitempty"`
}

const (
	member     = "brevo"
	defaultURL = "https://api.brevo.com/v3"

	emailAttribute = "EMAIL"
	smsAttribute   = "SMS"
)

func decode(spec json.RawMessage) (Config, error) {
	var c Config
	if err := provider.Decode(member, spec, &c); err != nil {
		return Config{}, err
	}
	if c.URL == "" {
		c.URL = defaultURL
	}
	slices.Sort(c.Lists)
	if len(c.Lists) == 0 || c.Lists[0] < 1 || len(slices.Compact(slices.Clone(c.Lists))) != len(c.Lists) {
		return Config{}, provider.Errorf(provider.Config, "spec.brevo.lists has to have one list at least, each by its id, a number from 1, and none twice")
	}
	if len(c.Attributes) == 0 {
		c.Attributes = []mapping.Field{{Name: "FIRSTNAME", From: "FirstName"}, {Name: "LASTNAME", From: "LastName"}}
	}
	return c, nil
}
