package httpjson

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

// benchmarked is a mapping of the usual size.
func benchmarked(c *Config) {
	c.Headers = []Header{{Name: "Authorization", Value: "Bearer x"}}
	c.Upsert.Body = `{"email": contact.email, ?"name": optional.ofNonZeroValue(contact.name),
		?"company": optional.ofNonZeroValue(contact.company), ?"phone": optional.ofNonZeroValue(contact.phone),
		?"country": optional.ofNonZeroValue(contact.location), "channels": contact.channels, "attributes": contact.attributes,
		"newsletter": contact.consent.marketing == "Granted"}`
}

func BenchmarkNew(b *testing.B) {
	s := provider.Settings{Spec: spec(b, "https://crm.example", benchmarked), HTTP: http.DefaultClient}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Factory().New(s); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	p, err := Factory().New(provider.Settings{Spec: spec(b, "https://crm.example", benchmarked)})
	if err != nil {
		b.Fatal(err)
	}
	c := providertest.Contact()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Upserter.Render(c); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRenderAndUpsert counts the server's allocations, too: the two share a process.
func BenchmarkRenderAndUpsert(b *testing.B) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":51,"unsubscribed":false}`)
	}))
	b.Cleanup(srv.Close)
	p, err := Factory().New(provider.Settings{Spec: spec(b, srv.URL, benchmarked), HTTP: httpx.New(httpx.Options{AllowLoopback: true})})
	if err != nil {
		b.Fatal(err)
	}
	c := providertest.Contact()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r, err := p.Upserter.Render(c)
			if err != nil {
				b.Error(err)
				return
			}
			if _, err := p.Upserter.Upsert(b.Context(), r); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
