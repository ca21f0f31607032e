package builtin

import (
	"context"
	"net/netip"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// locator is the port Locate. It makes no call.
type locator struct {
	countries   func() *countries
	phoneRegion string
	database    *database // nil: IP addresses tell nothing
}

func (m maker) locator(c Locate) (*locator, error) {
	l := &locator{countries: m.countries}
	if c.PhoneRegion != "" {
		l.phoneRegion = parseCode(c.PhoneRegion)
		if l.phoneRegion == "" || phonenumbers.GetCountryCodeForRegion(l.phoneRegion) == 0 {
			return nil, provider.Errorf(provider.Config,
				"spec.builtin.locate.phoneRegion: %q is no country with telephones: give an ISO 3166-1 alpha-2 code, for example DE", c.PhoneRegion)
		}
	}
	if c.DatabasePath != "" {
		var err error
		if l.database, err = openDatabase(c.DatabasePath, m.now); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// Sources, in the order in which they are believed.
const (
	sourceDeclared = "Declared"
	sourcePhone    = "Phone"
	sourceIP       = "IP"
)

// Locate implements provider.Locator.
func (l *locator) Locate(_ context.Context, s provider.Submission) (provider.Location, error) {
	declared := ""
	if strings.TrimSpace(s.Country) != "" {
		declared = l.countries().find(s.Country)
	}
	region := declared
	if region == "" {
		region = l.phoneRegion
	}
	number, issuer := parsePhone(s.Phone, region)
	said := []struct{ source, country string }{
		{sourceDeclared, declared},
		{sourcePhone, issuer},
		{sourceIP, l.ofIP(s.RemoteIP)},
	}
	found := provider.Location{Phone: number}
	var others []string
	for _, o := range said {
		switch {
		case o.country == "":
		case found.Country == "":
			found.Country, found.Source = o.country, o.source
		case o.country != found.Country:
			others = append(others, o.source+"="+o.country)
		}
	}
	found.Disagreement = strings.Join(others, ",")
	return found, nil
}

// parsePhone returns a number in E.164 form and the country that issued it. Both are "" for what is no valid number; the
// country alone for one that belongs to none, such as an international freephone number.
func parsePhone(typed, region string) (e164, country string) {
	if strings.TrimSpace(typed) == "" {
		return "", ""
	}
	number, err := phonenumbers.Parse(typed, region)
	if err != nil || !phonenumbers.IsValidNumber(number) {
		return "", ""
	}
	// Not the region of the calling code alone: +1 would always be the United States.
	return phonenumbers.Format(number, phonenumbers.E164), parseCode(phonenumbers.GetRegionCodeForNumber(number))
}

// sharedAddresses are those that a carrier puts many customers behind (RFC 6598).
var sharedAddresses = netip.MustParsePrefix("100.64.0.0/10")

// ofIP returns the country of an IP address, "" where there is no database or the address is not a public one.
func (l *locator) ofIP(typed string) string {
	if l.database == nil || typed == "" {
		return ""
	}
	addr, ok := parseIP(typed)
	if !ok || addr.IsPrivate() || !addr.IsGlobalUnicast() || sharedAddresses.Contains(addr) {
		return ""
	}
	return l.database.country(addr)
}

// parseIP reads an address, with or without port and zone.
func parseIP(typed string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(strings.Trim(strings.TrimSpace(typed), "[]"))
	if err != nil {
		withPort, err := netip.ParseAddrPort(strings.TrimSpace(typed))
		if err != nil {
			return netip.Addr{}, false
		}
		addr = withPort.Addr()
	}
	return addr.WithZone("").Unmap(), true
}
