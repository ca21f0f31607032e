// Package mmdb makes database files of IP addresses, in the format that MaxMind and others give theirs.
package mmdb

import (
	"bytes"
	"net"
	"net/netip"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"

	"github.com/contact-operator/contact-operator/hack/sandbox/internet"
)

// Record is what a database says of a network.
type Record = mmdbtype.Map

// File makes a database of a type, built at a time, with a record for each network (in CIDR notation).
func File(databaseType string, built time.Time, records map[string]Record) ([]byte, error) {
	w, err := mmdbwriter.New(mmdbwriter.Options{
		DatabaseType: databaseType, BuildEpoch: built.Unix(), RecordSize: 24,
		IncludeReservedNetworks: true, // among them are those for documentation, which tests use
	})
	if err != nil {
		return nil, err
	}
	for network, record := range records {
		_, ipnet, err := net.ParseCIDR(network)
		if err != nil {
			return nil, err
		}
		if err := w.Insert(ipnet, record); err != nil {
			return nil, err
		}
	}
	var buf bytes.Buffer
	_, err = w.WriteTo(&buf)
	return buf.Bytes(), err
}

// Country is a record of MaxMind's for an address in a country, "" for one whose country is not known.
func Country(code string) Record {
	country := mmdbtype.Map{"geoname_id": mmdbtype.Uint32(1)}
	if code != "" {
		country["iso_code"] = mmdbtype.String(code)
	}
	// The second would be taken by whoever takes the first country that there is.
	return mmdbtype.Map{"country": country, "registered_country": mmdbtype.Map{"iso_code": mmdbtype.String("ZW")}}
}

// World is a database of MaxMind's edition GeoLite2-Country with what the stand-ins know.
func World(built time.Time) ([]byte, error) {
	records := map[string]Record{}
	for _, p := range internet.Places() {
		records[canonical(p.Network)] = recordOf(p)
	}
	return File("GeoLite2-Country", built, records)
}

// canonical drops the bits of the host.
func canonical(p netip.Prefix) string { return p.Masked().String() }

func recordOf(p internet.Place) Record {
	r := mmdbtype.Map{}
	for key, code := range map[string]string{"country": p.Country, "registered_country": p.Registered, "represented_country": p.Represented} {
		if code == "" {
			continue
		}
		c := mmdbtype.Map{
			"iso_code": mmdbtype.String(code), "geoname_id": mmdbtype.Uint32(1000 + uint32(code[0])*100 + uint32(code[1])),
			"names": mmdbtype.Map{"en": mmdbtype.String(internet.Name(code))},
		}
		if internet.InEU(code) {
			c["is_in_european_union"] = mmdbtype.Bool(true)
		}
		if key == "represented_country" {
			c["type"] = mmdbtype.String("military")
		}
		r[mmdbtype.String(key)] = c
	}
	if p.Country != "" {
		r["continent"] = mmdbtype.Map{"code": mmdbtype.String(internet.Continent(p.Country))}
	}
	if p.Anycast {
		r["traits"] = mmdbtype.Map{"is_anycast": mmdbtype.Bool(true)}
	}
	return r
}
