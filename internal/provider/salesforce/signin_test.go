package salesforce_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/hack/sandbox/salesforce"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
	adapter "github.com/contact-operator/contact-operator/internal/provider/salesforce"
)

// expired is how an ended session is answered.
func expired() reply {
	return reply{Status: 401, Body: `[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]`}
}

// Every answer that a sign-in is known to get.
func TestSignInClassifies(t *testing.T) {
	t.Parallel()
	oauth := func(status int, code string) reply {
		return reply{Status: status, Body: `{"error":"` + code + `","error_description":"secret-value"}`}
	}
	const (
		credentials = "Salesforce does not take the app's credentials: check spec.salesforce.clientID and the Secret"
		offered     = "Salesforce does not offer this sign-in: give the org's My Domain as spec.salesforce.url, not the login host, and enable the flow and the scope api in the app"
		unreadable  = "the answer is not one of Salesforce's API: check that spec.salesforce.url is the org's My Domain, and what stands between"
		away        = "Salesforce can't sign anybody in now"
		grant       = "Salesforce refuses the sign-in: for client credentials set the app's Run As user; for a JWT check user, audience and certificate, that the user is approved for the app, and this node's clock"
	)
	type e = provider.Error
	cases := map[string]struct {
		reply reply
		want  e
	}{
		"an unknown app":             {oauth(400, "invalid_client_id"), e{Class: provider.Auth, Message: credentials}},
		"another secret":             {oauth(400, "invalid_client"), e{Class: provider.Auth, Message: credentials}},
		"another secret, as a 401":   {oauth(401, "invalid_client"), e{Class: provider.Auth, Message: credentials}},
		"no Run As user":             {oauth(400, "invalid_grant"), e{Class: provider.Auth, Message: grant}},
		"a flow that is off":         {oauth(400, "unsupported_grant_type"), e{Class: provider.Auth, Message: offered}},
		"a scope":                    {oauth(400, "invalid_scope"), e{Class: provider.Auth, Message: offered}},
		"an inactive user":           {oauth(400, "inactive_user"), e{Class: provider.Auth, Message: "the user that calls are made as is inactive at Salesforce: activate it, or take another one"}},
		"an inactive org":            {oauth(400, "inactive_org"), e{Class: provider.Auth, Message: "the Salesforce org is locked, closed or suspended"}},
		"too many":                   {oauth(400, "rate_limit_exceeded"), e{Class: provider.Throttled, Message: "too many sign-ins at Salesforce", RetryAfter: 10 * time.Minute}},
		"a failure of theirs":        {oauth(400, "unknown_error"), e{Class: provider.Transient, Message: away}},
		"another failure":            {oauth(503, "temporarily_unavailable"), e{Class: provider.Transient, Message: away}},
		"a new code":                 {oauth(400, "new_code"), e{Class: provider.Auth, Message: "Salesforce refuses the sign-in without a reason that is known here: check spec.salesforce and the app"}},
		"the login host is away":     {reply{Status: 503}, e{Class: provider.Transient, Message: "the service answered with status 503 (Service Unavailable)"}},
		"another address":            {reply{Status: 404}, e{Class: provider.Config, Message: "there is no sign-in at spec.salesforce.url (status 404): give the org's My Domain"}},
		"a redirect":                 {reply{Status: 302}, e{Class: provider.Config, Message: "the service answered with status 302 (Found), a redirect, which is not followed: give the url that it leads to"}},
		"a page":                     {reply{Body: "<html>"}, e{Class: provider.Transient, Message: unreadable}},
		"no instance":                {reply{Body: `{"access_token":"x"}`}, e{Class: provider.Transient, Message: unreadable}},
		"a token that can't be sent": {reply{Body: `{"access_token":"x\ny","instance_url":"BASE"}`}, e{Class: provider.Transient, Message: unreadable}},
		"an instance that is none":   {reply{Body: `{"access_token":"x","instance_url":"ftp://secret"}`}, e{Class: provider.Config, Message: "the instance_url that Salesforce gives: its scheme has to be http or https"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play(t, script{tokenCall: {tc.reply}})
			err := p.Health.CheckHealth(t.Context())
			if diff := cmp.Diff(&tc.want, providertest.Failure(err)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]string{tokenCall}, p.Calls()); diff != "" {
				t.Error(diff)
			}
			if err != nil && strings.Contains(err.Error(), "secret-value") {
				t.Errorf("the error repeats what Salesforce said: %v", err)
			}
		})
	}
}

