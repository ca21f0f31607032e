package zerobounce_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/contact-operator/contact-operator/hack/sandbox/server"
	"github.com/contact-operator/contact-operator/hack/sandbox/zerobounce"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
	adapter "github.com/contact-operator/contact-operator/internal/provider/zerobounce"
)

const key = "zb-secret-key-1234"

func ref() provider.Ref { return provider.Ref{Name: "zerobounce", Key: "key"} }

// vendor is the sandbox's ZeroBounce.
type vendor struct {
	http.Handler
	sandbox *server.Server
}

func (vendor) People() int { return 0 } // it keeps nobody

func newVendor(o zerobounce.Options) vendor {
	sandbox := server.New(server.Options{
		Tokens:  map[server.Service]string{server.ZeroBounce: key},
		Vendors: map[server.Service]server.NewVendor{server.ZeroBounce: zerobounce.New(o)},
	})
	return vendor{Handler: sandbox, sandbox: sandbox}
}

func TestContract(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.Adapter{
		Factory:     adapter.Factory(),
		Secrets:     map[provider.Ref]string{ref(): key + "\n"},
		Spec:        spec,
		NewVendor:   func(testing.TB) providertest.Vendor { return newVendor(zerobounce.Options{}) },
		WantVerdict: provider.Deliverable,
		WantPause:   time.Minute,
	})
}

// spec is a configuration for the sandbox at a base URL.
func spec(base string) json.RawMessage {
	b, err := json.Marshal(adapter.Config{URL: base + "/zerobounce/v2", KeySecretRef: ref()})
	if err != nil {
		panic(err)
	}
	return b
}

// connect makes the provider for what answers.
func connect(t *testing.T, answers http.Handler) provider.Provider {
	t.Helper()
	srv := httptest.NewServer(answers)
	t.Cleanup(srv.Close)
	return at(t, srv.URL)
}

func at(t *testing.T, base string) provider.Provider {
	t.Helper()
	return providertest.Make(t, adapter.Factory(), spec(base), map[provider.Ref]string{ref(): key})
}

func ask(t *testing.T, p provider.Provider, address string) (provider.Verification, error) {
	t.Helper()
	return p.Verifier.Verify(t.Context(), provider.Submission{Email: address, RemoteIP: "203.0.113.77"})
}
