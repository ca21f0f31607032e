package hubspot_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/provider"
	adapter "github.com/contact-operator/contact-operator/internal/provider/hubspot"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

const (
	upsertCall  = "POST /crm/v3/objects/contacts/batch/upsert"
	patchByID   = "PATCH /crm/v3/objects/contacts/51"
	patchByMail = "PATCH /crm/v3/objects/contacts/ada@example.com?idProperty=email"
)

// The wire form: texts alone, the address as the key and among the properties, blanks left out, a trace id on each input.
func TestUpsertSends(t *testing.T) {
	t.Parallel()
	p := play(t, script{upsertCall: {{Body: `{"status":"COMPLETE","results":[{"id":"51","objectWriteTraceId":"0"}]}`}}}, func(c *adapter.Config) {
		c.Properties = []mapping.Field{
			{Name: "firstname", From: "FirstName"},
			{Name: "company", From: "Company"},
			{Name: "message", Expression: `{"true": size(contact.name) > 3, "n": 42}`},
			{Name: "lastname", Expression: `[true, 42, 1.5, "x"]`},
			{Name: "lifecyclestage", Value: "lead"},
		}
	})
	got, err := p.Upserter.Upsert(t.Context(), providertest.Rendered(t, p.Provider, ada())[0])
	if err != nil || got != (provider.Receipt{RemoteID: "51"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	const want = `{"inputs":[{"idProperty":"email","id":"ada@example.com","objectWriteTraceId":"0","properties":{"email":"ada@example.com",
		"firstname":"Ada","message":"{\"n\":42,\"true\":true}","lastname":"true;42;1.5;x","lifecyclestage":"lead"}}]}`
	if diff := cmp.Diff(providertest.JSON(t, want), providertest.JSON(t, p.Bodies()[len(p.Bodies())-1])); diff != "" {
		t.Error(diff)
	}
}

// problem is an error body as HubSpot writes it.
func problem(category, message string) string {
	return `{"status":"error","message":` + quote(message) + `,"correlationId":"c-4711","category":"` + category + `"}`
}

func quote(s string) string {
	return `"` + strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), `"`, `\"`) + `"`
}

func invalidValue(code, name string) string {
	return `Property values were not valid: [{"isValid":false,"message":"secret-value","error":"` + code + `","name":"` + name + `"}]`
}

// limit is the error body that has an errorType in the place of a category.
func limit(policy string) string {
	return `{"status":"error","message":"You have reached your limit.","errorType":"RATE_LIMIT","correlationId":"c-4711","policyName":"` + policy + `","requestId":"r"}`
}

