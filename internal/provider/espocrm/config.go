package espocrm

import (
	"encoding/json"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
)

// Config is the espocrm member of an Integration's spec. Its names are those of the API; a test in the catalog holds the two
// together.
type Config struct {
	URL             string          `json:"url"`
	APIKeySecretRef provider.Ref    `json:"apiKeySecretRef"`
	HMACSecretRef   *provider.Ref   `json:"hmacSecretRef,omitempty"`
	Entity          string          `json:"entity,omitempty"`
	Fields          []mapping.Field `json:"fields,omitempty"`
	Placeholder     string          `json:"placeholder,omitempty"`
	Erase           string          `json:"erase,omitempty"`
}

const (
	member             = "espocrm"
	defaultPlaceholder = "[not provided]"

	// The values of Entity.
	contactEntity = "Contact"
	leadEntity    = "Lead"

	// The values of Erase.
	deleteOnly     = "Delete"
	eraseAndDelete = "EraseAndDelete"

	// The attributes that are EspoCRM's own.
	addressAttribute   = "emailAddress"
	firstNameAttribute = "firstName"
	lastNameAttribute  = "lastName"
)

func decode(spec json.RawMessage) (Config, error) {
	var c Config
	if err := provider.Decode(member, spec, &c); err != nil {
		return Config{}, err
	}
	for _, d := range []struct {
		field *string
		value string
	}{{&c.Entity, contactEntity}, {&c.Placeholder, defaultPlaceholder}, {&c.Erase, deleteOnly}} {
		if *d.field == "" {
			*d.field = d.value
		}
	}
	switch {
	case c.Entity != contactEntity && c.Entity != leadEntity:
		return Config{}, provider.Errorf(provider.Config, "spec.espocrm.entity: %q is neither Contact nor Lead", c.Entity)
	case c.Erase != deleteOnly && c.Erase != eraseAndDelete:
		return Config{}, provider.Errorf(provider.Config, "spec.espocrm.erase: %q is neither Delete nor EraseAndDelete", c.Erase)
	}
	if len(c.Fields) == 0 {
		c.Fields = []mapping.Field{
			{Name: firstNameAttribute, From: "FirstName"},
			{Name: lastNameAttribute, From: "LastName"},
			{Name: "phoneNumber", From: "Phone"},
			{Name: "addressCountry", From: "Country"},
		}
		if c.Entity == leadEntity {
			c.Fields = append(c.Fields, mapping.Field{Name: "accountName", From: "Company"})
		}
	}
	return c, nil
}
