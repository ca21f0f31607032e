package mailchimp_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/provider"
	adapter "github.com/contact-operator/contact-operator/internal/provider/mailchimp"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

// The calls, by the MD5 of ada@example.com.
const (
	root       = " /mailchimp/3.0"
	fieldsCall = "GET" + root + "/lists/a1b2c3d4e5/merge-fields?count=1000&fields=merge_fields.tag,merge_fields.type,merge_fields.options.choices"
)

func path(t *testing.T) string {
	t.Helper()
	return root + "/lists/a1b2c3d4e5/members/" + md5Of("ada@example.com")
}

func allFields() providertest.Reply {
	return providertest.Reply{Body: `{"merge_fields":[{"tag":"FNAME","type":"text"},{"tag":"LNAME","type":"text"},{"tag":"COUNTRY","type":"text"},
		{"tag":"SEATS","type":"number"},{"tag":"PLAN","type":"dropdown","options":{"choices":["basic","pro"]}}]}`}
}

// problem is an error as Mailchimp writes it.
func problem(status int, title, detail, errors string) providertest.Reply {
	if errors == "" {
		errors = "[]"
	}
	return providertest.Reply{
		Status: status, Header: map[string]string{"Content-Type": "application/problem+json; charset=utf-8"},
		Body: `{"type":"https://mailchimp.com/developer/","title":"` + title + `","status":400,"detail":"` + detail + `","instance":"i-4711","errors":` + errors + `}`,
	}
}

func noTags(c *adapter.Config) { c.Tags, c.TagsExpression = nil, "" }

