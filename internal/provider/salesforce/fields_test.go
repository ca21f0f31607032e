package salesforce_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
	adapter "github.com/contact-operator/contact-operator/internal/provider/salesforce"
)

// Before the first write, and at a health call, Salesforce's description of the object is held against the mapping.
func TestFieldsAreChecked(t *testing.T) {
	t.Parallel()
	type fields = map[string]map[string]any
	changed := func(name, property string, value any) reply {
		return described(func(f fields) { f[name][property] = value })
	}
	config := func(message string) *provider.Error { return &provider.Error{Class: provider.Config, Message: message} }
	cases := map[string]struct {
		reply reply
		want  *provider.Error
	}{
		"all are there": {described(nil), nil},
		"two are missing": {
			described(func(f fields) { delete(f, "Title"); delete(f, "Phone") }),
			config("Salesforce shows no field Phone, Title of Contact: create it there, give the user read and edit access to it, or change spec.salesforce.fields"),
		},
		"the key is missing": {
			described(func(f fields) { delete(f, "ContactKey__c") }),
			config("Salesforce shows no field ContactKey__c of Contact: create it there, give the user read and edit access to it, or change spec.salesforce.externalIDField"),
		},
		"the key is no external id":  {changed("ContactKey__c", "externalId", false), config("the field ContactKey__c of Contact at Salesforce has to be an External ID and Unique: tick both there")},
		"the key is not unique":      {changed("ContactKey__c", "unique", false), config("the field ContactKey__c of Contact at Salesforce has to be an External ID and Unique: tick both there")},
		"the key can't be written":   {changed("ContactKey__c", "createable", false), config("the Salesforce user may not edit ContactKey__c of Contact: give it edit access in a permission set, or, if nobody can edit it, take it out of spec.salesforce.fields")},
		"the address can't be":       {changed("Email", "updateable", false), config("the Salesforce user may not edit Email of Contact: give it edit access in a permission set, or, if nobody can edit it, take it out of spec.salesforce.fields")},
		"one is read-only":           {changed("Title", "updateable", false), config("the Salesforce user may not edit Title of Contact: give it edit access in a permission set, or, if nobody can edit it, take it out of spec.salesforce.fields")},
		"no such picklist value":     {changed("Stage__c", "picklistValues", []any{}), config("spec.salesforce.fields[Stage__c].value is none of the values that the picklist has at Salesforce")},
		"an open picklist":           {described(func(f fields) { f["Stage__c"]["picklistValues"] = []any{}; f["Stage__c"]["restrictedPicklist"] = false }), nil},
		"another field is required":  {changed("Company", "nillable", false), config("Salesforce takes no new Contact without Company: fill it in spec.salesforce.fields")},
		"required, with a default":   {described(func(f fields) { f["Company"]["nillable"] = false; f["Company"]["defaultedOnCreate"] = true }), nil},
		"the object can't be edited": {reply{Body: strings.Replace(described(nil).Body, `{"createable":true,"fields"`, `{"createable":false,"fields"`, 1)}, &provider.Error{Class: provider.Auth, Message: "the Salesforce user may not create and edit records of Contact: give it both in a permission set"}},
		"the object is not shown":    {refused(404, "NOT_FOUND", "x"), config("Salesforce shows no object Contact in version 62.0 of its API: give the user access to it, or check spec.salesforce.apiVersion")},
		"something else is there":    {reply{Status: 404, Body: "<html>"}, config("the service answered with status 404 (Not Found): check the Integration's url, method and mapping")},
		"an answer that says nothing": {
			reply{Body: `{}`},
			&provider.Error{Class: provider.Transient, Message: "the answer is not one of Salesforce's API: check that spec.salesforce.url is the org's My Domain, and what stands between"},
		},
	}
	fixed := func(c *adapter.Config) { c.Fields[4] = mapping.Field{Name: "Stage__c", Value: "lead"} }
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play(t, script{
				describeCall: {tc.reply}, upsertCall: {saved(200)}, deleteCall: {{Status: 204}},
				healthCall: {{Body: `{"sobjects":"/services/data/v62.0/sobjects"}`}},
			}, fixed)
			r := providertest.Rendered(t, p.Provider, ada())[0]
			_, err := p.Upserter.Upsert(t.Context(), r)
			if diff := cmp.Diff(tc.want, providertest.Failure(err)); diff != "" {
				t.Error(diff)
			}
			if err := p.Health.CheckHealth(t.Context()); cmp.Diff(tc.want, providertest.Failure(err)) != "" {
				t.Errorf("the health call: got %v", err)
			}
			if _, err := p.Eraser.Erase(t.Context(), r); cmp.Diff(tc.want, providertest.Failure(err)) != "" {
				t.Errorf("an erasure: got %v", err)
			}
			want := []string{tokenCall, describeCall, healthCall, describeCall, describeCall}
			if tc.want == nil { // asked once
				want = []string{tokenCall, describeCall, upsertCall, healthCall, deleteCall}
			}
			if diff := cmp.Diff(want, p.Calls()); diff != "" {
				t.Errorf("what is not there must not be written:\n%s", diff)
			}
		})
	}
}

