package hubspot_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/contact-operator/contact-operator/hack/sandbox/hubspot"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
	"github.com/contact-operator/contact-operator/internal/provider"
	adapter "github.com/contact-operator/contact-operator/internal/provider/hubspot"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

const token = "pat-secret-1234"

// account is the sandbox's HubSpot.
type account struct {
	http.Handler
	sandbox *server.Server
}

func (a account) People() int { return len(a.sandbox.Records(server.HubSpot)) }

func newAccount(o hubspot.Options) account {
	sandbox := server.New(server.Options{
		Tokens:  map[server.Service]string{server.HubSpot: token},
		Vendors: map[server.Service]server.NewVendor{server.HubSpot: hubspot.New(o)},
	})
	return account{Handler: sandbox, sandbox: sandbox}
}

func TestContract(t *testing.T) {
	t.Parallel()
	ref := provider.Ref{Name: "hubspot", Key: "token"}
	for _, erase := range []string{"Archive", "GDPRDelete"} {
		except := map[string]string{}
		if erase == "GDPRDelete" {
			for _, name := range []string{
				"a lost answer changes nothing", "a cancelled call ends", "a status has its class", "an answer that can't be read passes",
				"a batch that is refused whole says so", "another content type does no harm",
			} {
				except[name] = "it writes the person that it has erased before, whom HubSpot refuses from then on"
			}
		}
		t.Run(erase, func(t *testing.T) {
			t.Parallel()
			providertest.Run(t, providertest.Adapter{
				Factory: adapter.Factory(),
				Secrets: map[provider.Ref]string{ref: token + "\n"},
				Spec: func(base string) json.RawMessage {
					return spec(base, func(c *adapter.Config) { c.Erase = erase })
				},
				NewVendor: func(testing.TB) providertest.Vendor { return newAccount(hubspot.Options{}) },
				Refused:   func(c *provider.Contact) { c.Attributes = map[string]string{"stage": "no-such-stage"} },
				Except:    except,
			})
		})
	}
}

// spec is a configuration for the sandbox at a base URL, changed by each of the functions.
func spec(base string, change ...func(*adapter.Config)) json.RawMessage {
	c := adapter.Config{
		URL: base + "/hubspot", TokenSecretRef: provider.Ref{Name: "hubspot", Key: "token"},
		Properties: []mapping.Field{
			{Name: "firstname", From: "FirstName"},
			{Name: "lastname", From: "LastName"},
			{Name: "company", From: "Company"},
			{Name: "message", Expression: `contact.attributes[?"topic"]`},
			{Name: "lifecyclestage", Attribute: "stage"},
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
