package brevo_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/provider"
	adapter "github.com/contact-operator/contact-operator/internal/provider/brevo"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

const (
	root       = " /brevo/v3"
	attributes = "GET" + root + "/contacts/attributes"
	list       = "GET" + root + "/contacts/lists/7"
	create     = "POST" + root + "/contacts"
	look       = "GET" + root + "/contacts/ada%2Bx@example.com"
	change     = "PUT" + root + "/contacts/ada%2Bx@example.com"
)

func allAttributes() providertest.Reply {
	return providertest.Reply{Body: `{"attributes":[{"name":"FIRSTNAME","category":"normal","type":"text"},{"name":"SMS","category":"normal","type":"text"},
		{"name":"PLAN","category":"category","enumeration":[{"value":1,"label":"basic"},{"value":2,"label":"pro"}]},{"name":"SCORE","category":"calculated"}]}`}
}

func theList() providertest.Reply { return providertest.Reply{Body: `{"id":7,"name":"Newsletter"}`} }

func few(c *adapter.Config) {
	c.Attributes = []mapping.Field{{Name: "FIRSTNAME", From: "FirstName"}, {Name: "SMS", Attribute: "mobile"}}
}

func problem(status int, code, message string, duplicates string) providertest.Reply {
	metadata := ""
	if duplicates != "" {
		metadata = `,"metadata":{"duplicate_identifiers":` + duplicates + `}`
	}
	return providertest.Reply{Status: status, Body: `{"code":"` + code + `","message":"` + message + `"` + metadata + `}`}
}

