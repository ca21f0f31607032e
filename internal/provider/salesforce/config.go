package salesforce

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
)

// Config is the salesforce member of an Integration's spec. Its names are those of the API; a test in the catalog holds the
// two together.
type Config struct {
	URL             string          `json:"url"`
	APIVersion      string          `json:"apiVersion,omitempty"`
	ClientID        string          `json:"clientID"`
	ClientSecretRef *provider.Ref   `json:"clientSecretRef,omitempty"`
	JWT             *JWT            `json:"jwt,omitempty"`
	Object          string          `json:"object,omitempty"`
	ExternalIDField string          `json:"externalIDField"`
	Fields          []mapping.Field `json:"fields,omitempty"`
	Placeholder     string          `json:"placeholder,omitempty"`
	DuplicateRules  string          `json:"duplicateRules,omitempty"`
}

// JWT is the member jwt.
type JWT struct {
	User                string       `json:"user"`
	PrivateKeySecretRef provider.Ref `json:"privateKeySecretRef"`
	Audience            string       `json:"audience,omitempty"`
}

const (
	member             = "salesforce"
	defaultVersion     = "62.0"
	defaultPlaceholder = "[not provided]" // as Salesforce's own forms write it

	// The values of Object.
	contactObject = "Contact"
	leadObject    = "Lead"

	// The values of DuplicateRules.
	respect    = "Respect"
	saveAnyway = "SaveAnyway"
	// firstToSaveAnyway is the first version that knows the header for it.
	firstToSaveAnyway = "52.0"

	// The fields that are Salesforce's own.
	emailField     = "Email"
	firstNameField = "FirstName"
	lastNameField  = "LastName"
	companyField   = "Company"
)

// versions are those that have the upsert of collections.
var versions = regexp.MustCompile(`^(4[6-9]|[5-9][0-9]|[1-9][0-9]{2})\.0$`)

var externalIDs = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*__c$`)

func decode(spec json.RawMessage) (Config, error) {
	var c Config
	if err := provider.Decode(member, spec, &c); err != nil {
		return Config{}, err
	}
	wrong := func(format string, args ...any) (Config, error) {
		return Config{}, provider.Errorf(provider.Config, "spec.salesforce."+format, args...)
	}
	c.setDefaults()
	switch {
	case !versions.MatchString(c.APIVersion):
		return wrong(`apiVersion: %q is no version from 46.0 on: write it as "62.0"`, c.APIVersion)
	case strings.TrimSpace(c.ClientID) == "":
		return wrong("clientID is empty: give the app's consumer key")
	case (c.ClientSecretRef == nil) == (c.JWT == nil):
		return wrong("clientSecretRef or jwt: give exactly one of the two")
	case c.JWT != nil && c.JWT.User == "":
		return wrong("jwt.user is empty: give the user name that calls are made as")
	case c.Object != contactObject && c.Object != leadObject:
		return wrong("object: %q is neither Contact nor Lead", c.Object)
	case !externalIDs.MatchString(c.ExternalIDField):
		return wrong("externalIDField: %q is not the API name of a custom field: it ends in __c", c.ExternalIDField)
	case c.DuplicateRules != respect && c.DuplicateRules != saveAnyway:
		return wrong("duplicateRules: %q is neither Respect nor SaveAnyway", c.DuplicateRules)
	case c.DuplicateRules == saveAnyway && len(c.APIVersion) == len(firstToSaveAnyway) && c.APIVersion < firstToSaveAnyway:
		return wrong("duplicateRules: version %s of the API can't save anyway: give apiVersion %s or later", c.APIVersion, firstToSaveAnyway)
	}
	return c, nil
}

func (c *Config) setDefaults() {
	for _, d := range []struct {
		field *string
		value string
	}{
		{&c.APIVersion, defaultVersion},
		{&c.Object, contactObject},
		{&c.Placeholder, defaultPlaceholder},
		{&c.DuplicateRules, respect},
	} {
		if *d.field == "" {
			*d.field = d.value
		}
	}
	if len(c.Fields) > 0 {
		return
	}
	c.Fields = []mapping.Field{
		{Name: firstNameField, From: "FirstName"},
		{Name: lastNameField, From: "LastName"},
		{Name: "Phone", From: "Phone"},
	}
	if c.Object == leadObject {
		c.Fields = append(c.Fields, mapping.Field{Name: companyField, From: "Company"}, mapping.Field{Name: "Country", From: "Country"})
	} else {
		c.Fields = append(c.Fields, mapping.Field{Name: "MailingCountry", From: "Country"})
	}
}
