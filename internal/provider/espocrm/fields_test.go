package espocrm_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/provider"
	adapter "github.com/contact-operator/contact-operator/internal/provider/espocrm"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

// Before the first write, and at a health call, the entity's fields and the user's role are held against the mapping: EspoCRM drops what
// they don't cover without a word.
func TestFieldsAreChecked(t *testing.T) {
	t.Parallel()
	type fields = map[string]map[string]any
	config := func(message string) *provider.Error { return &provider.Error{Class: provider.Config, Message: message} }
	auth := func(message string) *provider.Error { return &provider.Error{Class: provider.Auth, Message: message} }
	const narrow = "the API user's role at EspoCRM has to allow create, and read and edit of all records, on Contact: people whom it can't see would be created twice"
	unreadable := &provider.Error{Class: provider.Transient, Message: "the answer is not one of EspoCRM's API: check that spec.espocrm.url leads there, and what stands between"}
	well := role("all", "all", "all")
	cases := map[string]struct {
		fields, role reply
		want         *provider.Error
		early        bool // the role is not asked for any more
	}{
		"all are there":            {defined(nil), well, nil, false},
		"two are missing":          {defined(func(f fields) { delete(f, "cPlan"); delete(f, "cSeats") }), well, config("EspoCRM has no attribute cPlan, cSeats of Contact: create the field there, or take it out of spec.espocrm.fields"), false},
		"a link without its id":    {defined(func(f fields) { f["description"] = map[string]any{"type": "link"} }), well, config("EspoCRM has no attribute description of Contact: create the field there, or take it out of spec.espocrm.fields"), false},
		"one is read-only":         {defined(func(f fields) { f["cSeats"]["readOnly"] = true }), well, config("EspoCRM lets nobody write cSeats of Contact: take it out of spec.espocrm.fields"), false},
		"no such option":           {defined(func(f fields) { f["cPlan"]["options"] = []string{"basic"} }), well, config("spec.espocrm.fields[cPlan].value is none of the options that the field has at EspoCRM"), false},
		"an enum without options":  {defined(func(f fields) { delete(f["cPlan"], "options") }), well, nil, false},
		"another is required":      {defined(func(f fields) { f["cRegion"] = map[string]any{"type": "enum", "required": true} }), well, config("EspoCRM takes no new Contact without cRegion: fill it in spec.espocrm.fields"), false},
		"required, and filled":     {defined(func(f fields) { f["cPlan"]["required"] = true }), well, nil, false},
		"required, by default":     {defined(func(f fields) { f["cRegion"] = map[string]any{"type": "enum", "required": true, "default": "EU"} }), well, nil, false},
		"an owner is required":     {defined(func(f fields) { f["assignedUser"]["required"] = true }), well, nil, false},
		"no create":                {defined(nil), role("no", "all", "all"), auth(narrow), false},
		"one's own records":        {defined(nil), role("all", "own", "all"), auth(narrow), false},
		"a team's records":         {defined(nil), role("all", "all", "team"), auth(narrow), false},
		"no such scope":            {defined(nil), reply{Body: `{"user":{},"acl":{"table":{"Account":{}}}}`}, auth(narrow), false},
		"an entity that is off":    {defined(nil), reply{Body: `{"user":{},"acl":{"table":{"Contact":false}}}`}, auth(narrow), false},
		"an entity not shown":      {reply{Body: `null`}, well, auth(narrow), true},
		"a field level":            {defined(nil), role("all", "all", "all", "cPlan", "other"), auth("the API user's role at EspoCRM may not read and edit cPlan of Contact: allow it at the role's field level, or take it out of spec.espocrm.fields"), false},
		"the address's level":      {defined(nil), role("all", "all", "all", "emailAddress"), auth("the API user's role at EspoCRM may not read and edit emailAddress of Contact: allow it at the role's field level, or take it out of spec.espocrm.fields"), false},
		"an older version":         {reply{Body: `{"app":{},"entityDefs":{"Contact":{}}}`}, well, config("this EspoCRM is older than version 8.2, and does not tell its fields: update it"), true},
		"a form that is not known": {defined(func(f fields) { f["strange"] = map[string]any{"type": 1} }), well, nil, false},
		"fields that say nothing":  {reply{Body: `{}`}, well, unreadable, true},
		"a role that says nothing": {defined(nil), reply{Body: `{"user":{}}`}, unreadable, false},
	}
	fixed := func(c *adapter.Config) { c.Fields[4] = mapping.Field{Name: "cPlan", Value: "pro"} }
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play(t, script{fieldsCall: {tc.fields}, userCall: {tc.role}, searchCall(address): {page()}, createCall: {{Body: person("662b1", address)}}}, fixed)
			_, err := p.Upserter.Upsert(t.Context(), providertest.Rendered(t, p.Provider, ada())[0])
			if diff := cmp.Diff(tc.want, providertest.Failure(err)); diff != "" {
				t.Error(diff)
			}
			if err := p.Health.CheckHealth(t.Context()); cmp.Diff(tc.want, providertest.Failure(err)) != "" {
				t.Errorf("the health call: got %v", err)
			}
			check := []string{fieldsCall, userCall}
			if tc.early {
				check = check[:1]
			}
			want := append(append(append([]string{}, check...), userCall), check...)
			if tc.want == nil { // asked once
				want = []string{fieldsCall, userCall, searchCall(address), createCall, userCall}
			}
			if diff := cmp.Diff(want, p.Calls()); diff != "" {
				t.Errorf("what is not there must not be written:\n%s", diff)
			}
		})
	}
}