// Every status and code that Brevo is known to answer a write with.
func TestUpsertClassifies(t *testing.T) {
	t.Parallel()
	const (
		refused    = "Brevo refuses this record (status 400): it takes the address for invalid, or a value does not fit its attribute; a phone number for SMS needs its country code"
		usedUp     = "the account's calls are used up at Brevo for now: they are shared by all programs that use it; lower spec.limits.rate"
		unreadable = "the answer is not one of Brevo's API: check that spec.brevo.url leads there, and what stands between"
	)
	found := providertest.Reply{Body: `{"id":21,"email":"ada+x@example.com","emailBlacklisted":false,"listIds":[7],"attributes":{}}`}
	done := providertest.Reply{Status: 204}
	taken := problem(400, "duplicate_parameter", "x", `["email"]`)
	failure := func(class provider.Class, message string) *provider.Error {
		return &provider.Error{Class: class, Message: message}
	}
	cases := map[string]struct {
		script    providertest.Script
		want      *provider.Error
		receipt   provider.Receipt
		wantCalls []string // after the check; nil: create alone
	}{
		"201":                                  {providertest.Script{create: {{Status: 201, Body: `{"id":21}`}}}, nil, provider.Receipt{RemoteID: "21"}, nil},
		"201 without an id":                    {providertest.Script{create: {{Status: 201, Body: `{}`}}}, failure(provider.Transient, unreadable), provider.Receipt{}, nil},
		"taken":                                {providertest.Script{create: {taken}, look: {found}, change: {done}}, nil, provider.Receipt{RemoteID: "21"}, []string{create, look, change}},
		"taken, by another code":               {providertest.Script{create: {problem(400, "invalid_parameter", "x", `["email"]`)}, look: {found}, change: {done}}, nil, provider.Receipt{RemoteID: "21"}, []string{create, look, change}},
		"taken, without metadata":              {providertest.Script{create: {problem(400, "duplicate_parameter", "x", "")}, look: {found}, change: {done}}, nil, provider.Receipt{RemoteID: "21"}, []string{create, look, change}},
		"taken, with the phone number":         {providertest.Script{create: {problem(400, "duplicate_parameter", "x", `["email","SMS"]`)}, look: {found}, change: {done}}, nil, provider.Receipt{RemoteID: "21"}, []string{create, look, change}},
		"taken, blocklisted":                   {providertest.Script{create: {taken}, look: {{Body: strings.Replace(found.Body, "false", "true", 1)}}}, nil, provider.Receipt{RemoteID: "21", Suppressed: true}, []string{create, look}},
		"taken, left":                          {providertest.Script{create: {taken}, look: {{Body: strings.Replace(found.Body, `"listIds":[7]`, `"listIds":[],"listUnsubscribed":[7]`, 1)}}}, nil, provider.Receipt{RemoteID: "21", Suppressed: true}, []string{create, look}},
		"taken, and unreadable":                {providertest.Script{create: {taken}, look: {{Body: `{"id":21}`}}}, failure(provider.Transient, unreadable), provider.Receipt{}, []string{create, look}},
		"taken, gone, taken":                   {providertest.Script{create: {taken}, look: {problem(404, "document_not_found", "x", "")}}, failure(provider.Transient, "the contact came and went while it was looked for"), provider.Receipt{}, []string{create, look, create}},
		"taken, the change fails":              {providertest.Script{create: {taken}, look: {found}, change: {{Status: 500}}}, failure(provider.Transient, "the service answered with status 500 (Internal Server Error)"), provider.Receipt{}, []string{create, look, change}},
		"taken, went away":                     {providertest.Script{create: {taken}, look: {found}, change: {problem(404, "document_not_found", "x", "")}}, failure(provider.Transient, "Brevo does not find what it was asked for (status 404): it went away meanwhile"), provider.Receipt{}, []string{create, look, change}},
		"the phone number is another's":        {providertest.Script{create: {problem(400, "duplicate_parameter", "x", `["SMS"]`), {Status: 201, Body: `{"id":21}`}}}, nil, provider.Receipt{RemoteID: "21"}, []string{create, create}},
		"likewise, by another code":            {providertest.Script{create: {problem(400, "invalid_parameter", "x", `["SMS"]`), {Status: 201, Body: `{"id":21}`}}}, nil, provider.Receipt{RemoteID: "21"}, []string{create, create}},
		"likewise, as it is changed":           {providertest.Script{create: {taken}, look: {found}, change: {problem(400, "invalid_parameter", "x", `["SMS"]`), done}}, nil, provider.Receipt{RemoteID: "21"}, []string{create, look, change, change}},
		"an external id is another's":          {providertest.Script{create: {problem(400, "duplicate_parameter", "x", `["ext_id"]`)}}, failure(provider.Conflict, "another contact at Brevo has an identifier of this one: look for its phone number or external id there"), provider.Receipt{}, nil},
		"400 invalid_parameter":                {providertest.Script{create: {problem(400, "invalid_parameter", "email is not valid in schema", "")}}, failure(provider.Invalid, refused), provider.Receipt{}, nil},
		"400 missing_parameter":                {providertest.Script{create: {problem(400, "missing_parameter", "x", "")}}, failure(provider.Invalid, refused), provider.Receipt{}, nil},
		"400 out_of_range":                     {providertest.Script{create: {problem(400, "out_of_range", "x", "")}}, failure(provider.Invalid, refused), provider.Receipt{}, nil},
		"400 bad_request":                      {providertest.Script{create: {problem(400, "bad_request", "x", "")}}, failure(provider.Invalid, refused), provider.Receipt{}, nil},
		"400, no such list":                    {providertest.Script{create: {problem(400, "invalid_parameter", "List ID does not exist", "")}}, failure(provider.Config, "Brevo does not know one of the lists: compare spec.brevo.lists with those there"), provider.Receipt{}, nil},
		"400 without a word":                   {providertest.Script{create: {{Status: 400}}}, failure(provider.Invalid, refused), provider.Receipt{}, nil},
		"401 unauthorized":                     {providertest.Script{create: {problem(401, "unauthorized", "Key not found", "")}}, failure(provider.Auth, "Brevo does not take the API key (status 401): it is wrong, or the account takes calls from authorised IP addresses only and this cluster's is none of them"), provider.Receipt{}, nil},
		"402 not_enough_credits":               {providertest.Script{create: {problem(402, "not_enough_credits", "x", "")}}, failure(provider.Auth, "the account's plan or credits at Brevo do not allow the call (status 402)"), provider.Receipt{}, nil},
		"403 permission_denied":                {providertest.Script{create: {problem(403, "permission_denied", "x", "")}}, failure(provider.Auth, "the API key may not do this at Brevo (status 403)"), provider.Receipt{}, nil},
		"403 account_under_validation":         {providertest.Script{create: {problem(403, "account_under_validation", "x", "")}}, failure(provider.Auth, "Brevo has not validated the account yet (status 403)"), provider.Receipt{}, nil},
		"404 of something else":                {providertest.Script{create: {{Status: 404, Body: "<html>"}}}, failure(provider.Config, "the service answered with status 404 (Not Found): check the Integration's url, method and mapping"), provider.Receipt{}, nil},
		"405 of something else":                {providertest.Script{create: {{Status: 405}}}, failure(provider.Config, "the service answered with status 405 (Method Not Allowed): check the Integration's url, method and mapping"), provider.Receipt{}, nil},
		"406":                                  {providertest.Script{create: {problem(406, "not_acceptable", "x", "")}}, failure(provider.Invalid, "Brevo refuses this record (status 406)"), provider.Receipt{}, nil},
		"422":                                  {providertest.Script{create: {problem(422, "unprocessable", "x", "")}}, failure(provider.Invalid, "the service answered with status 422 (Unprocessable Entity)"), provider.Receipt{}, nil},
		"429":                                  {providertest.Script{create: {{Status: 429}}}, failure(provider.Throttled, usedUp), provider.Receipt{}, nil},
		"429, with the seconds that are left":  {providertest.Script{create: {{Status: 429, Header: map[string]string{"x-sib-ratelimit-remaining": "0", "x-sib-ratelimit-reset": "7"}}}}, &provider.Error{Class: provider.Throttled, Message: usedUp, RetryAfter: 7 * time.Second}, provider.Receipt{}, nil},
		"429, with Retry-After":                {providertest.Script{create: {{Status: 429, Header: map[string]string{"Retry-After": "9", "x-sib-ratelimit-reset": "7"}}}}, &provider.Error{Class: provider.Throttled, Message: usedUp, RetryAfter: 9 * time.Second}, provider.Receipt{}, nil},
		"429, with a time instead of a number": {providertest.Script{create: {{Status: 429, Header: map[string]string{"x-sib-ratelimit-reset": "1795647374"}}}}, &provider.Error{Class: provider.Throttled, Message: usedUp, RetryAfter: time.Hour}, provider.Receipt{}, nil},
		"500":                                  {providertest.Script{create: {{Status: 500}}}, failure(provider.Transient, "the service answered with status 500 (Internal Server Error)"), provider.Receipt{}, nil},
		"503":                                  {providertest.Script{create: {{Status: 503}}}, failure(provider.Transient, "the service answered with status 503 (Service Unavailable)"), provider.Receipt{}, nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tc.script[attributes], tc.script[list] = []providertest.Reply{allAttributes()}, []providertest.Reply{theList()}
			v := providertest.Play(t, tc.script)
			p := connect(t, v.URL, few)
			receipt, err := p.Upserter.Upsert(t.Context(), providertest.Rendered(t, p, ada("Granted", "mobile", "+442079460958"))[0])
			if diff := cmp.Diff(tc.want, providertest.Failure(err)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tc.receipt, receipt); diff != "" {
				t.Error(diff)
			}
			if tc.wantCalls == nil {
				tc.wantCalls = []string{create}
			}
			if diff := cmp.Diff(append([]string{attributes, list}, tc.wantCalls...), v.Calls()); diff != "" {
				t.Error(diff)
			}
			for _, call := range []string{create, change} {
				if body := v.Body(call); strings.Contains(body, "emailBlacklisted") || strings.Contains(body, `"EMAIL"`) || strings.Contains(body, `"updateEnabled":true`) {
					t.Errorf("%s must never be sent: %s", call, body)
				}
			}
		})
	}
}

