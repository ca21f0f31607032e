package zerobounce_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

// reply is an answer of a scripted ZeroBounce.
type reply struct {
	status int
	header map[string]string
	body   string
}

// script answers each path.
type script map[string]reply

func (s script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, known := s[strings.TrimPrefix(r.URL.Path, "/zerobounce/v2/")]
	if !known {
		answer.status = http.StatusTeapot
	}
	for name, value := range answer.header {
		w.Header().Set(name, value)
	}
	if answer.status != 0 {
		w.WriteHeader(answer.status)
	}
	_, _ = io.WriteString(w, answer.body)
}

// What each status and body means.
func TestStatuses(t *testing.T) {
	t.Parallel()
	plain := func(class provider.Class, message string) *provider.Error {
		return &provider.Error{Class: class, Message: message}
	}
	unreadable := plain(provider.Transient, "the answer is not one of ZeroBounce's API: check that spec.zerobounce.url leads there, and what stands between")
	either := plain(provider.Auth, "ZeroBounce does not take the API key, or the account has no credits left: renew the Secret in spec.zerobounce.keySecretRef, or buy credits")
	noKey := plain(provider.Auth, "ZeroBounce does not take the API key: renew the Secret in spec.zerobounce.keySecretRef")
	noCredits := plain(provider.Auth, "the ZeroBounce account has no credits left: buy some; addresses wait meanwhile, and go on within minutes of it")
	kept := &provider.Error{Class: provider.Transient, RetryAfter: 10 * time.Minute, Message: "ZeroBounce keeps us out (status 403): its API shield, or a block for too many wrong calls; look into the account"}
	throttled := func(wait time.Duration) *provider.Error {
		return &provider.Error{Class: provider.Throttled, RetryAfter: wait, Message: "ZeroBounce asks for fewer calls (status 429)"}
	}
	transient := func(status string) *provider.Error {
		return plain(provider.Transient, "the service answered with status "+status)
	}
	notThere := func(status string) *provider.Error {
		return plain(provider.Config, "there is no API of ZeroBounce at spec.zerobounce.url (status "+status+"): give the address that the documentation of this provider names")
	}
	refused := reply{body: `{"error":"Invalid API key or your account ran out of credits"}`}
	cases := map[string]struct {
		validate reply
		credits  string // the answer to the look at the credits; "": it fails
		want     *provider.Error
	}{
		"a page":                          {reply{body: "<html>"}, "", unreadable},
		"nothing":                         {reply{}, "", unreadable},
		"null":                            {reply{body: "null"}, "", unreadable},
		"no status":                       {reply{body: `{"address":"ada@example.com"}`}, "", unreadable},
		"200 with an error":               {refused, "", either},
		"and the key is wrong":            {refused, `{"Credits":"-1"}`, noKey},
		"and no credits are left":         {refused, `{"Credits":"0"}`, noCredits},
		"and a number without quotes":     {refused, `{"Credits":0}`, noCredits},
		"and there are credits":           {refused, `{"Credits":"17"}`, either},
		"and credits in words":            {refused, `{"Credits":"many"}`, either},
		"and a page":                      {refused, `<html>`, either},
		"200 with an error and a verdict": {reply{body: `{"error":"x","status":"valid"}`}, `{"Credits":"-1"}`, noKey},
		"400":                             {reply{status: 400, body: `{"error":"x"}`}, "", plain(provider.Config, "ZeroBounce calls the request wrong (status 400)")},
		"401 of a proxy":                  {reply{status: 401}, "", plain(provider.Auth, "the service answered with status 401 (Unauthorized): check the credentials and what they allow")},
		"403":                             {reply{status: 403}, "", kept},
		"404":                             {reply{status: 404}, "", notThere("404")},
		"405":                             {reply{status: 405}, "", notThere("405")},
		"429":                             {reply{status: 429}, "", throttled(time.Minute)},
		"429 with a wait":                 {reply{status: 429, header: map[string]string{"Retry-After": "90"}}, "", throttled(90 * time.Second)},
		"500":                             {reply{status: 500}, "", transient("500 (Internal Server Error)")},
		"520":                             {reply{status: 520}, "", transient("520")},
		"524":                             {reply{status: 524}, "", transient("524")},
		"a redirect":                      {reply{status: 302, header: map[string]string{"Location": "/x"}}, "", plain(provider.Config, "the service answered with status 302 (Found), a redirect, which is not followed: give the url that it leads to")},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			credits := reply{body: tc.credits}
			if tc.credits == "" {
				credits.status = 500
			}
			_, err := ask(t, connect(t, script{"validate": tc.validate, "getcredits": credits}), "ada@example.com")
			if diff := cmp.Diff(tc.want, providertest.Failure(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
	for name, tc := range map[string]struct {
		reply reply
		want  *provider.Error
	}{
		"credits":        {reply{body: `{"Credits":"12345"}`}, nil},
		"a number":       {reply{body: `{"Credits":12345}`}, nil},
		"none":           {reply{body: `{"Credits":"0"}`}, noCredits},
		"a wrong key":    {reply{body: `{"Credits":"-1"}`}, noKey},
		"nothing of it":  {reply{body: `{"x":1}`}, unreadable},
		"a page":         {reply{body: `<html>`}, unreadable},
		"the API shield": {reply{status: 403}, kept},
		"too fast":       {reply{status: 429}, throttled(time.Minute)},
	} {
		if diff := cmp.Diff(tc.want, providertest.Failure(connect(t, script{"getcredits": tc.reply}).Health.CheckHealth(t.Context()))); diff != "" {
			t.Errorf("health, %s: %s", name, diff)
		}
	}
}

// What the stand-in does not answer: values that are new, and those that only an account of one's own leads to.
func TestBodies(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]provider.Verification{
		`{"status":"valid","sub_status":"gold"}`:                           {Verdict: "Deliverable", Evidence: "valid: gold"},
		`{"status":"valid","sub_status":"accept_all"}`:                     {Verdict: "Deliverable", Evidence: "valid: accept_all"},
		`{"status":"valid","sub_status":"role_based_accept_all"}`:          {Verdict: "Role", Evidence: "valid: role_based_accept_all"},
		`{"status":"valid","sub_status":"allowed"}`:                        {Verdict: "Deliverable", Evidence: "valid: allowed"},
		`{"status":"valid","sub_status":"antispam_system"}`:                {Verdict: "Deliverable", Evidence: "valid: antispam_system"},
		`{"status":"catch-all","sub_status":"role_based_catch_all"}`:       {Verdict: "Role", Evidence: "catch-all: role_based_catch_all"},
		`{"status":"invalid","sub_status":"role_based"}`:                   {Verdict: "Undeliverable", Evidence: "invalid: role_based"},
		`{"status":"invalid","sub_status":"mail_server_temporary_error"}`:  {Verdict: "Unknown", Evidence: "invalid: mail_server_temporary_error"},
		`{"status":"invalid","sub_status":"failed_smtp_connection"}`:       {Verdict: "Unknown", Evidence: "invalid: failed_smtp_connection"},
		`{"status":"do_not_mail","sub_status":"mx_forward"}`:               {Verdict: "Undeliverable", Evidence: "do_not_mail: mx_forward"},
		`{"status":"do_not_mail","sub_status":"blocked"}`:                  {Verdict: "Undeliverable", Evidence: "do_not_mail: blocked"},
		`{"status":"unknown","sub_status":""}`:                             {Verdict: "Unknown", Evidence: "unknown"},
		`{"status":"perhaps","sub_status":"quantum"}`:                      {Verdict: "Unknown", Evidence: "a status that is new: a sub status that is new"},
		`{"status":"valid","sub_status":null,"did_you_mean":"javascript"}`: {Verdict: "Deliverable", Evidence: "valid"},
		`{"status":"valid","free_email":true,"mx_found":"true"}`:           {Verdict: "Deliverable", Evidence: "valid", Mailbox: "Free"},
	} {
		got, err := ask(t, connect(t, script{"validate": {body: body}}), "ada@example.com")
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", body, err, diff)
		}
	}
}

// The visitor's address stays with us, and ZeroBounce is told to answer before the deadline.
func TestRequest(t *testing.T) {
	t.Parallel()
	var got url.Values
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.URL.Query()
		_, _ = io.WriteString(w, `{"status":"valid"}`)
	}))
	t.Cleanup(srv.Close)
	p := at(t, srv.URL)
	if _, err := ask(t, p, "ada+news@example.com"); err != nil {
		t.Fatal(err)
	}
	want := url.Values{"api_key": {key}, "email": {"ada+news@example.com"}, "ip_address": {""}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for seconds, most := range map[int]string{2: "3", 4: "3", 3600: "60"} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(seconds)*time.Second)
		if _, err := p.Verifier.Verify(ctx, provider.Submission{Email: "ada@example.com"}); err != nil {
			t.Error(err)
		}
		cancel()
		if got.Get("timeout") != most {
			t.Errorf("%d seconds left: told %q, want %q", seconds, got.Get("timeout"), most)
		}
	}
}

// The key is in the URL, and the URL is in no error: not in its text, and not in any of its causes.
func TestKeyIsInNoCause(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	p := at(t, srv.URL)
	check := func(when string, err error) {
		t.Helper()
		if err == nil {
			t.Errorf("%s: no error", when)
		}
		for ; err != nil; err = errors.Unwrap(err) {
			if text := fmt.Sprintf("%+v %#v", err, err); strings.Contains(text, key) || strings.Contains(text, "api_key") {
				t.Errorf("%s: %T tells the key: %s", when, err, text)
			}
		}
	}
	_, err := ask(t, p, "ada@example.com")
	check("the connection ends", err)
	check("the connection ends", p.Health.CheckHealth(t.Context()))
	srv.Close()
	_, err = ask(t, p, "ada@example.com")
	check("nobody listens", err)
	check("nobody listens", p.Health.CheckHealth(t.Context()))
	_, err = ask(t, at(t, "http://169.254.169.254"), "ada@example.com")
	check("an address that is refused", err)
}
