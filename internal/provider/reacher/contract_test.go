package reacher_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/contact-operator/contact-operator/hack/sandbox/reacher"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
	adapter "github.com/contact-operator/contact-operator/internal/provider/reacher"
)

const secret = "header-secret-1234"

func ref() provider.Ref { return provider.Ref{Name: "reacher", Key: "secret"} }

// vendor is the sandbox's Reacher.
type vendor struct {
	http.Handler
	sandbox *server.Server
}

func (vendor) People() int { return 0 } // it keeps nobody

func newVendor(o reacher.Options) vendor {
	sandbox := server.New(server.Options{
		Tokens:  map[server.Service]string{server.Reacher: secret},
		Vendors: map[server.Service]server.NewVendor{server.Reacher: reacher.New(o)},
	})
	return vendor{Handler: sandbox, sandbox: sandbox}
}

func TestContract(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.Adapter{
		Factory:     adapter.Factory(),
		Secrets:     map[provider.Ref]string{ref(): secret + "\n"},
		Spec:        func(base string) json.RawMessage { return spec(base, new(ref())) },
		NewVendor:   func(testing.TB) providertest.Vendor { return newVendor(reacher.Options{}) },
		WantVerdict: provider.Deliverable,
	})
}

// spec is a configuration for the sandbox at a base URL.
func spec(base string, secretRef *provider.Ref) json.RawMessage {
	b, err := json.Marshal(adapter.Config{URL: base + "/reacher", HeaderSecretRef: secretRef})
	if err != nil {
		panic(err)
	}
	return b
}

// connect makes the provider for what answers. Its secret is that of the constant, "" for none.
func connect(t *testing.T, answers http.Handler, given string) provider.Provider {
	t.Helper()
	srv := httptest.NewServer(answers)
	t.Cleanup(srv.Close)
	s := provider.Settings{Spec: spec(srv.URL, nil), HTTP: httpx.New(httpx.Options{AllowLoopback: true})}
	if given != "" {
		s.Spec, s.Secrets = spec(srv.URL, new(ref())), map[provider.Ref]string{ref(): given}
	}
	p, err := adapter.Factory().New(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func ask(t *testing.T, p provider.Provider, address string) (provider.Verification, error) {
	t.Helper()
	return p.Verifier.Verify(t.Context(), provider.Submission{Email: address})
}
