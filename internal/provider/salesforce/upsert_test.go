package salesforce_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
	adapter "github.com/contact-operator/contact-operator/internal/provider/salesforce"
)

// The wire form: values of the fields' types, the key in the path and not in the body, blanks left out.
func TestUpsertSends(t *testing.T) {
	t.Parallel()
	p := play(t, script{upsertCall: {saved(201)}})
	c := ada()
	c.Channels = []string{"blog", "event"}
	c.Attributes["size"], c.Consent.Time = "12.5", "2026-11-05T23:30:00-03:00"
	got, err := p.Upserter.Upsert(t.Context(), providertest.Rendered(t, p.Provider, c)[0])
	if err != nil || got != (provider.Receipt{RemoteID: identity}) {
		t.Errorf("got %+v, %v", got, err)
	}
	const want = `{"Email":"ada@example.com","FirstName":"Ada","LastName":"Lovelace","Stage__c":"lead","Topics__c":"blog;event","Score__c":12.5,"Joined__c":"2026-11-06"}`
	if diff := cmp.Diff(providertest.JSON(t, want), providertest.JSON(t, p.Body(upsertCall))); diff != "" {
		t.Error(diff)
	}
}

// A key is one segment of a path, whatever characters it has.
func TestKeyIsEscaped(t *testing.T) {
	t.Parallel()
	const call = "PATCH /instance/services/data/v62.0/sobjects/Contact/ContactKey__c/a%2Fb%2Bc%3Fd%23%25@example.com"
	p := play(t, script{call: {saved(200)}})
	c := ada()
	c.Email = "a/b+c?d#%@example.com"
	if _, err := p.Upserter.Upsert(t.Context(), providertest.Rendered(t, p.Provider, c)[0]); err != nil {
		t.Error(err)
	}
}