// Every status and title that Mailchimp is known to answer a write with.
func TestUpsertClassifies(t *testing.T) {
	t.Parallel()
	const (
		refused    = "Mailchimp refuses this record (status 400): it takes the address for invalid or made up, or a value does not fit its merge field"
		fault      = "Mailchimp does not understand the call (status 400): this is a fault of the operator, or something between has changed it"
		noAudience = "Mailchimp has no audience of the id in spec.mailchimp.audience: give the code in Audience → Settings → Audience name and defaults, not the number in the page's address"
		badKey     = "Mailchimp does not take the API key (status 401): it is wrong, was revoked, or belongs to another data centre"
		unreadable = "the answer is not one of Mailchimp's API: check that spec.mailchimp.url leads there, and what stands between"
	)
	type want struct {
		err     *provider.Error
		receipt provider.Receipt
	}
	failure := func(class provider.Class, message string) want {
		return want{err: &provider.Error{Class: class, Message: message}}
	}
	status := func(class provider.Class, message string) want {
		return failure(class, "the service answered with status "+message)
	}
	cases := map[string]struct {
		reply providertest.Reply
		want  want
	}{
		"200":                                    {providertest.Reply{Body: `{"id":"m","contact_id":"c","status":"pending"}`}, want{receipt: provider.Receipt{RemoteID: "c"}}},
		"200, no contact_id":                     {providertest.Reply{Body: `{"id":"m","status":"subscribed"}`}, want{receipt: provider.Receipt{RemoteID: "m"}}},
		"200, unsubscribed":                      {providertest.Reply{Body: `{"id":"m","status":"unsubscribed"}`}, want{receipt: provider.Receipt{RemoteID: "m", Suppressed: true}}},
		"200, cleaned":                           {providertest.Reply{Body: `{"id":"m","status":"cleaned"}`}, want{receipt: provider.Receipt{RemoteID: "m", Suppressed: true}}},
		"200, archived":                          {providertest.Reply{Body: `{"id":"m","status":"archived"}`}, want{receipt: provider.Receipt{RemoteID: "m", Suppressed: true}}},
		"200, of a kind that is not known":       {providertest.Reply{Body: `{"id":"m","status":"snoozed"}`}, failure(provider.Transient, unreadable)},
		"200, nothing":                           {providertest.Reply{Body: `{}`}, failure(provider.Transient, unreadable)},
		"400 Member In Compliance State":         {problem(400, "Member In Compliance State", "ada@example.com is in a compliance state", ""), want{receipt: provider.Receipt{Suppressed: true}}},
		"400 Forgotten Email Not Subscribed":     {problem(400, "Forgotten Email Not Subscribed", "ada@example.com was permanently deleted", ""), failure(provider.Invalid, "the person was deleted for good at Mailchimp, which takes the address only from a form of its own")},
		"400 Invalid Resource, many lists":       {problem(400, "Invalid Resource", "ada@example.com has signed up to a lot of lists very recently; we're not allowing more signups for now", ""), want{err: &provider.Error{Class: provider.Transient, RetryAfter: time.Hour, RecordOnly: true, Message: "Mailchimp takes no more sign-ups of this address for now: it has signed up in many places lately"}}},
		"400 Invalid Resource, fake":             {problem(400, "Invalid Resource", "ada@example.com looks fake or invalid, please enter a real email address.", ""), failure(provider.Invalid, refused)},
		"400 Invalid Resource, a merge field":    {problem(400, "Invalid Resource", "Your merge fields were invalid.", `[{"field":"PLAN","message":"secret-value"}]`), failure(provider.Invalid, "Mailchimp refuses the value of merge field PLAN: compare it with the field's type there")},
		"400 Invalid Resource, its full name":    {problem(400, "Invalid Resource", "x", `[{"field":"merge_fields.SEATS","message":"x"},{"field":"PLAN","message":"x"},{"field":"PLAN","message":"y"}]`), failure(provider.Invalid, "Mailchimp refuses the value of merge field SEATS, PLAN: compare it with the field's type there")},
		"400 Invalid Resource, another's field":  {problem(400, "Invalid Resource", "x", `[{"field":"secret","message":"x"}]`), failure(provider.Invalid, refused)},
		"400 Member Exists":                      {problem(400, "Member Exists", "Use PUT to insert or update list members.", ""), failure(provider.Invalid, refused)},
		"400 JSONParseError":                     {problem(400, "JSONParseError", "x", ""), failure(provider.Config, fault)},
		"400 BadRequest":                         {problem(400, "BadRequest", "x", ""), failure(provider.Config, fault)},
		"400 InvalidAction":                      {problem(400, "InvalidAction", "x", ""), failure(provider.Config, fault)},
		"400 without a word":                     {providertest.Reply{Status: 400}, failure(provider.Invalid, refused)},
		"401 API Key Invalid":                    {problem(401, "API Key Invalid", "x", ""), failure(provider.Auth, badKey)},
		"401 API Key Missing":                    {problem(401, "API Key Missing", "x", ""), failure(provider.Auth, badKey)},
		"403 Forbidden":                          {problem(403, "Forbidden", "x", ""), failure(provider.Auth, "the user of the API key may not do this at Mailchimp (status 403): it has to be a manager, admin or owner of the account")},
		"403 User Disabled":                      {problem(403, "User Disabled", "x", ""), failure(provider.Auth, "the user of the API key is disabled at Mailchimp (status 403)")},
		"403 WrongDatacenter":                    {problem(403, "WrongDatacenter", "x", ""), failure(provider.Auth, "the API key belongs to another data centre of Mailchimp's (status 403): give the whole key, and leave spec.mailchimp.url out")},
		"403 with a page, of the network before": {providertest.Reply{Status: 403, Header: map[string]string{"Content-Type": "text/html; charset=UTF-8"}, Body: "<html>Access Denied"}, failure(provider.Transient, "the network before Mailchimp refuses the call for now (status 403 with a page)")},
		"404 Resource Not Found":                 {problem(404, "Resource Not Found", "x", ""), failure(provider.Config, noAudience)},
		"404 of something else":                  {providertest.Reply{Status: 404, Body: "<html>"}, status(provider.Config, "404 (Not Found): check the Integration's url, method and mapping")},
		"405":                                    {problem(405, "Method Not Allowed", "x", ""), status(provider.Config, "405 (Method Not Allowed): check the Integration's url, method and mapping")},
		"406":                                    {problem(406, "Not Acceptable", "x", ""), status(provider.Config, "406 (Not Acceptable): check the Integration's url, method and mapping")},
		"410":                                    {problem(410, "Gone", "x", ""), status(provider.Config, "410 (Gone): check the Integration's url, method and mapping")},
		"414":                                    {problem(414, "Request-URI Too Long", "x", ""), status(provider.Config, "414 (Request URI Too Long): check the Integration's url, method and mapping")},
		"422":                                    {problem(422, "Unprocessable Entity", "x", ""), status(provider.Config, "422 (Unprocessable Entity): check the Integration's url, method and mapping")},
		"429":                                    {problem(429, "Too Many Requests", "You have exceeded the limit of 10 simultaneous connections.", ""), failure(provider.Throttled, "Mailchimp has ten calls of this account in flight and takes no more (status 429): lower spec.limits.concurrentCalls, and look for other programs with this account")},
		"500":                                    {problem(500, "InternalServerError", "x", ""), status(provider.Transient, "500 (Internal Server Error)")},
		"502":                                    {providertest.Reply{Status: 502}, status(provider.Transient, "502 (Bad Gateway)")},
		"503":                                    {problem(503, "Service Unavailable", "x", ""), status(provider.Transient, "503 (Service Unavailable)")},
		"503 Compliance Related":                 {problem(503, "Compliance Related", "x", ""), failure(provider.Auth, "Mailchimp has suspended the account (status 503): its owner has to see to it there")},
		"504":                                    {providertest.Reply{Status: 504}, status(provider.Transient, "504 (Gateway Timeout)")},
		"a redirect":                             {providertest.Reply{Status: 302, Header: map[string]string{"Location": "https://elsewhere.example"}}, status(provider.Config, "302 (Found), a redirect, which is not followed: give the url that it leads to")},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			put := "PUT" + path(t) + "?skip_merge_validation=true"
			v := providertest.Play(t, providertest.Script{fieldsCall: {allFields()}, put: {tc.reply}})
			p := connect(t, v.URL, noTags)
			r := providertest.Rendered(t, p, ada("Granted"))[0]
			r.RemoteID = "known"
			receipt, err := p.Upserter.Upsert(t.Context(), r)
			if diff := cmp.Diff(tc.want.err, providertest.Failure(err)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tc.want.receipt, receipt); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]string{fieldsCall, put}, v.Calls()); diff != "" {
				t.Error(diff)
			}
			if body := v.Body(put); strings.Contains(body, `"status"`) || !strings.Contains(body, `"status_if_new":"pending"`) {
				t.Errorf("status must not be sent, and status_if_new has to be: %s", body)
			}
		})
	}
}

