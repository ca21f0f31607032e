package espocrm_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/provider"
	adapter "github.com/contact-operator/contact-operator/internal/provider/espocrm"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

// The wire form of a create: values of the attributes' types, blanks left out.
func TestCreateSends(t *testing.T) {
	t.Parallel()
	p := play(t, script{searchCall(address): {page()}, createCall: {{Body: person("662b1", "Ada@example.com")}}})
	c := ada()
	c.Channels, c.Consent.Time, c.Attributes["size"] = []string{"blog", "event"}, "2026-11-05T23:30:00-03:00", "12"
	got, err := p.Upserter.Upsert(t.Context(), providertest.Rendered(t, p.Provider, c)[0])
	if err != nil || got != (provider.Receipt{RemoteID: "662b1"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	const want = `{"emailAddress":"ada@example.com","firstName":"Ada","lastName":"Lovelace","cPlan":"pro","cTopics":["blog","event"],"cSeats":12,"cRegisteredAt":"2026-11-06 02:30:00"}`
	if diff := cmp.Diff(providertest.JSON(t, want), providertest.JSON(t, p.Body(createCall))); diff != "" {
		t.Error(diff)
	}
}

// What is there is changed where it differs, and its address is never written: that would drop another one.
func TestChangeSendsWhatDiffers(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		more string // of the record that is there
		want string // "": nothing is written
	}{
		"nothing differs":     {`"firstName":"Ada","lastName":"Lovelace","cPlan":"pro","cTopics":["blog"],"cSeats":12,"description":"x"`, ""},
		"a name differs":      {`"firstName":"Augusta","lastName":"Lovelace","cPlan":"pro","cTopics":["blog"],"cSeats":12`, `{"firstName":"Ada"}`},
		"a list differs":      {`"firstName":"Ada","lastName":"Lovelace","cPlan":"pro","cTopics":["event"],"cSeats":12`, `{"cTopics":["blog"]}`},
		"a number differs":    {`"firstName":"Ada","lastName":"Lovelace","cPlan":"pro","cTopics":["blog"],"cSeats":11`, `{"cSeats":12}`},
		"something is blank":  {`"firstName":"Ada","lastName":"Lovelace","cPlan":null,"cTopics":["blog"],"cSeats":12`, `{"cPlan":"pro"}`},
		"something is hidden": {`"firstName":"Ada","cPlan":"pro","cTopics":["blog"],"cSeats":12`, `{"lastName":"Lovelace"}`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play(t, script{searchCall(address): {page(person("662b1", address, tc.more))}, changeCall: {{Body: person("662b1", address)}}})
			c := ada()
			c.Channels, c.Attributes["size"] = []string{"blog"}, "12"
			if got, err := p.Upserter.Upsert(t.Context(), providertest.Rendered(t, p.Provider, c)[0]); err != nil || got.RemoteID != "662b1" {
				t.Errorf("got %+v, %v", got, err)
			}
			want := []string{searchCall(address)}
			if tc.want != "" {
				want = append(want, changeCall)
				if diff := cmp.Diff(providertest.JSON(t, tc.want), providertest.JSON(t, p.Body(changeCall))); diff != "" {
					t.Error(diff)
				}
			}
			if diff := cmp.Diff(want, p.after()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Every status and reason that EspoCRM is known to answer a create with.
func TestCreateClassifies(t *testing.T) {
	t.Parallel()
	const (
		unreadable = "the answer is not one of EspoCRM's API: check that spec.espocrm.url leads there, and what stands between"
		record     = "EspoCRM refuses this record (status 400): compare its values with the fields of Contact there, and look at their required ones"
		inWay      = "EspoCRM refuses this record for a conflict (status 409): look for the person there, by name and address"
	)
	validation := func(field, kind string) reply {
		return reply{Status: 400, Body: `{"messageTranslation":{"label":"validationFailure","scope":null,"data":{"field":"` + field + `","type":"` + kind + `"}}}`}
	}
	type e = provider.Error
	cases := map[string]struct {
		reply reply
		want  e
	}{
		"400, the address":          {validation("emailAddress", "emailAddress"), e{Class: provider.Invalid, Message: "EspoCRM does not take the address for a valid one"}},
		"400, required":             {validation("cPlan", "required"), e{Class: provider.Invalid, Message: "EspoCRM takes no Contact without cPlan: have spec.espocrm.fields fill it for everybody"}},
		"400, too long":             {validation("firstName", "maxLength"), e{Class: provider.Invalid, Message: "the value of firstName is longer than EspoCRM takes"}},
		"400, an option":            {validation("cPlan", "valid"), e{Class: provider.Invalid, Message: "EspoCRM refuses the value of cPlan: compare it with the field's type and options there"}},
		"400, in the header":        {because(400, "Field validation failure; entityType: Contact, field: cSeats, type: valid."), e{Class: provider.Invalid, Message: "EspoCRM refuses the value of cSeats: compare it with the field's type and options there"}},
		"400, another's field":      {validation("secretField", "valid"), e{Class: provider.Invalid, Message: record}},
		"400, another is required":  {validation("secretField", "required"), e{Class: provider.Invalid, Message: record}},
		"400, without a word":       {reply{Status: 400}, e{Class: provider.Invalid, Message: record}},
		"401":                       {reply{Status: 401}, e{Class: provider.Auth, Message: "EspoCRM does not take the API user's key (status 401): check the Secret, that the user is active, and its authentication method: HMAC goes with spec.espocrm.hmacSecretRef, API Key without"}},
		"403, the role":             {because(403, "No create access."), e{Class: provider.Auth, Message: "EspoCRM does not let the API user do this (status 403): its role needs create, and read, edit and delete of all records, on Contact"}},
		"403, failed logins":        {because(403, "Max failed login attempts exceeded for IP address 10.0.0.1."), e{Class: provider.Throttled, RetryAfter: time.Minute, Message: "EspoCRM refuses all logins from this IP address for a minute, because too many failed: look for another program there with a wrong key"}},
		"404":                       {reply{Status: 404}, e{Class: provider.Config, Message: "there is no API of EspoCRM with the entity Contact at spec.espocrm.url (status 404): give the address of EspoCRM itself, without /api/v1"}},
		"409, not a duplicate":      {because(409, "Validation error"), e{Class: provider.Conflict, Message: inWay}},
		"409, modified":             {because(409, "modified"), e{Class: provider.Conflict, Message: inWay}},
		"409, without a reason":     {reply{Status: 409}, e{Class: provider.Conflict, Message: inWay}},
		"413, of a proxy":           {reply{Status: 413}, e{Class: provider.Invalid, Message: "the service answered with status 413 (Request Entity Too Large)"}},
		"429, of a proxy":           {reply{Status: 429, Header: map[string]string{"Retry-After": "7"}}, e{Class: provider.Throttled, RetryAfter: 7 * time.Second, Message: "the service answered with status 429 (Too Many Requests)"}},
		"500":                       {because(500, "SQLSTATE secret"), e{Class: provider.Transient, Message: "the service answered with status 500 (Internal Server Error)"}},
		"502, of a proxy":           {reply{Status: 502}, e{Class: provider.Transient, Message: "the service answered with status 502 (Bad Gateway)"}},
		"503":                       {reply{Status: 503}, e{Class: provider.Transient, Message: "EspoCRM is in maintenance mode, or overloaded (status 503)"}},
		"200, a page":               {reply{Body: "<html>"}, e{Class: provider.Transient, Message: unreadable}},
		"200, without an id":        {reply{Body: `{"emailAddress":"ada@example.com"}`}, e{Class: provider.Transient, Message: unreadable}},
		"200, an id that is none":   {reply{Body: person("../x", address)}, e{Class: provider.Transient, Message: unreadable}},
		"200, without the address":  {reply{Body: `{"id":"662b1","emailAddress":null}`}, e{Class: provider.Config, Message: "EspoCRM has created a Contact without the address: the API user's role has to allow emailAddress at field level; delete the record without an address there"}},
		"201, of a later version":   {reply{Status: 201, Body: "null"}, e{Class: provider.Transient, Message: unreadable}},
		"307, a redirect to TLS":    {reply{Status: 307}, e{Class: provider.Config, Message: "the service answered with status 307 (Temporary Redirect), a redirect, which is not followed: give the url that it leads to"}},
		"405, of a web server only": {reply{Status: 405}, e{Class: provider.Config, Message: "the service answered with status 405 (Method Not Allowed): check the Integration's url, method and mapping"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play(t, script{searchCall(address): {page()}, createCall: {tc.reply}})
			_, err := p.Upserter.Upsert(t.Context(), providertest.Rendered(t, p.Provider, ada())[0])
			if diff := cmp.Diff(&tc.want, providertest.Failure(err)); diff != "" {
				t.Error(diff)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error repeats what EspoCRM said: %v", err)
			}
		})
	}
}

// What may be about one record must not be taken for the key's fault.
func TestChangeClassifies(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		reply reply
		want  provider.Class
	}{
		"a record of others":   {because(403, "No edit access."), provider.Config},
		"failed logins":        {because(403, "Max failed login attempts exceeded for IP address 10.0.0.1."), provider.Throttled},
		"the key":              {reply{Status: 401}, provider.Auth},
		"a value":              {reply{Status: 400}, provider.Invalid},
		"another record's":     {reply{Body: person("662b2", address)}, provider.Transient},
		"a page":               {reply{Body: "<html>"}, provider.Transient},
		"a failure of theirs":  {reply{Status: 500}, provider.Transient},
		"a version that moved": {because(409, "modified"), provider.Conflict},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play(t, script{searchCall(address): {page(person("662b1", address))}, changeCall: {tc.reply}})
			_, err := p.Upserter.Upsert(t.Context(), providertest.Rendered(t, p.Provider, ada())[0])
			if e := providertest.Failure(err); e == nil || e.Class != tc.want {
				t.Errorf("got %v, want class %q", err, tc.want)
			}
		})
	}
}

// Who is there, who is another, and who was there: whose record is written, and that nobody is made twice.
func TestUpsertFinds(t *testing.T) {
	t.Parallel()
	search := searchCall(address)
	created, done := reply{Body: person("662b9", address)}, reply{Body: person("662b1", address)}
	second := `"emailAddressData":[{"emailAddress":"first@example.com","primary":true},{"emailAddress":"Ada@Example.com","primary":false}]`
	namesake := person("662b7", "another@example.com", `"firstName":"Ada"`)
	cases := map[string]struct {
		reason    string
		script    script
		remoteID  string
		wantCalls []string
		wantID    string
		wantClass provider.Class
	}{
		"nobody": {
			"is created", script{search: {page()}, createCall: {created}}, "", []string{search, createCall}, "662b9", "",
		},
		"somebody": {
			"is changed", script{search: {page(person("662b1", "ADA@example.com"))}, changeCall: {done}}, "", []string{search, changeCall}, "662b1", "",
		},
		"by a second address": {
			"is changed, and keeps the first",
			script{search: {page(person("662b1", "first@example.com"))}, readCall: {{Body: person("662b1", "first@example.com", second)}}, changeCall: {done}},
			"",
			[]string{search, readCall, changeCall},
			"662b1", "",
		},
		"somebody whom the database takes for the person": {
			"is let be",
			script{search: {page(person("662b1", "ädä@example.com"))}, readCall: {{Body: person("662b1", "ädä@example.com")}}, createCall: {created}},
			"",
			[]string{search, readCall, createCall},
			"662b9", "",
		},
		"somebody who goes away while looked at": {
			"is nobody",
			script{search: {page(person("662b1", "first@example.com"))}, readCall: {{Status: 404}}, createCall: {created}},
			"",
			[]string{search, readCall, createCall},
			"662b9", "",
		},
		"several": {
			"the oldest with it as the first address",
			script{
				search:                              {page(person("662b3", "first@example.com"), person("662b1", address), person("662b2", address))},
				"GET /espocrm/api/v1/Contact/662b3": {{Body: person("662b3", "first@example.com", second)}}, changeCall: {done},
			},
			"",
			[]string{search, "GET /espocrm/api/v1/Contact/662b3", changeCall},
			"662b1", "",
		},
		"several, one known from before": {
			"that one", script{search: {page(person("662b2", address), person("662b1", address))}, changeCall: {done}}, "662b1", []string{search, changeCall}, "662b1", "",
		},
		"deleted while it is changed": {
			"is created", script{search: {page(person("662b1", address))}, changeCall: {{Status: 404}}, createCall: {created}}, "", []string{search, changeCall, createCall}, "662b9", "",
		},
		"created meanwhile": {
			"is changed", script{search: {page()}, createCall: {duplicate(person("662b1", address))}, changeCall: {done}}, "", []string{search, createCall, changeCall}, "662b1", "",
		},
		"created meanwhile, with it as the second": {
			"is changed",
			script{
				search: {page(), page(person("662b1", "first@example.com"))}, createCall: {duplicate(person("662b1", "first@example.com"))},
				readCall: {{Body: person("662b1", "first@example.com", second)}}, changeCall: {done},
			},
			"",
			[]string{search, createCall, search, readCall, changeCall},
			"662b1", "",
		},
		"a namesake": {
			"is let be, and the person created", script{search: {page()}, createCall: {duplicate(namesake), created}}, "", []string{search, createCall, search, createCall}, "662b9", "",
		},
		"a duplicate without a list": {
			"the search decides", script{search: {page()}, createCall: {because(409, "duplicate"), created}}, "", []string{search, createCall, search, createCall}, "662b9", "",
		},
		"a duplicate all the same": {
			"a person has to look", script{search: {page()}, createCall: {duplicate(namesake), duplicate(namesake)}}, "", []string{search, createCall, search, createCall}, "", provider.Conflict,
		},
		"a search that is refused": {
			"nothing is written", script{search: {because(403, "No read access.")}}, "", []string{search}, "", provider.Auth,
		},
		"a search that can't be read": {
			"nothing is written", script{search: {{Body: `{"total":0}`}}}, "", []string{search}, "", provider.Transient,
		},
		"a record without an id": {
			"nothing is written", script{search: {{Body: `{"list":[{"emailAddress":"ada@example.com"}]}`}}}, "", []string{search}, "", provider.Transient,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play(t, tc.script)
			r := providertest.Rendered(t, p.Provider, ada())[0]
			r.RemoteID = tc.remoteID
			got, err := p.Upserter.Upsert(t.Context(), r)
			if (err == nil) != (tc.wantClass == "") || err != nil && providertest.Failure(err).Class != tc.wantClass || got.RemoteID != tc.wantID {
				t.Errorf("%s: got %+v, %v; want id %q, class %q", tc.reason, got, err, tc.wantID, tc.wantClass)
			}
			if diff := cmp.Diff(tc.wantCalls, p.after()); diff != "" {
				t.Errorf("%s:\n%s", tc.reason, diff)
			}
		})
	}
}

// A last name that the person did not give is brought only for a new record: another one may have been put right.
func TestLastName(t *testing.T) {
	t.Parallel()
	there := page(person("662b1", address, `"firstName":"A","lastName":"Lovelace"`))
	cases := map[string]struct {
		reason, name string
		found        reply
		want         string // the body of the write
	}{
		"one word, new":   {"it is the last name", "Ada", page(), `{"emailAddress":"ada@example.com","lastName":"Ada"}`},
		"one word, there": {"it is the first name of one who has a last name", "Ada", there, `{"firstName":"Ada"}`},
		"no name, new":    {"then the placeholder", "", page(), `{"emailAddress":"ada@example.com","lastName":"[not provided]"}`},
		"no name, there":  {"then nothing is written", "", there, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play(t, script{searchCall(address): {tc.found}, createCall: {{Body: person("662b1", address)}}, changeCall: {{Body: person("662b1", address)}}})
			if _, err := p.Upserter.Upsert(t.Context(), providertest.Rendered(t, p.Provider, provider.Contact{Email: address, Name: tc.name})[0]); err != nil {
				t.Error(err)
			}
			body := p.Body(createCall) + p.Body(changeCall)
			if tc.want == "" {
				if body != "" {
					t.Errorf("%s: got %s", tc.reason, body)
				}
				return
			}
			if diff := cmp.Diff(providertest.JSON(t, tc.want), providertest.JSON(t, body)); diff != "" {
				t.Errorf("%s:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestValuesOfAnotherType(t *testing.T) {
	t.Parallel()
	p := play(t, script{})
	c := ada()
	c.Attributes["size"] = "a dozen"
	_, err := p.Upserter.Upsert(t.Context(), providertest.Rendered(t, p.Provider, c)[0])
	want := &provider.Error{Class: provider.Invalid, Message: "spec.espocrm.fields[cSeats] gives a value for this record that is no whole number, which the field takes"}
	if diff := cmp.Diff(want, providertest.Failure(err)); diff != "" || len(p.after()) != 0 {
		t.Errorf("%d calls:\n%s", len(p.after()), diff)
	}
}

func TestARequestOfAnotherEntity(t *testing.T) {
	t.Parallel()
	p := play(t, script{})
	r := providertest.Rendered(t, connect(t, p.URL, asLeads), ada())[0]
	if _, err := p.Upserter.Upsert(t.Context(), r); providertest.Failure(err) == nil || providertest.Failure(err).Class != provider.Transient {
		t.Errorf("a request from before a change of the Integration: got %v", err)
	}
}

func TestRenderRefuses(t *testing.T) {
	t.Parallel()
	p := play(t, script{}, func(c *adapter.Config) {
		c.Fields = []mapping.Field{{Name: "description", Expression: "contact.attributes.none"}}
	})
	for reason, c := range map[string]provider.Contact{"no address": {}, "an expression": ada()} {
		if _, err := p.Upserter.Render(c); providertest.Failure(err) == nil || providertest.Failure(err).Class != provider.Invalid {
			t.Errorf("%s: got %v", reason, err)
		}
	}
}
