package maxmind_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/hack/sandbox/maxmind"
	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	adapter "github.com/contact-operator/contact-operator/internal/provider/maxmind"
)

// asking is a provider that asks what a handler serves.
func asking(t *testing.T, h http.Handler, change ...func(*adapter.WebService)) provider.Provider {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return made(t, spec(srv.URL+"/maxmind", change...))
}

func made(t *testing.T, spec json.RawMessage) provider.Provider {
	t.Helper()
	p, err := adapter.Factory().New(provider.Settings{
		Spec: spec, HTTP: httpx.New(httpx.Options{AllowLoopback: true}),
		Secrets: map[provider.Ref]string{{Name: "maxmind", Key: "licenseKey"}: licenseKey},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func always(c *adapter.WebService) { c.LookUp = "Always" }

// What MaxMind may answer, and what that means.
func TestAnswers(t *testing.T) {
	t.Parallel()
	const (
		record  = "application/vnd.maxmind.com-country+json; charset=UTF-8; version=2.1"
		problem = "application/vnd.maxmind.com-error+json; charset=UTF-8; version=2.0"
		badKey  = "MaxMind does not take the account and its license key (status 401): check spec.maxmind.webService.accountID and the Secret"
		noPath  = "there is no web service of MaxMind at spec.maxmind.webService.url (status 404): give https://geoip.maxmind.com, or https://geolite.info for GeoLite"
	)
	code := func(c string) string { return `{"code":"` + c + `","error":"remote text"}` }
	traits := `"traits":{"ip_address":"81.2.69.142","network":"81.2.69.142/31"}`
	cases := map[string]struct {
		status      int
		contentType string
		body        string
		header      string // name: value
		want        string // the country
		wantClass   provider.Class
		wantMessage string // part of it
		wantWait    time.Duration
	}{
		"a country": {status: 200, contentType: record, body: `{"country":{"iso_code":"SE","is_in_european_union":true,"geoname_id":1,"names":{"en":"Sweden"}},` +
			`"registered_country":{"iso_code":"DE"},"continent":{"code":"EU"},` + traits + `}`, want: "SE"},
		"registered elsewhere, located nowhere": {status: 200, contentType: record, body: `{"registered_country":{"iso_code":"DE"},` + traits + `}`},
		"a base of another country":             {status: 200, contentType: record, body: `{"country":{"iso_code":"PH"},"represented_country":{"iso_code":"US","type":"military"},` + traits + `}`, want: "PH"},
		"what there is not yet": {status: 200, contentType: record, body: `{"country":{"iso_code":"SE","more":[1]},"more":{"x":null},` +
			`"traits":{"ip_address":"81.2.69.142","more":1}}`, want: "SE"},
		"anycast":          {status: 200, contentType: record, body: `{"country":{"iso_code":"US"},"traits":{"ip_address":"81.2.69.142","is_anycast":true}}`},
		"a VPN":            {status: 200, contentType: record, body: `{"country":{"iso_code":"US"},` + traits + `,"anonymizer":{"is_anonymous":true,"confidence":99,"provider_name":"x"}}`},
		"a hoster":         {status: 200, contentType: record, body: `{"country":{"iso_code":"US"},` + traits + `,"anonymizer":{"is_hosting_provider":true}}`},
		"a VPN, as before": {status: 200, contentType: record, body: `{"country":{"iso_code":"US"},"traits":{"ip_address":"81.2.69.142","is_anonymous_vpn":true}}`},
		"no anonymizer":    {status: 200, contentType: record, body: `{"country":{"iso_code":"US"},` + traits + `,"anonymizer":{}}`, want: "US"},
		"of another address": {
			status: 200, contentType: record, body: `{"country":{"iso_code":"US"},"traits":{"ip_address":"81.2.69.143"}}`,
			wantClass: provider.Transient, wantMessage: "the answer is not one of MaxMind's API",
		},
		"of nobody": {status: 200, contentType: "application/json", body: `{}`, wantClass: provider.Transient, wantMessage: "the answer is not one of MaxMind's API"},
		"a page":    {status: 200, contentType: "text/html", body: `<html>remote text</html>`, wantClass: provider.Transient, wantMessage: "the answer is not one of MaxMind's API"},

		"not in the database":              {status: 404, contentType: problem, body: code("IP_ADDRESS_NOT_FOUND")},
		"reserved":                         {status: 400, contentType: problem, body: code("IP_ADDRESS_RESERVED")},
		"reserved, says who?":              {status: 400, contentType: "application/json", body: code("IP_ADDRESS_RESERVED"), wantClass: provider.Transient, wantMessage: "not one of MaxMind's"},
		"no address":                       {status: 400, contentType: problem, body: code("IP_ADDRESS_INVALID"), wantClass: provider.Invalid, wantMessage: "does not take the IP address"},
		"no address at all":                {status: 400, contentType: problem, body: code("IP_ADDRESS_REQUIRED"), wantClass: provider.Invalid, wantMessage: "does not take the IP address"},
		"a wrong key":                      {status: 401, contentType: problem, body: code("AUTHORIZATION_INVALID"), wantClass: provider.Auth, wantMessage: badKey + "; a new key takes some minutes"},
		"no key":                           {status: 401, contentType: problem, body: code("LICENSE_KEY_REQUIRED"), wantClass: provider.Auth, wantMessage: badKey},
		"no account":                       {status: 401, contentType: problem, body: code("ACCOUNT_ID_REQUIRED"), wantClass: provider.Auth, wantMessage: badKey},
		"401 and nothing more":             {status: 401, wantClass: provider.Auth, wantMessage: badKey},
		"no credit":                        {status: 402, contentType: problem, body: code("INSUFFICIENT_FUNDS"), wantClass: provider.Auth, wantMessage: "no credit left"},
		"no permission":                    {status: 402, contentType: problem, body: code("PERMISSION_REQUIRED"), wantClass: provider.Auth, wantMessage: "may not use this service"},
		"402 and nothing more":             {status: 402, wantClass: provider.Auth, wantMessage: "wants to be paid"},
		"by http":                          {status: 403, wantClass: provider.Auth, wantMessage: "by https"},
		"another path":                     {status: 404, wantClass: provider.Config, wantMessage: noPath},
		"another path, of another service": {status: 404, contentType: "application/json", body: code("IP_ADDRESS_NOT_FOUND"), wantClass: provider.Config, wantMessage: noPath},
		"an unknown code":                  {status: 404, contentType: problem, body: code("SOMETHING_NEW"), wantClass: provider.Config, wantMessage: noPath},
		"a code in pieces":                 {status: 404, contentType: problem, body: `{"code":"IP_ADDR`, wantClass: provider.Config, wantMessage: noPath},
		"another method":                   {status: 405, wantClass: provider.Config, wantMessage: "(status 405)"},
		"not acceptable":                   {status: 406, wantClass: provider.Config},
		"no such content type":             {status: 415, wantClass: provider.Config},
		"too many":                         {status: 429, wantClass: provider.Throttled, wantMessage: "asks for fewer calls (status 429)"},
		"too many, for how long":           {status: 429, header: "Retry-After: 60", wantClass: provider.Throttled, wantWait: time.Minute},
		"500":                              {status: 500, wantClass: provider.Transient},
		"503":                              {status: 503, wantClass: provider.Transient},
		"moved":                            {status: 301, header: "Location: https://elsewhere.example/", wantClass: provider.Config, wantMessage: "a redirect"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := asking(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet || r.URL.Path != "/maxmind/geoip/v2.1/country/81.2.69.142" || r.URL.RawQuery != "" {
					t.Errorf("%s %s", r.Method, r.URL)
				}
				if want := "Basic " + base64.StdEncoding.EncodeToString([]byte("123456:"+licenseKey)); r.Header.Get("Authorization") != want {
					t.Errorf("Authorization %q", r.Header.Get("Authorization"))
				}
				for _, unwanted := range []string{"Accept-Charset", "Content-Type"} { // answered with 406 and 415
					if r.Header.Get(unwanted) != "" {
						t.Errorf("%s is sent", unwanted)
					}
				}
				if tc.contentType != "" {
					w.Header().Set("Content-Type", tc.contentType)
				}
				if name, value, has := strings.Cut(tc.header, ": "); has {
					w.Header().Set(name, value)
				}
				w.WriteHeader(tc.status)
				_, _ = w.Write([]byte(tc.body))
			}), always)
			got, err := p.Locator.Locate(t.Context(), provider.Submission{RemoteIP: "81.2.69.142"})
			check(t, got, err, tc.want, tc.wantClass, tc.wantMessage)
			if err != nil && provider.AsError(err).RetryAfter != tc.wantWait {
				t.Errorf("retry after %v, want %v", provider.AsError(err).RetryAfter, tc.wantWait)
			}
		})
	}
}

