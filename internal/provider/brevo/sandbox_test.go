package brevo_test

import (
	"maps"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/hack/sandbox/brevo"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
	"github.com/contact-operator/contact-operator/internal/provider"
	adapter "github.com/contact-operator/contact-operator/internal/provider/brevo"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

// bench is a provider with the sandbox's Brevo behind it.
type bench struct {
	provider.Provider
	account account
}

func against(t *testing.T, o brevo.Options, change ...func(*adapter.Config)) *bench {
	t.Helper()
	a := newAccount(o)
	srv := httptest.NewServer(a)
	t.Cleanup(srv.Close)
	return &bench{Provider: connect(t, srv.URL, change...), account: a}
}

func connect(t *testing.T, base string, change ...func(*adapter.Config)) provider.Provider {
	t.Helper()
	return providertest.Make(t, adapter.Factory(), spec(base, change...), map[provider.Ref]string{{Name: "brevo", Key: "key"}: key})
}

func ada(consent string, attributes ...string) provider.Contact {
	c := provider.Contact{
		Email: "ada+x@example.com", Name: "Ada Lovelace", Location: "GB", Channels: []string{"blog"},
		Attributes: map[string]string{}, Consent: provider.Consent{Marketing: consent},
	}
	for i := 0; i+1 < len(attributes); i += 2 {
		c.Attributes[attributes[i]] = attributes[i+1]
	}
	return c
}

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

// holds is what Brevo holds of a person, but for the time.
func (b *bench) holds(email string) map[string]any {
	r, found := b.account.table.Get(email)
	if !found {
		return nil
	}
	fields := maps.Clone(r.Fields)
	delete(fields, "modifiedAt")
	delete(fields, "email")
	return fields
}

// Values get the forms that Brevo keeps. What it would drop without a word is refused here.
func TestAttributes(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		attributes  []string
		want        map[string]any
		wantMessage string
	}{
		"texts":           {nil, map[string]any{}, ""},
		"a number":        {[]string{"seats", "12.5"}, map[string]any{"SEATS": 12.5}, ""},
		"a label":         {[]string{"tariff", "Pro"}, map[string]any{"PLAN": 2.0}, ""},
		"an option":       {[]string{"tariff", "1"}, map[string]any{"PLAN": 1.0}, ""},
		"a day":           {[]string{"since", "2026-11-05"}, map[string]any{"SINCE": "2026-11-05"}, ""},
		"a time":          {[]string{"since", "2026-11-05T12:00:00Z"}, map[string]any{"SINCE": "2026-11-05"}, ""},
		"true":            {[]string{"partner", "TRUE"}, map[string]any{"PARTNER": true}, ""},
		"no number":       {[]string{"seats", "a dozen"}, nil, "the value of attribute SEATS does not fit its type at Brevo, float, so that Brevo would drop it"},
		"no such option":  {[]string{"tariff", "gold"}, nil, "the value of attribute PLAN does not fit its type at Brevo, category, so that Brevo would drop it"},
		"no day":          {[]string{"since", "yesterday"}, nil, "the value of attribute SINCE does not fit its type at Brevo, date, so that Brevo would drop it"},
		"neither nor":     {[]string{"partner", "perhaps"}, nil, "the value of attribute PARTNER does not fit its type at Brevo, boolean, so that Brevo would drop it"},
		"several options": {[]string{"channel", "event"}, map[string]any{"TOPICS": []any{"blog", "event"}}, ""},
		"none of them":    {[]string{"channel", "video"}, nil, "the value of attribute TOPICS does not fit its type at Brevo, multiple-choice, so that Brevo would drop it"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := against(t, brevo.Options{})
			c := ada("Granted", tc.attributes...)
			if channel := c.Attributes["channel"]; channel != "" {
				c.Channels = append(c.Channels, channel)
			}
			_, err := b.Upserter.Upsert(t.Context(), providertest.Rendered(t, b.Provider, c)[0])
			if tc.wantMessage != "" {
				if e := providertest.Failure(err); e == nil || e.Class != provider.Invalid || e.Message != tc.wantMessage {
					t.Errorf("got %v, want Invalid: %s", err, tc.wantMessage)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]any{"FIRSTNAME": "Ada", "LASTNAME": "Lovelace", "COUNTRY": "GB", "TOPICS": []any{"blog"}}
			maps.Copy(want, tc.want)
			if diff := cmp.Diff(want, b.holds(c.Email)["attributes"]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What a write makes of each way in which a person may stand to the lists.
func TestStandings(t *testing.T) {
	t.Parallel()
	both := func(c *adapter.Config) { c.Lists = []int{brevo.Customers, brevo.Newsletter} }
	type outcome struct {
		lists       any
		blocklisted bool
		suppressed  bool
		written     bool // the data
	}
	lists := func(ids ...float64) any {
		all := []any{}
		for _, id := range ids {
			all = append(all, id)
		}
		return all
	}
	for name, tc := range map[string]struct {
		reason, consent, id string
		had                 any // lists
		before              func(*testing.T, *bench)
		change              func(*adapter.Config)
		want                outcome
	}{
		"on the list":                {"data is brought up to date", "Granted", "1", lists(7), nil, nil, outcome{lists(7), false, false, true}},
		"on the list, new to us":     {"likewise", "Granted", "", lists(7), nil, nil, outcome{lists(7), false, false, true}},
		"blocklisted":                {"they left", "Granted", "1", lists(7), func(t *testing.T, b *bench) { t.Helper(); b.account.blocklist(t, "ada+x@example.com") }, nil, outcome{lists(7), true, true, false}},
		"blocklisted, new to us":     {"whoever asks", "Granted", "", lists(7), func(t *testing.T, b *bench) { t.Helper(); b.account.blocklist(t, "ada+x@example.com") }, nil, outcome{lists(7), true, true, false}},
		"left the list":              {"they left", "Granted", "1", lists(7), func(t *testing.T, b *bench) { t.Helper(); b.account.leave(t, "ada+x@example.com", 7) }, nil, outcome{lists(), false, true, false}},
		"left one of two":            {"they are put on no other", "Granted", "1", lists(7, 8), func(t *testing.T, b *bench) { t.Helper(); b.account.leave(t, "ada+x@example.com", 7) }, both, outcome{lists(8), false, false, true}},
		"a list more":                {"a change of the Integration", "Granted", "1", lists(7), nil, both, outcome{lists(7, 8), false, false, true}},
		"never answered":             {"nobody is put on a list without having agreed", "", "1", lists(7, 8), nil, both, outcome{lists(7, 8), false, false, true}},
		"withdrawn":                  {"a withdrawal is told, for good", "Denied", "1", lists(7), nil, nil, outcome{lists(7), true, true, false}},
		"withdrawn, and blocklisted": {"there is nothing to tell", "Denied", "1", lists(7), func(t *testing.T, b *bench) { t.Helper(); b.account.blocklist(t, "ada+x@example.com") }, nil, outcome{lists(7), true, true, false}},
		"gone meanwhile":             {"whoever agrees is created again", "Granted", "9", lists(7), func(t *testing.T, b *bench) { t.Helper(); _, _ = b.account.table.Remove("ada+x@example.com") }, nil, outcome{lists(7), false, false, true}},
		"an administrator took it off": {"who has agreed is put back: it was not the person", "Granted", "1", lists(7), func(t *testing.T, b *bench) {
			t.Helper()
			b.account.setLists(t, "ada+x@example.com", lists())
		}, nil, outcome{lists(7), false, false, true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tc.change == nil {
				tc.change = func(*adapter.Config) {}
			}
			b := against(t, brevo.Options{}, tc.change)
			b.account.setLists(t, "ada+x@example.com", tc.had)
			if tc.before != nil {
				tc.before(t, b)
			}
			changed := ada(tc.consent)
			changed.Location = "FR"
			got := b.upsert(t, changed, tc.id)
			held := b.holds("ada+x@example.com")
			on := held["listIds"]
			if on == nil {
				on = []any{}
			}
			is := outcome{on, held["emailBlacklisted"] == true, got.Suppressed, held["attributes"].(map[string]any)["COUNTRY"] == "FR"}
			if diff := cmp.Diff(tc.want, is, cmp.AllowUnexported(outcome{})); diff != "" {
				t.Errorf("%s:\n%s", tc.reason, diff)
			}
		})
	}
}

// setLists has a contact be on these lists, and makes it if it is not there.
func (a account) setLists(t testing.TB, email string, ids any) {
	t.Helper()
	_, _, err := a.table.Put(email, func(current map[string]any) map[string]any {
		next := map[string]any{"email": email, "attributes": map[string]any{"COUNTRY": "GB"}}
		maps.Copy(next, current)
		next["listIds"] = ids
		return next
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestNobodyIsPutOnAListWithoutHavingAgreed(t *testing.T) {
	t.Parallel()
	for consent, wantSuppressed := range map[string]bool{"": false, "Denied": true} {
		b := against(t, brevo.Options{})
		if got := b.upsert(t, ada(consent), ""); got.Suppressed != wantSuppressed || b.account.People() != 0 {
			t.Errorf("%q: got %+v, %d people", consent, got, b.account.People())
		}
	}
}

// A phone number that another contact has must not cost the record.
func TestAPhoneNumberThatAnotherHas(t *testing.T) {
	t.Parallel()
	b := against(t, brevo.Options{})
	eve := ada("Granted", "mobile", "+442079460958")
	eve.Email = "eve@example.com"
	b.upsert(t, eve, "")
	receipt := b.upsert(t, ada("Granted", "mobile", "+442079460958"), "") // new
	if got := b.holds("ada+x@example.com")["attributes"].(map[string]any); got["SMS"] != nil || got["FIRSTNAME"] != "Ada" {
		t.Errorf("got %v", got)
	}
	changed := ada("Granted", "mobile", "+442079460958")
	changed.Location = "FR"
	b.upsert(t, changed, receipt.RemoteID)
	if got := b.holds("ada+x@example.com")["attributes"].(map[string]any); got["SMS"] != nil || got["COUNTRY"] != "FR" {
		t.Errorf("changed: got %v", got)
	}
	b.upsert(t, ada("Granted", "mobile", "+442079460959"), receipt.RemoteID)
	if got := b.holds("ada+x@example.com")["attributes"].(map[string]any); got["SMS"] != "+442079460959" {
		t.Errorf("one of their own: got %v", got)
	}
	_, err := b.Upserter.Upsert(t.Context(), providertest.Rendered(t, b.Provider, ada("Granted", "mobile", "none"))[0])
	if e := providertest.Failure(err); e == nil || e.Class != provider.Invalid {
		t.Errorf("no phone number: %v", err)
	}
}

// What Brevo says of the calls that are left is believed: it gets none that it would refuse.
func TestLimitsAreHonoured(t *testing.T) {
	t.Parallel()
	now := time.Now()
	b := against(t, brevo.Options{PerHour: 3, Now: func() time.Time { return now }})
	if _, err := b.Upserter.Upsert(t.Context(), providertest.Rendered(t, b.Provider, ada("Granted"))[0]); err != nil { // with two calls of the check
		t.Fatal(err)
	}
	for range 3 {
		_, err := b.Upserter.Upsert(t.Context(), providertest.Rendered(t, b.Provider, ada("Granted"))[0])
		if e := providertest.Failure(err); e == nil || e.Class != provider.Throttled || e.RetryAfter < 59*time.Minute || e.RetryAfter > time.Hour {
			t.Errorf("the fourth call of the hour: got %+v", e)
		}
	}
	if n := b.account.sandbox.Stats()[server.Brevo].Calls; n != 3 {
		t.Errorf("%d calls, want 3", n)
	}
	// Another program may have used them up: then the answer says for how long.
	fresh := &bench{account: b.account}
	srv := httptest.NewServer(b.account)
	t.Cleanup(srv.Close)
	fresh.Provider = connect(t, srv.URL)
	err := fresh.Health.CheckHealth(t.Context())
	if e := providertest.Failure(err); e == nil || e.Class != provider.Throttled || e.RetryAfter != time.Hour {
		t.Errorf("got %+v", e)
	}
}

// Only calls of the larger limit are made: of the others there are a hundred an hour.
func TestHealthCostsNothingOfTheSmallLimit(t *testing.T) {
	t.Parallel()
	b := against(t, brevo.Options{OthersPerHour: 1})
	for range 5 {
		if err := b.Health.CheckHealth(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b.account.sandbox.SetToken(server.Brevo, "another")
	if err := b.Health.CheckHealth(t.Context()); providertest.Failure(err) == nil || providertest.Failure(err).Class != provider.Auth {
		t.Errorf("got %v", err)
	}
}

// Everybody who is new takes one call.
func TestCallsForAHundredContacts(t *testing.T) {
	t.Parallel()
	b := against(t, brevo.Options{})
	for i := range 100 {
		c := ada("Granted")
		c.Email = "person" + strconv.Itoa(i) + "@example.com"
		b.upsert(t, c, "")
	}
	if n := b.account.sandbox.Stats()[server.Brevo].Calls; n != 102 { // and the check
		t.Errorf("%d calls, want 102", n)
	}
}

func TestErase(t *testing.T) {
	t.Parallel()
	b := against(t, brevo.Options{})
	owner := ada("Granted")
	owner.Email = brevo.UserAddress
	b.upsert(t, owner, "")
	_, err := b.Eraser.Erase(t.Context(), provider.Request{Key: brevo.UserAddress})
	if e := providertest.Failure(err); e == nil || e.Class != provider.Invalid {
		t.Errorf("a user of the account: got %v", err)
	}
	b.upsert(t, ada("Granted"), "")
	if _, err := b.Eraser.Erase(t.Context(), provider.Request{Key: "ada+x@example.com"}); err != nil || b.account.People() != 1 {
		t.Errorf("%v, %d people", err, b.account.People())
	}
}

// Pages begin a little before the end of the last: nobody is missed when somebody goes away meanwhile.
func TestListSuppressedPages(t *testing.T) {
	t.Parallel()
	now := time.Now()
	b := against(t, brevo.Options{Now: func() time.Time { return now }})
	want := map[string]bool{}
	for i := range 1203 {
		c := ada("Granted")
		c.Email = "person" + strconv.Itoa(i) + "@example.com"
		b.upsert(t, c, "")
		if i%3 == 0 {
			b.account.blocklist(t, c.Email)
			want[c.Email] = true
		}
	}
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
		if pages++; page.Next == "" || pages > 10 {
			break
		}
		for i := range 10 { // those at the beginning go away
			_, _ = b.account.table.Remove("person" + strconv.Itoa(10*pages+i) + "@example.com")
		}
		cursor = page.Next
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after %d pages:\n%s", pages, diff)
	}
	if page, err := b.Suppressions.ListSuppressed(t.Context(), now.Add(time.Second), ""); err != nil || len(page.Emails) != 0 {
		t.Errorf("of the future: %d, %v", len(page.Emails), err)
	}
}
