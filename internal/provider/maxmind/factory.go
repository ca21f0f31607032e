package maxmind

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/location"
)

// Factory makes the provider MaxMind.
func Factory() provider.Factory {
	m := maker{now: time.Now}
	return provider.Factory{Member: member, Refs: refs, New: m.make}
}

func refs(spec json.RawMessage) (provider.Refs, error) {
	c, err := decode(spec)
	if err != nil || c.WebService == nil {
		return provider.Refs{}, err
	}
	return provider.Refs{Secrets: []provider.Ref{c.WebService.LicenseKeySecretRef}}, nil
}

type maker struct{ now provider.Clock }

// make reads the file, if there is one. It makes no call.
func (m maker) make(s provider.Settings) (provider.Provider, error) {
	c, err := decode(s.Spec)
	if err != nil {
		return provider.Provider{}, err
	}
	options := location.Options{PhoneField: "spec.maxmind.phoneRegion", PhoneRegion: c.PhoneRegion}
	var p provider.Provider
	if c.Database != nil {
		database, err := location.OpenDatabase(location.DatabaseOptions{
			Field: "spec.maxmind.database.path", Path: c.Database.Path,
			MaxAge: time.Duration(*c.Database.MaxAgeDays) * 24 * time.Hour,
			Refuse: refuse, Now: m.now,
		})
		if err != nil {
			return provider.Provider{}, err
		}
		options.Addresses, p.Data = database.Country, database
	} else {
		service, err := newService(s, c.WebService)
		if err != nil {
			return provider.Provider{}, err
		}
		options.LookUpField, options.LookUp = "spec.maxmind.webService.lookUp", c.WebService.LookUp
		options.Addresses = service.Country
		p.Health, p.HealthEvery = service, location.HealthEvery
	}
	locator, err := location.NewLocator(options)
	if err != nil {
		return provider.Provider{}, err
	}
	p.Locator = locator
	return p, nil
}

// refuse says why a database of a type is not one to use, "" when it is. There are GeoIP2-Country, GeoLite2-City, GeoIP2-Enterprise,
// GeoIP2-City-Europe, and more.
func refuse(databaseType string) string {
	family, edition, _ := strings.Cut(databaseType, "-")
	switch {
	case family != "GeoIP2" && family != "GeoLite2" && family != "GeoIP" && family != "GeoLite":
		return "it is not one of MaxMind's databases: provider Builtin reads those of others"
	case strings.Contains(edition, "Country"), strings.Contains(edition, "City"), strings.Contains(edition, "Enterprise"):
		return ""
	}
	return "it holds no countries: take a database of countries or cities"
}

func newService(s provider.Settings, c *WebService) (*location.Service, error) {
	key, err := s.Secret(c.LicenseKeySecretRef)
	if err != nil {
		return nil, err
	}
	w := &webService{
		client: s.HTTP, account: c.AccountID, key: key,
		base: c.URL + "/geoip/v2.1/" + strings.ToLower(c.Service) + "/",
	}
	return w.asked(), nil
}