// Every status and code that Salesforce is known to answer an upsert with.
func TestUpsertClassifies(t *testing.T) {
	t.Parallel()
	const (
		lock       = "somebody else has locked the row at Salesforce, for a moment (UNABLE_TO_LOCK_ROW)"
		quota      = "the API calls of the Salesforce org are used up: they are counted over the last 24 hours, for all of its integrations"
		crowd      = "too many long calls run in the Salesforce org: it takes more in a moment"
		ambiguous  = "several records at Salesforce have the same ContactKey__c: merge them, and make the field Unique"
		unreadable = "the answer is not one of Salesforce's API: check that spec.salesforce.url is the org's My Domain, and what stands between"
		rights     = "the Salesforce user may not write this Contact: it needs create, edit and delete on the object, and sharing that lets it edit records of others"
		automation = "an automation in the Salesforce org (Apex trigger or flow of Contact) refuses this record: its owner has to look at it"
		unknown    = "Salesforce refuses this record with an error that is not known here: try the record by hand, as the same user"
	)
	limited := func(message, usage string) reply {
		r := refused(403, "REQUEST_LIMIT_EXCEEDED", message)
		if usage != "" {
			r.Header = map[string]string{"Sforce-Limit-Info": usage}
		}
		return r
	}
	type e = provider.Error
	cases := map[string]struct {
		reply reply
		want  e
	}{
		"400, a field that is not there": {refused(400, "INVALID_FIELD", "No such column 'x'"), e{Class: provider.Config, Message: "Salesforce does not take the request (INVALID_FIELD): compare spec.salesforce.fields with the fields of Contact there"}},
		"400, a field nobody may write":  {refused(400, "INVALID_FIELD_FOR_INSERT_UPDATE", "x", "Title", "secret"), e{Class: provider.Config, Message: "Salesforce does not take the request (INVALID_FIELD_FOR_INSERT_UPDATE) in Title: compare spec.salesforce.fields with the fields of Contact there"}},
		"400, a type":                    {refused(400, "INVALID_TYPE", "x"), e{Class: provider.Config, Message: "Salesforce does not take the request (INVALID_TYPE): compare spec.salesforce.fields with the fields of Contact there"}},
		"400, a query":                   {refused(400, "MALFORMED_QUERY", "x"), e{Class: provider.Config, Message: "Salesforce does not take the request (MALFORMED_QUERY): compare spec.salesforce.fields with the fields of Contact there"}},
		"400, the parser":                {refused(400, "JSON_PARSER_ERROR", "x"), e{Class: provider.Config, Message: "Salesforce does not take the request (JSON_PARSER_ERROR): compare spec.salesforce.fields with the fields of Contact there"}},
		"400, required":                  {refused(400, "REQUIRED_FIELD_MISSING", "x", "Title"), e{Class: provider.Invalid, Message: "Salesforce takes no new Contact without a value in Title: have spec.salesforce.fields fill it for everybody"}},
		"400, the address":               {refused(400, "INVALID_EMAIL_ADDRESS", "x", "Email"), e{Class: provider.Invalid, Message: "Salesforce does not take the address for a valid one"}},
		"400, too long":                  {refused(400, "STRING_TOO_LONG", "x", "FirstName"), e{Class: provider.Invalid, Message: "a value in FirstName is longer than Salesforce takes"}},
		"400, a validation rule":         {refused(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "x", "Phone"), e{Class: provider.Invalid, Message: "a validation rule of Contact in the Salesforce org refuses this record in Phone"}},
		"400, of another's field":        {refused(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "x", "Secret__c"), e{Class: provider.Invalid, Message: "a validation rule of Contact in the Salesforce org refuses this record"}},
		"400, a picklist":                {refused(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "x", "Stage__c"), e{Class: provider.Invalid, Message: "a value in Stage__c is none of the picklist's at Salesforce"}},
		"400, a country":                 {refused(400, "FIELD_INTEGRITY_EXCEPTION", "x"), e{Class: provider.Invalid, Message: "Salesforce refuses a value of this record (FIELD_INTEGRITY_EXCEPTION)"}},
		"400, a lookup":                  {refused(400, "INVALID_CROSS_REFERENCE_KEY", "x"), e{Class: provider.Invalid, Message: "Salesforce refuses a value of this record (INVALID_CROSS_REFERENCE_KEY)"}},
		"400, a duplicate rule":          {refused(400, "DUPLICATES_DETECTED", "x"), e{Class: provider.Conflict, Message: "a duplicate rule of the Salesforce org takes this person for a Contact that is there already: merge them there, or see spec.salesforce.duplicateRules"}},
		"400, a unique field":            {refused(400, "DUPLICATE_VALUE", "x", "Title"), e{Class: provider.Conflict, Message: "another record at Salesforce has a value in Title that must be unique"}},
		"400, several of that key":       {refused(400, "DUPLICATE_EXTERNAL_ID", "x"), e{Class: provider.Config, Message: ambiguous}},
		"400, a locked row":              {refused(400, "UNABLE_TO_LOCK_ROW", "x"), e{Class: provider.Transient, Message: lock, RetryAfter: 2 * time.Second, RecordOnly: true}},
		"400, a trigger":                 {refused(400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "execution of AfterUpdate"), e{Class: provider.Invalid, Message: automation}},
		"400, a trigger met a lock":      {refused(400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "caused by: UNABLE_TO_LOCK_ROW"), e{Class: provider.Transient, Message: lock, RetryAfter: 2 * time.Second, RecordOnly: true}},
		"400, a flow":                    {refused(400, "CANNOT_EXECUTE_FLOW_TRIGGER", "x"), e{Class: provider.Invalid, Message: automation}},
		"400, a converted lead":          {refused(400, "CANNOT_UPDATE_CONVERTED_LEAD", "x"), e{Class: provider.Conflict, Message: "the person's lead has been converted at Salesforce, and takes no more changes: keep people as Contact, or clear the lead's ContactKey__c"}},
		"400, an approval":               {refused(400, "ENTITY_IS_LOCKED", "x"), e{Class: provider.Conflict, Message: "the person's Contact is locked at Salesforce, by an approval for example"}},
		"400, deleted meanwhile":         {refused(400, "ENTITY_IS_DELETED", "x"), e{Class: provider.Transient, Message: "the record changed at Salesforce while it was written (ENTITY_IS_DELETED)", RecordOnly: true}},
		"400, storage":                   {refused(400, "STORAGE_LIMIT_EXCEEDED", "x"), e{Class: provider.Config, Message: "the data storage of the Salesforce org is full: make room there, or buy some"}},
		"400, sharing":                   {refused(400, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "x"), e{Class: provider.Config, Message: rights}},
		"400, a new code":                {refused(400, "NEW_CODE", "x"), e{Class: provider.Transient, Message: unknown, RecordOnly: true}},
		"400, not Salesforce's":          {reply{Status: 400, Body: "<html>"}, e{Class: provider.Invalid, Message: "the service answered with status 400 (Bad Request)"}},
		"300":                            {reply{Status: 300, Body: `["/services/data/v62.0/sobjects/Contact/003A","/services/data/v62.0/sobjects/Contact/003B"]`}, e{Class: provider.Config, Message: ambiguous}},
		"403, the quota":                 {limited("TotalRequests Limit exceeded.", "api-usage=15000/15000"), e{Class: provider.Throttled, Message: quota, RetryAfter: 10 * time.Minute}},
		"403, the quota, no header":      {limited("TotalRequests Limit exceeded.", ""), e{Class: provider.Throttled, Message: quota, RetryAfter: 10 * time.Minute}},
		"403, long calls":                {limited("ConcurrentRequests (Concurrent API Requests) Limit exceeded.", "api-usage=18/15000, api-bursts=1/750"), e{Class: provider.Throttled, Message: crowd, RetryAfter: 20 * time.Second}},
		"403, both":                      {limited("ConcurrentRequests Limit exceeded.", "api-usage=15000/15000"), e{Class: provider.Throttled, Message: quota, RetryAfter: 10 * time.Minute}},
		"403, rights":                    {refused(403, "INSUFFICIENT_ACCESS_OR_READONLY", "x"), e{Class: provider.Config, Message: rights}},
		"403, the API":                   {refused(403, "API_DISABLED_FOR_ORG", "x"), e{Class: provider.Auth, Message: "the API is not enabled for the Salesforce user or org (API_DISABLED_FOR_ORG): give the user the permission API Enabled"}},
		"403, something else":            {reply{Status: 403}, e{Class: provider.Auth, Message: "the service answered with status 403 (Forbidden): check the credentials and what they allow"}},
		"404":                            {refused(404, "NOT_FOUND", "x"), e{Class: provider.Config, Message: "Salesforce has no object Contact with a field ContactKey__c that the user may see, or no version 62.0 of its API (status 404)"}},
		"404, not Salesforce's":          {reply{Status: 404}, e{Class: provider.Config, Message: "the service answered with status 404 (Not Found): check the Integration's url, method and mapping"}},
		"405":                            {refused(405, "METHOD_NOT_ALLOWED", "x"), e{Class: provider.Config, Message: "the service answered with status 405 (Method Not Allowed): check the Integration's url, method and mapping"}},
		"409":                            {reply{Status: 409}, e{Class: provider.Conflict, Message: "the service answered with status 409 (Conflict)"}},
		"410":                            {refused(410, "UNSUPPORTED_API_VERSION", "x"), e{Class: provider.Config, Message: "Salesforce has retired version 62.0 of its API (status 410): give a newer one in spec.salesforce.apiVersion"}},
		"412":                            {reply{Status: 412}, e{Class: provider.Conflict, Message: "Salesforce refuses this record for a precondition that was not asked for (status 412): look at the record there"}},
		"414":                            {reply{Status: 414}, e{Class: provider.Invalid, Message: "the address of this record is too long for Salesforce (status 414)"}},
		"415":                            {refused(415, "UNSUPPORTED_MEDIA_TYPE", "x"), e{Class: provider.Config, Message: "the service answered with status 415 (Unsupported Media Type): check the Integration's url, method and mapping"}},
		"420":                            {reply{Status: 420}, e{Class: provider.Config, Message: "Salesforce knows no way to the org (status 420): check spec.salesforce.url"}},
		"431":                            {reply{Status: 431}, e{Class: provider.Invalid, Message: "the address of this record is too long for Salesforce (status 431)"}},
		"500":                            {refused(500, "UNKNOWN_EXCEPTION", "x"), e{Class: provider.Transient, Message: "Salesforce failed at its side (UNKNOWN_EXCEPTION)"}},
		"502":                            {reply{Status: 502}, e{Class: provider.Transient, Message: "the service answered with status 502 (Bad Gateway)"}},
		"503":                            {refused(503, "SERVER_UNAVAILABLE", "x"), e{Class: provider.Transient, Message: "Salesforce failed at its side (SERVER_UNAVAILABLE)"}},
		"200 without an id":              {reply{Body: `{"success":true,"errors":[]}`}, e{Class: provider.Transient, Message: unreadable}},
		"200 with another's id":          {reply{Body: `{"id":"../../003","success":true,"errors":[]}`}, e{Class: provider.Transient, Message: unreadable}},
		"200, a page":                    {reply{Body: `<html>`}, e{Class: provider.Transient, Message: unreadable}},
		"202":                            {reply{Status: 202}, e{Class: provider.Transient, Message: unreadable}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play(t, script{upsertCall: {tc.reply}})
			_, err := p.Upserter.Upsert(t.Context(), providertest.Rendered(t, p.Provider, ada())[0])
			if diff := cmp.Diff(&tc.want, providertest.Failure(err)); diff != "" {
				t.Error(diff)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error repeats what Salesforce said: %v", err)
			}
		})
	}
}

