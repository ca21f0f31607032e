package kickbox_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

// reply is the answer of a scripted Kickbox.
type reply struct {
	status int
	header map[string]string
	body   string
}

func (r reply) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	for name, value := range r.header {
		w.Header().Set(name, value)
	}
	if r.status != 0 {
		w.WriteHeader(r.status)
	}
	_, _ = io.WriteString(w, r.body)
}

// What each status and body means, for a verification and for a health call.
func TestStatuses(t *testing.T) {
	t.Parallel()
	plain := func(class provider.Class, message string) *provider.Error {
		return &provider.Error{Class: class, Message: message}
	}
	unreadable := plain(provider.Transient, "the answer is not one of Kickbox's API: check that spec.kickbox.url leads there, and what stands between")
	noCredits := plain(provider.Auth, "the Kickbox account has no credits left: buy some; addresses wait meanwhile, and go on within minutes of it")
	failure := plain(provider.Transient, "Kickbox says that it did not succeed (status 200): look into the account if it goes on")
	refused := func(status string) *provider.Error {
		return plain(provider.Auth, "Kickbox refuses the API key (status "+status+"): it is wrong, lacks the permission to verify, or the account has no credits left; renew the Secret in spec.kickbox.keySecretRef, or buy credits")
	}
	throttled := func(wait time.Duration) *provider.Error {
		return &provider.Error{Class: provider.Throttled, RetryAfter: wait, Message: "Kickbox asks for fewer calls (status 429): if it goes on, lower limits.concurrentCalls or limits.rate"}
	}
	notThere := func(status string) *provider.Error {
		return plain(provider.Config, "there is no API of Kickbox at spec.kickbox.url (status "+status+"): give the address that the documentation of this provider names")
	}
	empty := map[string]string{"X-Kickbox-Balance": "0"}
	cases := map[string]struct {
		reply      reply
		want       *provider.Error
		wantHealth *provider.Error
	}{
		"a page":                      {reply{body: "<html>"}, unreadable, unreadable},
		"nothing":                     {reply{}, unreadable, unreadable},
		"null":                        {reply{body: "null"}, unreadable, unreadable},
		"neither result nor balance":  {reply{body: `{"success":true}`}, unreadable, unreadable},
		"no success":                  {reply{body: `{"success":false,"message":"x","result":"deliverable"}`}, failure, unreadable},
		"no success and no credits":   {reply{header: empty, body: `{"success":false,"message":"x"}`}, noCredits, unreadable},
		"a balance":                   {reply{body: `{"balance":1}`}, unreadable, nil},
		"a balance of nothing":        {reply{body: `{"balance":0}`}, unreadable, noCredits},
		"a balance below nothing":     {reply{body: `{"balance":-3}`}, unreadable, noCredits},
		"400":                         {reply{status: 400}, plain(provider.Invalid, "the service answered with status 400 (Bad Request)"), plain(provider.Invalid, "the service answered with status 400 (Bad Request)")},
		"401":                         {reply{status: 401}, refused("401"), refused("401")},
		"402":                         {reply{status: 402}, refused("402"), refused("402")},
		"403":                         {reply{status: 403}, refused("403"), refused("403")},
		"403 with credits":            {reply{status: 403, header: map[string]string{"X-Kickbox-Balance": "12"}}, refused("403"), refused("403")},
		"403 without credits":         {reply{status: 403, header: empty}, noCredits, noCredits},
		"404":                         {reply{status: 404}, notThere("404"), notThere("404")},
		"405":                         {reply{status: 405}, notThere("405"), notThere("405")},
		"429":                         {reply{status: 429}, throttled(0), throttled(0)},
		"429 of a proxy, with a wait": {reply{status: 429, header: map[string]string{"Retry-After": "7"}}, throttled(7 * time.Second), throttled(7 * time.Second)},
		"500":                         {reply{status: 500}, plain(provider.Transient, "the service answered with status 500 (Internal Server Error)"), plain(provider.Transient, "the service answered with status 500 (Internal Server Error)")},
		"503":                         {reply{status: 503}, plain(provider.Transient, "the service answered with status 503 (Service Unavailable)"), plain(provider.Transient, "the service answered with status 503 (Service Unavailable)")},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := connect(t, tc.reply, "", liveKey)
			_, err := ask(t, p, "ada@example.com")
			if diff := cmp.Diff(tc.want, providertest.Failure(err)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tc.wantHealth, providertest.Failure(p.Health.CheckHealth(t.Context()))); diff != "" {
				t.Errorf("health: %s", diff)
			}
		})
	}
}