func check(t *testing.T, got provider.Location, err error, want string, class provider.Class, message string) {
	t.Helper()
	e := &provider.Error{}
	if err != nil {
		e = provider.AsError(err)
	}
	if got.Country != want || e.Class != class || !strings.Contains(e.Message, message) {
		t.Errorf("%q, %v; want %q, %s: %s", got.Country, err, want, class, message)
	}
	for _, remote := range []string{"remote text", licenseKey, "81.2.69.142"} {
		if strings.Contains(e.Message, remote) {
			t.Errorf("the message shows %q: %s", remote, e.Message)
		}
	}
	if want != "" && got.Source != "IP" {
		t.Errorf("source %s", got.Source)
	}
}

// The whole way, against the stand-in.
func TestAgainstTheStandIn(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		options   maxmind.Options
		change    func(*adapter.WebService)
		ip        string
		want      string
		wantClass provider.Class
	}{
		"IPv4":                   {ip: "89.160.20.112", want: "SE"},
		"IPv6":                   {ip: "2001:218::1", want: "JP"},
		"IPv4 in IPv6":           {ip: "::ffff:89.160.20.112", want: "SE"},
		"with port and zone":     {ip: "[2001:218::1%eth0]:443", want: "JP"},
		"in the books, nowhere":  {ip: "2a02:d500::1"},
		"not in the books":       {ip: "198.51.99.1"},
		"for documentation":      {ip: "203.0.113.77"},
		"private":                {ip: "10.1.2.3"},
		"none":                   {},
		"a military base":        {ip: "202.196.224.1", want: "PH"},
		"anycast":                {ip: "8.8.8.8"},
		"a VPN, to Country":      {ip: "81.2.69.193", want: "GB"},
		"a VPN, to Insights":     {ip: "81.2.69.193", change: func(c *adapter.WebService) { c.Service = "Insights" }},
		"a hoster, to Insights":  {ip: "81.2.69.161", change: func(c *adapter.WebService) { c.Service = "Insights" }},
		"satellite, to Insights": {ip: "196.201.135.1", change: func(c *adapter.WebService) { c.Service = "Insights" }},
		"Insights for nothing": {
			options: maxmind.Options{Free: true}, ip: "89.160.20.112", change: func(c *adapter.WebService) { c.Service = "Insights" }, wantClass: provider.Auth,
		},
		"another account": {ip: "89.160.20.112", change: func(c *adapter.WebService) { c.AccountID = 7 }, wantClass: provider.Auth},
		"another path":    {ip: "89.160.20.112", change: func(c *adapter.WebService) { c.URL += "/x" }, wantClass: provider.Config},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changes := []func(*adapter.WebService){always}
			if tc.change != nil {
				changes = append(changes, tc.change)
			}
			got, err := asking(t, newStandIn(tc.options), changes...).Locator.Locate(t.Context(), provider.Submission{RemoteIP: tc.ip})
			check(t, got, err, tc.want, tc.wantClass, "")
		})
	}
}