// What Salesforce takes is a success by each of its statuses; an older version answers an update with nothing.
func TestUpsertSucceeds(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		reply  reply
		before string
		want   string
	}{
		"created":                   {saved(201), "", identity},
		"updated":                   {saved(200), "", identity},
		"updated, an older version": {reply{Status: 204}, identity, identity},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play(t, script{upsertCall: {tc.reply}})
			r := providertest.Rendered(t, p.Provider, ada())[0]
			r.RemoteID = tc.before
			if got, err := p.Upserter.Upsert(t.Context(), r); err != nil || got.RemoteID != tc.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// A last name that the person did not give is brought only for a record that is not there: another one may have been put right.
func TestLastName(t *testing.T) {
	t.Parallel()
	missing := refused(400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", "LastName")
	cases := map[string]struct {
		reason    string
		name      string
		change    func(*adapter.Config)
		replies   []reply
		wantLast  string // the body of the last call
		wantCalls int
	}{
		"an old record keeps its own": {
			"nothing is said of the last name", "Ada", nil,
			[]reply{saved(200)},
			`{"Email":"ada@example.com","FirstName":"Ada"}`, 1,
		},
		"one word": {
			"it is the last name of a new record", "Ada", nil,
			[]reply{missing, saved(201)},
			`{"Email":"ada@example.com","LastName":"Ada"}`, 2,
		},
		"no name": {
			"then the placeholder", "", nil,
			[]reply{missing, saved(201)},
			`{"Email":"ada@example.com","LastName":"[not provided]"}`, 2,
		},
		"no name, of one's own words": {
			"then the configured one", "", func(c *adapter.Config) { c.Placeholder = "Website" },
			[]reply{missing, saved(201)},
			`{"Email":"ada@example.com","LastName":"Website"}`, 2,
		},
		"a mapping without a last name": {
			"the name tells it all the same", "Ada Lovelace", func(c *adapter.Config) { c.Fields = c.Fields[:1] },
			[]reply{missing, saved(201)},
			`{"Email":"ada@example.com","FirstName":"Ada","LastName":"Lovelace"}`, 2,
		},
		"something else is missing, too": {
			"a second call would be refused as well", "", nil,
			[]reply{refused(400, "REQUIRED_FIELD_MISSING", "x", "LastName", "Title")},
			`{"Email":"ada@example.com"}`, 1,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			change := tc.change
			if change == nil {
				change = func(*adapter.Config) {}
			}
			p := play(t, script{upsertCall: tc.replies}, change)
			_, err := p.Upserter.Upsert(t.Context(), providertest.Rendered(t, p.Provider, provider.Contact{Email: "ada@example.com", Name: tc.name})[0])
			if refusedToo := len(tc.replies) == 1 && tc.replies[0].Status == 400; (err != nil) != refusedToo {
				t.Errorf("%s: %v", tc.reason, err)
			}
			if diff := cmp.Diff(providertest.JSON(t, tc.wantLast), providertest.JSON(t, p.Body(upsertCall))); diff != "" {
				t.Errorf("%s:\n%s", tc.reason, diff)
			}
			if n := len(p.after()); n != tc.wantCalls {
				t.Errorf("%s: %d calls, want %d", tc.reason, n, tc.wantCalls)
			}
		})
	}
}

// A race for one key is run again, once.
func TestRaceForAKey(t *testing.T) {
	t.Parallel()
	p := play(t, script{upsertCall: {refused(400, "DUPLICATE_VALUE", "x", "ContactKey__c"), saved(200)}})
	if got, err := p.Upserter.Upsert(t.Context(), providertest.Rendered(t, p.Provider, ada())[0]); err != nil || got.RemoteID != identity {
		t.Errorf("got %+v, %v", got, err)
	}
	if diff := cmp.Diff([]string{upsertCall, upsertCall}, p.after()); diff != "" {
		t.Error(diff)
	}
}

// A value that a field can't take is the record's fault, and is found before Salesforce refuses a whole batch for it.
func TestValuesOfAnotherType(t *testing.T) {
	t.Parallel()
	p := play(t, script{upsertCall: {saved(200)}})
	c := ada()
	c.Attributes["size"] = "a dozen"
	_, err := p.Upserter.Upsert(t.Context(), providertest.Rendered(t, p.Provider, c)[0])
	want := &provider.Error{Class: provider.Invalid, Message: "spec.salesforce.fields[Score__c] gives a value for this record that is no number, which the field takes"}
	if diff := cmp.Diff(want, providertest.Failure(err)); diff != "" || len(p.after()) != 0 {
		t.Errorf("%d calls:\n%s", len(p.after()), diff)
	}
}

func TestARequestOfAnotherObject(t *testing.T) {
	t.Parallel()
	p := play(t, script{})
	r := providertest.Rendered(t, connect(t, p.URL, time.Now, asLeads), ada())[0]
	if _, err := p.Upserter.Upsert(t.Context(), r); providertest.Failure(err) == nil || providertest.Failure(err).Class != provider.Transient {
		t.Errorf("a request from before a change of the Integration: got %v", err)
	}
}

func TestRenderRefuses(t *testing.T) {
	t.Parallel()
	p := play(t, script{}, func(c *adapter.Config) {
		c.Fields = []mapping.Field{{Name: "Title", Expression: "contact.attributes.none"}}
	})
	for reason, c := range map[string]provider.Contact{"no address": {}, "an expression": ada()} {
		if _, err := p.Upserter.Render(c); providertest.Failure(err) == nil || providertest.Failure(err).Class != provider.Invalid {
			t.Errorf("%s: got %v", reason, err)
		}
	}
}
