package location

import (
	"context"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/hack/sandbox/mmdb"
	"github.com/contact-operator/contact-operator/internal/provider"
)

func testLocator(t testing.TB, o Options) *Locator {
	t.Helper()
	l, err := NewLocator(o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLocate(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/country.mmdb"
	writeFile(t, path, testDatabase(t, "GeoLite2-Country", map[string]mmdb.Record{
		"203.0.113.0/24":  mmdb.Country("FR"),
		"198.51.100.0/24": mmdb.Country("US"),
		"2001:db8::/32":   mmdb.Country("JP"),
		"192.0.2.0/24":    mmdb.Country(""),
		"10.0.0.0/8":      mmdb.Country("SE"), // wrong: nobody owns it
		"100.64.0.0/10":   mmdb.Country("SE"),
	}))
	database, err := open(path, newTestClock())
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]*Locator{
		"":          testLocator(t, Options{Addresses: database.Country}),
		"DE":        testLocator(t, Options{Addresses: database.Country, PhoneRegion: "DE"}),
		"if needed": testLocator(t, Options{Addresses: database.Country, LookUp: IfNeeded}),
		"no files":  testLocator(t, Options{}),
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
		"if needed, it is":        {locator: "if needed", in: provider.Submission{RemoteIP: "203.0.113.77"}, want: provider.Location{Country: "FR", Source: "IP"}},
		"if needed, declared":     {locator: "if needed", in: provider.Submission{Country: "GB", RemoteIP: "203.0.113.77"}, want: provider.Location{Country: "GB", Source: "Declared"}},
		"if needed, a phone":      {locator: "if needed", in: provider.Submission{Phone: "+49 30 901820", RemoteIP: "203.0.113.77"}, want: provider.Location{Country: "DE", Source: "Phone", Phone: "+4930901820"}},
		"if needed, no country's": {locator: "if needed", in: provider.Submission{Phone: "+800 1234 5678", RemoteIP: "203.0.113.77"}, want: provider.Location{Country: "FR", Source: "IP", Phone: "+80012345678"}},
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

// What needs no look-up is known without one, and then nobody is asked.
func TestLocateLocally(t *testing.T) {
	t.Parallel()
	asked := 0
	addresses := func(_ context.Context, addr netip.Addr) (string, error) {
		asked++
		if addr != netip.MustParseAddr("203.0.113.77") {
			t.Errorf("asked about %v", addr)
		}
		return "", provider.Errorf(provider.Transient, "away")
	}
	cases := map[string]struct {
		lookUp string
		in     provider.Submission
		wantOK bool
	}{
		"declared, if needed":          {IfNeeded, provider.Submission{Country: "GB", RemoteIP: "203.0.113.77"}, true},
		"declared, always":             {Always, provider.Submission{Country: "GB", RemoteIP: "203.0.113.77"}, false},
		"an address alone, if needed":  {IfNeeded, provider.Submission{RemoteIP: "203.0.113.77"}, false},
		"nothing, always":              {Always, provider.Submission{}, true},
		"a private address, always":    {Always, provider.Submission{RemoteIP: "10.1.2.3"}, true},
		"a private address, if needed": {IfNeeded, provider.Submission{RemoteIP: "fd00::1"}, true},
		"loopback":                     {Always, provider.Submission{RemoteIP: "::1"}, true},
		"behind a carrier":             {Always, provider.Submission{RemoteIP: "100.64.1.1"}, true},
	}
	for name, tc := range cases {
		l, before := testLocator(t, Options{Addresses: addresses, LookUp: tc.lookUp}), asked
		found, ok := l.LocateLocally(tc.in)
		if ok != tc.wantOK || asked != before {
			t.Errorf("%s: %v, %d calls; want %v, none", name, ok, asked-before, tc.wantOK)
		}
		got, err := l.Locate(t.Context(), tc.in)
		if tc.wantOK && (err != nil || got != found || asked != before) {
			t.Errorf("%s: Locate: %v, %v, %d calls; want what was known already", name, got, err, asked-before)
		}
		if !tc.wantOK && (err == nil || asked != before+1) {
			t.Errorf("%s: Locate: %v, %d calls; want the failure of one", name, err, asked-before)
		}
	}
}

func TestNewLocatorRefuses(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]Options{
		`a.phone: "XX" is no country with telephones: give an ISO 3166-1 alpha-2 code, for example DE`: {PhoneField: "a.phone", PhoneRegion: "XX"},
		`a.lookUp: "Sometimes" is neither IfNeeded nor Always`:                                         {LookUpField: "a.lookUp", LookUp: "Sometimes"},
	} {
		if _, err := NewLocator(o); err == nil || provider.AsError(err).Class != provider.Config || provider.AsError(err).Message != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