// Lists and attributes are asked for before the first write, and by health calls until they are there.
func TestAttributesAndListsAreChecked(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		attributes, list providertest.Reply
		change           func(*adapter.Config)
		want             *provider.Error
	}{
		"all are there":       {allAttributes(), theList(), nil, nil},
		"two are not":         {providertest.Reply{Body: `{"attributes":[]}`}, theList(), nil, &provider.Error{Class: provider.Config, Message: "Brevo has no contact attribute FIRSTNAME, SMS: create it there, in capitals, or take it out of spec.brevo.attributes; their names depend on the account's language"}},
		"small letters":       {allAttributes(), theList(), func(c *adapter.Config) { c.Attributes[0].Name = "firstname" }, &provider.Error{Class: provider.Config, Message: "Brevo has no contact attribute firstname: create it there, in capitals, or take it out of spec.brevo.attributes; their names depend on the account's language"}},
		"calculated":          {allAttributes(), theList(), func(c *adapter.Config) { c.Attributes[0].Name = "SCORE" }, &provider.Error{Class: provider.Config, Message: "Brevo fills the contact attribute SCORE itself: take it out of spec.brevo.attributes"}},
		"no such option":      {allAttributes(), theList(), func(c *adapter.Config) { c.Attributes[0] = mapping.Field{Name: "PLAN", Value: "gold"} }, &provider.Error{Class: provider.Config, Message: "spec.brevo.attributes[PLAN].value does not fit the attribute's type at Brevo, category"}},
		"no such list":        {allAttributes(), problem(404, "document_not_found", "List ID does not exist", ""), nil, &provider.Error{Class: provider.Config, Message: "Brevo has no list 7: create it there, or take it out of spec.brevo.lists"}},
		"another list":        {allAttributes(), providertest.Reply{Body: `{"id":8}`}, nil, &provider.Error{Class: provider.Transient, Message: "the answer is not one of Brevo's API: check that spec.brevo.url leads there, and what stands between"}},
		"nothing is said":     {providertest.Reply{Body: `{}`}, theList(), nil, &provider.Error{Class: provider.Transient, Message: "the answer is not one of Brevo's API: check that spec.brevo.url leads there, and what stands between"}},
		"it may not ask":      {problem(403, "permission_denied", "x", ""), theList(), nil, &provider.Error{Class: provider.Auth, Message: "the API key may not do this at Brevo (status 403)"}},
		"a page at its place": {providertest.Reply{Status: http.StatusNotFound, Body: "<html>"}, theList(), nil, &provider.Error{Class: provider.Config, Message: "the service answered with status 404 (Not Found): check the Integration's url, method and mapping"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tc.change == nil {
				tc.change = func(*adapter.Config) {}
			}
			v := providertest.Play(t, providertest.Script{
				attributes: {tc.attributes}, list: {tc.list}, create: {{Status: 201, Body: `{"id":21}`}},
			})
			p := connect(t, v.URL, few, tc.change)
			_, err := p.Upserter.Upsert(t.Context(), providertest.Rendered(t, p, ada("Granted"))[0])
			if diff := cmp.Diff(tc.want, providertest.Failure(err)); diff != "" {
				t.Error(diff)
			}
			written := false
			for _, call := range v.Calls() {
				written = written || call == create
			}
			if written != (tc.want == nil) {
				t.Errorf("written: %v; what is not there must not be", written)
			}
			before := len(v.Calls())
			if diff := cmp.Diff(tc.want, providertest.Failure(p.Health.CheckHealth(t.Context()))); diff != "" {
				t.Errorf("the health call:\n%s", diff)
			}
			if n := len(v.Calls()) - before; tc.want == nil && n != 1 {
				t.Errorf("%d calls of a health call once all are there, want 1", n)
			}
		})
	}
}

