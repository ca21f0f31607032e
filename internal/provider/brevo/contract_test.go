package brevo_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"testing"

	"github.com/contact-operator/contact-operator/hack/sandbox/brevo"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
	"github.com/contact-operator/contact-operator/internal/provider"
	adapter "github.com/contact-operator/contact-operator/internal/provider/brevo"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

const key = "xkeysib-secret-1234"

// account is the sandbox's Brevo. table is where its contacts are, for what no call of ours does.
type account struct {
	http.Handler
	sandbox *server.Server
	table   server.Table
}

func (a account) People() int { return len(a.sandbox.Records(server.Brevo)) }

// blocklist has a person unsubscribe from everything.
func (a account) blocklist(t testing.TB, email string) {
	t.Helper()
	_, _, err := a.table.Put(email, func(current map[string]any) map[string]any {
		next := maps.Clone(current)
		next["emailBlacklisted"] = true
		return next
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (a account) leave(t testing.TB, email string, list int) {
	t.Helper()
	if err := brevo.Leave(a.table, email, list); err != nil {
		t.Fatal(err)
	}
}

func newAccount(o brevo.Options) account {
	a := account{}
	a.sandbox = server.New(server.Options{
		Tokens: map[server.Service]string{server.Brevo: key},
		Vendors: map[server.Service]server.NewVendor{server.Brevo: func(t server.Table) server.Vendor {
			a.table = t
			return brevo.New(o)(t)
		}},
	})
	a.Handler = a.sandbox
	return a
}

func TestContract(t *testing.T) {
	t.Parallel()
	for name, suppress := range map[string]func(testing.TB, providertest.Vendor, string){
		"blocklisted": func(t testing.TB, v providertest.Vendor, email string) { t.Helper(); v.(account).blocklist(t, email) },
		"left the list": func(t testing.TB, v providertest.Vendor, email string) {
			t.Helper()
			v.(account).leave(t, email, brevo.Newsletter)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			providertest.Run(t, providertest.Adapter{
				Factory:   adapter.Factory(),
				Secrets:   map[provider.Ref]string{{Name: "brevo", Key: "key"}: key + "\n"},
				Spec:      func(base string) json.RawMessage { return spec(base) },
				NewVendor: func(testing.TB) providertest.Vendor { return newAccount(brevo.Options{}) },
				Suppress:  suppress,
			})
		})
	}
}

// spec is a configuration for the sandbox at a base URL, changed by each of the functions.
func spec(base string, change ...func(*adapter.Config)) json.RawMessage {
	c := adapter.Config{
		URL: base + "/brevo/v3", APIKeySecretRef: provider.Ref{Name: "brevo", Key: "key"}, Lists: []int{brevo.Newsletter},
		Attributes: []mapping.Field{
			{Name: "FIRSTNAME", From: "FirstName"},
			{Name: "LASTNAME", From: "LastName"},
			{Name: "COUNTRY", From: "Location"},
			{Name: "PLAN", Attribute: "tariff"},
			{Name: "SEATS", Attribute: "seats"},
			{Name: "SINCE", Attribute: "since"},
			{Name: "PARTNER", Attribute: "partner"},
			{Name: "TOPICS", Expression: `contact.channels.filter(c, c != "trial-download")`},
			{Name: "SMS", Attribute: "mobile"},
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
