package builtin_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/builtin"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

// lists is a host of lists of domains. It is all that the provider speaks HTTP with.
type lists struct{ http.Handler }

func (lists) People() int { return 0 }

// TestContract holds the provider against the suite. The vendor that it breaks is the host of the list of throw-away domains,
// on which no call may fail; what a failing DNS does is shown by the provider's own tests.
func TestContract(t *testing.T) {
	t.Parallel()
	dns, database := builtin.ContractDNS(t, providertest.Submission().Email), builtin.ContractDatabase(t)
	const noCall = "neither port fails with HTTP: the list's last good copy, or the floor, serves (TestRefresh, TestListFromElsewhere, TestVerify)"
	config := func(base string) json.RawMessage {
		b, err := json.Marshal(builtin.Config{
			Verify: &builtin.Verify{Resolvers: []string{dns}, DisposableDomains: &builtin.DomainList{URL: base + "/list.txt"}},
			Locate: &builtin.Locate{DatabasePath: database},
		})
		if err != nil {
			panic(err)
		}
		return b
	}
	factory := builtin.Factory()
	closing := factory
	closing.New = func(s provider.Settings) (provider.Provider, error) {
		p, err := factory.New(s)
		if err == nil {
			t.Cleanup(p.Close)
		}
		return p, err
	}
	adapter := providertest.Adapter{
		Factory: closing,
		Spec:    config,
		Secrets: map[provider.Ref]string{{Name: "none", Key: "none"}: "sekret-that-nobody-gets"},
		NewVendor: func(testing.TB) providertest.Vendor {
			return lists{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write([]byte("trash.example\n"))
			})}
		},
		WantVerdict: provider.Deliverable,
		WantCountry: "GB",
		Except: map[string]string{
			"secrets are named, and missed when they are not there": "it has no credentials",
			"a lost answer changes nothing":                         noCall,
			"the deadline holds":                                    noCall,
			"a cancelled call ends":                                 noCall,
			"transport failures pass":                               noCall,
			"a status has its class":                                noCall,
			"an answer that can't be read passes":                   noCall,
			"redirects are not followed":                            "a list without anybody's data may live elsewhere (TestFetch)",
		},
	}
	providertest.Run(t, adapter)
}

func BenchmarkVerify(b *testing.B) {
	submission := providertest.Submission()
	spec, err := json.Marshal(builtin.Config{Verify: &builtin.Verify{Resolvers: []string{builtin.ContractDNS(b, submission.Email)}}})
	if err != nil {
		b.Fatal(err)
	}
	p, err := builtin.Factory().New(provider.Settings{Spec: spec})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(p.Close)
	b.ReportAllocs()
	for b.Loop() { // the first asks DNS, all others find the answer
		if _, err := p.Verifier.Verify(context.Background(), submission); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLocate(b *testing.B) {
	spec, err := json.Marshal(builtin.Config{Locate: &builtin.Locate{DatabasePath: builtin.ContractDatabase(b)}})
	if err != nil {
		b.Fatal(err)
	}
	p, err := builtin.Factory().New(provider.Settings{Spec: spec})
	if err != nil {
		b.Fatal(err)
	}
	submission := providertest.Submission()
	submission.Country = "United Kingdom"
	for name, s := range map[string]provider.Submission{
		"all":  submission,
		"name": {Country: "Deutschland"}, "code": {Country: "DE"}, "phone": {Phone: submission.Phone}, "IP": {RemoteIP: submission.RemoteIP},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Locator.Locate(context.Background(), s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