func TestNewFindsMistakes(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change      func(*adapter.Config)
		secret      string
		wantMessage string // its beginning
	}{
		"no lists":               {func(c *adapter.Config) { c.Lists = nil }, key, "spec.brevo.lists has to have one list at least"},
		"a list twice":           {func(c *adapter.Config) { c.Lists = []int{7, 7} }, key, "spec.brevo.lists has to have one list at least"},
		"credentials in the url": {func(c *adapter.Config) { c.URL = "https://user:secret@api.brevo.com/v3" }, key, "spec.brevo.url: it holds credentials"},
		"the address mapped":     {func(c *adapter.Config) { c.Attributes[0].Name = "EMAIL" }, key, "spec.brevo.attributes[EMAIL]: it is always the address"},
		"an empty key":           {func(*adapter.Config) {}, "\n", "Secret brevo, key key: it is empty"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := adapter.Factory().New(provider.Settings{
				Spec: spec("https://api.brevo.com", tc.change), HTTP: http.DefaultClient,
				Secrets: map[provider.Ref]string{{Name: "brevo", Key: "key"}: tc.secret},
			})
			e := provider.AsError(err)
			if err == nil || e.Class != provider.Config || !strings.HasPrefix(e.Message, tc.wantMessage) {
				t.Errorf("got  %v\nwant Config: %s", err, tc.wantMessage)
			}
			if strings.Contains(e.Message, "secret") {
				t.Errorf("the message shows a secret: %s", e.Message)
			}
		})
	}
}
