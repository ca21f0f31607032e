package reacher_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

// reply is the answer of a scripted Reacher.
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
	unreadable := &provider.Error{Class: provider.Transient, Message: "the answer is not one of Reacher's API: check that spec.reacher.url leads there, and what stands between"}
	wrongSecret := &provider.Error{Class: provider.Auth, Message: "Reacher does not take the secret (status 400): the Secret in spec.reacher.headerSecretRef has to hold what RCH__HEADER_SECRET is there"}
	throttled := func(wait time.Duration) *provider.Error {
		return &provider.Error{Class: provider.Throttled, RetryAfter: wait, Message: "Reacher's own limit is reached (status 429): raise max_requests_per_… there, or lower limits.rate"}
	}
	plain := func(class provider.Class, message string) *provider.Error {
		return &provider.Error{Class: class, Message: message}
	}
	notThere := func(status string) *provider.Error {
		return plain(provider.Config, "there is no API of Reacher at spec.reacher.url (status "+status+"): give the address that the documentation of this provider names")
	}
	cases := map[string]struct {
		reply      reply
		want       *provider.Error
		wantHealth *provider.Error
	}{
		"a page":                      {reply{body: "<html>"}, unreadable, unreadable},
		"nothing":                     {reply{}, unreadable, unreadable},
		"null":                        {reply{body: "null"}, unreadable, unreadable},
		"no verdict":                  {reply{body: `{"syntax":{"is_valid_syntax":true}}`}, unreadable, unreadable},
		"no syntax":                   {reply{body: `{"is_reachable":"safe"}`}, unreadable, unreadable},
		"another type":                {reply{body: `{"is_reachable":1}`}, unreadable, unreadable},
		"400 of its own":              {reply{status: 400, body: `{"error":"to_email field is required."}`}, plain(provider.Invalid, "Reacher does not look at this address (status 400)"), nil},
		"400, the secret is missing":  {reply{status: 400, body: `Missing request header "x-reacher-secret"`}, wrongSecret, wrongSecret},
		"400, the secret is wrong":    {reply{status: 400, body: `Invalid request header "x-reacher-secret"`}, wrongSecret, wrongSecret},
		"401 of a proxy":              {reply{status: 401}, plain(provider.Auth, "the service answered with status 401 (Unauthorized): check the credentials and what they allow"), plain(provider.Auth, "the service answered with status 401 (Unauthorized): check the credentials and what they allow")},
		"403 of a proxy":              {reply{status: 403}, plain(provider.Auth, "the service answered with status 403 (Forbidden): check the credentials and what they allow"), plain(provider.Auth, "the service answered with status 403 (Forbidden): check the credentials and what they allow")},
		"404":                         {reply{status: 404}, notThere("404"), notThere("404")},
		"405":                         {reply{status: 405}, notThere("405"), notThere("405")},
		"411":                         {reply{status: 411}, plain(provider.Config, "the service answered with status 411 (Length Required): check the Integration's url, method and mapping"), plain(provider.Config, "the service answered with status 411 (Length Required): check the Integration's url, method and mapping")},
		"413":                         {reply{status: 413}, plain(provider.Invalid, "the service answered with status 413 (Request Entity Too Large)"), plain(provider.Invalid, "the service answered with status 413 (Request Entity Too Large)")},
		"429, seconds":                {reply{status: 429, body: `{"error":"Rate limit per minute exceeded, please wait 12.3s"}`}, throttled(12300 * time.Millisecond), throttled(12300 * time.Millisecond)},
		"429, milliseconds":           {reply{status: 429, body: `{"error":"Rate limit per second exceeded, please wait 345.678901ms"}`}, throttled(345678901), throttled(345678901)},
		"429, microseconds":           {reply{status: 429, body: `{"error":"Rate limit per second exceeded, please wait 12.5µs"}`}, throttled(12500), throttled(12500)},
		"429, most of a day":          {reply{status: 429, body: `{"error":"Rate limit per day exceeded, please wait 80000.25s"}`}, throttled(time.Hour), throttled(time.Hour)},
		"429, other words":            {reply{status: 429, body: `{"error":"wait a bit"}`}, throttled(0), throttled(0)},
		"429, a number that is none":  {reply{status: 429, body: `{"error":"please wait 1.2.3s"}`}, throttled(0), throttled(0)},
		"429 of a proxy":              {reply{status: 429, header: map[string]string{"Retry-After": "7"}, body: "slow down"}, throttled(7 * time.Second), throttled(7 * time.Second)},
		"500, the storage fails":      {reply{status: 500, body: `{"error":"storage"}`}, plain(provider.Transient, "the service answered with status 500 (Internal Server Error)"), plain(provider.Transient, "the service answered with status 500 (Internal Server Error)")},
		"500, no reply of the worker": {reply{status: 500, body: `{"error":"Failed to get a reply from the worker."}`}, plain(provider.Transient, "the service answered with status 500 (Internal Server Error)"), plain(provider.Transient, "the service answered with status 500 (Internal Server Error)")},
		"503 with a wait":             {reply{status: 503, header: map[string]string{"Retry-After": "7"}}, &provider.Error{Class: provider.Transient, Message: "the service answered with status 503 (Service Unavailable)", RetryAfter: 7 * time.Second}, &provider.Error{Class: provider.Transient, Message: "the service answered with status 503 (Service Unavailable)", RetryAfter: 7 * time.Second}},
		"a redirect":                  {reply{status: 308, header: map[string]string{"Location": "/x"}}, plain(provider.Config, "the service answered with status 308 (Permanent Redirect), a redirect, which is not followed: give the url that it leads to"), plain(provider.Config, "the service answered with status 308 (Permanent Redirect), a redirect, which is not followed: give the url that it leads to")},
		"a verdict for a health call": {reply{body: `{"is_reachable":"invalid","syntax":{"is_valid_syntax":false}}`}, nil, unreadable},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := connect(t, tc.reply, secret)
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

// What the bodies of an answer lead to that the stand-in does not give.
func TestBodies(t *testing.T) {
	t.Parallel()
	const (
		good   = `"syntax":{"is_valid_syntax":true,"suggestion":null}`
		noMisc = `"misc":{"error":{"type":"Gravatar","message":"x"}}`
		mail   = `"mx":{"accepts_mail":true,"records":["mx.example.com."]}`
		taken  = `"smtp":{"can_connect_smtp":true,"is_deliverable":true}`
	)
	is := func(verdict provider.Verdict, evidence string) provider.Verification {
		return provider.Verification{Verdict: verdict, Evidence: evidence}
	}
	cases := map[string]struct {
		reason, address, body string
		want                  provider.Verification
	}{
		"nothing is said of the person": {
			"what failed in misc says nothing of the mailbox", "ada@example.com", `{"is_reachable":"safe",` + noMisc + `,` + mail + `,` + taken + `,` + good + `}`,
			is("Deliverable", "the mail server takes the mailbox"),
		},
		"an error that is not nested": {
			"as the published description has it", "ada@example.com", `{"is_reachable":"unknown",` + mail + `,"smtp":{"type":"SmtpError","message":"x"},` + good + `}`,
			is("Unknown", "the mail server was not reached, or could not tell"),
		},
		"an error with a description": {
			"the reason is told", "ada@example.com", `{"is_reachable":"unknown",` + mail + `,"smtp":{"error":{"type":"AsyncSmtpError","message":{"a":1}},"description":"NeedsRDNS"},` + good + `}`,
			is("Unknown", "the mail server wants a reverse DNS record of Reacher's own IP address"),
		},
		"a description that is new": {
			"is not repeated", "ada@example.com", `{"is_reachable":"unknown",` + mail + `,"smtp":{"error":{"type":"x"},"description":"Quantum"},` + good + `}`,
			is("Unknown", "the mail server was not reached, or could not tell"),
		},
		"no MX answer": {
			"DNS could not tell: that is no verdict", "ada@example.com", `{"is_reachable":"unknown","mx":{"error":{"type":"ResolveError","message":"x"}},"smtp":{},` + good + `}`,
			is("Unknown", "the MX records could not be looked up"),
		},
		"not connected": {
			"Reacher calls it invalid, and has only not reached the mail server", "ada@example.com", `{"is_reachable":"invalid",` + mail + `,"smtp":{"can_connect_smtp":false,"is_deliverable":false},` + good + `}`,
			is("Unknown", "the mail server was not reached, or could not tell"),
		},
		"a word that is new": {
			"nothing is concluded from it", "ada@example.com", `{"is_reachable":"perhaps",` + mail + `,` + taken + `,` + good + `}`,
			is("Unknown", "Reacher calls it risky, and does not say why"),
		},
		"on the list": {
			"misc tells, in versions whose syntax check does not", "ada@mailinator.com", `{"is_reachable":"risky","misc":{"is_disposable":true},` + mail + `,` + taken + `,` + good + `}`,
			is("Disposable", "list of throw-away domains"),
		},
		"on our own list": {
			"the syntax check has refused it", "ada@sub.Mailinator.com", `{"is_reachable":"invalid","misc":{"is_disposable":false},"syntax":{"is_valid_syntax":false,"address":null}}`,
			is("Disposable", "list of throw-away domains"),
		},
		"a suggestion that is no address": {
			"is not shown to people", "ada@example.com", `{"is_reachable":"safe",` + mail + `,` + taken + `,"syntax":{"is_valid_syntax":true,"suggestion":"<b>x</b>"}}`,
			is("Deliverable", "the mail server takes the mailbox"),
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ask(t, connect(t, reply{body: tc.body}, secret), tc.address)
			if diff := cmp.Diff(tc.want, got); err != nil || diff != "" {
				t.Errorf("%s: %v\n%s", tc.reason, err, diff)
			}
		})
	}
}
