package location

import "github.com/oschwald/maxminddb-golang/v2"

// countryOf returns the country of a record, in any of the layouts that there are: MaxMind's and DB-IP's, the flat one of
// ip-location-db and IPinfo, and IPinfo's older one. "" for a record without one, for one whose address stands for people elsewhere,
// and for no record. Its error says that the record is damaged.
func countryOf(result maxminddb.Result) (string, error) {
	for _, path := range [][]any{{"country", "iso_code"}, {"country_code"}, {"country"}} {
		var code string
		if err := result.DecodePath(&code, path...); err == nil && ParseCode(code) != "" {
			if elsewhere(result) {
				return "", nil
			}
			return ParseCode(code), nil
		}
	}
	// Not all of a record is looked at for its country. Whether one without a country can be read at all shows here.
	if !result.Found() {
		return "", nil // in a file of IPv4 alone, looking for an IPv6 address is an error, too
	}
	var all any
	return "", result.Decode(&all)
}

// Traits are what MaxMind says of an address beside its place. Which there are depends on the edition: a file of countries has Anycast
// alone, files made before 2024 have the two that are set apart.
type Traits struct {
	Anonymous        bool `maxminddb:"is_anonymous" json:"is_anonymous"`
	AnonymousVPN     bool `maxminddb:"is_anonymous_vpn" json:"is_anonymous_vpn"`
	HostingProvider  bool `maxminddb:"is_hosting_provider" json:"is_hosting_provider"`
	PublicProxy      bool `maxminddb:"is_public_proxy" json:"is_public_proxy"`
	ResidentialProxy bool `maxminddb:"is_residential_proxy" json:"is_residential_proxy"`
	TorExitNode      bool `maxminddb:"is_tor_exit_node" json:"is_tor_exit_node"`
	Anycast          bool `maxminddb:"is_anycast" json:"is_anycast"`

	AnonymousProxy    bool `maxminddb:"is_anonymous_proxy" json:"is_anonymous_proxy"`
	SatelliteProvider bool `maxminddb:"is_satellite_provider" json:"is_satellite_provider"`
}

// Elsewhere tells whether the people who use the address need not be where it is.
func (t Traits) Elsewhere() bool { return t != Traits{} }

func elsewhere(result maxminddb.Result) bool {
	var t Traits
	return result.DecodePath(&t, "traits") == nil && t.Elsewhere()
}
