package listmonk

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
)

// Config is the listmonk member of an Integration's spec. Its names are those of the API; a test in the catalog holds the
// two together.
type Config struct {
	URL            string          `json:"url"`
	User           string          `json:"user"`
	TokenSecretRef provider.Ref    `json:"tokenSecretRef"`
	Lists          []int           `json:"lists"`
	Confirmation   string          `json:"confirmation,omitempty"`
	Attributes     []mapping.Field `json:"attributes,omitempty"`
}

const (
	member = "listmonk"

	// The values of Confirmation.
	byList       = "ByList"
	preconfirmed = "Preconfirmed"
)

func decode(spec json.RawMessage) (Config, error) {
	var c Config
	if err := provider.Decode(member, spec, &c); err != nil {
		return Config{}, err
	}
	if c.User == "" || strings.ContainsFunc(c.User, func(r rune) bool { return r <= ' ' || r == ':' || r == 0x7f }) {
		return Config{}, provider.Errorf(provider.Config, "spec.listmonk.user has to be the name of an API user: no blanks, no colon")
	}
	slices.Sort(c.Lists)
	if len(c.Lists) == 0 || c.Lists[0] < 1 || len(slices.Compact(slices.Clone(c.Lists))) != len(c.Lists) {
		return Config{}, provider.Errorf(provider.Config, "spec.listmonk.lists has to have one list at least, each by its id, a number from 1, and none twice")
	}
	switch c.Confirmation {
	case "":
		c.Confirmation = byList
	case byList, preconfirmed:
	default:
		return Config{}, provider.Errorf(provider.Config, "spec.listmonk.confirmation: %q is neither ByList nor Preconfirmed", c.Confirmation)
	}
	if len(c.Attributes) == 0 {
		c.Attributes = []mapping.Field{
			{Name: "company", From: "Company"},
			{Name: "country", From: "Country"},
			{Name: "location", From: "Location"},
			{Name: "channels", From: "Channels"},
		}
	}
	return c, nil
}