// A link is filled by its id, and what a list holds are ids as well.
func TestLinks(t *testing.T) {
	t.Parallel()
	p := play(t, script{createCall: {{Body: person("662b1", address)}}, strings.Replace(searchCall(address), "firstName%2ClastName%2CphoneNumber%2Cdescription%2CcPlan%2CcTopics%2CcSeats%2CcRegisteredAt", "assignedUserId%2CteamsIds", 1): {page()}},
		func(c *adapter.Config) {
			c.Fields = []mapping.Field{{Name: "assignedUserId", Value: "662a1"}, {Name: "teamsIds", Value: "662a2"}}
		})
	if _, err := p.Upserter.Upsert(t.Context(), providertest.Rendered(t, p.Provider, ada())[0]); err != nil {
		t.Fatal(err)
	}
	const want = `{"emailAddress":"ada@example.com","lastName":"Lovelace","assignedUserId":"662a1","teamsIds":["662a2"]}`
	if diff := cmp.Diff(providertest.JSON(t, want), providertest.JSON(t, p.Body(createCall))); diff != "" {
		t.Error(diff)
	}
}

func TestErase(t *testing.T) {
	t.Parallel()
	search, yes := searchCall(address), reply{Body: "true"}
	one := page(person("662b1", address))
	const other = "DELETE /espocrm/api/v1/Contact/662b2"
	cases := map[string]struct {
		erase     string
		script    script
		wantCalls []string
		wantClass provider.Class
		wantText  string // in the message
	}{
		"deleted":                     {"Delete", script{search: {one}, deleteCall: {yes}}, []string{search, deleteCall}, "", ""},
		"nobody":                      {"Delete", script{search: {page()}}, []string{search}, "", ""},
		"several":                     {"Delete", script{search: {page(person("662b1", address), person("662b2", address))}, deleteCall: {yes}, other: {yes}}, []string{search, deleteCall, other}, "", ""},
		"somebody else":               {"Delete", script{search: {page(person("662b1", "ädä@example.com"))}, readCall: {{Body: person("662b1", "ädä@example.com")}}}, []string{search, readCall}, "", ""},
		"deleted meanwhile":           {"Delete", script{search: {one}, deleteCall: {{Status: 404}}}, []string{search, deleteCall}, "", ""},
		"no right to delete":          {"Delete", script{search: {one}, deleteCall: {{Status: 403}}}, []string{search, deleteCall}, provider.Config, "its role needs delete of all records"},
		"failed logins":               {"Delete", script{search: {one}, deleteCall: {because(403, "Max failed login attempts exceeded")}}, []string{search, deleteCall}, provider.Throttled, "too many failed"},
		"an answer that can't be":     {"Delete", script{search: {one}, deleteCall: {{Body: "false"}}}, []string{search, deleteCall}, provider.Transient, "not one of EspoCRM's API"},
		"emptied and deleted":         {"EraseAndDelete", script{search: {one}, eraseCall: {yes}, deleteCall: {yes}}, []string{search, eraseCall, deleteCall}, "", ""},
		"emptied by nobody":           {"EraseAndDelete", script{search: {one}, eraseCall: {because(403, "")}}, []string{search, eraseCall}, provider.Config, "its role needs the permission Data Privacy"},
		"gone before it is emptied":   {"EraseAndDelete", script{search: {one}, eraseCall: {{Status: 404}}, deleteCall: {{Status: 404}}}, []string{search, eraseCall, deleteCall}, "", ""},
		"a failure while it is":       {"EraseAndDelete", script{search: {one}, eraseCall: {{Status: 500}}}, []string{search, eraseCall}, provider.Transient, ""},
		"the key":                     {"Delete", script{search: {{Status: 401}}}, []string{search}, provider.Auth, ""},
		"a search that can't be read": {"Delete", script{search: {{Body: "{}"}}}, []string{search}, provider.Transient, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play(t, tc.script, func(c *adapter.Config) { c.Erase = tc.erase })
			erased, err := p.Eraser.Erase(t.Context(), provider.Request{Key: address})
			if (err == nil) != (tc.wantClass == "") || err != nil && (providertest.Failure(err).Class != tc.wantClass || !strings.Contains(err.Error(), tc.wantText)) {
				t.Errorf("got %v, want class %q: %s", err, tc.wantClass, tc.wantText)
			}
			if (err == nil) != strings.Contains(erased.Kept, "clean-up job") {
				t.Errorf("kept: %q", erased.Kept)
			}
			if diff := cmp.Diff(tc.wantCalls, p.Calls()); diff != "" {
				t.Error(diff)
			}
			const emptied = `{"entityType":"Contact","id":"662b1","fieldList":["name","emailAddress","phoneNumber","address","description","cPlan","cTopics","cSeats","cRegisteredAt"]}`
			if body := p.Body(eraseCall); body != "" && cmp.Diff(providertest.JSON(t, emptied), providertest.JSON(t, body)) != "" {
				t.Errorf("got %s", body)
			}
		})
	}
}