// Credit is spent only where nothing else tells the country, and it runs out.
func TestCredit(t *testing.T) {
	t.Parallel()
	p := asking(t, newStandIn(maxmind.Options{Credit: 2}))
	ask := func(s provider.Submission) (provider.Location, error) { return p.Locator.Locate(t.Context(), s) }
	for range 5 {
		got, err := ask(provider.Submission{Country: "Germany", RemoteIP: "89.160.20.112"})
		if diff := cmp.Diff(provider.Location{Country: "DE", Source: "Declared"}, got); diff != "" || err != nil {
			t.Fatalf("%v %s", err, diff)
		}
	}
	if err := p.Health.CheckHealth(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := ask(provider.Submission{RemoteIP: "89.160.20.112"}); err != nil || got.Country != "SE" {
		t.Fatalf("%v, %v", got, err)
	}
	if _, err := ask(provider.Submission{RemoteIP: "89.160.20.112"}); err == nil || provider.AsError(err).Class != provider.Auth {
		t.Errorf("with no credit left: %v", err)
	}
	if p.HealthEvery < time.Hour {
		t.Errorf("health calls, which cost, every %v", p.HealthEvery)
	}
}

// Many errors make MaxMind refuse all calls for a while.
func TestErrorsInARow(t *testing.T) {
	t.Parallel()
	p := asking(t, newStandIn(maxmind.Options{Tolerates: 3}), func(c *adapter.WebService) { c.AccountID = 7 })
	for i, want := range []provider.Class{provider.Auth, provider.Auth, provider.Auth, provider.Throttled} {
		if err := p.Health.CheckHealth(t.Context()); err == nil || provider.AsError(err).Class != want {
			t.Errorf("call %d: %v, want %s", i, err, want)
		}
	}
}