// Every result with every reason and flag that the stand-in does not give.
func TestBodies(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]provider.Verification{
		`{"result":"deliverable","reason":"accepted_email","role":true}`:         {Verdict: "Role", Evidence: "deliverable: accepted_email"},
		`{"result":"deliverable","reason":"accepted_email","accept_all":true}`:   {Verdict: "AcceptAll", Evidence: "deliverable: accepted_email"},
		`{"result":"undeliverable","reason":"rejected_email","disposable":true}`: {Verdict: "Undeliverable", Evidence: "undeliverable: rejected_email"},
		`{"result":"undeliverable","reason":"invalid_domain","free":false}`:      {Verdict: "Undeliverable", Evidence: "undeliverable: invalid_domain"},
		`{"result":"undeliverable","reason":"invalid_smtp"}`:                     {Verdict: "Undeliverable", Evidence: "undeliverable: invalid_smtp"},
		`{"result":"unknown","reason":"timeout","disposable":true}`:              {Verdict: "Disposable", Evidence: "unknown: timeout"},
		`{"result":"unknown","reason":"invalid_smtp"}`:                           {Verdict: "Unknown", Evidence: "unknown: invalid_smtp"},
		`{"result":"unknown","reason":"unavailable_smtp"}`:                       {Verdict: "Unknown", Evidence: "unknown: unavailable_smtp"},
		`{"result":"unknown","reason":"unexpected_error"}`:                       {Verdict: "Unknown", Evidence: "unknown: unexpected_error"},
		`{"result":"risky","reason":null}`:                                       {Verdict: "Unknown", Evidence: "risky"},
		`{"result":"perhaps","reason":"quantum","did_you_mean":"javascript"}`:    {Verdict: "Unknown", Evidence: "a result that is new: a reason that is new"},
	} {
		got, err := ask(t, connect(t, reply{body: body}, "", liveKey), "ada@example.com")
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", body, err, diff)
		}
	}
}

// The key goes into a header, and Kickbox is told to answer before the deadline.
func TestRequest(t *testing.T) {
	t.Parallel()
	var query url.Values
	var authorization string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, authorization = r.URL.Query(), r.Header.Get("Authorization")
		_, _ = io.WriteString(w, `{"result":"deliverable"}`)
	}))
	t.Cleanup(srv.Close)
	p, err := made(srv.URL, "", liveKey)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ask(t, p, "ada+news@example.com"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(url.Values{"email": {"ada+news@example.com"}}, query); diff != "" || authorization != "Bearer "+liveKey {
		t.Errorf("credentials %q\n%s", authorization, diff)
	}
	for seconds, bounds := range map[int][2]int{2: {1000, 1000}, 10: {1000, 8000}, 3600: {30_000, 30_000}} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(seconds)*time.Second)
		if _, err := p.Verifier.Verify(ctx, provider.Submission{Email: "ada@example.com"}); err != nil {
			t.Error(err)
		}
		cancel()
		if got, err := strconv.Atoi(query.Get("timeout")); err != nil || got < bounds[0] || got > bounds[1] {
			t.Errorf("%d seconds left: told %q, want %v", seconds, query.Get("timeout"), bounds)
		}
	}
}
