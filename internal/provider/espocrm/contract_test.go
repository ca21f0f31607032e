package espocrm_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/contact-operator/contact-operator/hack/sandbox/espocrm"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
	"github.com/contact-operator/contact-operator/internal/provider"
	adapter "github.com/contact-operator/contact-operator/internal/provider/espocrm"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

const (
	apiKey    = "api-key-secret-1234"
	secretKey = "hmac-secret-1234"
)

// instance is the sandbox's EspoCRM.
type instance struct {
	http.Handler
	sandbox *server.Server
}

func (i instance) People() int { return len(i.sandbox.Records(server.EspoCRM)) }

func newInstance(o espocrm.Options) instance {
	sandbox := server.New(server.Options{
		Tokens:  map[server.Service]string{server.EspoCRM: apiKey},
		Vendors: map[server.Service]server.NewVendor{server.EspoCRM: espocrm.New(o)},
	})
	return instance{Handler: sandbox, sandbox: sandbox}
}

func keyRef() provider.Ref  { return provider.Ref{Name: "espocrm", Key: "api-key"} }
func hmacRef() provider.Ref { return provider.Ref{Name: "espocrm", Key: "secret-key"} }

func byHMAC(c *adapter.Config) {
	ref := hmacRef()
	c.HMACSecretRef = &ref
}

func asLeads(c *adapter.Config)        { c.Entity = "Lead" }
func eraseAndDelete(c *adapter.Config) { c.Erase = "EraseAndDelete" }

func TestContract(t *testing.T) {
	t.Parallel()
	key := map[provider.Ref]string{keyRef(): apiKey + "\n"}
	cases := map[string]struct {
		secrets map[provider.Ref]string
		options espocrm.Options
		change  func(*adapter.Config)
	}{
		"API key":          {key, espocrm.Options{}, func(*adapter.Config) {}},
		"HMAC":             {map[provider.Ref]string{keyRef(): apiKey, hmacRef(): secretKey}, espocrm.Options{Secret: secretKey}, byHMAC},
		"leads":            {key, espocrm.Options{}, asLeads},
		"erase and delete": {key, espocrm.Options{}, eraseAndDelete},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			providertest.Run(t, providertest.Adapter{
				Factory:   adapter.Factory(),
				Secrets:   tc.secrets,
				Spec:      func(base string) json.RawMessage { return spec(base, tc.change) },
				NewVendor: func(testing.TB) providertest.Vendor { return newInstance(tc.options) },
			})
		})
	}
}

// spec is a configuration for the sandbox at a base URL, changed by each of the functions.
func spec(base string, change ...func(*adapter.Config)) json.RawMessage {
	c := adapter.Config{
		URL: base + "/espocrm", APIKeySecretRef: keyRef(),
		Fields: []mapping.Field{
			{Name: "firstName", From: "FirstName"},
			{Name: "lastName", From: "LastName"},
			{Name: "phoneNumber", From: "Phone"},
			{Name: "description", Attribute: "topic"},
			{Name: "cPlan", Attribute: "choice"},
			{Name: "cTopics", From: "Channels"},
			{Name: "cSeats", Attribute: "size"},
			{Name: "cRegisteredAt", From: "ConsentTime"},
		},
	}
	for _, f := range change {
		f(&c)
	}
	b, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	return b
}
