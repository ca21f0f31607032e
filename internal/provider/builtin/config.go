package builtin

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// Config is the Builtin member of an Integration's spec. Its names are those of the API; a test in the catalog holds the two
// together.
type Config struct {
	Verify *Verify `json:"verify,omitempty"`
	Locate *Locate `json:"locate,omitempty"`
}

// Verify configures the check of addresses. All of it is optional.
type Verify struct {
	// Resolvers are DNS servers as host:port, tried in order. None: those of the machine.
	Resolvers         []string    `json:"resolvers,omitempty"`
	DisposableDomains *DomainList `json:"disposableDomains,omitempty"`
	AllowedDomains    []string    `json:"allowedDomains,omitempty"`
	RoleNames         []string    `json:"roleNames,omitempty"`
}

// DomainList is where a list of domains is: exactly one of a ConfigMap's key, a URL and a file.
type DomainList struct {
	ConfigMapKeyRef *provider.Ref `json:"configMapKeyRef,omitempty"`
	URL             string        `json:"url,omitempty"`
	Path            string        `json:"path,omitempty"`
	// RefreshSeconds is the time between two looks at a URL or a file. Default: a day.
	RefreshSeconds *int32 `json:"refreshSeconds,omitempty"`
}

// Locate configures the search for a country. All of it is optional.
type Locate struct {
	// DatabasePath is an mmdb file. None: IP addresses tell nothing.
	DatabasePath string `json:"databasePath,omitempty"`
	// PhoneRegion is the country of phone numbers without a country code. None: they tell nothing, unless the person declared
	// a country.
	PhoneRegion string `json:"phoneRegion,omitempty"`
}

// decode reads a spec. What it does not know it refuses: a field that is silently ignored would be a check that its author
// believes in and nobody makes.
func decode(spec json.RawMessage) (Config, error) {
	var c Config
	d := json.NewDecoder(bytes.NewReader(spec))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return Config{}, provider.Errorf(provider.Config, "spec.builtin can't be read: %v", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Config{}, provider.Errorf(provider.Config, "spec.builtin can't be read: it is more than one JSON value")
	}
	if c.Verify == nil && c.Locate == nil {
		return Config{}, provider.Errorf(provider.Config, "spec.builtin offers nothing: give at least one of verify and locate")
	}
	if c.Verify != nil && c.Verify.DisposableDomains != nil {
		if n := c.Verify.DisposableDomains.sources(); n != 1 {
			return Config{}, provider.Errorf(provider.Config,
				"spec.builtin.verify.disposableDomains names %d sources: give exactly one of configMapKeyRef, url and path", n)
		}
	}
	return c, nil
}

func (l *DomainList) sources() int {
	n := 0
	for _, given := range []bool{l.ConfigMapKeyRef != nil, l.URL != "", l.Path != ""} {
		if given {
			n++
		}
	}
	return n
}
