package builtin

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/provider"
)

func TestLocate(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/country.mmdb"
	writeFile(t, path, testDatabase(t, "GeoLite2-Country", map[string]any{
		"203.0.113.0/24":  nested("FR"),
		"198.51.100.0/24": nested("US"),
		"2001:db8::/32":   nested("JP"),
		"192.0.2.0/24":    nested(""),
		"10.0.0.0/8":      nested("SE"), // wrong: nobody owns it
		"100.64.0.0/10":   nested("SE"),
	}))
	names := newCountries()
	locators := map[string]Locate{
		"":         {DatabasePath: path},
		"DE":       {DatabasePath: path, PhoneRegion: "DE"},
		"no files": {},
	}
	made := map[string]*locator{}
	for name, c := range locators {
		l, err := maker{now: time.Now, countries: func() *countries { return names }}.locator(c)
		if err != nil {
			t.Fatal(err)
		}
		made[name] = l
	}
	cases := map[string]struct {
		locator string
		in      provider.Submission
		want    provider.Location
	}{
		"nothing": {},
		"declared": {
			in: provider.Submission{Country: "Deutschland"}, want: provider.Location{Country: "DE", Source: "Declared"},
		},
		"phone": {
			in:   provider.Submission{Phone: "+44 20 7946 0958"},
			want: provider.Location{Country: "GB", Source: "Phone", Phone: "+442079460958"},
		},
		"IP":                      {in: provider.Submission{RemoteIP: "203.0.113.77"}, want: provider.Location{Country: "FR", Source: "IP"}},
		"IPv6":                    {in: provider.Submission{RemoteIP: "2001:db8::1"}, want: provider.Location{Country: "JP", Source: "IP"}},
		"IPv4 in IPv6":            {in: provider.Submission{RemoteIP: "::ffff:203.0.113.77"}, want: provider.Location{Country: "FR", Source: "IP"}},
		"with a port":             {in: provider.Submission{RemoteIP: "203.0.113.77:51234"}, want: provider.Location{Country: "FR", Source: "IP"}},
		"IPv6 with a port":        {in: provider.Submission{RemoteIP: "[2001:db8::1]:51234"}, want: provider.Location{Country: "JP", Source: "IP"}},
		"IPv6 with a zone":        {in: provider.Submission{RemoteIP: "2001:db8::1%eth0"}, want: provider.Location{Country: "JP", Source: "IP"}},
		"not in the file":         {in: provider.Submission{RemoteIP: "8.8.8.8"}},
		"there, but nowhere":      {in: provider.Submission{RemoteIP: "192.0.2.1"}},
		"private":                 {in: provider.Submission{RemoteIP: "10.1.2.3"}},
		"loopback":                {in: provider.Submission{RemoteIP: "127.0.0.1"}},
		"link-local":              {in: provider.Submission{RemoteIP: "fe80::1%eth0"}},
		"behind a carrier":        {in: provider.Submission{RemoteIP: "100.64.1.1"}},
		"no IP":                   {in: provider.Submission{RemoteIP: "unknown"}},
		"no database":             {locator: "no files", in: provider.Submission{RemoteIP: "203.0.113.77"}},
		"a country of the Moon":   {in: provider.Submission{Country: "Luna", RemoteIP: "203.0.113.77"}, want: provider.Location{Country: "FR", Source: "IP"}},
		"all agree":               {in: provider.Submission{Country: "fr", Phone: "+33 1 23 45 67 89", RemoteIP: "203.0.113.77"}, want: provider.Location{Country: "FR", Source: "Declared", Phone: "+33123456789"}},
		"all disagree":            {in: provider.Submission{Country: "GB", Phone: "+49 30 901820", RemoteIP: "203.0.113.77"}, want: provider.Location{Country: "GB", Source: "Declared", Phone: "+4930901820", Disagreement: "Phone=DE,IP=FR"}},
		"the IP disagrees":        {in: provider.Submission{Phone: "+49 30 901820", RemoteIP: "198.51.100.1"}, want: provider.Location{Country: "DE", Source: "Phone", Phone: "+4930901820", Disagreement: "IP=US"}},
		"the phone disagrees":     {in: provider.Submission{Country: "France", Phone: "+49 30 901820", RemoteIP: "203.0.113.77"}, want: provider.Location{Country: "FR", Source: "Declared", Phone: "+4930901820", Disagreement: "Phone=DE"}},
		"a national number":       {in: provider.Submission{Phone: "020 7946 0958"}},
		"national, declared":      {in: provider.Submission{Phone: "020 7946 0958", Country: "UK"}, want: provider.Location{Country: "GB", Source: "Declared", Phone: "+442079460958"}},
		"national, configured":    {locator: "DE", in: provider.Submission{Phone: "030 901820"}, want: provider.Location{Country: "DE", Source: "Phone", Phone: "+4930901820"}},
		"declared wins":           {locator: "DE", in: provider.Submission{Phone: "020 7946 0958", Country: "United Kingdom"}, want: provider.Location{Country: "GB", Source: "Declared", Phone: "+442079460958"}},
		"00 instead of plus":      {locator: "DE", in: provider.Submission{Phone: "0044 20 7946 0958"}, want: provider.Location{Country: "GB", Source: "Phone", Phone: "+442079460958"}},
		"an extension":            {in: provider.Submission{Phone: "+44 20 7946 0958 ext. 12"}, want: provider.Location{Country: "GB", Source: "Phone", Phone: "+442079460958"}},
		"calling code 1, Canada":  {in: provider.Submission{Phone: "+1 416 555 0123"}, want: provider.Location{Country: "CA", Source: "Phone", Phone: "+14165550123"}},
		"calling code 7":          {in: provider.Submission{Phone: "+7 701 234 5678"}, want: provider.Location{Country: "KZ", Source: "Phone", Phone: "+77012345678"}},
		"no country's":            {in: provider.Submission{Phone: "+800 1234 5678"}, want: provider.Location{Phone: "+80012345678"}},
		"no country's, but an IP": {in: provider.Submission{Phone: "+800 1234 5678", RemoteIP: "203.0.113.77"}, want: provider.Location{Country: "FR", Source: "IP", Phone: "+80012345678"}},
		"Kosovo":                  {in: provider.Submission{Phone: "+383 44 123 456"}, want: provider.Location{Country: "XK", Source: "Phone", Phone: "+38344123456"}},
		"Ascension":               {in: provider.Submission{Phone: "+247 62889"}, want: provider.Location{Country: "SH", Source: "Phone", Phone: "+24762889"}},
		"too short":               {in: provider.Submission{Phone: "+49 30"}},
		"words":                   {locator: "DE", in: provider.Submission{Phone: "call me"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := made[tc.locator].Locate(t.Context(), tc.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(got.Disagreement) > 64 {
				t.Errorf("the disagreement has %d bytes", len(got.Disagreement))
			}
		})
	}
}
