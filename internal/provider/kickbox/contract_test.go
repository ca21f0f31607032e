package kickbox_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/contact-operator/contact-operator/hack/sandbox/kickbox"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	adapter "github.com/contact-operator/contact-operator/internal/provider/kickbox"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

const (
	liveKey = "live_secret-key-1234"
	testKey = "test_secret-key-1234"
)

func ref() provider.Ref { return provider.Ref{Name: "kickbox", Key: "key"} }

// vendor is the sandbox's Kickbox.
type vendor struct {
	http.Handler
	sandbox *server.Server
}

func (vendor) People() int { return 0 } // it keeps nobody

func newVendor(o kickbox.Options, key string) vendor {
	sandbox := server.New(server.Options{
		Tokens:  map[server.Service]string{server.Kickbox: key},
		Vendors: map[server.Service]server.NewVendor{server.Kickbox: kickbox.New(o)},
	})
	return vendor{Handler: sandbox, sandbox: sandbox}
}

func TestContract(t *testing.T) {
	t.Parallel()
	for mode, key := range map[string]string{"": liveKey, "Sandbox": testKey} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			providertest.Run(t, providertest.Adapter{
				Factory:     adapter.Factory(),
				Secrets:     map[provider.Ref]string{ref(): key + "\n"},
				Spec:        func(base string) json.RawMessage { return spec(base, mode) },
				NewVendor:   func(testing.TB) providertest.Vendor { return newVendor(kickbox.Options{}, key) },
				WantVerdict: provider.Deliverable,
			})
		})
	}
}

// spec is a configuration for the sandbox at a base URL.
func spec(base, mode string) json.RawMessage {
	b, err := json.Marshal(adapter.Config{URL: base + "/kickbox", KeySecretRef: ref(), Mode: mode})
	if err != nil {
		panic(err)
	}
	return b
}

// connect makes the provider for what answers.
func connect(t *testing.T, answers http.Handler, mode, key string) provider.Provider {
	t.Helper()
	srv := httptest.NewServer(answers)
	t.Cleanup(srv.Close)
	p, err := made(srv.URL, mode, key)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func made(base, mode, key string) (provider.Provider, error) {
	return adapter.Factory().New(provider.Settings{
		Spec: spec(base, mode), Secrets: map[provider.Ref]string{ref(): key}, HTTP: httpx.New(httpx.Options{AllowLoopback: true}),
	})
}

func ask(t *testing.T, p provider.Provider, address string) (provider.Verification, error) {
	t.Helper()
	return p.Verifier.Verify(t.Context(), provider.Submission{Email: address})
}
