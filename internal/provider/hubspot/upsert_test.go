package hubspot_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/provider"
	adapter "github.com/contact-operator/contact-operator/internal/provider/hubspot"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
)

const (
	upsertCall  = "POST /crm/v3/objects/contacts/batch/upsert"
	patchByID   = "PATCH /crm/v3/objects/contacts/51"
	patchByMail = "PATCH /crm/v3/objects/contacts/ada@example.com?idProperty=email"
)

// The wire form: texts alone, the address as the key and among the properties, blanks left out, a trace id on each input.
func TestUpsertSends(t *testing.T) {
	t.Parallel()
	p := play(t, script{upsertCall: {{body: `{"status":"COMPLETE","results":[{"id":"51","objectWriteTraceId":"0"}]}`}}}, func(c *adapter.Config) {
		c.Properties = []mapping.Field{
			{Name: "firstname", From: "FirstName"},
			{Name: "company", From: "Company"},
			{Name: "message", Expression: `{"true": size(contact.name) > 3, "n": 42}`},
			{Name: "lastname", Expression: `[true, 42, 1.5, "x"]`},
			{Name: "lifecyclestage", Value: "lead"},
		}
	})
	got, err := p.Upserter.Upsert(t.Context(), rendered(t, p.Provider, ada())[0])
	if err != nil || got != (provider.Receipt{RemoteID: "51"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	const want = `{"inputs":[{"idProperty":"email","id":"ada@example.com","objectWriteTraceId":"0","properties":{"email":"ada@example.com",
		"firstname":"Ada","message":"{\"n\":42,\"true\":true}","lastname":"true;42;1.5;x","lifecyclestage":"lead"}}]}`
	if diff := cmp.Diff(compact(t, want), compact(t, p.bodies[len(p.bodies)-1])); diff != "" {
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
		"400, an invalid address":   {reply{status: 400, body: problem("VALIDATION_ERROR", invalidValue("INVALID_EMAIL", "email"))}, provider.Error{Class: provider.Invalid, Message: "HubSpot does not take the address for a valid one"}},
		"400, a value":              {reply{status: 400, body: problem("VALIDATION_ERROR", invalidValue("INVALID_OPTION", "lifecyclestage"))}, provider.Error{Class: provider.Invalid, Message: "HubSpot refuses the value of property lifecyclestage: compare it with the property's type and options there"}},
		"400, without a word":       {reply{status: 400}, provider.Error{Class: provider.Invalid, Message: "HubSpot refuses this record (status 400): compare its values with the types of the properties there"}},
		"400, no such property":     {reply{status: 400, body: problem("VALIDATION_ERROR", invalidValue("PROPERTY_DOESNT_EXIST", "company"))}, provider.Error{Class: provider.Config, Message: "HubSpot has no contact property company: create it there, or take it out of spec.hubspot.properties"}},
		"400, another's property":   {reply{status: 400, body: problem("VALIDATION_ERROR", invalidValue("PROPERTY_DOESNT_EXIST", "secret"))}, provider.Error{Class: provider.Config, Message: "HubSpot has no contact property of one of these names: create it there, or take it out of spec.hubspot.properties"}},
		"400, the code in a field":  {reply{status: 400, body: `{"status":"error","message":"x","errors":[{"message":"x","code":"PROPERTY_DOESNT_EXIST"}]}`}, provider.Error{Class: provider.Config, Message: "HubSpot has no contact property of one of these names: create it there, or take it out of spec.hubspot.properties"}},
		"400, read-only":            {reply{status: 400, body: problem("VALIDATION_ERROR", invalidValue("READ_ONLY_VALUE", "company"))}, provider.Error{Class: provider.Config, Message: "HubSpot lets nobody write the contact property company: take it out of spec.hubspot.properties"}},
		"401":                       {reply{status: 401, body: problem("INVALID_AUTHENTICATION", "x")}, provider.Error{Class: provider.Auth, Message: "HubSpot does not take the access token (status 401): give that of a private app or service key of this account"}},
		"401, expired":              {reply{status: 401, body: problem("EXPIRED_AUTHENTICATION", "x")}, provider.Error{Class: provider.Auth, Message: "HubSpot says that the access token has expired: give the token of a private app or a service key, which lasts"}},
		"403, a scope":              {reply{status: 403, body: problem("MISSING_SCOPES", "x")}, provider.Error{Class: provider.Auth, Message: scopes}},
		"403, something else":       {reply{status: 403}, provider.Error{Class: provider.Auth, Message: "the service answered with status 403 (Forbidden): check the credentials and what they allow"}},
		"404":                       {reply{status: 404}, provider.Error{Class: provider.Config, Message: "the service answered with status 404 (Not Found): check the Integration's url, method and mapping"}},
		"415":                       {reply{status: 415}, provider.Error{Class: provider.Config, Message: "the service answered with status 415 (Unsupported Media Type): check the Integration's url, method and mapping"}},
		"423":                       {reply{status: 423}, provider.Error{Class: provider.Transient, Message: "HubSpot has locked this contact for a moment (status 423)", RetryAfter: 2 * time.Second, RecordOnly: true}},
		"429, ten seconds":          {reply{status: 429, body: limit("TEN_SECONDLY_ROLLING")}, provider.Error{Class: provider.Throttled, Message: "HubSpot asks for fewer calls (status 429)", RetryAfter: 10 * time.Second}},
		"429, of another length":    {reply{status: 429, body: limit("TEN_SECONDLY_ROLLING"), header: map[string]string{"X-HubSpot-RateLimit-Interval-Milliseconds": "7000"}}, provider.Error{Class: provider.Throttled, Message: "HubSpot asks for fewer calls (status 429)", RetryAfter: 7 * time.Second}},
		"429, a second":             {reply{status: 429, body: limit("SECONDLY")}, provider.Error{Class: provider.Throttled, Message: "HubSpot asks for fewer calls (status 429)", RetryAfter: time.Second}},
		"429, the day":              {reply{status: 429, body: limit("DAILY")}, provider.Error{Class: provider.Throttled, Message: daily, RetryAfter: time.Hour}},
		"429, the day, with a time": {reply{status: 429, body: limit("DAILY"), header: map[string]string{"Retry-After": "90"}}, provider.Error{Class: provider.Throttled, Message: daily, RetryAfter: 90 * time.Second}},
		"429, something else":       {reply{status: 429, body: limit("NEW_POLICY")}, provider.Error{Class: provider.Throttled, Message: "HubSpot asks for fewer calls (status 429)"}},
		"477":                       {reply{status: 477, header: map[string]string{"Retry-After": "86400"}}, provider.Error{Class: provider.Transient, Message: "HubSpot moves the account to another data centre (status 477), which may take a day", RetryAfter: time.Hour}},
		"477, without a time":       {reply{status: 477}, provider.Error{Class: provider.Transient, Message: "HubSpot moves the account to another data centre (status 477), which may take a day", RetryAfter: 10 * time.Minute}},
		"500":                       {reply{status: 500}, provider.Error{Class: provider.Transient, Message: "the service answered with status 500 (Internal Server Error)"}},
		"502":                       {reply{status: 502}, provider.Error{Class: provider.Transient, Message: "the service answered with status 502 (Bad Gateway)"}},
		"503":                       {reply{status: 503}, provider.Error{Class: provider.Transient, Message: "the service answered with status 503 (Service Unavailable)"}},
		"504":                       {reply{status: 504}, provider.Error{Class: provider.Transient, Message: "the service answered with status 504 (Gateway Timeout)"}},
		"521":                       {reply{status: 521}, provider.Error{Class: provider.Transient, Message: "the service answered with status 521"}},
		"522":                       {reply{status: 522}, provider.Error{Class: provider.Transient, Message: "the service answered with status 522"}},
		"523":                       {reply{status: 523}, provider.Error{Class: provider.Transient, Message: "the service answered with status 523"}},
		"524":                       {reply{status: 524}, provider.Error{Class: provider.Transient, Message: "the service answered with status 524"}},
		"525":                       {reply{status: 525}, provider.Error{Class: provider.Transient, Message: "the service answered with status 525"}},
		"526":                       {reply{status: 526}, provider.Error{Class: provider.Transient, Message: "the service answered with status 526"}},
		"207, the record":           {reply{status: 207, body: `{"results":[],"numErrors":1,"errors":[` + problem("VALIDATION_ERROR", invalidValue("INVALID_EMAIL", "email")) + `]}`}, provider.Error{Class: provider.Invalid, Message: "HubSpot does not take the address for a valid one"}},
		"207, of an unknown kind":   {reply{status: 207, body: `{"results":[],"errors":[` + problem("NEW_CATEGORY", "x") + `]}`}, provider.Error{Class: provider.Transient, Message: "the service answered with status 500 (Internal Server Error)"}},
		"207, for a scope":          {reply{status: 207, body: `{"results":[],"errors":[` + problem("MISSING_SCOPES", "x") + `]}`}, provider.Error{Class: provider.Auth, Message: scopes}},
		"200, and nothing in it":    {reply{body: `{"status":"COMPLETE","results":[]}`}, provider.Error{Class: provider.Transient, Message: "HubSpot's answer does not say what became of this record"}},
		"200, without an id":        {reply{body: `{"results":[{"objectWriteTraceId":"0"}]}`}, provider.Error{Class: provider.Transient, Message: unreadable}},
		"200, an id that is none":   {reply{body: `{"results":[{"objectWriteTraceId":"0","id":"../1"}]}`}, provider.Error{Class: provider.Transient, Message: unreadable}},
		"200, a page":               {reply{body: `<html>`}, provider.Error{Class: provider.Transient, Message: unreadable}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play(t, script{upsertCall: {tc.reply}})
			_, err := p.Upserter.Upsert(t.Context(), rendered(t, p.Provider, ada())[0])
			if diff := cmp.Diff(&tc.want, failed(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A conflict is resolved by updating what is in the way; the address, which that contact has already, is not sent.
func TestUpsertAdopts(t *testing.T) {
	t.Parallel()
	taken := reply{status: 409, body: problem("CONFLICT", "Contact already exists. Existing ID: 51")}
	nameless := reply{status: 409, body: problem("CONFLICT", "conflicting writers")}
	done := reply{body: `{"id":"51","properties":{}}`}
	gone := reply{status: 404, body: problem("OBJECT_NOT_FOUND", "resource not found")}
	inWay := &provider.Error{Class: provider.Conflict, Message: "another contact at HubSpot is in the way of this one (status 409): look for its address there, also among deleted and merged contacts"}
	cases := map[string]struct {
		script    script
		wantCalls []string
		wantErr   *provider.Error
	}{
		"the id in the text":       {script{upsertCall: {taken}, patchByID: {done}}, []string{upsertCall, patchByID}, nil},
		"in a 207":                 {script{upsertCall: {{status: 207, body: `{"results":[],"errors":[` + taken.body + `]}`}}, patchByID: {done}}, []string{upsertCall, patchByID}, nil},
		"no id in the text":        {script{upsertCall: {nameless}, patchByMail: {done}}, []string{upsertCall, patchByMail}, nil},
		"the id is gone":           {script{upsertCall: {taken}, patchByID: {gone}, patchByMail: {done}}, []string{upsertCall, patchByID, patchByMail}, nil},
		"there is no such contact": {script{upsertCall: {taken}, patchByID: {gone}, patchByMail: {gone}}, []string{upsertCall, patchByID, patchByMail}, inWay},
		"still in the way":         {script{upsertCall: {taken}, patchByID: {taken}}, []string{upsertCall, patchByID}, inWay},
		"it is locked": {
			script{upsertCall: {taken}, patchByID: {{status: 423}}},
			[]string{upsertCall, patchByID},
			&provider.Error{Class: provider.Transient, Message: "HubSpot has locked this contact for a moment (status 423)", RetryAfter: 2 * time.Second, RecordOnly: true},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play(t, tc.script)
			got, err := p.Upserter.Upsert(t.Context(), rendered(t, p.Provider, ada())[0])
			if diff := cmp.Diff(tc.wantErr, failed(err)); diff != "" {
				t.Error(diff)
			}
			if tc.wantErr == nil && got.RemoteID != "51" {
				t.Errorf("remote id %q, want 51", got.RemoteID)
			}
			if diff := cmp.Diff(tc.wantCalls, p.after()); diff != "" {
				t.Error(diff)
			}
			const want = `{"properties":{"firstname":"Ada","lastname":"Lovelace","lifecyclestage":"lead"}}`
			if diff := cmp.Diff(compact(t, want), compact(t, p.bodies[len(p.bodies)-1])); diff != "" {
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
			reply: reply{body: `{"results":[{"id":"3","objectWriteTraceId":"2"},{"id":"1","objectWriteTraceId":"0"},{"id":"2","objectWriteTraceId":"1"}]}`},
			want:  []written{{ID: "1"}, {ID: "2"}, {ID: "3"}}, wantCalls: 1,
		},
		"by address, without the trace ids": {
			reply: reply{body: `{"results":[{"id":"3","properties":{"email":"Eve@example.com"}},{"id":"1","properties":{"email":"ada@example.com"}},{"id":"2","properties":{"email":"bob@example.com"}}]}`},
			want:  []written{{ID: "1"}, {ID: "2"}, {ID: "3"}}, wantCalls: 1,
		},
		"one is refused": {
			reply: reply{status: 207, body: `{"results":[{"id":"1","objectWriteTraceId":"0"},{"id":"3","objectWriteTraceId":"2"}],"numErrors":1,"errors":[` + failure("VALIDATION_ERROR", `["1"]`) + `]}`},
			want:  []written{{ID: "1"}, {Err: provider.Invalid}, {ID: "3"}}, wantCalls: 1,
		},
		"one error for two": {
			reply: reply{status: 207, body: `{"results":[{"id":"1","objectWriteTraceId":"0"}],"errors":[` + failure("VALIDATION_ERROR", `["1","2"]`) + `]}`},
			want:  []written{{ID: "1"}, {Err: provider.Invalid}, {Err: provider.Invalid}}, wantCalls: 1,
		},
		"a trace id by itself": {
			reply: reply{status: 207, body: `{"results":[{"id":"1","objectWriteTraceId":"0"},{"id":"3","objectWriteTraceId":"2"}],"errors":[` + failure("VALIDATION_ERROR", `"1"`) + `]}`},
			want:  []written{{ID: "1"}, {Err: provider.Invalid}, {ID: "3"}}, wantCalls: 1,
		},
		"one that nothing is said of": {
			reply: reply{body: `{"results":[{"id":"1","objectWriteTraceId":"0"},{"id":"3","objectWriteTraceId":"2"}]}`},
			want:  []written{{ID: "1"}, {Err: provider.Transient}, {ID: "3"}}, wantCalls: 1,
		},
		"a conflict takes a call of its own": {
			reply: reply{status: 207, body: `{"results":[{"id":"2","objectWriteTraceId":"1"},{"id":"3","objectWriteTraceId":"2"}],"errors":[{"category":"CONFLICT","message":"Contact already exists. Existing ID: 51","context":{"objectWriteTraceId":["0"]}}]}`},
			want:  []written{{ID: "51"}, {ID: "2"}, {ID: "3"}}, wantCalls: 2,
		},
		"an error of nobody in particular": {
			reply:     reply{status: 207, body: `{"results":[{"id":"1","objectWriteTraceId":"0"},{"id":"3","objectWriteTraceId":"2"}],"errors":[` + problem("VALIDATION_ERROR", "x") + `]}`},
			wantClass: provider.Invalid, wantCalls: 1,
		},
		"refused whole":                {reply: reply{status: 400, body: problem("VALIDATION_ERROR", "Duplicate IDs found in batch input")}, wantClass: provider.Invalid, wantCalls: 1},
		"refused whole for a conflict": {reply: reply{status: 409, body: problem("CONFLICT", "Contact already exists. Existing ID: 51")}, wantClass: provider.Conflict, wantCalls: 1},
		"a limit":                      {reply: reply{status: 429, body: limit("SECONDLY")}, wantClass: provider.Throttled, wantCalls: 1},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play(t, script{upsertCall: {tc.reply}, patchByID: {{body: `{"id":"51"}`}}})
			got, err := p.Batch.UpsertBatch(t.Context(), rendered(t, p.Provider, ada(), provider.Contact{Email: "bob@example.com"}, provider.Contact{Email: "eve@example.com"}))
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
