package salesforce_test

import (
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/hack/sandbox/salesforce"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
	adapter "github.com/contact-operator/contact-operator/internal/provider/salesforce"
)

// against is a provider with the sandbox's Salesforce behind it.
func against(t *testing.T, o salesforce.Options, change ...func(*adapter.Config)) (provider.Provider, org) {
	t.Helper()
	a := newOrg(o)
	srv := httptest.NewServer(a)
	t.Cleanup(srv.Close)
	return connect(t, srv.URL, time.Now, change...), a
}

// A thousand contacts take five calls, and two for the sign-in and the check.
func TestAThousandContactsTakeFiveCalls(t *testing.T) {
	t.Parallel()
	p, a := against(t, salesforce.Developer())
	var contacts []provider.Contact
	for i := range 1000 {
		contacts = append(contacts, provider.Contact{Email: "person" + strconv.Itoa(i) + "@example.com", Name: "Person Number" + strconv.Itoa(i)})
	}
	requests := providertest.Rendered(t, p, contacts...)
	providertest.WriteInBatches(t, p, requests)
	if s := a.sandbox.Stats()[server.Salesforce]; s.Calls != 7 || s.Batches != 5 || s.Records != 1000 || a.People() != 1000 {
		t.Errorf("%d calls, %d batches, %d records, %d people", s.Calls, s.Batches, s.Records, a.People())
	}
}

// The quota is of the last 24 hours, and sign-ins don't count.
func TestQuota(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)
	p, _ := against(t, salesforce.Options{PerDay: 2, SessionLasts: time.Hour, Now: func() time.Time { return now }})
	r := providertest.Rendered(t, p, ada())[0]
	if _, err := p.Upserter.Upsert(t.Context(), r); err != nil { // with the description
		t.Fatal(err)
	}
	now = now.Add(23 * time.Hour)
	_, err := p.Upserter.Upsert(t.Context(), r)
	if e := providertest.Failure(err); e == nil || e.Class != provider.Throttled || e.RetryAfter != 10*time.Minute {
		t.Errorf("the third call of the day: got %+v", e)
	}
	now = now.Add(time.Hour)
	if _, err := p.Upserter.Upsert(t.Context(), r); err != nil {
		t.Errorf("a day later: %v", err)
	}
}

// A row that somebody has locked is one record's affair.
func TestLockedRows(t *testing.T) {
	t.Parallel()
	p, a := against(t, salesforce.Options{RowLocks: 1})
	requests := providertest.Rendered(t, p, ada(), provider.Contact{Email: "bob@example.com", Name: "Bob Example"})
	written, err := p.Batch.UpsertBatch(t.Context(), requests)
	if err != nil || providertest.Failure(written[0].Err) == nil || !providertest.Failure(written[0].Err).RecordOnly || written[1].Err != nil || a.People() != 1 {
		t.Errorf("got %+v, %v, %d people", written, err, a.People())
	}
	if _, err := p.Upserter.Upsert(t.Context(), requests[0]); err != nil {
		t.Error(err)
	}
}

// A duplicate rule is a person's to decide, unless the Integration says otherwise and the rule allows it.
func TestDuplicateRules(t *testing.T) {
	t.Parallel()
	insists := func(c *adapter.Config) { c.DuplicateRules = "SaveAnyway" }
	respects := func(*adapter.Config) {}
	for name, tc := range map[string]struct {
		rule   salesforce.DuplicateRule
		change func(*adapter.Config)
		want   provider.Class
	}{
		"no rule":                 {"", respects, ""},
		"an alert, respected":     {salesforce.Alerts, respects, provider.Conflict},
		"an alert, saved anyway":  {salesforce.Alerts, insists, ""},
		"a block, saved anyway":   {salesforce.Blocks, insists, provider.Conflict},
		"no rule, saved anyway":   {"", insists, ""},
		"a block that is obeyed ": {salesforce.Blocks, respects, provider.Conflict},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			namesake := ada()
			namesake.Email = "lovelace@example.com"
			for way, write := range map[string]func(provider.Provider, provider.Request) error{
				"alone": func(p provider.Provider, r provider.Request) error {
					_, err := p.Upserter.Upsert(t.Context(), r)
					return err
				},
				"in a batch": func(p provider.Provider, r provider.Request) error {
					written, err := p.Batch.UpsertBatch(t.Context(), []provider.Request{r})
					if err == nil {
						err = written[0].Err
					}
					return err
				},
			} {
				p, _ := against(t, salesforce.Options{DuplicateRule: tc.rule}, tc.change)
				requests := providertest.Rendered(t, p, ada(), namesake)
				if err := write(p, requests[0]); err != nil {
					t.Fatal(err)
				}
				err := write(p, requests[1])
				if (err == nil) != (tc.want == "") || err != nil && providertest.Failure(err).Class != tc.want {
					t.Errorf("%s: got %v, want class %q", way, err, tc.want)
				}
				if err := write(p, requests[0]); err != nil {
					t.Errorf("%s: a record is no duplicate of itself: %v", way, err)
				}
			}
		})
	}
}