// A picklist with several values is looked at value by value, and a description of a large org is read, too.
func TestALargeDescription(t *testing.T) {
	t.Parallel()
	large := described(func(f map[string]map[string]any) {
		f["Topics__c"]["restrictedPicklist"] = true
		f["Topics__c"]["picklistValues"] = []map[string]any{{"value": "blog", "active": true}, {"value": "event", "active": true}}
		f["Company"]["inlineHelpText"] = strings.Repeat("x", 3<<20)
	})
	for value, want := range map[string]provider.Class{"blog;event": "", "blog;other": provider.Config} {
		p := play(t, script{describeCall: {large}, upsertCall: {saved(200)}}, func(c *adapter.Config) { c.Fields[5] = mapping.Field{Name: "Topics__c", Value: value} })
		_, err := p.Upserter.Upsert(t.Context(), providertest.Rendered(t, p.Provider, ada())[0])
		if (err == nil) != (want == "") || err != nil && providertest.Failure(err).Class != want {
			t.Errorf("%s: got %v, want class %q", value, err, want)
		}
	}
}

// A field that goes away is found by the write that names it, and asked for before the next.
func TestFieldsAreCheckedAgain(t *testing.T) {
	t.Parallel()
	p := play(t, script{upsertCall: {saved(200), refused(400, "INVALID_FIELD", "x"), saved(200)}})
	r := providertest.Rendered(t, p.Provider, ada())[0]
	for i, wantClass := range []provider.Class{"", provider.Config, ""} {
		_, err := p.Upserter.Upsert(t.Context(), r)
		if (err == nil) != (wantClass == "") || err != nil && providertest.Failure(err).Class != wantClass {
			t.Errorf("write %d: got %v, want class %q", i, err, wantClass)
		}
	}
	if diff := cmp.Diff([]string{tokenCall, describeCall, upsertCall, upsertCall, describeCall, upsertCall}, p.Calls()); diff != "" {
		t.Error(diff)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		reply reply
		want  provider.Class
	}{
		"calls are left":    {reply{Body: `{"sobjects":"/x"}`, Header: map[string]string{"Sforce-Limit-Info": "api-usage=14999/15000, api-bursts=1/750"}}, ""},
		"none are left":     {reply{Body: `{"sobjects":"/x"}`, Header: map[string]string{"Sforce-Limit-Info": "api-usage=15000/15000"}}, provider.Throttled},
		"no usage is told":  {reply{Body: `{"sobjects":"/x"}`}, ""},
		"usage of nonsense": {reply{Body: `{"sobjects":"/x"}`, Header: map[string]string{"Sforce-Limit-Info": "api-usage=many/15000"}}, ""},
		"the quota":         {refused(403, "REQUEST_LIMIT_EXCEEDED", "x"), provider.Throttled},
		"nothing is said":   {reply{Body: `{}`}, provider.Transient},
		"no such version":   {refused(404, "NOT_FOUND", "x"), provider.Config},
		"the API is not on": {refused(403, "API_DISABLED_FOR_ORG", "x"), provider.Auth},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play(t, script{healthCall: {tc.reply}})
			err := p.Health.CheckHealth(t.Context())
			if (err == nil) != (tc.want == "") || err != nil && providertest.Failure(err).Class != tc.want {
				t.Errorf("got %v, want class %q", err, tc.want)
			}
		})
	}
}

func TestErase(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		reply reply
		want  provider.Class
	}{
		"deleted":                     {reply{Status: 204}, ""},
		"nobody":                      {refused(404, "NOT_FOUND", "x"), ""},
		"deleted meanwhile":           {refused(404, "ENTITY_IS_DELETED", "x"), ""},
		"a 404 that is not theirs":    {reply{Status: 404, Body: "<html>"}, provider.Config},
		"an answer that is not":       {reply{Status: 200, Body: "{}"}, provider.Transient},
		"several of that key":         {reply{Status: 300, Body: `["/x"]`}, provider.Config},
		"cases hang on it":            {refused(400, "DELETE_FAILED", "x"), provider.Conflict},
		"no right to":                 {refused(403, "INSUFFICIENT_ACCESS_OR_READONLY", "x"), provider.Config},
		"a locked row":                {refused(400, "UNABLE_TO_LOCK_ROW", "x"), provider.Transient},
		"the quota":                   {refused(403, "REQUEST_LIMIT_EXCEEDED", "x"), provider.Throttled},
		"a failure of theirs":         {reply{Status: 500}, provider.Transient},
		"an error that is not theirs": {reply{Status: 400}, provider.Invalid},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play(t, script{deleteCall: {tc.reply}})
			erased, err := p.Eraser.Erase(t.Context(), provider.Request{Key: "ada@example.com"})
			if (err == nil) != (tc.want == "") || err != nil && providertest.Failure(err).Class != tc.want {
				t.Errorf("got %v, want class %q", err, tc.want)
			}
			if (err == nil) != strings.Contains(erased.Kept, "recycle bin") {
				t.Errorf("kept: %q", erased.Kept)
			}
		})
	}
}