// The fields that the mapping fills are asked for before the first write, and by health calls until they are there.
func TestMergeFieldsAreChecked(t *testing.T) {
	t.Parallel()
	const ping = "GET" + root + "/ping"
	replaced := func(from, to string) providertest.Reply {
		r := allFields()
		r.Body = strings.Replace(r.Body, from, to, 1)
		return r
	}
	address := func(c *adapter.Config) {
		c.MergeFields[2] = mapping.Field{Name: "COUNTRY", Expression: `{"addr1": "x", "city": "y", "state": "z", "zip": "1"}`}
	}
	cases := map[string]struct {
		reply   providertest.Reply
		change  func(*adapter.Config)
		wantErr *provider.Error
	}{
		"all are there":  {allFields(), nil, nil},
		"two are not":    {providertest.Reply{Body: `{"merge_fields":[{"tag":"FNAME","type":"text"},{"tag":"LNAME","type":"text"},{"tag":"PLAN","type":"text"}]}`}, nil, &provider.Error{Class: provider.Config, Message: "the audience has no merge field COUNTRY, SEATS: create it at Mailchimp, or take it out of spec.mailchimp.mergeFields"}},
		"no such choice": {replaced(`"pro"`, `"gold"`), func(c *adapter.Config) { c.MergeFields[4] = mapping.Field{Name: "PLAN", Value: "pro"} }, &provider.Error{Class: provider.Config, Message: "spec.mailchimp.mergeFields[PLAN].value is none of the choices that the field has at Mailchimp"}},
		"an address from a text": {replaced(`"COUNTRY","type":"text"`, `"COUNTRY","type":"address"`), nil, &provider.Error{Class: provider.Config, Message: "the merge field COUNTRY is an address at Mailchimp: spec.mailchimp.mergeFields[COUNTRY] has to be an expression " +
			"that gives an object with addr1, city, state and zip"}},
		"an address from an object":   {replaced(`"COUNTRY","type":"text"`, `"COUNTRY","type":"address"`), address, nil},
		"no such audience":            {problem(404, "Resource Not Found", "x", ""), nil, &provider.Error{Class: provider.Config, Message: "Mailchimp has no audience of the id in spec.mailchimp.audience: give the code in Audience → Settings → Audience name and defaults, not the number in the page's address"}},
		"the key may not ask":         {problem(403, "Forbidden", "x", ""), nil, &provider.Error{Class: provider.Auth, Message: "the user of the API key may not do this at Mailchimp (status 403): it has to be a manager, admin or owner of the account"}},
		"an answer that says nothing": {providertest.Reply{Body: `{}`}, nil, &provider.Error{Class: provider.Transient, Message: "the answer is not one of Mailchimp's API: check that spec.mailchimp.url leads there, and what stands between"}},
		"another's 404":               {providertest.Reply{Status: http.StatusNotFound}, nil, &provider.Error{Class: provider.Config, Message: "the service answered with status 404 (Not Found): check the Integration's url, method and mapping"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tc.change == nil {
				tc.change = func(*adapter.Config) {}
			}
			put := "PUT" + path(t) + "?skip_merge_validation=true"
			v := providertest.Play(t, providertest.Script{
				fieldsCall: {tc.reply}, put: {{Body: `{"id":"m","status":"pending"}`}}, ping: {{Body: `{"health_status":"x"}`}},
			})
			p := connect(t, v.URL, noTags, tc.change)
			_, err := p.Upserter.Upsert(t.Context(), providertest.Rendered(t, p, ada("Granted"))[0])
			if diff := cmp.Diff(tc.wantErr, providertest.Failure(err)); diff != "" {
				t.Error(diff)
			}
			if err := p.Health.CheckHealth(t.Context()); cmp.Diff(tc.wantErr, providertest.Failure(err)) != "" {
				t.Errorf("the health call: got %v", err)
			}
			want := []string{fieldsCall, ping, fieldsCall}
			if tc.wantErr == nil { // asked once
				want = []string{fieldsCall, put, ping}
			}
			if diff := cmp.Diff(want, v.Calls()); diff != "" {
				t.Errorf("what is not there must not be written:\n%s", diff)
			}
			if name == "an address from an object" && !strings.Contains(v.Body(put), `"COUNTRY":{"addr1":"x"`) {
				t.Errorf("an object has to arrive as one: %s", v.Body(put))
			}
		})
	}
}