func TestUpsertClassifies(t *testing.T) {
	t.Parallel()
	scopes := "the access token lacks a scope: it needs crm.objects.contacts.write, crm.objects.contacts.read and crm.schemas.contacts.read"
	unreadable := "the answer is not one of HubSpot's API: check that spec.hubspot.url leads there, and what stands between"
	daily := "the calls of the day are used up at HubSpot (status 429): they are shared by all private apps of the account, and counted anew at midnight there"
	cases := map[string]struct {
		reply reply
		want  provider.Error
	}{
		"400, an invalid address":   {reply{Status: 400, Body: problem("VALIDATION_ERROR", invalidValue("INVALID_EMAIL", "email"))}, provider.Error{Class: provider.Invalid, Message: "HubSpot does not take the address for a valid one"}},
		"400, a value":              {reply{Status: 400, Body: problem("VALIDATION_ERROR", invalidValue("INVALID_OPTION", "lifecyclestage"))}, provider.Error{Class: provider.Invalid, Message: "HubSpot refuses the value of property lifecyclestage: compare it with the property's type and options there"}},
		"400, without a word":       {reply{Status: 400}, provider.Error{Class: provider.Invalid, Message: "HubSpot refuses this record (status 400): compare its values with the types of the properties there"}},
		"400, no such property":     {reply{Status: 400, Body: problem("VALIDATION_ERROR", invalidValue("PROPERTY_DOESNT_EXIST", "company"))}, provider.Error{Class: provider.Config, Message: "HubSpot has no contact property company: create it there, or take it out of spec.hubspot.properties"}},
		"400, another's property":   {reply{Status: 400, Body: problem("VALIDATION_ERROR", invalidValue("PROPERTY_DOESNT_EXIST", "secret"))}, provider.Error{Class: provider.Config, Message: "HubSpot has no contact property of one of these names: create it there, or take it out of spec.hubspot.properties"}},
		"400, the code in a field":  {reply{Status: 400, Body: `{"status":"error","message":"x","errors":[{"message":"x","code":"PROPERTY_DOESNT_EXIST"}]}`}, provider.Error{Class: provider.Config, Message: "HubSpot has no contact property of one of these names: create it there, or take it out of spec.hubspot.properties"}},
		"400, read-only":            {reply{Status: 400, Body: problem("VALIDATION_ERROR", invalidValue("READ_ONLY_VALUE", "company"))}, provider.Error{Class: provider.Config, Message: "HubSpot lets nobody write the contact property company: take it out of spec.hubspot.properties"}},
		"401":                       {reply{Status: 401, Body: problem("INVALID_AUTHENTICATION", "x")}, provider.Error{Class: provider.Auth, Message: "HubSpot does not take the access token (status 401): give that of a private app or service key of this account"}},
		"401, expired":              {reply{Status: 401, Body: problem("EXPIRED_AUTHENTICATION", "x")}, provider.Error{Class: provider.Auth, Message: "HubSpot says that the access token has expired: give the token of a private app or a service key, which lasts"}},
		"403, a scope":              {reply{Status: 403, Body: problem("MISSING_SCOPES", "x")}, provider.Error{Class: provider.Auth, Message: scopes}},
		"403, something else":       {reply{Status: 403}, provider.Error{Class: provider.Auth, Message: "the service answered with status 403 (Forbidden): check the credentials and what they allow"}},
		"404":                       {reply{Status: 404}, provider.Error{Class: provider.Config, Message: "the service answered with status 404 (Not Found): check the Integration's url, method and mapping"}},
		"415":                       {reply{Status: 415}, provider.Error{Class: provider.Config, Message: "the service answered with status 415 (Unsupported Media Type): check the Integration's url, method and mapping"}},
		"423":                       {reply{Status: 423}, provider.Error{Class: provider.Transient, Message: "HubSpot has locked this contact for a moment (status 423)", RetryAfter: 2 * time.Second, RecordOnly: true}},
		"429, ten seconds":          {reply{Status: 429, Body: limit("TEN_SECONDLY_ROLLING")}, provider.Error{Class: provider.Throttled, Message: "HubSpot asks for fewer calls (status 429)", RetryAfter: 10 * time.Second}},
		"429, of another length":    {reply{Status: 429, Body: limit("TEN_SECONDLY_ROLLING"), Header: map[string]string{"X-HubSpot-RateLimit-Interval-Milliseconds": "7000"}}, provider.Error{Class: provider.Throttled, Message: "HubSpot asks for fewer calls (status 429)", RetryAfter: 7 * time.Second}},
		"429, a second":             {reply{Status: 429, Body: limit("SECONDLY")}, provider.Error{Class: provider.Throttled, Message: "HubSpot asks for fewer calls (status 429)", RetryAfter: time.Second}},
		"429, the day":              {reply{Status: 429, Body: limit("DAILY")}, provider.Error{Class: provider.Throttled, Message: daily, RetryAfter: time.Hour}},
		"429, the day, with a time": {reply{Status: 429, Body: limit("DAILY"), Header: map[string]string{"Retry-After": "90"}}, provider.Error{Class: provider.Throttled, Message: daily, RetryAfter: 90 * time.Second}},
		"429, something else":       {reply{Status: 429, Body: limit("NEW_POLICY")}, provider.Error{Class: provider.Throttled, Message: "HubSpot asks for fewer calls (status 429)"}},
		"477":                       {reply{Status: 477, Header: map[string]string{"Retry-After": "86400"}}, provider.Error{Class: provider.Transient, Message: "HubSpot moves the account to another data centre (status 477), which may take a day", RetryAfter: time.Hour}},
		"477, without a time":       {reply{Status: 477}, provider.Error{Class: provider.Transient, Message: "HubSpot moves the account to another data centre (status 477), which may take a day", RetryAfter: 10 * time.Minute}},
		"500":                       {reply{Status: 500}, provider.Error{Class: provider.Transient, Message: "the service answered with status 500 (Internal Server Error)"}},
		"502":                       {reply{Status: 502}, provider.Error{Class: provider.Transient, Message: "the service answered with status 502 (Bad Gateway)"}},
		"503":                       {reply{Status: 503}, provider.Error{Class: provider.Transient, Message: "the service answered with status 503 (Service Unavailable)"}},
		"504":                       {reply{Status: 504}, provider.Error{Class: provider.Transient, Message: "the service answered with status 504 (Gateway Timeout)"}},
		"521":                       {reply{Status: 521}, provider.Error{Class: provider.Transient, Message: "the service answered with status 521"}},
		"522":                       {reply{Status: 522}, provider.Error{Class: provider.Transient, Message: "the service answered with status 522"}},
		"523":                       {reply{Status: 523}, provider.Error{Class: provider.Transient, Message: "the service answered with status 523"}},
		"524":                       {reply{Status: 524}, provider.Error{Class: provider.Transient, Message: "the service answered with status 524"}},
		"525":                       {reply{Status: 525}, provider.Error{Class: provider.Transient, Message: "the service answered with status 525"}},
		"526":                       {reply{Status: 526}, provider.Error{Class: provider.Transient, Message: "the service answered with status 526"}},
		"207, the record":           {reply{Status: 207, Body: `{"results":[],"numErrors":1,"errors":[` + problem("VALIDATION_ERROR", invalidValue("INVALID_EMAIL", "email")) + `]}`}, provider.Error{Class: provider.Invalid, Message: "HubSpot does not take the address for a valid one"}},
		"207, of an unknown kind":   {reply{Status: 207, Body: `{"results":[],"errors":[` + problem("NEW_CATEGORY", "x") + `]}`}, provider.Error{Class: provider.Transient, Message: "the service answered with status 500 (Internal Server Error)"}},
		"207, for a scope":          {reply{Status: 207, Body: `{"results":[],"errors":[` + problem("MISSING_SCOPES", "x") + `]}`}, provider.Error{Class: provider.Auth, Message: scopes}},
		"200, and nothing in it":    {reply{Body: `{"status":"COMPLETE","results":[]}`}, provider.Error{Class: provider.Transient, Message: "HubSpot's answer does not say what became of this record"}},
		"200, without an id":        {reply{Body: `{"results":[{"objectWriteTraceId":"0"}]}`}, provider.Error{Class: provider.Transient, Message: unreadable}},
		"200, an id that is none":   {reply{Body: `{"results":[{"objectWriteTraceId":"0","id":"../1"}]}`}, provider.Error{Class: provider.Transient, Message: unreadable}},
		"200, a page":               {reply{Body: `<html>`}, provider.Error{Class: provider.Transient, Message: unreadable}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play(t, script{upsertCall: {tc.reply}})
			_, err := p.Upserter.Upsert(t.Context(), providertest.Rendered(t, p.Provider, ada())[0])
			if diff := cmp.Diff(&tc.want, providertest.Failure(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A conflict is resolved by updating what is in the way; the address, which that contact has already, is not sent.
func TestUpsertAdopts(t *testing.T) {
	t.Parallel()
	taken := reply{Status: 409, Body: problem("CONFLICT", "Contact already exists. Existing ID: 51")}
	nameless := reply{Status: 409, Body: problem("CONFLICT", "conflicting writers")}
	done := reply{Body: `{"id":"51","properties":{}}`}
	gone := reply{Status: 404, Body: problem("OBJECT_NOT_FOUND", "resource not found")}
	inWay := &provider.Error{Class: provider.Conflict, Message: "another contact at HubSpot is in the way of this one (status 409): look for its address there, also among deleted and merged contacts"}
	cases := map[string]struct {
		script    script
		wantCalls []string
		wantErr   *provider.Error
	}{
		"the id in the text":       {script{upsertCall: {taken}, patchByID: {done}}, []string{upsertCall, patchByID}, nil},
		"in a 207":                 {script{upsertCall: {{Status: 207, Body: `{"results":[],"errors":[` + taken.Body + `]}`}}, patchByID: {done}}, []string{upsertCall, patchByID}, nil},
		"no id in the text":        {script{upsertCall: {nameless}, patchByMail: {done}}, []string{upsertCall, patchByMail}, nil},
		"the id is gone":           {script{upsertCall: {taken}, patchByID: {gone}, patchByMail: {done}}, []string{upsertCall, patchByID, patchByMail}, nil},
		"there is no such contact": {script{upsertCall: {taken}, patchByID: {gone}, patchByMail: {gone}}, []string{upsertCall, patchByID, patchByMail}, inWay},
		"still in the way":         {script{upsertCall: {taken}, patchByID: {taken}}, []string{upsertCall, patchByID}, inWay},
		"it is locked": {
			script{upsertCall: {taken}, patchByID: {{Status: 423}}},
			[]string{upsertCall, patchByID},
			&provider.Error{Class: provider.Transient, Message: "HubSpot has locked this contact for a moment (status 423)", RetryAfter: 2 * time.Second, RecordOnly: true},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play(t, tc.script)
			got, err := p.Upserter.Upsert(t.Context(), providertest.Rendered(t, p.Provider, ada())[0])
			if diff := cmp.Diff(tc.wantErr, providertest.Failure(err)); diff != "" {
				t.Error(diff)
			}
			if tc.wantErr == nil && got.RemoteID != "51" {
				t.Errorf("remote id %q, want 51", got.RemoteID)
			}
			if diff := cmp.Diff(tc.wantCalls, p.after()); diff != "" {
				t.Error(diff)
			}
			const want = `{"properties":{"firstname":"Ada","lastname":"Lovelace","lifecyclestage":"lead"}}`
			if diff := cmp.Diff(providertest.JSON(t, want), providertest.JSON(t, p.Bodies()[len(p.Bodies())-1])); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBatchAssigns(t *testing.T) {
	t.Parallel()
	type written struct {
		ID  string
		Err provider.Class
	}
	failure := func(category, trace string) string {
		return `{"status":"error","category":"` + category + `","message":"x","context":{"objectWriteTraceId":` + trace + `}}`
	}
	cases := map[string]struct {
		reply     reply
		want      []written
		wantClass provider.Class // of the whole batch
		wantCalls int
	}{
		"in another order": {
			reply: reply{Body: `{"results":[{"id":"3","objectWriteTraceId":"2"},{"id":"1","objectWriteTraceId":"0"},{"id":"2","objectWriteTraceId":"1"}]}`},
			want:  []written{{ID: "1"}, {ID: "2"}, {ID: "3"}}, wantCalls: 1,
		},
		"by address, without the trace ids": {
			reply: reply{Body: `{"results":[{"id":"3","properties":{"email":"Eve@example.com"}},{"id":"1","properties":{"email":"ada@example.com"}},{"id":"2","properties":{"email":"bob@example.com"}}]}`},
			want:  []written{{ID: "1"}, {ID: "2"}, {ID: "3"}}, wantCalls: 1,
		},
		"one is refused": {
			reply: reply{Status: 207, Body: `{"results":[{"id":"1","objectWriteTraceId":"0"},{"id":"3","objectWriteTraceId":"2"}],"numErrors":1,"errors":[` + failure("VALIDATION_ERROR", `["1"]`) + `]}`},
			want:  []written{{ID: "1"}, {Err: provider.Invalid}, {ID: "3"}}, wantCalls: 1,
		},
		"one error for two": {
			reply: reply{Status: 207, Body: `{"results":[{"id":"1","objectWriteTraceId":"0"}],"errors":[` + failure("VALIDATION_ERROR", `["1","2"]`) + `]}`},
			want:  []written{{ID: "1"}, {Err: provider.Invalid}, {Err: provider.Invalid}}, wantCalls: 1,
		},
		"a trace id by itself": {
			reply: reply{Status: 207, Body: `{"results":[{"id":"1","objectWriteTraceId":"0"},{"id":"3","objectWriteTraceId":"2"}],"errors":[` + failure("VALIDATION_ERROR", `"1"`) + `]}`},
			want:  []written{{ID: "1"}, {Err: provider.Invalid}, {ID: "3"}}, wantCalls: 1,
		},
		"one that nothing is said of": {
			reply: reply{Body: `{"results":[{"id":"1","objectWriteTraceId":"0"},{"id":"3","objectWriteTraceId":"2"}]}`},
			want:  []written{{ID: "1"}, {Err: provider.Transient}, {ID: "3"}}, wantCalls: 1,
		},
		"a conflict takes a call of its own": {
			reply: reply{Status: 207, Body: `{"results":[{"id":"2","objectWriteTraceId":"1"},{"id":"3","objectWriteTraceId":"2"}],"errors":[{"category":"CONFLICT","message":"Contact already exists. Existing ID: 51","context":{"objectWriteTraceId":["0"]}}]}`},
			want:  []written{{ID: "51"}, {ID: "2"}, {ID: "3"}}, wantCalls: 2,
		},
		"an error of nobody in particular": {
			reply:     reply{Status: 207, Body: `{"results":[{"id":"1","objectWriteTraceId":"0"},{"id":"3","objectWriteTraceId":"2"}],"errors":[` + problem("VALIDATION_ERROR", "x") + `]}`},
			wantClass: provider.Invalid, wantCalls: 1,
		},
		"refused whole":                {reply: reply{Status: 400, Body: problem("VALIDATION_ERROR", "Duplicate IDs found in batch input")}, wantClass: provider.Invalid, wantCalls: 1},
		"refused whole for a conflict": {reply: reply{Status: 409, Body: problem("CONFLICT", "Contact already exists. Existing ID: 51")}, wantClass: provider.Conflict, wantCalls: 1},
		"a limit":                      {reply: reply{Status: 429, Body: limit("SECONDLY")}, wantClass: provider.Throttled, wantCalls: 1},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play(t, script{upsertCall: {tc.reply}, patchByID: {{Body: `{"id":"51"}`}}})
			got, err := p.Batch.UpsertBatch(t.Context(), providertest.Rendered(t, p.Provider, ada(), provider.Contact{Email: "bob@example.com"}, provider.Contact{Email: "eve@example.com"}))
			if (err == nil) != (tc.wantClass == "") || err != nil && provider.AsError(err).Class != tc.wantClass {
				t.Errorf("got %v, want class %q", err, tc.wantClass)
			}
			var plain []written
			for _, w := range got {
				one := written{ID: w.Receipt.RemoteID}
				if w.Err != nil {
					one.Err = provider.AsError(w.Err).Class
				}
				plain = append(plain, one)
			}
			if diff := cmp.Diff(tc.want, plain); diff != "" {
				t.Error(diff)
			}
			if n := len(p.after()); n != tc.wantCalls {
				t.Errorf("%d calls, want %d", n, tc.wantCalls)
			}
		})
	}
}
