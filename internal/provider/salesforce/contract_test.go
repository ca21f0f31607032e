package salesforce_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"sync"
	"testing"

	"github.com/contact-operator/contact-operator/hack/sandbox/salesforce"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
	adapter "github.com/contact-operator/contact-operator/internal/provider/salesforce"
)

const secret = "consumer-secret-1234"

// keyPair is one for all tests: making one takes a while.
var keyPair = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func pemOf(key *rsa.PrivateKey) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

// org is the sandbox's Salesforce.
type org struct {
	http.Handler
	sandbox *server.Server
}

func (o org) People() int { return len(o.sandbox.Records(server.Salesforce)) }

func newOrg(o salesforce.Options) org {
	sandbox := server.New(server.Options{
		Tokens:  map[server.Service]string{server.Salesforce: secret},
		Vendors: map[server.Service]server.NewVendor{server.Salesforce: salesforce.New(o)},
	})
	return org{Handler: sandbox, sandbox: sandbox}
}

func secretRef() provider.Ref { return provider.Ref{Name: "salesforce", Key: "client-secret"} }
func keyRef() provider.Ref    { return provider.Ref{Name: "salesforce", Key: "private-key"} }

// byJWT signs in by an assertion.
func byJWT(c *adapter.Config) {
	c.ClientSecretRef, c.JWT = nil, &adapter.JWT{User: salesforce.User, PrivateKeySecretRef: keyRef()}
}

func asLeads(c *adapter.Config) {
	c.Object = "Lead"
	c.Fields = append(c.Fields, mapping.Field{Name: "Company", From: "Company"})
}

func TestContract(t *testing.T) {
	t.Parallel()
	clientSecret := map[provider.Ref]string{secretRef(): secret + "\n"}
	cases := map[string]struct {
		secrets map[provider.Ref]string
		change  func(*adapter.Config)
	}{
		"client credentials": {clientSecret, func(*adapter.Config) {}},
		"JWT":                {map[provider.Ref]string{keyRef(): pemOf(keyPair())}, byJWT},
		"leads":              {clientSecret, asLeads},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			providertest.Run(t, providertest.Adapter{
				Factory: adapter.Factory(),
				Secrets: tc.secrets,
				Spec:    func(base string) json.RawMessage { return spec(base, tc.change) },
				NewVendor: func(testing.TB) providertest.Vendor {
					return newOrg(salesforce.Options{PublicKey: &keyPair().PublicKey})
				},
				Refused: func(c *provider.Contact) { c.Attributes = map[string]string{"stage": "no-such-stage"} },
			})
		})
	}
}

// spec is a configuration for the sandbox at a base URL, changed by each of the functions.
func spec(base string, change ...func(*adapter.Config)) json.RawMessage {
	ref := secretRef()
	c := adapter.Config{
		URL: base + "/salesforce", ClientID: salesforce.ClientID, ClientSecretRef: &ref, ExternalIDField: salesforce.ExternalID,
		Fields: []mapping.Field{
			{Name: "FirstName", From: "FirstName"},
			{Name: "LastName", From: "LastName"},
			{Name: "Phone", From: "Phone"},
			{Name: "Title", Attribute: "title"},
			{Name: "Stage__c", Attribute: "stage"},
			{Name: "Topics__c", From: "Channels"},
			{Name: "Score__c", Attribute: "size"},
			{Name: "Joined__c", From: "ConsentTime"},
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