// What a batch says of its records. What it does not say is a failure; whom it names is written alone, whose answer is exact.
func TestBatchAnswers(t *testing.T) {
	t.Parallel()
	batchCall := "POST" + root + "/lists/a1b2c3d4e5?skip_merge_validation=true"
	put := "PUT" + path(t) + "?skip_merge_validation=true"
	const eve = `{"id":"e","contact_id":"ce","email_address":"eve@example.com","status":"pending"}`
	cases := map[string]struct {
		batch, single providertest.Reply
		wantErr       provider.Class // of the whole
		want          [2]string      // receipt or class of ada and eve
	}{
		"both are new":              {batch: providertest.Reply{Body: `{"new_members":[{"id":"a","email_address":"ADA@example.com","status":"pending"},` + eve + `],"errors":[]}`}, want: [2]string{"a", "ce"}},
		"one is there":              {batch: providertest.Reply{Body: `{"new_members":[` + eve + `],"errors":[{"email_address":"ada@example.com","error":"x","error_code":"ERROR_CONTACT_EXISTS"}]}`}, single: providertest.Reply{Body: `{"id":"a","status":"unsubscribed"}`}, want: [2]string{"a, suppressed", "ce"}},
		"one is refused":            {batch: providertest.Reply{Body: `{"new_members":[` + eve + `],"errors":[{"email_address":"ada@example.com","error":"x","error_code":"ERROR_GENERIC"}]}`}, single: problem(400, "Forgotten Email Not Subscribed", "x", ""), want: [2]string{"Invalid", "ce"}},
		"one is not spoken of":      {batch: providertest.Reply{Body: `{"new_members":[` + eve + `],"errors":[]}`}, want: [2]string{"Transient", "ce"}},
		"somebody else is":          {batch: providertest.Reply{Body: `{"new_members":[` + eve + `,{"id":"z","email_address":"zoe@example.com","status":"pending"}],"errors":[{"email_address":"zoe@example.com"}]}`}, want: [2]string{"Transient", "ce"}},
		"nothing is said":           {batch: providertest.Reply{Body: `{}`}, wantErr: provider.Transient},
		"refused whole":             {batch: problem(400, "Invalid Resource", "x", ""), wantErr: provider.Invalid},
		"not understood":            {batch: problem(400, "BadRequest", "x", ""), wantErr: provider.Config},
		"no such audience":          {batch: problem(404, "Resource Not Found", "x", ""), wantErr: provider.Config},
		"ten are in flight already": {batch: problem(429, "Too Many Requests", "x", ""), wantErr: provider.Throttled},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			script := providertest.Script{fieldsCall: {allFields()}, batchCall: {tc.batch}}
			if tc.single.Body != "" {
				script[put] = []providertest.Reply{tc.single}
			}
			v := providertest.Play(t, script)
			p := connect(t, v.URL, noTags)
			second := ada("Granted")
			second.Email = "eve@example.com"
			written, err := p.Batch.UpsertBatch(t.Context(), []provider.Request{providertest.Rendered(t, p, ada("Granted"))[0], providertest.Rendered(t, p, second)[0]})
			if (err == nil) != (tc.wantErr == "") || err != nil && provider.AsError(err).Class != tc.wantErr {
				t.Fatalf("got %v, want class %q", err, tc.wantErr)
			}
			for i, w := range written {
				got := w.Receipt.RemoteID
				if w.Receipt.Suppressed {
					got += ", suppressed"
				}
				if w.Err != nil {
					got = string(provider.AsError(w.Err).Class)
				}
				if got != tc.want[i] {
					t.Errorf("record %d: got %q (%v), want %q", i, got, w.Err, tc.want[i])
				}
			}
			const want = `{"members":[{"email_address":"ada@example.com","status":"pending","merge_fields":{"COUNTRY":"GB","FNAME":"Ada","LNAME":"Lovelace","PLAN":"pro","SEATS":3}},`
			if body := v.Body(batchCall); !strings.HasPrefix(body, want) || !strings.Contains(body, `"update_existing":false`) {
				t.Errorf("sent %s", body)
			}
		})
	}
}

