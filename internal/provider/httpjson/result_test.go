package httpjson

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

// reply is what a service answers in one case.
type reply struct {
	status int
	header http.Header
	body   string
}

// against makes a provider whose service gives one answer.
func against(t *testing.T, r reply, change ...func(*Config)) provider.Provider {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range r.header {
			w.Header()[name] = values
		}
		if r.status != 0 {
			w.WriteHeader(r.status)
		}
		_, _ = io.WriteString(w, r.body)
	}))
	t.Cleanup(srv.Close)
	p, err := Factory().New(provider.Settings{Spec: spec(t, srv.URL, change...), HTTP: httpx.New(httpx.Options{AllowLoopback: true})})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// recorded makes a provider whose service keeps the last body it was sent.
func recorded(t *testing.T, body *[]byte, change ...func(*Config)) provider.Provider {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { *body, _ = io.ReadAll(r.Body) }))
	t.Cleanup(srv.Close)
	change = append(change, func(c *Config) {
		if c.Upsert.Batch != nil {
			c.Upsert.Batch.URL = srv.URL
		}
	})
	p, err := Factory().New(provider.Settings{Spec: spec(t, srv.URL, change...), HTTP: httpx.New(httpx.Options{AllowLoopback: true})})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestVerify(t *testing.T) {
	t.Parallel()
	noVerdict := &provider.Error{Class: provider.Transient, Message: "spec.http.verify.result gives something else than a verdict: " +
		"Deliverable, Undeliverable, Disposable, Role, AcceptAll or Unknown"}
	cases := map[string]struct {
		reply     reply
		result    string
		responses []ResponseClass
		want      provider.Verdict
		wantErr   *provider.Error
	}{
		"every verdict": {reply: reply{body: `{"verdict":"AcceptAll"}`}, want: provider.AcceptAll},
		"unknown is a result, not a failure": {
			reply:  reply{body: `{"state":"risky"}`},
			result: `{"safe": "Deliverable"}[?response.body.state].orValue("Unknown")`,
			want:   provider.Unknown,
		},
		"a word of its own":   {reply: reply{body: `{"verdict":"secret-remote-word"}`}, wantErr: noVerdict},
		"another case":        {reply: reply{body: `{"verdict":"deliverable"}`}, wantErr: noVerdict},
		"a number":            {reply: reply{body: `{"verdict":1}`}, wantErr: noVerdict},
		"null":                {reply: reply{body: `{"verdict":null}`}, wantErr: noVerdict},
		"an empty optional":   {reply: reply{body: `{}`}, result: `response.body.?verdict`, wantErr: noVerdict},
		"a filled optional":   {reply: reply{body: `{"verdict":"Role"}`}, result: `response.body.?verdict`, want: provider.Role},
		"nothing of the sort": {reply: reply{body: `{}`}, wantErr: &provider.Error{Class: provider.Transient, Message: "spec.http.verify.result:1:14 does not fit the service's answer"}},
		"an empty answer":     {reply: reply{status: 204}, wantErr: &provider.Error{Class: provider.Transient, Message: "spec.http.verify.result:1:14 does not fit the service's answer"}},
		"a page":              {reply: reply{body: `<html>`}, wantErr: &provider.Error{Class: provider.Transient, Message: "the service's answer is not JSON, which spec.http.verify.result reads"}},
		"a page, not read": {
			reply:  reply{body: `<html>`, header: http.Header{"X-Verdict": {"Role"}}},
			result: `response.headers["x-verdict"]`,
			want:   provider.Role,
		},
		"several values of a header": {
			reply:  reply{header: http.Header{"X-Verdict": {"Role", "old"}}},
			result: `response.headers["x-verdict"].split(", ")[0]`,
			want:   provider.Role,
		},
		"the status alone": {
			reply:  reply{status: 202, body: `<html>`},
			result: `response.status == 202 ? "Unknown" : "Deliverable"`,
			want:   provider.Unknown,
		},
		"404 is an answer here": {
			reply:     reply{status: 404, body: `<html>`},
			result:    `response.status == 404 ? "Undeliverable" : "Deliverable"`,
			responses: []ResponseClass{{404, "Success"}},
			want:      provider.Undeliverable,
		},
		"200 is a failure here": {
			reply:     reply{status: 200, header: http.Header{"Retry-After": {"30"}}},
			responses: []ResponseClass{{200, "Throttled"}},
			wantErr:   &provider.Error{Class: provider.Throttled, Message: "the service answered with status 200 (OK)", RetryAfter: 30 * time.Second},
		},
		"402 means wait, by configuration": {
			reply:     reply{status: 402},
			responses: []ResponseClass{{402, "Transient"}},
			wantErr:   &provider.Error{Class: provider.Transient, Message: "the service answered with status 402 (Payment Required)"},
		},
		"402 otherwise": {
			reply:   reply{status: 402, body: `secret-remote-word`},
			wantErr: &provider.Error{Class: provider.Config, Message: "the service answered with status 402 (Payment Required): check the Integration's url, method and mapping"},
		},
		"too costly": {
			reply:   reply{body: `{"l":[` + strings.Repeat(`1,`, 2000) + `1]}`},
			result:  `response.body.l.all(a, response.body.l.all(b, a == b)) ? "Role" : response.body.l.all(a, response.body.l.all(b, a + b > 0)) ? "Role" : "Unknown"`,
			wantErr: &provider.Error{Class: provider.Transient, Message: "spec.http.verify.result takes too long to evaluate: make it simpler"},
			want:    "",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := against(t, tc.reply, func(c *Config) {
				if tc.result != "" {
					c.Verify.Result = tc.result
				}
				c.Verify.Responses = tc.responses
			})
			got, err := p.Verifier.Verify(t.Context(), provider.Submission{Email: "ada@example.com"})
			if got.Verdict != tc.want {
				t.Errorf("got %q, want %q", got.Verdict, tc.want)
			}
			if diff := cmp.Diff(tc.wantErr, providertest.Failure(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLocate(t *testing.T) {
	t.Parallel()
	noCountry := &provider.Error{Class: provider.Transient, Message: "spec.http.locate.result gives something else than a country: " +
		"two letters (ISO 3166-1 alpha-2), or nothing"}
	cases := map[string]struct {
		body    string
		want    string
		wantErr *provider.Error
	}{
		"capitals":     {body: `{"country":"GB"}`, want: "GB"},
		"small":        {body: `{"country":"gb"}`, want: "GB"},
		"nothing":      {body: `{"country":""}`},
		"null":         {body: `{"country":null}`},
		"a name":       {body: `{"country":"Germany"}`, wantErr: noCountry},
		"three":        {body: `{"country":"DEU"}`, wantErr: noCountry},
		"digits":       {body: `{"country":"T1"}`, wantErr: noCountry},
		"punctuation":  {body: `{"country":"@["}`, wantErr: noCountry},
		"not ASCII":    {body: `{"country":"ä"}`, wantErr: noCountry},
		"a number":     {body: `{"country":49}`, wantErr: noCountry},
		"not the case": {body: `{}`, wantErr: &provider.Error{Class: provider.Transient, Message: "spec.http.locate.result:1:14 does not fit the service's answer"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := against(t, reply{body: tc.body}).Locator.Locate(t.Context(), provider.Submission{Email: "ada@example.com"})
			if got.Country != tc.want {
				t.Errorf("got %q, want %q", got.Country, tc.want)
			}
			if diff := cmp.Diff(tc.wantErr, providertest.Failure(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUpsertReceipt(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		reply     reply
		result    string
		responses []ResponseClass
		want      provider.Receipt
		wantErr   *provider.Error
	}{
		"id and flag":        {reply: reply{body: `{"id":"51","unsubscribed":true}`}, want: provider.Receipt{RemoteID: "51", Suppressed: true}},
		"a number":           {reply: reply{body: `{"id":12345678901234567,"unsubscribed":false}`}, want: provider.Receipt{RemoteID: "12345678901234567"}},
		"a number, as text":  {reply: reply{body: `{"id":12345678901234567,"unsubscribed":false}`}, result: `string(response.body.id)`, want: provider.Receipt{RemoteID: "12345678901234567"}},
		"nulls":              {reply: reply{body: `{"id":null,"unsubscribed":null}`}},
		"204":                {reply: reply{status: 204}},
		"200 without a body": {reply: reply{body: " \n"}},
		"too long an id":     {reply: reply{body: `{"id":"` + strings.Repeat("x", 257) + `","unsubscribed":false}`}},
		"the longest id":     {reply: reply{body: `{"id":"` + strings.Repeat("x", 256) + `","unsubscribed":false}`}, want: provider.Receipt{RemoteID: strings.Repeat("x", 256)}},
		"no plain text":      {reply: reply{body: `{"id":"a\nb","unsubscribed":false}`}},
		"the id of who is there": {
			reply:     reply{status: 409, body: `{"existing":"51","unsubscribed":false}`},
			result:    `response.status == 409 ? response.body.existing : response.body.id`,
			responses: []ResponseClass{{409, "Success"}},
			want:      provider.Receipt{RemoteID: "51"},
		},
		"409 otherwise": {
			reply:   reply{status: 409},
			wantErr: &provider.Error{Class: provider.Conflict, Message: "the service answered with status 409 (Conflict)"},
		},
		"207 that holds a failure": {
			reply:     reply{status: 207, body: `{"errors":["secret-remote-word"]}`},
			responses: []ResponseClass{{207, "Invalid"}},
			wantErr:   &provider.Error{Class: provider.Invalid, Message: "the service answered with status 207 (Multi-Status)"},
		},
		"200 that holds a failure": {
			reply:   reply{body: `{"ok":false,"error":"secret-remote-word"}`},
			wantErr: &provider.Error{Class: provider.Transient, Message: "spec.http.upsert.result:1:14 does not fit the service's answer"},
		},
		"a list for an id": {
			reply:   reply{body: `{"id":["51"],"unsubscribed":false}`},
			wantErr: &provider.Error{Class: provider.Transient, Message: "spec.http.upsert.result gives something else than an id: a string, a whole number or nothing"},
		},
		"a text for a flag": {
			reply:   reply{body: `{"id":"51","unsubscribed":"yes"}`},
			wantErr: &provider.Error{Class: provider.Transient, Message: "spec.http.upsert.suppressed gives something else than true or false"},
		},
		"a page": {
			reply:   reply{body: `<html>`},
			wantErr: &provider.Error{Class: provider.Transient, Message: "the service's answer is not JSON, which spec.http.upsert.result reads"},
		},
		"a header that is not there": { // no empty body makes up for it: the header should have been there
			reply:   reply{status: 201, body: `{"unsubscribed":false}`},
			result:  `response.headers["location"]`,
			wantErr: &provider.Error{Class: provider.Transient, Message: "spec.http.upsert.result:1:17 does not fit the service's answer"},
		},
		"423 is not listed": {
			reply:     reply{status: 423, header: http.Header{"Retry-After": {"2"}}},
			responses: []ResponseClass{{423, "Transient"}},
			wantErr:   &provider.Error{Class: provider.Transient, Message: "the service answered with status 423 (Locked)", RetryAfter: 2 * time.Second},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := against(t, tc.reply, func(c *Config) {
				if tc.result != "" {
					c.Upsert.Result = tc.result
				}
				c.Upsert.Responses = tc.responses
			})
			r, err := p.Upserter.Render(provider.Contact{Email: "ada@example.com"})
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.Upserter.Upsert(t.Context(), r)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tc.wantErr, providertest.Failure(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestErase(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		status    int
		responses []ResponseClass
		wantClass provider.Class
	}{
		"done":                  {status: 204},
		"not there":             {status: 404},
		"gone":                  {status: 410},
		"404 by configuration":  {status: 404, responses: []ResponseClass{{404, "Config"}}, wantClass: provider.Config},
		"410 stays with it":     {status: 410, responses: []ResponseClass{{404, "Config"}}},
		"the service is not up": {status: 503, wantClass: provider.Transient},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := against(t, reply{status: tc.status}, func(c *Config) { c.Erase.Responses, c.Erase.Kept = tc.responses, "backups, for 30 days" })
			erased, err := p.Eraser.Erase(t.Context(), provider.Request{Key: "ada@example.com"})
			if want := map[bool]string{true: "backups, for 30 days"}[tc.wantClass == ""]; erased.Kept != want {
				t.Errorf("kept: %q, want %q", erased.Kept, want)
			}
			if tc.wantClass == "" && err != nil || tc.wantClass != "" && providertest.Failure(err).Class != tc.wantClass {
				t.Errorf("got %v, want class %q", err, tc.wantClass)
			}
		})
	}
	t.Run("nobody is named", func(t *testing.T) {
		t.Parallel()
		_, err := against(t, reply{}).Eraser.Erase(t.Context(), provider.Request{})
		var e *provider.Error
		if !errors.As(err, &e) || e.Class != provider.Invalid {
			t.Errorf("got %v", err)
		}
	})
}