// A record that was emptied, and not deleted, since an answer was lost, has no address any more: it is found by its id.
func TestEraseFinishes(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		reason      string
		read        reply
		wantDeleted bool
	}{
		"emptied":           {"it is deleted", reply{Body: `{"id":"662b1","emailAddress":null,"emailAddressData":[],"lastName":null}`}, true},
		"deleted":           {"there is nothing to do", reply{Status: 404}, false},
		"of a new address":  {"it is somebody's", reply{Body: person("662b1", "new@example.com")}, false},
		"of no address":     {"it is somebody's", reply{Body: `{"id":"662b1","emailAddress":null,"lastName":"Lovelace"}`}, false},
		"of others instead": {"it is somebody's", reply{Body: `{"id":"662b1","emailAddress":null,"emailAddressData":[{"emailAddress":"x@example.com"}],"lastName":null}`}, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play(t, script{searchCall(address): {page()}, readCall: {tc.read}, deleteCall: {{Body: "true"}}}, eraseAndDelete)
			if _, err := p.Eraser.Erase(t.Context(), provider.Request{Key: address, RemoteID: "662b1"}); err != nil {
				t.Error(err)
			}
			want := []string{searchCall(address), readCall}
			if tc.wantDeleted {
				want = append(want, deleteCall)
			}
			if diff := cmp.Diff(want, p.Calls()); diff != "" {
				t.Errorf("%s:\n%s", tc.reason, diff)
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
		"no scheme":           {func(c *adapter.Config) { c.URL = "crm.example" }, apiKey, `spec.espocrm.url: its scheme has to be http or https`},
		"the API's path":      {func(c *adapter.Config) { c.URL = "https://crm.example/api/v1/" }, apiKey, `spec.espocrm.url: give it without /api/v1`},
		"another entity":      {func(c *adapter.Config) { c.Entity = "Account" }, apiKey, `spec.espocrm.entity: "Account" is neither Contact nor Lead`},
		"an unknown erasure":  {func(c *adapter.Config) { c.Erase = "Forget" }, apiKey, `spec.espocrm.erase: "Forget" is neither`},
		"the address mapped":  {func(c *adapter.Config) { c.Fields[0].Name = "emailAddress" }, apiKey, `spec.espocrm.fields[emailAddress]: it is always the address`},
		"all addresses":       {func(c *adapter.Config) { c.Fields[0].Name = "emailAddressData" }, apiKey, `spec.espocrm.fields[emailAddressData]: emailAddress is always the address`},
		"an empty key":        {func(*adapter.Config) {}, "\n", `Secret espocrm, key api-key: it is empty`},
		"a key with lines":    {func(*adapter.Config) {}, "key-1\nkey-2", `Secret espocrm, key api-key has a blank, a line break`},
		"an empty secret key": {func(c *adapter.Config) { byHMAC(c); c.APIKeySecretRef = provider.Ref{Name: "other", Key: "key"} }, "", `Secret espocrm, key secret-key: it is empty`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := adapter.Factory().New(provider.Settings{
				Spec: spec("https://crm.example", tc.change), HTTP: http.DefaultClient,
				Secrets: map[provider.Ref]string{keyRef(): tc.secret, hmacRef(): tc.secret, {Name: "other", Key: "key"}: "key-3"},
			})
			e := provider.AsError(err)
			if err == nil || e.Class != provider.Config || !strings.HasPrefix(e.Message, tc.wantMessage) {
				t.Errorf("got  %v\nwant Config: %s", err, tc.wantMessage)
			}
			if strings.Contains(e.Message, "key-1") {
				t.Errorf("the message shows a secret: %s", e.Message)
			}
		})
	}
}