func TestNewFindsMistakes(t *testing.T) {
	t.Parallel()
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := x509.MarshalPKCS8PrivateKey(elliptical)
	if err != nil {
		t.Fatal(err)
	}
	noRSA := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: other}))
	cases := map[string]struct {
		change      func(*adapter.Config)
		secret      string
		wantMessage string // its beginning
	}{
		"no scheme":            {func(c *adapter.Config) { c.URL = "example.my.salesforce.com" }, secret, `spec.salesforce.url: its scheme has to be http or https`},
		"an old version":       {func(c *adapter.Config) { c.APIVersion = "45.0" }, secret, `spec.salesforce.apiVersion: "45.0" is no version from 46.0 on`},
		"a version with a v":   {func(c *adapter.Config) { c.APIVersion = "v62.0" }, secret, `spec.salesforce.apiVersion: "v62.0" is no version`},
		"no app":               {func(c *adapter.Config) { c.ClientID = " " }, secret, `spec.salesforce.clientID is empty`},
		"no credentials":       {func(c *adapter.Config) { c.ClientSecretRef = nil }, secret, `spec.salesforce.clientSecretRef or jwt: give exactly one of the two`},
		"two credentials":      {func(c *adapter.Config) { c.JWT = &adapter.JWT{User: "x", PrivateKeySecretRef: keyRef()} }, secret, `spec.salesforce.clientSecretRef or jwt: give exactly one of the two`},
		"no user":              {func(c *adapter.Config) { byJWT(c); c.JWT.User = "" }, secret, `spec.salesforce.jwt.user is empty`},
		"another object":       {func(c *adapter.Config) { c.Object = "Account" }, secret, `spec.salesforce.object: "Account" is neither Contact nor Lead`},
		"a standard field":     {func(c *adapter.Config) { c.ExternalIDField = "Email" }, secret, `spec.salesforce.externalIDField: "Email" is not the API name of a custom field`},
		"other rules":          {func(c *adapter.Config) { c.DuplicateRules = "Ignore" }, secret, `spec.salesforce.duplicateRules: "Ignore" is neither`},
		"the address mapped":   {func(c *adapter.Config) { c.Fields[0].Name = "Email" }, secret, `spec.salesforce.fields[Email]: it is always the address`},
		"the key mapped":       {func(c *adapter.Config) { c.Fields[0].Name = "ContactKey__c" }, secret, `spec.salesforce.fields[ContactKey__c]: it is the key`},
		"too old to save":      {func(c *adapter.Config) { c.DuplicateRules, c.APIVersion = "SaveAnyway", "51.0" }, secret, `spec.salesforce.duplicateRules: version 51.0 of the API can't save anyway: give apiVersion 52.0`},
		"an empty secret":      {func(*adapter.Config) {}, "\n", `Secret salesforce, key client-secret: it is empty`},
		"a key that is none":   {byJWT, "pat-1", `Secret salesforce, key private-key: it is no RSA private key in PEM`},
		"another kind of key":  {byJWT, noRSA, `Secret salesforce, key private-key: it is no RSA private key in PEM`},
		"a key that is broken": {byJWT, "-----BEGIN PRIVATE KEY-----\nMTIzNA==\n-----END PRIVATE KEY-----\n", `Secret salesforce, key private-key: it is no RSA private key in PEM`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := adapter.Factory().New(provider.Settings{
				Spec: spec("https://example.my.salesforce.com", tc.change), HTTP: http.DefaultClient,
				Secrets: map[provider.Ref]string{secretRef(): tc.secret, keyRef(): tc.secret},
			})
			e := provider.AsError(err)
			if err == nil || e.Class != provider.Config || !strings.HasPrefix(e.Message, tc.wantMessage) {
				t.Errorf("got  %v\nwant Config: %s", err, tc.wantMessage)
			}
			if strings.Contains(e.Message, "pat-1") || strings.Contains(e.Message, "MTIz") {
				t.Errorf("the message shows a secret: %s", e.Message)
			}
		})
	}
}

// A private key is read in both of its usual forms.
func TestKeysOfPKCS8(t *testing.T) {
	t.Parallel()
	b, err := x509.MarshalPKCS8PrivateKey(keyPair())
	if err != nil {
		t.Fatal(err)
	}
	_, err = adapter.Factory().New(provider.Settings{
		Spec: spec("https://example.my.salesforce.com", byJWT), HTTP: http.DefaultClient,
		Secrets: map[provider.Ref]string{keyRef(): string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: b}))},
	})
	if err != nil {
		t.Error(err)
	}
}
