package mailchimp_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/contact-operator/contact-operator/hack/sandbox/mailchimp"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
	"github.com/contact-operator/contact-operator/internal/provider"
	adapter "github.com/contact-operator/contact-operator/internal/provider/mailchimp"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

const key = "secret-key-1234-us21"

// account is the sandbox's Mailchimp. table is where its members are, for what no call does.
type account struct {
	http.Handler
	sandbox *server.Server
	table   server.Table
}

// People are those who are not archived.
func (a account) People() int {
	n := 0
	for _, r := range a.sandbox.Records(server.Mailchimp) {
		if r.Fields["status"] != "archived" {
			n++
		}
	}
	return n
}

// become gives a member a state that no call of ours gives.
func (a account) become(t testing.TB, email, status string) {
	t.Helper()
	if _, found := a.table.Get(email); !found {
		t.Fatal("the member is not there")
	}
	_, _, err := a.table.Put(email, func(current map[string]any) map[string]any {
		next := map[string]any{}
		for name, v := range current {
			next[name] = v
		}
		next["status"] = status
		return next
	})
	if err != nil {
		t.Fatal(err)
	}
}

func newAccount(o mailchimp.Options) account {
	a := account{}
	a.sandbox = server.New(server.Options{
		Tokens: map[server.Service]string{server.Mailchimp: key},
		Vendors: map[server.Service]server.NewVendor{server.Mailchimp: func(t server.Table) server.Vendor {
			a.table = t
			return mailchimp.New(o)(t)
		}},
	})
	a.Handler = a.sandbox
	return a
}

func TestContract(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*adapter.Config){
		"double opt-in":   func(*adapter.Config) {},
		"preconfirmed":    func(c *adapter.Config) { c.Confirmation = "Preconfirmed" },
		"erased for good": func(c *adapter.Config) { c.Erase = "DeletePermanent" },
		"without tags":    func(c *adapter.Config) { c.Tags, c.TagsExpression = nil, "" },
	} {
		except := map[string]string{
			"a batch is written in one call, in order": "who is there is written by a call of its own, as a batch would change the person's status",
		}
		if name == "preconfirmed" {
			for _, name := range []string{"a lost answer changes nothing", "a cancelled call ends", "a status has its class", "an answer that can't be read passes"} {
				except[name] = "it writes the person that it has archived before, whom Mailchimp keeps archived"
			}
		}
		if name == "erased for good" {
			for _, name := range []string{
				"a lost answer changes nothing", "a cancelled call ends", "a status has its class", "an answer that can't be read passes",
				"a batch that is refused whole says so", "another content type does no harm",
			} {
				except[name] = "it writes the person that it has erased before, whom Mailchimp refuses from then on"
			}
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			providertest.Run(t, providertest.Adapter{
				Factory:   adapter.Factory(),
				Secrets:   map[provider.Ref]string{{Name: "mailchimp", Key: "key"}: key + "\n"},
				Spec:      func(base string) json.RawMessage { return spec(base, change) },
				NewVendor: func(testing.TB) providertest.Vendor { return newAccount(mailchimp.Options{}) },
				Refused:   func(c *provider.Contact) { c.Attributes = map[string]string{"plan": "no-such-plan"} },
				Suppress: func(t testing.TB, v providertest.Vendor, email string) {
					t.Helper()
					v.(account).become(t, email, "unsubscribed")
				},
				Except: except,
			})
		})
	}
}

// spec is a configuration for the sandbox at a base URL, changed by each of the functions.
func spec(base string, change ...func(*adapter.Config)) json.RawMessage {
	c := adapter.Config{
		URL: base + "/mailchimp/3.0", APIKeySecretRef: provider.Ref{Name: "mailchimp", Key: "key"}, Audience: mailchimp.Audience,
		MergeFields: []mapping.Field{
			{Name: "FNAME", From: "FirstName"},
			{Name: "LNAME", From: "LastName"},
			{Name: "COUNTRY", From: "Location"},
			{Name: "SEATS", Expression: `contact.attributes[?"seats"].optMap(s, int(s))`},
			{Name: "PLAN", Expression: `contact.attributes[?"plan"].optMap(p, p == "contractplan" ? "pro" : p)`},
		},
		Tags: []string{"web-form"}, TagsExpression: "contact.channels",
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
