package builtin

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/provider"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		spec string
		want string // the message, "" when it is fine
	}{
		"nothing":            {`{}`, "spec.builtin offers nothing: give at least one of verify and locate"},
		"no object":          {`[]`, "spec.builtin can't be read: json: cannot unmarshal array into Go value of type builtin.Config"},
		"an unknown field":   {`{"verify":{"smtp":true}}`, `spec.builtin can't be read: json: unknown field "smtp"`},
		"defaults":           {`{"verify":{},"locate":{}}`, ""},
		"resolvers":          {`{"verify":{"resolvers":["10.0.0.1:53","10.0.0.1","[2001:db8::1]:53","2001:db8::1","dns.example:5353","dns.example"]}}`, ""},
		"no port":            {`{"verify":{"resolvers":["10.0.0.1:53","dns.example:"]}}`, `spec.builtin.verify.resolvers[1]: "dns.example:" is not host:port, for example 10.96.0.10:53`},
		"a URL":              {`{"verify":{"resolvers":["https://dns.example/"]}}`, `spec.builtin.verify.resolvers[0]: "https://dns.example/" is not host:port, for example 10.96.0.10:53`},
		"two sources":        {`{"verify":{"disposableDomains":{"url":"https://host.example/","path":"/list"}}}`, "spec.builtin.verify.disposableDomains names 2 sources: give exactly one of configMapKeyRef, url and path"},
		"no source":          {`{"verify":{"disposableDomains":{"refreshSeconds":60}}}`, "spec.builtin.verify.disposableDomains names 0 sources: give exactly one of configMapKeyRef, url and path"},
		"not a URL":          {`{"verify":{"disposableDomains":{"url":"ftp://host.example/"}}}`, "spec.builtin.verify.disposableDomains.url is not an http or https URL"},
		"no ConfigMap":       {`{"verify":{"disposableDomains":{"configMapKeyRef":{"name":"lists","key":"none"}}}}`, "spec.builtin.verify.disposableDomains: ConfigMap lists with the key none does not exist: create it"},
		"a bad ConfigMap":    {`{"verify":{"disposableDomains":{"configMapKeyRef":{"name":"lists","key":"bad"}}}}`, "spec.builtin.verify.disposableDomains: ConfigMap lists, key bad: line 2 is not a domain that can be registered"},
		"an empty ConfigMap": {`{"verify":{"disposableDomains":{"configMapKeyRef":{"name":"lists","key":"empty"}}}}`, ""},
		"a missing file":     {`{"verify":{"disposableDomains":{"path":"/there/is/no/such/file"}}}`, ""},
		"never refreshed":    {`{"verify":{"disposableDomains":{"path":"/list","refreshSeconds":0}}}`, "spec.builtin.verify.disposableDomains.refreshSeconds has to be greater than 0"},
		"not a domain":       {`{"verify":{"allowedDomains":["person.example","*"]}}`, `spec.builtin.verify.allowedDomains[1]: "*" is not a domain`},
		"no country":         {`{"locate":{"phoneRegion":"XX"}}`, `spec.builtin.locate.phoneRegion: "XX" is no country with telephones: give an ISO 3166-1 alpha-2 code, for example DE`},
		"a country":          {`{"locate":{"phoneRegion":"UK"}}`, ""},
		"no database":        {`{"locate":{"databasePath":"/there/is/no/such/file"}}`, "spec.builtin.locate.databasePath: /there/is/no/such/file: there is no such file: mount a volume that holds it into the operator's Pod"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lists := map[provider.Ref]string{{Name: "lists", Key: "bad"}: "a.example\nb c\n", {Name: "lists", Key: "empty"}: "# none yet\n"}
			p, err := Factory().New(provider.Settings{Spec: json.RawMessage(tc.spec), ConfigMaps: lists, HTTP: http.DefaultClient})
			got := ""
			if err != nil {
				e, ok := err.(*provider.Error) //nolint:errorlint // the contract is this very type
				if !ok || e.Class != provider.Config {
					t.Fatalf("error %v, want class Config", err)
				}
				got = e.Message
			} else if p.Close != nil {
				p.Close()
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRefs(t *testing.T) {
	t.Parallel()
	got, err := Factory().Refs(json.RawMessage(`{"verify":{"disposableDomains":{"configMapKeyRef":{"name":"lists","key":"domains"}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(provider.Refs{ConfigMaps: []provider.Ref{{Name: "lists", Key: "domains"}}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, err = Factory().Refs(json.RawMessage(`{"locate":{}}`)); err != nil || len(got.ConfigMaps)+len(got.Secrets) != 0 {
		t.Errorf("%v, %v", got, err)
	}
}
