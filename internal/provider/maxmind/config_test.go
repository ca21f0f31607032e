package maxmind_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/hack/sandbox/mmdb"
	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	adapter "github.com/contact-operator/contact-operator/internal/provider/maxmind"
)

// databaseFile makes a file of a type.
func databaseFile(t *testing.T, databaseType string) string {
	t.Helper()
	content, err := mmdb.File(databaseType, time.Now(), map[string]mmdb.Record{"203.0.113.0/24": mmdb.Country("FR")})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.mmdb")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestConfig(t *testing.T) {
	t.Parallel()
	const key = `"licenseKeySecretRef":{"name":"maxmind","key":"licenseKey"}`
	web := func(more string) string { return `{"webService":{"accountID":123456,` + key + more + `}}` }
	file := func(databaseType string) string {
		return `{"database":{"path":"` + databaseFile(t, databaseType) + `"}}`
	}
	cases := map[string]struct {
		spec string
		want string // the message, "" when it is fine
	}{
		"nothing":              {`{}`, "spec.maxmind: give exactly one of database and webService"},
		"both":                 {`{"database":{"path":"/x"},"webService":{"accountID":1,` + key + `}}`, "spec.maxmind: give exactly one of database and webService"},
		"an unknown field":     {web(`,"host":"x"`), `spec.maxmind can't be read: json: unknown field "host"`},
		"defaults":             {web(""), ""},
		"the free service":     {web(`,"url":"https://geolite.info/"`), ""},
		"Insights for free":    {web(`,"url":"https://geolite.info","service":"Insights"`), "spec.maxmind.webService.service: Insights is there at https://geoip.maxmind.com only, for those who pay"},
		"another service":      {web(`,"service":"City"`), `spec.maxmind.webService.service: "City" is neither Country nor Insights`},
		"sometimes":            {web(`,"lookUp":"Sometimes"`), `spec.maxmind.webService.lookUp: "Sometimes" is neither IfNeeded nor Always`},
		"in clear":             {web(`,"url":"http://geoip.maxmind.com"`), "spec.maxmind.webService.url has to begin with https: MaxMind refuses the rest"},
		"a path":               {web(`,"url":"https://geoip.maxmind.com/geoip/v2.1"`), "spec.maxmind.webService.url: give it without a path"},
		"no URL":               {web(`,"url":"ftp://x"`), "spec.maxmind.webService.url: its scheme has to be http or https"},
		"no account":           {`{"webService":{` + key + `}}`, "spec.maxmind.webService.accountID has to be the number of your MaxMind account"},
		"a region":             {`{"phoneRegion":"XX","webService":{"accountID":1,` + key + `}}`, `spec.maxmind.phoneRegion: "XX" is no country with telephones: give an ISO 3166-1 alpha-2 code, for example DE`},
		"no path":              {`{"database":{"path":""}}`, "spec.maxmind.database.path: give the path of a file in the operator's Pod"},
		"no such file":         {`{"database":{"path":"/there/is/no/such/file"}}`, "spec.maxmind.database.path: /there/is/no/such/file: there is no such file: mount a volume that holds it into the operator's Pod"},
		"no age":               {`{"database":{"path":"/x","maxAgeDays":0}}`, "spec.maxmind.database.maxAgeDays has to be 1 at least"},
		"GeoLite2-Country":     {file("GeoLite2-Country"), ""},
		"GeoIP2-Country":       {file("GeoIP2-Country"), ""},
		"GeoLite2-City":        {file("GeoLite2-City"), ""},
		"GeoIP2-City-Europe":   {file("GeoIP2-City-Europe"), ""},
		"GeoIP2-Enterprise":    {file("GeoIP2-Enterprise"), ""},
		"GeoIP2-Precision":     {file("GeoIP2-Precision-Enterprise"), ""},
		"another of MaxMind's": {file("GeoIP2-ISP"), "it holds no countries: take a database of countries or cities"},
		"somebody else's":      {file("DBIP-Country-Lite"), "it is not one of MaxMind's databases: provider Builtin reads those of others"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := adapter.Factory()
			settings := provider.Settings{
				Spec: json.RawMessage(tc.spec), HTTP: httpx.New(httpx.Options{}),
				Secrets: map[provider.Ref]string{{Name: "maxmind", Key: "licenseKey"}: licenseKey},
			}
			_, err := f.New(settings)
			got := ""
			if err != nil {
				e, ok := err.(*provider.Error) //nolint:errorlint // the contract is this very type
				if !ok || e.Class != provider.Config {
					t.Fatalf("error %v, want class Config", err)
				}
				got = withoutPath(settings.Spec, e.Message)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// withoutPath takes the place of a file that is made for a test out of a message.
func withoutPath(spec json.RawMessage, message string) string {
	var c adapter.Config
	if json.Unmarshal(spec, &c) != nil || c.Database == nil || !filepath.IsAbs(c.Database.Path) || filepath.Base(c.Database.Path) != "x.mmdb" {
		return message
	}
	return strings.TrimPrefix(message, "spec.maxmind.database.path: "+c.Database.Path+": ")
}

// A provider with a file says how that does, and asks nobody.
func TestDatabase(t *testing.T) {
	t.Parallel()
	world, err := mmdb.World(time.Now().Add(-40 * 24 * time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "GeoLite2-Country.mmdb")
	if err := os.WriteFile(path, world, 0o600); err != nil {
		t.Fatal(err)
	}
	p := made(t, json.RawMessage(`{"database":{"path":"`+path+`"},"phoneRegion":"DE"}`))
	if p.Health != nil || p.Data == nil || p.Data.Data().Fault != provider.DataOutdated {
		t.Errorf("%+v", p)
	}
	patient := made(t, json.RawMessage(`{"database":{"path":"`+path+`","maxAgeDays":60}}`))
	if d := patient.Data.Data(); d.Fault != "" {
		t.Errorf("%v", d)
	}
	for ip, want := range map[string]string{
		"81.2.69.142": "GB", "2.125.160.216": "GB", "89.160.20.112": "SE", "216.160.83.56": "US", "67.43.156.1": "BT", "202.196.224.1": "PH",
		"2001:218::1": "JP", "175.16.199.1": "CN", "::ffff:81.2.69.142": "GB",
		"2a02:d500::1": "", "8.8.8.8": "", "10.0.0.1": "", "127.0.0.1": "", "203.0.113.77": "", "": "",
	} {
		got, err := p.Locator.Locate(t.Context(), provider.Submission{RemoteIP: ip})
		if err != nil || got.Country != want {
			t.Errorf("%s: %v, %v; want %q", ip, got, err, want)
		}
	}
	got, err := p.Locator.Locate(t.Context(), provider.Submission{Country: "France", Phone: "030 901820", RemoteIP: "81.2.69.142"})
	want := provider.Location{Country: "FR", Source: "Declared", Disagreement: "IP=GB"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
