package hubspot_test

import (
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/contact-operator/contact-operator/hack/sandbox/hubspot"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"

	adapter "github.com/contact-operator/contact-operator/internal/provider/hubspot"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

// against is a provider with the sandbox's HubSpot behind it.
func against(t *testing.T, o hubspot.Options, change ...func(*adapter.Config)) (provider.Provider, account) {
	t.Helper()
	a := newAccount(o)
	srv := httptest.NewServer(a)
	t.Cleanup(srv.Close)
	return connect(t, srv.URL, change...), a
}

// A thousand contacts take ten calls, and one for the check: the limit of 100 calls in ten seconds is never met.
func TestAThousandContactsTakeTenCalls(t *testing.T) {
	t.Parallel()
	p, a := against(t, hubspot.Free())
	var contacts []provider.Contact
	for i := range 1000 {
		contacts = append(contacts, provider.Contact{Email: "person" + strconv.Itoa(i) + "@example.com", Name: "Person " + strconv.Itoa(i)})
	}
	requests := providertest.Rendered(t, p, contacts...)
	providertest.WriteInBatches(t, p, requests)
	if s := a.sandbox.Stats()[server.HubSpot]; s.Calls != 11 || s.Batches != 10 || s.Records != 1000 || a.People() != 1000 {
		t.Errorf("%d calls, %d batches, %d records, %d people", s.Calls, s.Batches, s.Records, a.People())
	}
}

func TestLimitsAreHonoured(t *testing.T) {
	t.Parallel()
	now := time.Now()
	p, _ := against(t, hubspot.Options{PerTenSeconds: 2, PerDay: 3, Now: func() time.Time { return now }})
	r := providertest.Rendered(t, p, ada())[0]
	if _, err := p.Upserter.Upsert(t.Context(), r); err != nil { // with the check
		t.Fatal(err)
	}
	_, err := p.Upserter.Upsert(t.Context(), r)
	if e := providertest.Failure(err); e == nil || e.Class != provider.Throttled || e.RetryAfter != 10*time.Second {
		t.Errorf("the third call in ten seconds: got %+v", e)
	}
	now = now.Add(10 * time.Second)
	if _, err := p.Upserter.Upsert(t.Context(), r); err != nil {
		t.Error(err)
	}
	_, err = p.Upserter.Upsert(t.Context(), r)
	if e := providertest.Failure(err); e == nil || e.Class != provider.Throttled || e.RetryAfter != time.Hour {
		t.Errorf("the fourth call of the day: got %+v", e)
	}
}

// Two of our people can be one contact there: the second address is a secondary one. HubSpot refuses them in one batch, and
// takes them one by one.
func TestSecondaryAddresses(t *testing.T) {
	t.Parallel()
	p, a := against(t, hubspot.Options{}, func(c *adapter.Config) {
		c.Properties = []mapping.Field{{Name: "hs_additional_emails", Attribute: "other"}}
	})
	first := provider.Contact{Email: "ada@example.com", Attributes: map[string]string{"other": "ada@old.example"}}
	second := provider.Contact{Email: "ada@old.example"}
	requests := providertest.Rendered(t, p, first, second)
	if _, err := p.Upserter.Upsert(t.Context(), requests[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Batch.UpsertBatch(t.Context(), requests); providertest.Failure(err) == nil || providertest.Failure(err).Class != provider.Invalid {
		t.Errorf("got %v; the batch has to be split", err)
	}
	for _, r := range requests {
		if got, err := p.Upserter.Upsert(t.Context(), r); err != nil || got.RemoteID != "1" {
			t.Errorf("got %+v, %v", got, err)
		}
	}
	if a.People() != 1 {
		t.Errorf("%d people, want 1", a.People())
	}
}

// After a GDPR deletion the address is refused for ever; after an archive it may come back.
func TestErasureLasts(t *testing.T) {
	t.Parallel()
	for erase, wantClass := range map[string]provider.Class{"Archive": "", "GDPRDelete": provider.Invalid} {
		p, a := against(t, hubspot.Options{}, func(c *adapter.Config) { c.Erase = erase })
		r := providertest.Rendered(t, p, ada())[0]
		for range 2 { // nobody is there the first time
			if _, err := p.Eraser.Erase(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := p.Upserter.Upsert(t.Context(), r); err != nil {
			t.Fatalf("%s of somebody who was not there must not block: %v", erase, err)
		}
		if _, err := p.Eraser.Erase(t.Context(), r); err != nil || a.People() != 0 {
			t.Fatalf("%s: %v, %d people", erase, err, a.People())
		}
		_, err := p.Upserter.Upsert(t.Context(), r)
		if (err == nil) != (wantClass == "") || err != nil && providertest.Failure(err).Class != wantClass {
			t.Errorf("%s: coming back: got %v, want class %q", erase, err, wantClass)
		}
	}
}

func TestHealthNeedsTheToken(t *testing.T) {
	t.Parallel()
	p, a := against(t, hubspot.Options{})
	if err := p.Health.CheckHealth(t.Context()); err != nil {
		t.Error(err)
	}
	if n := a.sandbox.Stats()[server.HubSpot].HealthChecks; n != 1 {
		t.Errorf("%d health checks, want 1", n)
	}
	a.sandbox.SetToken(server.HubSpot, "another")
	if err := p.Health.CheckHealth(t.Context()); providertest.Failure(err) == nil || providertest.Failure(err).Class != provider.Auth {
		t.Errorf("got %v", err)
	}
}