// A session that has ended is had anew, once; one that is refused as it comes is the credentials' fault.
func TestSessionEnds(t *testing.T) {
	t.Parallel()
	left := reply{Body: `{"sobjects":"/services/data/v62.0/sobjects"}`}
	cases := map[string]struct {
		script    script
		wantCalls []string
		wantClass provider.Class
	}{
		"once": {
			script{tokenCall: {signedIn("1"), signedIn("2")}, healthCall: {expired(), left}},
			[]string{tokenCall, healthCall, tokenCall, healthCall, describeCall},
			"",
		},
		"at once again": {
			script{tokenCall: {signedIn("1"), signedIn("2")}, healthCall: {expired()}},
			[]string{tokenCall, healthCall, tokenCall, healthCall},
			provider.Auth,
		},
		"and the login host is away": {
			script{tokenCall: {signedIn("1"), {Status: 503}}, healthCall: {expired()}},
			[]string{tokenCall, healthCall, tokenCall},
			provider.Transient,
		},
		"and the app is gone": {
			script{tokenCall: {signedIn("1"), {Status: 400, Body: `{"error":"invalid_client_id"}`}}, healthCall: {expired()}},
			[]string{tokenCall, healthCall, tokenCall},
			provider.Auth,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play(t, tc.script)
			err := p.Health.CheckHealth(t.Context())
			if (err == nil) != (tc.wantClass == "") || err != nil && providertest.Failure(err).Class != tc.wantClass {
				t.Errorf("got %v, want class %q", err, tc.wantClass)
			}
			if diff := cmp.Diff(tc.wantCalls, p.Calls()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A session that was refused as it came is not tried again.
func TestARefusedSessionIsForgotten(t *testing.T) {
	t.Parallel()
	p := play(t, script{
		tokenCall:  {signedIn("1"), signedIn("2"), signedIn("3")},
		healthCall: {expired(), expired(), {Body: `{"sobjects":"/services/data/v62.0/sobjects"}`}},
	})
	for i, wantClass := range []provider.Class{provider.Auth, ""} {
		err := p.Health.CheckHealth(t.Context())
		if (err == nil) != (wantClass == "") || err != nil && providertest.Failure(err).Class != wantClass {
			t.Errorf("call %d: got %v, want class %q", i, err, wantClass)
		}
	}
	if diff := cmp.Diff([]string{tokenCall, healthCall, tokenCall, healthCall, tokenCall, healthCall, describeCall}, p.Calls()); diff != "" {
		t.Error(diff)
	}
}

// gate is the way to a Salesforce that holds sign-ins back until it is told to let them go. It makes no connection, so that a test
// knows when everybody waits.
type gate struct {
	org    org
	signed atomic.Int64
	closed atomic.Pointer[chan struct{}] // nil: sign-ins pass
}

func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/token") {
		g.signed.Add(1)
		if closed := g.closed.Load(); closed != nil {
			select {
			case <-*closed:
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		}
	}
	served := r.Clone(r.Context())
	if served.Body == nil {
		served.Body = http.NoBody
	}
	served.Host = r.URL.Host
	w := httptest.NewRecorder()
	g.org.ServeHTTP(w, served)
	return w.Result(), nil
}

// holdBack closes the gate until the function that it returns is called.
func (g *gate) holdBack() (release func()) {
	closed := make(chan struct{})
	g.closed.Store(&closed)
	return func() {
		g.closed.Store(nil)
		close(closed)
	}
}

func through(t *testing.T, g *gate, now provider.Clock, change ...func(*adapter.Config)) provider.Provider {
	t.Helper()
	p, err := adapter.FactoryAt(now).New(provider.Settings{
		Spec: spec("http://salesforce.example", change...), HTTP: &http.Client{Transport: g},
		Secrets: map[provider.Ref]string{secretRef(): secret, keyRef(): pemOf(keyPair())},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// However many calls find the session ended, one signs in, and all go on with what it got.
func TestOneSignsInForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := &gate{org: newOrg(salesforce.Options{SessionLasts: time.Hour})}
		p := through(t, g, time.Now)
		for round := int64(1); round <= 3; round++ {
			release := g.holdBack()
			var all sync.WaitGroup
			for range 16 {
				all.Go(func() {
					if err := p.Health.CheckHealth(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			synctest.Wait()
			release()
			all.Wait()
			if n := g.signed.Load(); n != round {
				t.Errorf("%d sign-ins after round %d, want as many", n, round)
			}
			<-time.After(2 * time.Hour) // by the clock of the bubble
		}
	})
}

// Credentials that are refused are sent once, not by each of those who wait: Salesforce locks out who insists.
func TestARefusalIsForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := &gate{org: newOrg(salesforce.Options{})}
		g.org.sandbox.SetToken(server.Salesforce, "another")
		p := through(t, g, time.Now)
		release := g.holdBack()
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if err := p.Health.CheckHealth(t.Context()); providertest.Failure(err) == nil || providertest.Failure(err).Class != provider.Auth {
					t.Errorf("got %v", err)
				}
			})
		}
		synctest.Wait()
		release()
		all.Wait()
		if n := g.signed.Load(); n != 1 {
			t.Errorf("%d sign-ins with credentials that are refused, want 1", n)
		}
		g.org.sandbox.SetToken(server.Salesforce, secret)
		if err := p.Health.CheckHealth(t.Context()); err != nil {
			t.Errorf("mended at Salesforce: %v", err)
		}
	})
}

// Who gives up while signing in does not take the others along.
func TestACancelledSignInIsNobodyElses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := &gate{org: newOrg(salesforce.Options{})}
		p := through(t, g, time.Now)
		release := g.holdBack()
		ctx, cancel := context.WithCancel(t.Context())
		first, second := make(chan error, 1), make(chan error, 1)
		go func() { first <- p.Health.CheckHealth(ctx) }()
		synctest.Wait()
		go func() { second <- p.Health.CheckHealth(t.Context()) }()
		synctest.Wait()
		cancel()
		if err := <-first; providertest.Failure(err) == nil || providertest.Failure(err).Class != provider.Transient || !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		release()
		if err := <-second; err != nil || g.signed.Load() != 2 {
			t.Errorf("got %v, %d sign-ins", err, g.signed.Load())
		}
	})
}

