package maxmind

import (
	"encoding/json"
	"net/url"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/location"
)

// Config is the MaxMind member of an Integration's spec. Its names are those of the API; a test in the catalog holds the two
// together.
type Config struct {
	Database    *Database   `json:"database,omitempty"`
	WebService  *WebService `json:"webService,omitempty"`
	PhoneRegion string      `json:"phoneRegion,omitempty"`
}

// Database is a GeoIP2 or GeoLite2 file.
type Database struct {
	Path string `json:"path"`
	// MaxAgeDays is the age from which the file counts as outdated. Default: 30.
	MaxAgeDays *int32 `json:"maxAgeDays,omitempty"`
}

// WebService is MaxMind's web service.
type WebService struct {
	// URL, without /geoip. Default: the paid service.
	URL string `json:"url,omitempty"`
	// Service is Country (default) or Insights.
	Service             string       `json:"service,omitempty"`
	AccountID           int32        `json:"accountID"`
	LicenseKeySecretRef provider.Ref `json:"licenseKeySecretRef"`
	// LookUp is IfNeeded (default) or Always.
	LookUp string `json:"lookUp,omitempty"`
}

const (
	member = "maxmind"

	// paidURL and freeHost are MaxMind's services.
	paidURL  = "https://geoip.maxmind.com"
	freeHost = "geolite.info"

	// The values of WebService.Service.
	country  = "Country"
	insights = "Insights"

	// maxAgeDays is the default of Database.MaxAgeDays. MaxMind makes new files twice a week, and wants old ones of GeoLite2 deleted
	// within 30 days.
	maxAgeDays = 30
)

func decode(spec json.RawMessage) (Config, error) {
	var c Config
	if err := provider.Decode(member, spec, &c); err != nil {
		return Config{}, err
	}
	if (c.Database == nil) == (c.WebService == nil) {
		return Config{}, provider.Errorf(provider.Config, "spec.maxmind: give exactly one of database and webService")
	}
	if d := c.Database; d != nil {
		switch {
		case d.Path == "":
			return Config{}, provider.Errorf(provider.Config, "spec.maxmind.database.path: give the path of a file in the operator's Pod")
		case d.MaxAgeDays == nil:
			d.MaxAgeDays = new(int32(maxAgeDays))
		case *d.MaxAgeDays < 1:
			return Config{}, provider.Errorf(provider.Config, "spec.maxmind.database.maxAgeDays has to be 1 at least")
		}
		return c, nil
	}
	return c, c.WebService.complete()
}

// complete fills in the defaults, or says what is wrong.
func (w *WebService) complete() error {
	const field = "spec.maxmind.webService."
	if w.URL == "" {
		w.URL = paidURL
	}
	var err error
	if w.URL, err = httpx.BaseURL(field+"url", w.URL); err != nil {
		return err
	}
	if w.LookUp == "" {
		w.LookUp = location.IfNeeded
	}
	u, err := url.Parse(w.URL)
	switch {
	case err != nil:
		return provider.Errorf(provider.Config, "%surl: it is not a valid URL", field)
	case u.Path != "" && u.Host != "" && isMaxMinds(u.Hostname()):
		return provider.Errorf(provider.Config, "%surl: give it without a path", field)
	case u.Scheme != "https" && isMaxMinds(u.Hostname()):
		return provider.Errorf(provider.Config, "%surl has to begin with https: MaxMind refuses the rest", field)
	case w.AccountID < 1:
		return provider.Errorf(provider.Config, "%saccountID has to be the number of your MaxMind account", field)
	}
	switch w.Service {
	case "":
		w.Service = country
	case country:
	case insights:
		if u.Hostname() == freeHost {
			return provider.Errorf(provider.Config, "%sservice: Insights is there at %s only, for those who pay", field, paidURL)
		}
	default:
		return provider.Errorf(provider.Config, "%sservice: %q is neither Country nor Insights", field, w.Service)
	}
	return nil
}

func isMaxMinds(host string) bool {
	return host == freeHost || host == "geoip.maxmind.com" || host == "sandbox.maxmind.com"
}
