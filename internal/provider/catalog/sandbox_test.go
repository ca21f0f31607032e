package catalog

import (
	"encoding/json"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// sampled is the provider of a sample Integration, with the sandbox behind it.
func sampled(t *testing.T, name, file string) (provider.Provider, *server.Server) {
	t.Helper()
	sandbox := server.New(server.Options{})
	srv := httptest.NewServer(sandbox)
	t.Cleanup(func() { sandbox.Close(); srv.Close() })
	for _, document := range documents(t, filepath.Join(samples, file)) {
		var i v1alpha1.Integration
		text := strings.ReplaceAll(string(document), "http://127.0.0.1:8090", srv.URL)
		if err := yaml.Unmarshal([]byte(text), &i); err != nil {
			t.Fatal(err)
		}
		if i.Name != name {
			continue
		}
		spec, err := json.Marshal(i.Spec.HTTP)
		if err != nil {
			t.Fatal(err)
		}
		f := Factories()[string(i.Spec.Provider)]
		refs, err := f.Refs(spec)
		if err != nil {
			t.Fatal(err)
		}
		secrets := map[provider.Ref]string{}
		for _, r := range refs.Secrets {
			secrets[r] = server.DefaultToken(server.Service(name))
		}
		p, err := f.New(provider.Settings{Spec: spec, Secrets: secrets, HTTP: httpx.New(httpx.Options{AllowLoopback: true})})
		if err != nil {
			t.Fatal(err)
		}
		return p, sandbox
	}
	t.Fatalf("there is no sample Integration %s", name)
	return provider.Provider{}, nil
}

// The samples' batches are taken by the sandbox, and read from it what a call by itself would tell.
func TestSampleBatches(t *testing.T) {
	t.Parallel()
	contacts := []provider.Contact{
		{Email: "ada@example.com", Name: "Ada", Attributes: map[string]string{"plan": "pro"}, Consent: provider.Consent{Marketing: "Granted"}},
		{Email: "not an address"},
		{Email: "eve@example.com", Consent: provider.Consent{Marketing: "Denied"}},
	}
	for name, want := range map[server.Service][]provider.Receipt{
		server.CRM:       {{RemoteID: "crm-1"}, {}, {RemoteID: "crm-2"}},
		server.Marketing: {{RemoteID: "sub-1"}, {}, {RemoteID: "sub-2", Suppressed: true}},
	} {
		t.Run(string(name), func(t *testing.T) {
			t.Parallel()
			p, sandbox := sampled(t, string(name), "integrations.yaml")
			var requests []provider.Request
			for _, c := range contacts {
				r, err := p.Upserter.Render(c)
				if err != nil {
					t.Fatal(err)
				}
				requests = append(requests, r)
			}
			written, err := p.Batch.UpsertBatch(t.Context(), requests)
			if err != nil {
				t.Fatal(err)
			}
			var got []provider.Receipt
			for i, w := range written {
				got = append(got, w.Receipt)
				if (w.Err != nil) != (i == 1) || w.Err != nil && provider.AsError(w.Err).Class != provider.Invalid {
					t.Errorf("record %d: %v", i, w.Err)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if s := sandbox.Stats()[name]; s.Batches != 1 || s.Calls != 1 {
				t.Errorf("%d calls, %d of them batches; want one", s.Calls, s.Batches)
			}
		})
	}
}

func TestSampleHealth(t *testing.T) {
	t.Parallel()
	for _, name := range []server.Service{server.Verifier, server.Locator, server.CRM, server.Marketing} {
		p, sandbox := sampled(t, string(name), "integrations.yaml")
		if err := p.Health.CheckHealth(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		sandbox.SetToken(name, "another")
		if err := p.Health.CheckHealth(t.Context()); err == nil || provider.AsError(err).Class != provider.Auth {
			t.Errorf("%s, with another token: %v", name, err)
		}
		if err := sandbox.SetFault(name, server.Fault{Mode: server.ModeStatus}); err != nil {
			t.Fatal(err)
		}
		if err := p.Health.CheckHealth(t.Context()); err == nil || provider.AsError(err).Class != provider.Transient {
			t.Errorf("%s, failing: %v", name, err)
		}
	}
}