// Who waits for somebody else's sign-in keeps a deadline.
func TestWaitingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := &gate{org: newOrg(salesforce.Options{})}
		p := through(t, g, time.Now)
		release := g.holdBack()
		first := make(chan error, 1)
		go func() { first <- p.Health.CheckHealth(t.Context()) }()
		synctest.Wait()
		late, done := context.WithTimeout(t.Context(), time.Second)
		defer done()
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		for reason, ctx := range map[string]context.Context{"a deadline": late, "a cancellation": gone} {
			err := p.Health.CheckHealth(ctx)
			if providertest.Failure(err) == nil || providertest.Failure(err).Class != provider.Transient || !errors.Is(err, ctx.Err()) {
				t.Errorf("%s: got %v", reason, err)
			}
		}
		release()
		if err := <-first; err != nil || g.signed.Load() != 1 {
			t.Errorf("got %v, %d sign-ins", err, g.signed.Load())
		}
	})
}

// An assertion says who, for whom and until when.
func TestAssertion(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		audience, want string
	}{"of My Domain": {"", "BASE/salesforce"}, "of the login host": {"https://test.salesforce.com", "https://test.salesforce.com"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play(t, script{healthCall: {{Body: `{"sobjects":"/services/data/v62.0/sobjects"}`}}})
			p.Provider = connect(t, p.URL, func() time.Time { return now }, byJWT, func(c *adapter.Config) { c.JWT.Audience = tc.audience })
			if err := p.Health.CheckHealth(t.Context()); err != nil {
				t.Fatal(err)
			}
			form, err := url.ParseQuery(p.Body(tokenCall))
			if err != nil || form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" || form.Has("client_secret") {
				t.Errorf("got %v, %v", form, err)
			}
			claims, err := base64.RawURLEncoding.DecodeString(strings.Split(form.Get("assertion"), ".")[1])
			if err != nil {
				t.Fatal(err)
			}
			want := `{"iss":"` + salesforce.ClientID + `","sub":"` + salesforce.User + `","aud":"` + strings.ReplaceAll(tc.want, "BASE", p.URL) + `","exp":` + strconv.FormatInt(now.Unix()+180, 10) + `}`
			if diff := cmp.Diff(providertest.JSON(t, want), providertest.JSON(t, string(claims))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A node whose clock is wrong signs in all the same: by Salesforce's clock.
func TestClocksThatDiffer(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		ours      time.Time
		wantSigns int64
	}{
		"as one":          {now, 1},
		"a little slow":   {now.Add(-time.Minute), 1},
		"ten minutes off": {now.Add(10 * time.Minute), 2},
		"a day behind":    {now.Add(-24 * time.Hour), 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := &gate{org: newOrg(salesforce.Options{PublicKey: &keyPair().PublicKey, Now: func() time.Time { return now }})}
			p := through(t, g, func() time.Time { return tc.ours }, byJWT)
			if err := p.Health.CheckHealth(t.Context()); err != nil {
				t.Error(err)
			}
			if n := g.signed.Load(); n != tc.wantSigns {
				t.Errorf("%d sign-ins, want %d", n, tc.wantSigns)
			}
		})
	}
}

// Clocks that agree are no reason to try again: it is something else.
func TestAnAssertionIsRefusedOnce(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)
	for name, ours := range map[string]time.Time{"clocks that agree": now, "clocks that differ": now.Add(-time.Hour)} {
		g := &gate{org: newOrg(salesforce.Options{PublicKey: &keyPair().PublicKey, Now: func() time.Time { return now }})}
		p := through(t, g, func() time.Time { return ours }, byJWT, func(c *adapter.Config) { c.JWT.User = "nobody@example.com" })
		most := int64(1)
		if ours != now {
			most = 2
		}
		for round := int64(1); round <= 2; round++ {
			if err := p.Health.CheckHealth(t.Context()); providertest.Failure(err) == nil || providertest.Failure(err).Class != provider.Auth {
				t.Errorf("%s: got %v", name, err)
			}
			if n := g.signed.Load(); n != most+round-1 {
				t.Errorf("%s: %d sign-ins after round %d, want %d: how far the clocks are apart is known by then", name, n, round, most+round-1)
			}
		}
	}
}
