package hubspot_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/provider"
	adapter "github.com/contact-operator/contact-operator/internal/provider/hubspot"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

// Before the first write, and at a health call, HubSpot is asked whether it has the mapping's properties.
func TestPropertiesAreChecked(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		reply   reply
		wantErr *provider.Error
	}{
		"all are there": {allProperties(), nil},
		"two are missing": {
			reply{Status: 207, Body: `{"status":"COMPLETE","results":[{"name":"firstname"},{"name":"lastname"},{"name":"lifecyclestage"}],"numErrors":2,"errors":[{"status":"error"}]}`},
			&provider.Error{Class: provider.Config, Message: "HubSpot has no contact property company, message: create it there, or take it out of spec.hubspot.properties"},
		},
		"one is read-only": {
			reply{Body: strings.Replace(allProperties().Body, `{"name":"company"`, `{"modificationMetadata":{"readOnlyValue":true},"name":"company"`, 1)},
			&provider.Error{Class: provider.Config, Message: "HubSpot lets nobody write the contact property company: take it out of spec.hubspot.properties"},
		},
		"one is calculated": {
			reply{Body: strings.Replace(allProperties().Body, `{"name":"company"`, `{"calculated":true,"name":"company"`, 1)},
			&provider.Error{Class: provider.Config, Message: "HubSpot lets nobody write the contact property company: take it out of spec.hubspot.properties"},
		},
		"no such option": {
			reply{Body: strings.Replace(allProperties().Body, `"lead"`, `"customer"`, 1)},
			&provider.Error{Class: provider.Config, Message: "spec.hubspot.properties[lifecyclestage].value is none of the options that the property has at HubSpot"},
		},
		"the token may not ask": {
			reply{Status: 403, Body: problem("MISSING_SCOPES", "x")},
			&provider.Error{Class: provider.Auth, Message: "the access token lacks a scope: it needs crm.objects.contacts.write, crm.objects.contacts.read and crm.schemas.contacts.read"},
		},
		"an answer that says nothing": {
			reply{Body: `{}`},
			&provider.Error{Class: provider.Transient, Message: "the answer is not one of HubSpot's API: check that spec.hubspot.url leads there, and what stands between"},
		},
	}
	fixed := func(c *adapter.Config) {
		c.Properties[4] = mapping.Field{Name: "lifecyclestage", Value: "lead"}
	}
	const details = "GET /account-info/v3/details"
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			taken := reply{Body: `{"results":[{"id":"51","objectWriteTraceId":"0"}]}`}
			p := play(t, script{checkCall: {tc.reply}, upsertCall: {taken}, details: {{Body: `{}`}}}, fixed)
			_, err := p.Upserter.Upsert(t.Context(), providertest.Rendered(t, p.Provider, ada())[0])
			if diff := cmp.Diff(tc.wantErr, providertest.Failure(err)); diff != "" {
				t.Error(diff)
			}
			if err := p.Health.CheckHealth(t.Context()); cmp.Diff(tc.wantErr, providertest.Failure(err)) != "" {
				t.Errorf("the health call: got %v", err)
			}
			want := []string{checkCall, details, checkCall}
			if tc.wantErr == nil { // asked once
				want = []string{checkCall, upsertCall, details}
			}
			if diff := cmp.Diff(want, p.calls()); diff != "" {
				t.Errorf("what is not there must not be written:\n%s", diff)
			}
		})
	}
}

// A property that goes away is found by the write that names it, and asked for before the next.
func TestPropertiesAreCheckedAgain(t *testing.T) {
	t.Parallel()
	missing := reply{Status: 400, Body: problem("VALIDATION_ERROR", invalidValue("PROPERTY_DOESNT_EXIST", "company"))}
	taken := reply{Body: `{"results":[{"id":"51","objectWriteTraceId":"0"}]}`}
	p := play(t, script{upsertCall: {taken, missing, taken}})
	r := providertest.Rendered(t, p.Provider, ada())[0]
	for i, wantClass := range []provider.Class{"", provider.Config, ""} {
		_, err := p.Upserter.Upsert(t.Context(), r)
		if (err == nil) != (wantClass == "") || err != nil && provider.AsError(err).Class != wantClass {
			t.Errorf("write %d: got %v, want class %q", i, err, wantClass)
		}
	}
	if diff := cmp.Diff([]string{checkCall, upsertCall, upsertCall, checkCall, upsertCall}, p.calls()); diff != "" {
		t.Error(diff)
	}
}

func TestNewFindsMistakes(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change      func(*adapter.Config)
		secret      string
		wantMessage string // its beginning
	}{
		"no scheme":          {func(c *adapter.Config) { c.URL = "api.hubapi.com" }, token, `spec.hubspot.url: its scheme has to be http or https`},
		"credentials":        {func(c *adapter.Config) { c.URL = "https://user:secret@api.hubapi.com" }, token, `spec.hubspot.url: it holds credentials`},
		"a query":            {func(c *adapter.Config) { c.URL = "https://api.hubapi.com?hapikey=secret" }, token, `spec.hubspot.url: it has a query`},
		"an unknown erasure": {func(c *adapter.Config) { c.Erase = "Forget" }, token, `spec.hubspot.erase: "Forget" is neither`},
		"the address mapped": {func(c *adapter.Config) { c.Properties[0].Name = "email" }, token, `spec.hubspot.properties[email]: it is always the address`},
		"an empty token":     {func(*adapter.Config) {}, "\n", `Secret hubspot, key token: it is empty`},
		"a token with lines": {func(*adapter.Config) {}, "pat-1\npat-2", `Secret hubspot, key token has a blank, a line break`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := adapter.Factory().New(provider.Settings{
				Spec: spec("https://api.hubapi.com", tc.change), HTTP: http.DefaultClient,
				Secrets: map[provider.Ref]string{{Name: "hubspot", Key: "token"}: tc.secret},
			})
			e := provider.AsError(err)
			if err == nil || e.Class != provider.Config || !strings.HasPrefix(e.Message, tc.wantMessage) {
				t.Errorf("got  %v\nwant Config: %s", err, tc.wantMessage)
			}
			if strings.Contains(e.Message, "secret") || strings.Contains(e.Message, "pat-1") {
				t.Errorf("the message shows a secret: %s", e.Message)
			}
		})
	}
}
