package ipinfo_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/contact-operator/contact-operator/hack/sandbox/ipinfo"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
	"github.com/contact-operator/contact-operator/internal/provider"
	adapter "github.com/contact-operator/contact-operator/internal/provider/ipinfo"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

const token = "secret-token-1234"

// standIn is the sandbox's ipinfo. It holds nobody.
type standIn struct{ http.Handler }

func (standIn) People() int { return 0 }

func newStandIn(o ipinfo.Options) standIn {
	return standIn{server.New(server.Options{
		Tokens:  map[server.Service]string{server.IPinfo: token},
		Vendors: map[server.Service]server.NewVendor{server.IPinfo: ipinfo.New(o)},
	})}
}

func TestContract(t *testing.T) {
	t.Parallel()
	for _, service := range []string{"Lite", "Lookup", "Legacy"} {
		t.Run(service, func(t *testing.T) {
			t.Parallel()
			providertest.Run(t, providertest.Adapter{
				Factory: adapter.Factory(),
				Secrets: map[provider.Ref]string{{Name: "ipinfo", Key: "token"}: token + "\n"},
				Spec: func(base string) json.RawMessage {
					return spec(base+"/ipinfo", func(c *adapter.Config) {
						c.Service, c.LookUp = service, "Always" // the suite's person has a phone number, which would do
					})
				},
				NewVendor:   func(testing.TB) providertest.Vendor { return newStandIn(ipinfo.Options{}) },
				WantCountry: "GB", // by the phone number: nobody on the Internet has the suite's address
			})
		})
	}
}

// spec is a configuration for a URL, changed by each of the functions.
func spec(url string, change ...func(*adapter.Config)) json.RawMessage {
	c := adapter.Config{URL: url, TokenSecretRef: provider.Ref{Name: "ipinfo", Key: "token"}}
	for _, f := range change {
		f(&c)
	}
	b, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	return b
}