// What is erased is looked up first: what is archived can't be archived again.
func TestErase(t *testing.T) {
	t.Parallel()
	look, archive := "GET"+path(t)+"?fields=id,contact_id,status", "DELETE"+path(t)
	forget := "POST" + path(t) + "/actions/delete-permanent"
	found, nobody := providertest.Reply{Body: `{"id":"m","status":"subscribed"}`}, problem(404, "Resource Not Found", "x", "")
	done := providertest.Reply{Status: 204}
	cases := map[string]struct {
		erase     string
		script    providertest.Script
		wantCalls []string
		wantClass provider.Class
	}{
		"archived":                    {"Archive", providertest.Script{look: {found}, archive: {done}}, []string{look, archive}, ""},
		"archived already":            {"Archive", providertest.Script{look: {{Body: `{"id":"m","status":"archived"}`}}}, []string{look}, ""},
		"archived meanwhile":          {"Archive", providertest.Script{look: {found}, archive: {nobody}}, []string{look, archive}, ""},
		"nobody to archive":           {"Archive", providertest.Script{look: {nobody}}, []string{look}, ""},
		"another's 404":               {"Archive", providertest.Script{look: {{Status: 404, Body: "<html>"}}}, []string{look}, provider.Config},
		"not to be removed":           {"Archive", providertest.Script{look: {found}, archive: {problem(405, "Method Not Allowed", "x", "")}}, []string{look, archive}, provider.Invalid},
		"an unreadable answer":        {"Archive", providertest.Script{look: {{Body: `{}`}}}, []string{look}, provider.Transient},
		"ten in flight":               {"Archive", providertest.Script{look: {found}, archive: {problem(429, "Too Many Requests", "x", "")}}, []string{look, archive}, provider.Throttled},
		"deleted for good":            {"DeletePermanent", providertest.Script{forget: {done}}, []string{forget}, ""},
		"nobody to delete for good":   {"DeletePermanent", providertest.Script{forget: {nobody}}, []string{forget}, ""},
		"not allowed":                 {"DeletePermanent", providertest.Script{forget: {problem(403, "Forbidden", "x", "")}}, []string{forget}, provider.Auth},
		"deleting, and another's 404": {"DeletePermanent", providertest.Script{forget: {{Status: 404}}}, []string{forget}, provider.Config},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := providertest.Play(t, tc.script)
			p := connect(t, v.URL, func(c *adapter.Config) { c.Erase = tc.erase })
			erased, err := p.Eraser.Erase(t.Context(), provider.Request{Key: "Ada@example.com"}) // the MD5 is that of small letters
			if (err == nil) != (tc.wantClass == "") || err != nil && provider.AsError(err).Class != tc.wantClass {
				t.Errorf("got %v, want class %q", err, tc.wantClass)
			}
			if (erased.Kept != "") != (err == nil) {
				t.Errorf("kept: %q", erased.Kept)
			}
			if diff := cmp.Diff(tc.wantCalls, v.Calls()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNewFindsMistakes(t *testing.T) {
	t.Parallel()
	noURL := func(c *adapter.Config) { c.URL = "" }
	cases := map[string]struct {
		change      func(*adapter.Config)
		secret      string
		wantMessage string // its beginning; "": none
	}{
		"a key with its data centre": {noURL, "0123456789abcdef-us21", ""},
		"no data centre":             {noURL, "0123456789abcdef", "Secret mailchimp, key key: a key of Mailchimp ends with a dash and its data centre"},
		"a key that names a host":    {noURL, "secret-evil.example/", "Secret mailchimp, key key: a key of Mailchimp ends with a dash and its data centre"},
		"the numeric id":             {func(c *adapter.Config) { c.Audience = "Newsletter" }, key, "spec.mailchimp.audience has to be the audience's id"},
		"credentials in the url":     {func(c *adapter.Config) { c.URL = "https://user:secret@us21.api.mailchimp.com/3.0" }, key, "spec.mailchimp.url: it holds credentials"},
		"an unknown confirmation":    {func(c *adapter.Config) { c.Confirmation = "Never" }, key, `spec.mailchimp.confirmation: "Never" is neither`},
		"an unknown erasure":         {func(c *adapter.Config) { c.Erase = "Forget" }, key, `spec.mailchimp.erase: "Forget" is neither`},
		"the address mapped":         {func(c *adapter.Config) { c.MergeFields[0].Name = "EMAIL" }, key, "spec.mailchimp.mergeFields[EMAIL]: it is always the address"},
		"a tag of blanks":            {func(c *adapter.Config) { c.Tags = []string{" "} }, key, "spec.mailchimp.tags: a tag has 1 to 100 characters"},
		"a misspelt expression":      {func(c *adapter.Config) { c.TagsExpression = "contact.chanels" }, key, "spec.mailchimp.tagsExpression:1:8: undefined field 'chanels'"},
		"an empty key":               {func(*adapter.Config) {}, "\n", "Secret mailchimp, key key: it is empty"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := adapter.Factory().New(provider.Settings{
				Spec: spec("https://us21.api.mailchimp.com", tc.change), HTTP: http.DefaultClient,
				Secrets: map[provider.Ref]string{{Name: "mailchimp", Key: "key"}: tc.secret},
			})
			if tc.wantMessage == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			e := provider.AsError(err)
			if err == nil || e.Class != provider.Config || !strings.HasPrefix(e.Message, tc.wantMessage) {
				t.Errorf("got  %v\nwant Config: %s", err, tc.wantMessage)
			}
			if strings.Contains(e.Message, "secret") || strings.Contains(e.Message, "evil") {
				t.Errorf("the message shows a secret: %s", e.Message)
			}
		})
	}
}
