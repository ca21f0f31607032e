package location

import (
	"context"
	"net/netip"
	"strings"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// Addresses tells the country of a public IP address as an ISO 3166-1 alpha-2 code, "" where that can't be told. Its errors are
// *provider.Errors.
type Addresses func(ctx context.Context, addr netip.Addr) (string, error)

// When an IP address is looked up.
const (
	// IfNeeded: only where neither what the person declared nor the phone number tells a country.
	IfNeeded = "IfNeeded"
	// Always, so that one that disagrees is known.
	Always = "Always"
)

// Options configure a Locator.
type Options struct {
	// PhoneField is the place of PhoneRegion in the Integration, for messages.
	PhoneField string
	// PhoneRegion is the country of phone numbers without a country code; "": they tell nothing, unless the person declared a
	// country.
	PhoneRegion string
	// LookUpField is the place of LookUp in the Integration, for messages.
	LookUpField string
	// LookUp is IfNeeded or Always; "" is Always.
	LookUp string
	// Addresses tells the country of an IP address; nil: none tells anything.
	Addresses Addresses
}

// Locator implements provider.Locator and provider.LocalLocator.
type Locator struct{ options Options }

// NewLocator makes a Locator. Its error is a *provider.Error of class Config.
func NewLocator(o Options) (*Locator, error) {
	var err error
	if o.PhoneRegion, err = phoneRegion(o.PhoneField, o.PhoneRegion); err != nil {
		return nil, err
	}
	switch o.LookUp {
	case "", Always, IfNeeded:
	default:
		return nil, provider.Errorf(provider.Config, "%s: %q is neither IfNeeded nor Always", o.LookUpField, o.LookUp)
	}
	return &Locator{o}, nil
}

// Sources, in the order in which they are believed.
const (
	sourceDeclared = "Declared"
	sourcePhone    = "Phone"
	sourceIP       = "IP"
)

// Locate implements provider.Locator.
func (l *Locator) Locate(ctx context.Context, s provider.Submission) (provider.Location, error) {
	said := l.without(s)
	if !said.ask {
		return said.location(""), nil
	}
	country, err := l.options.Addresses(ctx, said.addr)
	if err != nil {
		return provider.Location{}, err
	}
	return said.location(ParseCode(country)), nil
}

// LocateLocally implements provider.LocalLocator.
func (l *Locator) LocateLocally(s provider.Submission) (found provider.Location, ok bool) {
	said := l.without(s)
	return said.location(""), !said.ask
}

// testimony is what a submission says of its country.
type testimony struct {
	declared, issuer string // countries
	number           string // E.164
	addr             netip.Addr
	ask              bool // addr has to be looked up
}

// without is what a submission says without a look at its address.
func (l *Locator) without(s provider.Submission) testimony {
	var t testimony
	if strings.TrimSpace(s.Country) != "" {
		t.declared = world().find(s.Country)
	}
	region := t.declared
	if region == "" {
		region = l.options.PhoneRegion
	}
	t.number, t.issuer = parsePhone(s.Phone, region)
	if l.options.Addresses == nil || l.options.LookUp == IfNeeded && t.declared+t.issuer != "" {
		return t
	}
	t.addr, t.ask = publicAddress(s.RemoteIP)
	return t
}

// location weighs what is known, with the country of the address.
func (t testimony) location(ofAddress string) provider.Location {
	found := provider.Location{Phone: t.number}
	var others []string
	for _, o := range []struct{ source, country string }{
		{sourceDeclared, t.declared}, {sourcePhone, t.issuer}, {sourceIP, ofAddress},
	} {
		switch {
		case o.country == "":
		case found.Country == "":
			found.Country, found.Source = o.country, o.source
		case o.country != found.Country:
			others = append(others, o.source+"="+o.country)
		}
	}
	found.Disagreement = strings.Join(others, ",")
	return found
}
