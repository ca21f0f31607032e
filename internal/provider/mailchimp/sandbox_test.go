package mailchimp_test

import (
	"errors"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/hack/sandbox/mailchimp"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
	"github.com/contact-operator/contact-operator/internal/provider"
	adapter "github.com/contact-operator/contact-operator/internal/provider/mailchimp"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

// bench is a provider with the sandbox's Mailchimp behind it.
type bench struct {
	provider.Provider
	account account
}

func against(t *testing.T, o mailchimp.Options, change ...func(*adapter.Config)) *bench {
	t.Helper()
	a := newAccount(o)
	srv := httptest.NewServer(a)
	t.Cleanup(srv.Close)
	return &bench{Provider: connect(t, srv.URL, change...), account: a}
}

func connect(t *testing.T, base string, change ...func(*adapter.Config)) provider.Provider {
	t.Helper()
	return providertest.Make(t, adapter.Factory(), spec(base, change...), map[provider.Ref]string{{Name: "mailchimp", Key: "key"}: key})
}

func ada(consent string) provider.Contact {
	return provider.Contact{
		Email: "ada@example.com", Name: "Ada Lovelace", Location: "GB", Channels: []string{"blog"},
		Attributes: map[string]string{"plan": "pro", "seats": "3"}, Consent: provider.Consent{Marketing: consent},
	}
}

// upsert writes a contact, as somebody new when id is "".
func (b *bench) upsert(t *testing.T, c provider.Contact, id string) provider.Receipt {
	t.Helper()
	r := providertest.Rendered(t, b.Provider, c)[0]
	r.RemoteID = id
	receipt, err := b.Upserter.Upsert(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return receipt
}

// holds is what Mailchimp holds of a person, but for the time.
func (b *bench) holds(email string) map[string]any {
	r, found := b.account.table.Get(email)
	if !found {
		return nil
	}
	fields := map[string]any{}
	for name, v := range r.Fields {
		fields[name] = v
	}
	delete(fields, "last_changed")
	delete(fields, "email_address")
	return fields
}

func preconfirmed(c *adapter.Config) { c.Confirmation = "Preconfirmed" }

// Somebody new gets the state that the Integration says, with fields of all kinds and tags.
func TestSomebodyNew(t *testing.T) {
	t.Parallel()
	merge := map[string]any{"FNAME": "Ada", "LNAME": "Lovelace", "COUNTRY": "GB", "SEATS": 3.0, "PLAN": "pro"}
	for name, tc := range map[string]struct {
		change func(*adapter.Config)
		want   map[string]any
	}{
		"double opt-in": {func(*adapter.Config) {}, map[string]any{"status": "pending", "merge_fields": merge, "tags": []any{"blog", "web-form"}, "optinMails": 1.0}},
		"preconfirmed":  {preconfirmed, map[string]any{"status": "subscribed", "merge_fields": merge, "tags": []any{"blog", "web-form"}, "optinMails": 0.0}},
	} {
		b := against(t, mailchimp.Options{}, tc.change)
		if got := b.upsert(t, ada("Granted"), ""); got.RemoteID != "contact-1" || got.Suppressed {
			t.Errorf("%s: got %+v", name, got)
		}
		if diff := cmp.Diff(tc.want, b.holds("ada@example.com")); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

// What a write makes of each state that a member may have. Only those are asked again who never left.
func TestStates(t *testing.T) {
	t.Parallel()
	type outcome struct {
		status     string
		suppressed bool
	}
	for name, tc := range map[string]struct {
		reason                string
		status, consent, id   string
		change                func(*adapter.Config)
		want                  outcome
		wantMails             float64
		wantMergeFieldChanged bool
	}{
		"subscribed":                     {"it stays so", "subscribed", "Granted", "x", preconfirmed, outcome{"subscribed", false}, 0, true},
		"pending":                        {"no second mail", "pending", "Granted", "x", nil, outcome{"pending", false}, 0, true},
		"unsubscribed":                   {"they left", "unsubscribed", "Granted", "x", preconfirmed, outcome{"unsubscribed", true}, 0, true},
		"unsubscribed, new to us":        {"they left, whoever asks", "unsubscribed", "Granted", "", nil, outcome{"unsubscribed", true}, 0, true},
		"bounced":                        {"the address is dead", "cleaned", "Granted", "", preconfirmed, outcome{"cleaned", true}, 0, true},
		"archived":                       {"somebody put them away", "archived", "Granted", "x", nil, outcome{"archived", true}, 0, true},
		"archived, new to us":            {"they are asked, and may say no", "archived", "Granted", "", nil, outcome{"pending", false}, 1, true},
		"archived, new, preconfirmed":    {"nobody knows whether they had left", "archived", "Granted", "", preconfirmed, outcome{"archived", true}, 0, true},
		"transactional":                  {"a customer who now agrees is asked", "transactional", "Granted", "", nil, outcome{"pending", false}, 1, true},
		"transactional, preconfirmed":    {"a customer who has confirmed elsewhere", "transactional", "Granted", "x", preconfirmed, outcome{"subscribed", false}, 0, true},
		"subscribed, withdrawn":          {"a withdrawal is told", "subscribed", "Denied", "x", nil, outcome{"unsubscribed", true}, 0, false},
		"pending, withdrawn":             {"likewise", "pending", "Denied", "x", nil, outcome{"unsubscribed", true}, 0, false},
		"transactional, withdrawn":       {"likewise", "transactional", "Denied", "x", nil, outcome{"unsubscribed", true}, 0, false},
		"bounced, withdrawn":             {"nothing is sent", "cleaned", "Denied", "x", nil, outcome{"cleaned", true}, 0, false},
		"archived, withdrawn":            {"nothing is sent", "archived", "Denied", "x", nil, outcome{"archived", true}, 0, false},
		"subscribed, never answered":     {"the data is kept new", "subscribed", "", "x", nil, outcome{"subscribed", false}, 0, true},
		"unsubscribed, never answered":   {"nothing is sent", "unsubscribed", "", "x", nil, outcome{"unsubscribed", true}, 0, false},
		"archived, never answered":       {"nothing is sent", "archived", "", "", nil, outcome{"archived", true}, 0, false},
		"transactional, never answered":  {"nobody is asked without having agreed", "transactional", "", "x", nil, outcome{"transactional", false}, 0, true},
		"unsubscribed, withdrawn as new": {"nothing is sent", "unsubscribed", "Denied", "", nil, outcome{"unsubscribed", true}, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tc.change == nil {
				tc.change = func(*adapter.Config) {}
			}
			b := against(t, mailchimp.Options{}, tc.change)
			b.upsert(t, ada("Granted"), "")
			b.account.become(t, "ada@example.com", tc.status)
			before := b.holds("ada@example.com")["optinMails"].(float64)
			changed := ada(tc.consent)
			changed.Location = "FR"
			got := b.upsert(t, changed, tc.id)
			held := b.holds("ada@example.com")
			if diff := cmp.Diff(tc.want, outcome{held["status"].(string), got.Suppressed}, cmp.AllowUnexported(outcome{})); diff != "" {
				t.Errorf("%s:\n%s", tc.reason, diff)
			}
			if mails := held["optinMails"].(float64) - before; mails != tc.wantMails {
				t.Errorf("%v mails that ask to confirm, want %v", mails, tc.wantMails)
			}
			if changed := held["merge_fields"].(map[string]any)["COUNTRY"] == "FR"; changed != tc.wantMergeFieldChanged {
				t.Errorf("the data was written: %v", changed)
			}
		})
	}
}

func TestNobodyBecomesAMemberWithoutHavingAgreed(t *testing.T) {
	t.Parallel()
	for consent, wantSuppressed := range map[string]bool{"": false, "Denied": true} {
		b := against(t, mailchimp.Options{})
		if got := b.upsert(t, ada(consent), ""); got.Suppressed != wantSuppressed || b.account.People() != 0 {
			t.Errorf("%q: got %+v, %d people", consent, got, b.account.People())
		}
	}
}

// Tags are added, whatever the case they were first written in, and never taken away.
func TestTags(t *testing.T) {
	t.Parallel()
	b := against(t, mailchimp.Options{})
	receipt := b.upsert(t, ada("Granted"), "")
	before := b.account.sandbox.Stats()[server.Mailchimp].Calls
	b.upsert(t, ada("Granted"), receipt.RemoteID)
	if n := b.account.sandbox.Stats()[server.Mailchimp].Calls - before; n != 1 {
		t.Errorf("%d calls where all tags are there, want 1", n)
	}
	changed := ada("Granted")
	changed.Channels = []string{"Blog", "event"}
	b.upsert(t, changed, receipt.RemoteID)
	if diff := cmp.Diff([]any{"blog", "web-form", "event"}, b.holds("ada@example.com")["tags"]); diff != "" {
		t.Error(diff)
	}
}

// A thousand people who are new take ten calls, and one for the check: at most one at a time here, of the ten there may be.
func TestAThousandContactsTakeTenCalls(t *testing.T) {
	t.Parallel()
	b := against(t, mailchimp.Real())
	var requests []provider.Request
	for i := range 1000 {
		requests = append(requests, providertest.Rendered(t, b.Provider, provider.Contact{
			Email: "person" + strconv.Itoa(i) + "@example.com", Name: "Person " + strconv.Itoa(i), Channels: []string{"blog"},
			Consent: provider.Consent{Marketing: "Granted"},
		})[0])
	}
	providertest.WriteInBatches(t, b.Provider, requests)
	if s := b.account.sandbox.Stats()[server.Mailchimp]; s.Calls != 11 || s.Batches != 10 || s.Records != 1000 || b.account.People() != 1000 {
		t.Errorf("%d calls, %d batches, %d records, %d people", s.Calls, s.Batches, s.Records, b.account.People())
	}
}

// A batch changes nobody's status, and each record has its own outcome.
func TestBatchOfAllKinds(t *testing.T) {
	t.Parallel()
	b := against(t, mailchimp.Options{})
	known := map[string]string{}
	for email, status := range map[string]string{
		"left@example.com": "unsubscribed", "bounced@example.com": "cleaned", "away@example.com": "archived", "there@example.com": "subscribed",
		"withdrawn@example.com": "subscribed", "known@example.com": "subscribed", "knownleft@example.com": "unsubscribed",
	} {
		c := ada("Granted")
		c.Email = email
		known[email] = b.upsert(t, c, "").RemoteID
		b.account.become(t, email, status)
	}
	type outcome struct {
		suppressed bool
		class      provider.Class
	}
	cases := []struct {
		email, consent string
		known          bool
		wantStatus     any
		want           outcome
	}{
		{"new@example.com", "Granted", false, "pending", outcome{}},
		{"left@example.com", "Granted", false, "unsubscribed", outcome{suppressed: true}},
		{"bounced@example.com", "Granted", false, "cleaned", outcome{suppressed: true}},
		{"away@example.com", "Granted", false, "pending", outcome{}}, // as by itself: asked
		{"there@example.com", "Granted", false, "subscribed", outcome{}},
		{"withdrawn@example.com", "Denied", true, "unsubscribed", outcome{suppressed: true}},
		{"known@example.com", "Granted", true, "subscribed", outcome{}},
		{"knownleft@example.com", "Granted", true, "unsubscribed", outcome{suppressed: true}},
		{"never@example.com", "", false, nil, outcome{}},
		{"x@fake.example", "Granted", false, nil, outcome{class: provider.Invalid}},
		{"x@manylists.example", "Granted", false, nil, outcome{class: provider.Transient}},
		{"Capital@example.com", "Granted", false, nil, outcome{}},
	}
	var requests []provider.Request
	for _, tc := range cases {
		c := ada(tc.consent)
		c.Email = tc.email
		r := providertest.Rendered(t, b.Provider, c)[0]
		if tc.known {
			r.RemoteID = known[tc.email]
		}
		requests = append(requests, r)
	}
	written, err := b.Batch.UpsertBatch(t.Context(), requests)
	if err != nil {
		t.Fatal(err)
	}
	for i, tc := range cases {
		got := outcome{suppressed: written[i].Receipt.Suppressed}
		if written[i].Err != nil {
			got.class = provider.AsError(written[i].Err).Class
		}
		if got != tc.want {
			t.Errorf("%s: got %+v (%v), want %+v", tc.email, got, written[i].Err, tc.want)
		}
		if status := b.holds(tc.email)["status"]; tc.email[0] != 'C' && status != tc.wantStatus {
			t.Errorf("%s is %v, want %v", tc.email, status, tc.wantStatus)
		}
	}
	if b.holds("capital@example.com")["status"] != "pending" {
		t.Error("an address is one whatever its case")
	}
}

// Where most are there already, a batch takes a call for each. Those for whom there is no time are given back, and take
// nobody's attempts.
func TestBatchGivesBackWhatItHasNoTimeFor(t *testing.T) {
	t.Parallel()
	b := against(t, mailchimp.Options{Connections: 10, Latency: 20 * time.Millisecond})
	var requests []provider.Request
	for i := range b.Batch.MaxBatch() {
		c := ada("Granted")
		c.Email = "person" + strconv.Itoa(i) + "@example.com"
		requests = append(requests, providertest.Rendered(t, b.Provider, c)[0])
	}
	written, err := b.Batch.UpsertBatch(t.Context(), requests)
	for i, w := range written {
		requests[i].RemoteID = w.Receipt.RemoteID
	}
	if err != nil {
		t.Fatal(err)
	}
	// A budget that is used up at once: it is over before the second round begins.
	written, err = b.Batch.UpsertBatch(deadlineIn(t, 50*time.Millisecond), requests)
	if err != nil {
		t.Fatal(err)
	}
	done, back := 0, 0
	for _, w := range written {
		wait := (*provider.Wait)(nil)
		switch {
		case w.Err == nil:
			done++
		case errors.As(w.Err, &wait) && wait.Busy && wait.Brief:
			back++
		}
	}
	if back == 0 {
		t.Errorf("%d were written, %d given back of %d", done, back, len(written))
	}
}

// Of the ten calls that Mailchimp takes at a time no more are made, however many are asked for.
func TestNeverMoreThanTenAtATime(t *testing.T) {
	t.Parallel()
	b := against(t, mailchimp.Options{Connections: 10, Latency: 10 * time.Millisecond}, preconfirmed)
	errs := make(chan error, 100)
	for i := range cap(errs) {
		c := ada("Granted")
		c.Email = "person" + strconv.Itoa(i) + "@example.com"
		r := providertest.Rendered(t, b.Provider, c)[0]
		go func() {
			_, err := b.Upserter.Upsert(t.Context(), r)
			errs <- err
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if s := b.account.sandbox.Stats()[server.Mailchimp]; s.MaxInFlight > 10 || b.account.People() != cap(errs) {
		t.Errorf("%d calls at a time, %d people", s.MaxInFlight, b.account.People())
	}
}

// After a permanent deletion the address is refused for ever; an archived one may come back, and is asked.
func TestErasureLasts(t *testing.T) {
	t.Parallel()
	for erase, wantClass := range map[string]provider.Class{"Archive": "", "DeletePermanent": provider.Invalid} {
		b := against(t, mailchimp.Options{}, func(c *adapter.Config) { c.Erase = erase })
		r := providertest.Rendered(t, b.Provider, ada("Granted"))[0]
		if _, err := b.Eraser.Erase(t.Context(), r); err != nil { // nobody is there
			t.Fatal(err)
		}
		b.upsert(t, ada("Granted"), "")
		for range 2 {
			if _, err := b.Eraser.Erase(t.Context(), r); err != nil || b.account.People() != 0 {
				t.Fatalf("%s: %v, %d people", erase, err, b.account.People())
			}
		}
		_, err := b.Upserter.Upsert(t.Context(), r)
		if (err == nil) != (wantClass == "") || err != nil && providertest.Failure(err).Class != wantClass {
			t.Errorf("%s: coming back: got %v, want class %q", erase, err, wantClass)
		}
	}
}

// Pages follow one another by time, so that nobody is missed who changes meanwhile, and end also where many changed at once.
func TestListSuppressedPages(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)
	b := against(t, mailchimp.Options{Now: func() time.Time { return now }}, preconfirmed)
	const many = 1203
	want := map[string]bool{}
	for i := range many {
		if i > 1100 { // the first 1,101 changed within one second
			now = now.Add(time.Second)
		}
		c := ada("Granted")
		c.Email = "person" + strconv.Itoa(i) + "@example.com"
		b.upsert(t, c, "")
		status := "unsubscribed"
		if i%2 == 0 {
			status = "cleaned"
		}
		b.account.become(t, c.Email, status)
		want[c.Email] = true
	}
	c := ada("Granted")
	b.upsert(t, c, "")
	got := map[string]bool{}
	cursor, pages := "", 0
	for {
		page, err := b.Suppressions.ListSuppressed(t.Context(), time.Time{}, cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, email := range page.Emails {
			got[email] = true
		}
		pages++
		if page.Next == "" || pages > 20 {
			break
		}
		cursor = page.Next
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after %d pages:\n%s", pages, diff)
	}
	if page, err := b.Suppressions.ListSuppressed(t.Context(), now.Add(-2*time.Second), ""); err != nil || len(page.Emails) != 1 {
		t.Errorf("those of the last two seconds: %d, %v; want one who left, the other one bounced", len(page.Emails), err)
	}
}

func TestHealthNeedsTheKey(t *testing.T) {
	t.Parallel()
	b := against(t, mailchimp.Options{})
	if err := b.Health.CheckHealth(t.Context()); err != nil {
		t.Error(err)
	}
	if n := b.account.sandbox.Stats()[server.Mailchimp].HealthChecks; n != 1 {
		t.Errorf("%d health checks, want 1", n)
	}
	b.account.sandbox.SetToken(server.Mailchimp, "another")
	if err := b.Health.CheckHealth(t.Context()); providertest.Failure(err) == nil || providertest.Failure(err).Class != provider.Auth {
		t.Errorf("got %v", err)
	}
}