// Who has a name at Salesforce keeps it when a form brings none; a new record gets what can be told.
func TestNamesAreKept(t *testing.T) {
	t.Parallel()
	for _, leads := range []bool{false, true} {
		change := []func(*adapter.Config){}
		if leads {
			change = append(change, func(c *adapter.Config) { c.Object = "Lead" }) // the company is not mapped
		}
		p, a := against(t, salesforce.Options{}, change...)
		named, nameless := ada(), provider.Contact{Email: "ada@example.com"}
		word, nobody := provider.Contact{Email: "bob@example.com", Name: "Bob"}, provider.Contact{Email: "eve@example.com"}
		for _, r := range providertest.Rendered(t, p, named, nameless) {
			if _, err := p.Upserter.Upsert(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		written, err := p.Batch.UpsertBatch(t.Context(), providertest.Rendered(t, p, nameless, word, nobody))
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range written {
			if w.Err != nil {
				t.Error(w.Err)
			}
		}
		got := map[string][3]any{}
		for _, r := range a.sandbox.Records(server.Salesforce) {
			got[r.Fields["Email"].(string)] = [3]any{r.Fields["FirstName"], r.Fields["LastName"], r.Fields["Company"]}
		}
		company := any(nil)
		if leads {
			company = "[not provided]"
		}
		want := map[string][3]any{
			"ada@example.com": {"Ada", "Lovelace", company}, "bob@example.com": {nil, "Bob", company}, "eve@example.com": {nil, "[not provided]", company},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("leads %v:\n%s", leads, diff)
		}
	}
}

// An address with the characters of a path is one person, by each way to write.
func TestKeysOfAllKinds(t *testing.T) {
	t.Parallel()
	p, a := against(t, salesforce.Options{})
	for i, email := range []string{"a/b@example.com", "a+b@example.com", "a%2fb@example.com", "o'neil&co=?@example.com"} {
		r := providertest.Rendered(t, p, provider.Contact{Email: email, Name: "A B"})[0]
		first, err := p.Upserter.Upsert(t.Context(), r)
		if err != nil {
			t.Fatalf("%s: %v", email, err)
		}
		written, err := p.Batch.UpsertBatch(t.Context(), []provider.Request{r})
		if err != nil || written[0].Err != nil || written[0].Receipt != first {
			t.Errorf("%s: got %+v, %v; want %+v", email, written, err, first)
		}
		if _, found := keyed(a, email); !found || a.People() != i+1 {
			t.Errorf("%s: %d people, found %v", email, a.People(), found)
		}
	}
	for _, r := range a.sandbox.Records(server.Salesforce) {
		if _, err := p.Eraser.Erase(t.Context(), provider.Request{Key: r.Key}); err != nil {
			t.Errorf("%s: %v", r.Key, err)
		}
	}
	if a.People() != 0 {
		t.Errorf("%d people are left", a.People())
	}
}

func keyed(a org, key string) (server.Record, bool) {
	for _, r := range a.sandbox.Records(server.Salesforce) {
		if r.Key == key {
			return r, true
		}
	}
	return server.Record{}, false
}
