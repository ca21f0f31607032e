// Package internet is what the stand-ins of services that know IP addresses agree on: some networks, where they are, and who uses them.
package internet

import (
	"net/netip"
	"slices"
)

// Place is what is known of a network.
type Place struct {
	Network netip.Prefix
	// Country is where the network is, Registered where its owner is; ISO 3166-1 alpha-2, "" when that is not known.
	Country, Registered string
	// Represented is the country of a military base in another one.
	Represented string
	// Anycast: it is in many places at once. Anonymous: a VPN, or an exit of Tor. Hosting: of a data centre. Satellite: of a provider
	// whose customers are in many countries.
	Anycast, Anonymous, Hosting, Satellite bool
}

// places are few, but every kind is among them. The networks are real ones, the rest is made up where nobody has published it.
var places = []Place{
	{Network: netip.MustParsePrefix("2.125.160.216/29"), Country: "GB", Registered: "FR"},
	{Network: netip.MustParsePrefix("8.8.8.0/24"), Country: "US", Registered: "US", Anycast: true},
	{Network: netip.MustParsePrefix("67.43.156.0/24"), Country: "BT", Registered: "RO"},
	{Network: netip.MustParsePrefix("81.2.69.142/31"), Country: "GB", Registered: "US"},
	{Network: netip.MustParsePrefix("81.2.69.192/28"), Country: "GB", Registered: "US", Anonymous: true},
	{Network: netip.MustParsePrefix("81.2.69.160/27"), Country: "GB", Registered: "US", Hosting: true},
	{Network: netip.MustParsePrefix("89.160.20.112/28"), Country: "SE", Registered: "DE"},
	{Network: netip.MustParsePrefix("175.16.199.0/24"), Country: "CN", Registered: "CN"},
	{Network: netip.MustParsePrefix("196.201.135.0/24"), Country: "ZW", Registered: "ZW", Satellite: true},
	{Network: netip.MustParsePrefix("202.196.224.0/20"), Country: "PH", Registered: "PH", Represented: "US"},
	{Network: netip.MustParsePrefix("216.160.83.56/29"), Country: "US", Registered: "GB"},
	{Network: netip.MustParsePrefix("2001:218::/32"), Country: "JP", Registered: "JP"},
	{Network: netip.MustParsePrefix("2a02:d500::/29")}, // in the books, but nobody knows where
}

// Places are all networks that are known.
func Places() []Place { return slices.Clone(places) }

// Find returns what is known of an address.
func Find(addr netip.Addr) (Place, bool) {
	i := slices.IndexFunc(places, func(p Place) bool { return p.Network.Contains(addr.Unmap()) })
	if i < 0 {
		return Place{}, false
	}
	return places[i], true
}

// reserved are networks that nobody on the Internet has, beside those that net/netip knows: shared by a carrier's customers, for
// documentation, for measurements, and for later.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"),
}

// Reserved tells whether nobody on the Internet has an address.
func Reserved(addr netip.Addr) bool {
	addr = addr.Unmap()
	return addr.IsPrivate() || !addr.IsGlobalUnicast() ||
		slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// continents of the countries above.
var continents = map[string]string{
	"BT": "AS", "CN": "AS", "FR": "EU", "DE": "EU", "GB": "EU", "JP": "AS", "PH": "AS", "RO": "EU", "SE": "EU", "US": "NA", "ZW": "AF",
}

// Continent of a country that a Place has.
func Continent(country string) string { return continents[country] }

// InEU tells whether a country that a Place has is in the European Union.
func InEU(country string) bool { return slices.Contains([]string{"DE", "FR", "RO", "SE"}, country) }

// names of the countries above, in English.
var names = map[string]string{
	"BT": "Bhutan", "CN": "China", "FR": "France", "DE": "Germany", "GB": "United Kingdom", "JP": "Japan", "PH": "Philippines",
	"RO": "Romania", "SE": "Sweden", "US": "United States", "ZW": "Zimbabwe",
}

// Name of a country that a Place has, in English.
func Name(country string) string { return names[country] }
