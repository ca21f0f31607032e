package ipinfo_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/hack/sandbox/ipinfo"
	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	adapter "github.com/contact-operator/contact-operator/internal/provider/ipinfo"
)

// asking is a provider that asks what a handler serves.
func asking(t *testing.T, h http.Handler, change ...func(*adapter.Config)) provider.Provider {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	p, err := adapter.Factory().New(provider.Settings{
		Spec: spec(srv.URL+"/ipinfo", change...), HTTP: httpx.New(httpx.Options{AllowLoopback: true}),
		Secrets: map[provider.Ref]string{{Name: "ipinfo", Key: "token"}: token},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func always(c *adapter.Config) { c.LookUp = "Always" }

func service(name string) func(*adapter.Config) { return func(c *adapter.Config) { c.Service = name } }

// What ipinfo may answer, and what that means.
func TestAnswers(t *testing.T) {
	t.Parallel()
	const unreadable = "the answer is not one of ipinfo's API"
	paths := map[string]string{"Lite": "/ipinfo/lite/81.2.69.142", "Lookup": "/ipinfo/lookup/81.2.69.142", "Legacy": "/ipinfo/81.2.69.142/json"}
	problem := func(title string) string {
		return `{"status":403,"error":{"title":"` + title + `","message":"remote text"}}`
	}
	cases := map[string]struct {
		service     string // Lite when left out
		status      int
		body        string
		header      string // name: value
		want        string // the country
		wantClass   provider.Class
		wantMessage string // part of it
		wantWait    time.Duration
	}{
		"Lite": {status: 200, body: `{"ip":"81.2.69.142","asn":"AS1","as_name":"x","as_domain":"x.example","country_code":"GB",` +
			`"country":"United Kingdom","continent_code":"EU","continent":"Europe"}`, want: "GB"},
		"Lite, by name alone":   {status: 200, body: `{"ip":"81.2.69.142","country":"United Kingdom"}`},
		"Lite, bogon":           {status: 200, body: `{"ip":"81.2.69.142","bogon":true}`},
		"Lite, the legacy's":    {status: 200, body: `{"ip":"81.2.69.142","country":"GB"}`}, // a code where a name belongs: not this service
		"Legacy":                {service: "Legacy", status: 200, body: `{"ip":"81.2.69.142","city":"London","country":"GB","loc":"1,2","timezone":"x"}`, want: "GB"},
		"Legacy, bogon":         {service: "Legacy", status: 200, body: `{"ip":"81.2.69.142","bogon":true}`},
		"Legacy, Lite's":        {service: "Legacy", status: 200, body: `{"ip":"81.2.69.142","country_code":"GB","country":"United Kingdom"}`},
		"Legacy, anycast":       {service: "Legacy", status: 200, body: `{"ip":"81.2.69.142","country":"US","anycast":true}`},
		"Legacy, VPN":           {service: "Legacy", status: 200, body: `{"ip":"81.2.69.142","country":"US","privacy":{"vpn":true,"proxy":false,"tor":false,"relay":false,"hosting":false,"service":""}}`},
		"Legacy, proxy":         {service: "Legacy", status: 200, body: `{"ip":"81.2.69.142","country":"US","privacy":{"proxy":true}}`},
		"Legacy, Tor":           {service: "Legacy", status: 200, body: `{"ip":"81.2.69.142","country":"US","privacy":{"tor":true}}`},
		"Legacy, relay":         {service: "Legacy", status: 200, body: `{"ip":"81.2.69.142","country":"US","privacy":{"relay":true}}`},
		"Legacy, hosting":       {service: "Legacy", status: 200, body: `{"ip":"81.2.69.142","country":"US","privacy":{"hosting":true}}`},
		"Legacy, none of these": {service: "Legacy", status: 200, body: `{"ip":"81.2.69.142","country":"US","privacy":{"vpn":false}}`, want: "US"},
		"Lookup":                {service: "Lookup", status: 200, body: `{"ip":"81.2.69.142","geo":{"country":"United Kingdom","country_code":"GB","city":"London"},"as":{},"is_anonymous":false,"is_mobile":true}`, want: "GB"},
		"Lookup, bogon":         {service: "Lookup", status: 200, body: `{"ip":"81.2.69.142","bogon":true}`},
		"Lookup, anonymous":     {service: "Lookup", status: 200, body: `{"ip":"81.2.69.142","geo":{"country_code":"GB"},"is_anonymous":true}`},
		"Lookup, anycast":       {service: "Lookup", status: 200, body: `{"ip":"81.2.69.142","geo":{"country_code":"GB"},"is_anycast":true}`},
		"Lookup, hosting":       {service: "Lookup", status: 200, body: `{"ip":"81.2.69.142","geo":{"country_code":"GB"},"is_hosting":true}`},
		"Lookup, satellite":     {service: "Lookup", status: 200, body: `{"ip":"81.2.69.142","geo":{"country_code":"GB"},"is_satellite":true}`},

		"of another address": {status: 200, body: `{"ip":"81.2.69.143","country_code":"GB"}`, wantClass: provider.Transient, wantMessage: unreadable},
		"of nobody":          {status: 200, body: `{}`, wantClass: provider.Transient, wantMessage: unreadable},
		"a page":             {status: 200, body: `<html>remote text</html>`, wantClass: provider.Transient, wantMessage: unreadable},
		"an unknown token":   {status: 403, body: problem("Unknown token"), wantClass: provider.Auth, wantMessage: "does not take the token, or its plan does not have this service (status 403)"},
		"a front's refusal":  {status: 403, body: "<html>403 Forbidden remote text</html>", wantClass: provider.Auth, wantMessage: "(status 403)"},
		"no permission":      {status: 401, body: `{}`, wantClass: provider.Auth, wantMessage: "(status 401)"},
		"no such path":       {status: 404, body: problem("Wrong ip"), wantClass: provider.Config, wantMessage: "leave url out, and check service"},
		"no method":          {status: 405, wantClass: provider.Config},
		"not acceptable":     {status: 406, wantClass: provider.Config},
		"the quota":          {status: 429, body: problem("Rate limit exceeded"), wantClass: provider.Throttled, wantMessage: "the quota of the ipinfo plan is used up"},
		"the quota, as text": {status: 429, body: "remote text", header: "Retry-After: 60", wantClass: provider.Throttled, wantWait: time.Minute},
		"400":                {status: 400, wantClass: provider.Invalid},
		"500":                {status: 500, wantClass: provider.Transient},
		"503":                {status: 503, header: "Retry-After: 7", wantClass: provider.Transient, wantWait: 7 * time.Second},
		"moved":              {status: 302, header: "Location: https://elsewhere.example/", wantClass: provider.Config, wantMessage: "a redirect"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tc.service == "" {
				tc.service = "Lite"
			}
			p := asking(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet || r.URL.Path != paths[tc.service] || r.URL.RawQuery != "" {
					t.Errorf("%s %s", r.Method, r.URL)
				}
				if r.Header.Get("Authorization") != "Bearer "+token {
					t.Errorf("Authorization %q", r.Header.Get("Authorization"))
				}
				if name, value, has := strings.Cut(tc.header, ": "); has {
					w.Header().Set(name, value)
				}
				w.WriteHeader(tc.status)
				_, _ = w.Write([]byte(tc.body))
			}), always, service(tc.service))
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
	for _, remote := range []string{"remote text", token, "81.2.69.142"} {
		if strings.Contains(e.Message, remote) {
			t.Errorf("the message shows %q: %s", remote, e.Message)
		}
	}
}

// The whole way, against the stand-in: each service finds the same, as far as it knows.
func TestAgainstTheStandIn(t *testing.T) {
	t.Parallel()
	cases := map[string]map[string]string{ // address, service: country
		"89.160.20.112":        {"Lite": "SE", "Lookup": "SE", "Legacy": "SE"},
		"2001:218::1":          {"Lite": "JP", "Lookup": "JP", "Legacy": "JP"},
		"::ffff:89.160.20.112": {"Lite": "SE", "Lookup": "SE", "Legacy": "SE"},
		"198.51.99.1":          {"Lite": "", "Lookup": "", "Legacy": ""},
		"203.0.113.77":         {"Lite": "", "Lookup": "", "Legacy": ""},
		"10.1.2.3":             {"Lite": "", "Lookup": "", "Legacy": ""},
		"8.8.8.8":              {"Lite": "US", "Lookup": "", "Legacy": ""},
		"81.2.69.193":          {"Lite": "GB", "Lookup": "", "Legacy": ""},
		"81.2.69.161":          {"Lite": "GB", "Lookup": "", "Legacy": ""},
		"196.201.135.1":        {"Lite": "ZW", "Lookup": "", "Legacy": "ZW"},
	}
	for ip, byService := range cases {
		for name, want := range byService {
			t.Run(name+" "+ip, func(t *testing.T) {
				t.Parallel()
				got, err := asking(t, newStandIn(ipinfo.Options{}), always, service(name)).Locator.Locate(t.Context(), provider.Submission{RemoteIP: ip})
				check(t, got, err, want, "", "")
			})
		}
	}
}

func TestPlans(t *testing.T) {
	t.Parallel()
	visitor := provider.Submission{RemoteIP: "89.160.20.112"}
	free := newStandIn(ipinfo.Options{OnlyLite: true})
	if got, err := asking(t, free).Locator.Locate(t.Context(), visitor); err != nil || got.Country != "SE" {
		t.Errorf("Lite: %v, %v", got, err)
	}
	for _, name := range []string{"Lookup", "Legacy"} {
		if _, err := asking(t, free, service(name)).Locator.Locate(t.Context(), visitor); err == nil || provider.AsError(err).Class != provider.Auth {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := asking(t, newStandIn(ipinfo.Options{Quota: 2}), service("Lookup"))
	if p.HealthEvery < time.Hour {
		t.Errorf("health calls, which count, every %v", p.HealthEvery)
	}
	for range 5 { // nobody is asked
		got, err := p.Locator.Locate(t.Context(), provider.Submission{Phone: "+49 30 901820", RemoteIP: "89.160.20.112"})
		if diff := cmp.Diff(provider.Location{Country: "DE", Source: "Phone", Phone: "+4930901820"}, got); diff != "" || err != nil {
			t.Fatalf("%v %s", err, diff)
		}
	}
	for i, want := range []provider.Class{"", "", provider.Throttled} {
		if _, err := p.Locator.Locate(t.Context(), visitor); (err == nil) != (want == "") || err != nil && provider.AsError(err).Class != want {
			t.Errorf("question %d: %v, want %q", i, err, want)
		}
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	with := func(more string) string { return `{"tokenSecretRef":{"name":"ipinfo","key":"token"}` + more + `}` }
	cases := map[string]struct{ spec, want string }{
		"defaults":            {with(""), ""},
		"Lookup":              {with(`,"service":"Lookup"`), ""},
		"Legacy":              {with(`,"service":"Legacy"`), ""},
		"an unknown field":    {with(`,"plan":"x"`), `spec.ipinfo can't be read: json: unknown field "plan"`},
		"another service":     {with(`,"service":"Max"`), `spec.ipinfo.service: "Max" is none of Lite, Lookup and Legacy`},
		"sometimes":           {with(`,"lookUp":"Sometimes"`), `spec.ipinfo.lookUp: "Sometimes" is neither IfNeeded nor Always`},
		"Lite at the legacy":  {with(`,"url":"https://ipinfo.io"`), "spec.ipinfo.url: service Lite is at https://api.ipinfo.io: leave url out"},
		"legacy at the other": {with(`,"service":"Legacy","url":"https://api.ipinfo.io/"`), "spec.ipinfo.url: service Legacy is at https://ipinfo.io: leave url out"},
		"a token in the URL":  {with(`,"url":"https://api.ipinfo.io/?token=x"`), "spec.ipinfo.url: it has a query or a fragment: give the address of the API alone"},
		"a region":            {with(`,"phoneRegion":"XX"`), `spec.ipinfo.phoneRegion: "XX" is no country with telephones: give an ISO 3166-1 alpha-2 code, for example DE`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := adapter.Factory().New(provider.Settings{
				Spec: json.RawMessage(tc.spec), HTTP: httpx.New(httpx.Options{}),
				Secrets: map[provider.Ref]string{{Name: "ipinfo", Key: "token"}: token},
			})
			got := ""
			if err != nil {
				if provider.AsError(err).Class != provider.Config {
					t.Errorf("class %s", provider.AsError(err).Class)
				}
				got = provider.AsError(err).Message
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
