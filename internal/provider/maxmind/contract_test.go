package maxmind_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/contact-operator/contact-operator/hack/sandbox/maxmind"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
	"github.com/contact-operator/contact-operator/internal/provider"
	adapter "github.com/contact-operator/contact-operator/internal/provider/maxmind"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

const licenseKey = "secret-license-key-1234"

// standIn is the sandbox's MaxMind. It holds nobody.
type standIn struct{ http.Handler }

func (standIn) People() int { return 0 }

func newStandIn(o maxmind.Options) standIn {
	return standIn{server.New(server.Options{
		Tokens:  map[server.Service]string{server.MaxMind: licenseKey},
		Vendors: map[server.Service]server.NewVendor{server.MaxMind: maxmind.New(o)},
	})}
}

func TestContract(t *testing.T) {
	t.Parallel()
	for _, service := range []string{"Country", "Insights"} {
		t.Run(service, func(t *testing.T) {
			t.Parallel()
			providertest.Run(t, providertest.Adapter{
				Factory: adapter.Factory(),
				Secrets: map[provider.Ref]string{{Name: "maxmind", Key: "licenseKey"}: licenseKey + "\n"},
				Spec: func(base string) json.RawMessage {
					return spec(base+"/maxmind", func(c *adapter.WebService) {
						c.Service, c.LookUp = service, "Always" // the suite's person has a phone number, which would do
					})
				},
				NewVendor:   func(testing.TB) providertest.Vendor { return newStandIn(maxmind.Options{}) },
				WantCountry: "GB", // by the phone number: nobody on the Internet has the suite's address
			})
		})
	}
}

// spec is a configuration of the web service at a URL, changed by each of the functions.
func spec(url string, change ...func(*adapter.WebService)) json.RawMessage {
	c := adapter.WebService{
		URL: url, AccountID: 123456, LicenseKeySecretRef: provider.Ref{Name: "maxmind", Key: "licenseKey"},
	}
	for _, f := range change {
		f(&c)
	}
	b, err := json.Marshal(adapter.Config{WebService: &c})
	if err != nil {
		panic(err)
	}
	return b
}
