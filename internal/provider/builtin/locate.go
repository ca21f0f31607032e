package builtin

import (
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/location"
)

// maxDatabaseAge is the age from which a database counts as outdated. Some of the free ones are made once a month.
const maxDatabaseAge = 45 * 24 * time.Hour

// locate gives a Provider the port Locate. It makes no call.
func (m maker) locate(c Locate, p *provider.Provider) error {
	options := location.Options{PhoneField: "spec.builtin.locate.phoneRegion", PhoneRegion: c.PhoneRegion}
	if c.DatabasePath != "" {
		database, err := location.OpenDatabase(location.DatabaseOptions{
			Field: "spec.builtin.locate.databasePath", Path: c.DatabasePath, MaxAge: maxDatabaseAge, Now: m.now,
		})
		if err != nil {
			return err
		}
		options.Addresses, p.Data = database.Country, database
	}
	locator, err := location.NewLocator(options)
	if err != nil {
		return err
	}
	p.Locator = locator
	return nil
}
