package salesforce

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
)

const tokenPath = "/services/oauth2/token"

// session is a sign-in that worked. Salesforce does not say how long it lasts: it is used until it is refused.
type session struct{ token, instance string }

// signIn keeps the session that all calls share, and gets another one when that is refused: one call at a time does so.
type signIn struct {
	client *http.Client
	url    string
	grant  grant
	now    provider.Clock
	turn   chan struct{} // held by the one who signs in

	mu       sync.Mutex
	current  session
	attempts int   // sign-ins that were answered
	failure  error // of the last of them
	// skew is how far Salesforce's clock is ahead of ours, as far as that has mattered.
	skew time.Duration
}

// get returns a session that is not the refused one. Whoever has to wait for somebody else's sign-in takes its outcome for
// their own, so that a refused credential is sent once, not once for each call.
func (s *signIn) get(ctx context.Context, refused session) (session, error) {
	current, attempts := s.state()
	if current != refused && current != (session{}) {
		return current, nil
	}
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return session{}, ended(ctx)
	}
	defer func() { <-s.turn }()
	s.mu.Lock()
	current, failure, since := s.current, s.failure, s.attempts
	s.mu.Unlock()
	switch {
	case current != refused && current != (session{}):
		return current, nil
	case since != attempts && failure != nil:
		return session{}, failure
	}
	next, err := s.request(ctx)
	if err != nil && ctx.Err() != nil {
		return session{}, err // ours, not theirs who wait
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current, s.failure = next, err
	s.attempts++
	return next, err
}

func (s *signIn) state() (session, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current, s.attempts
}

// forget drops a session, unless there is another one already.
func (s *signIn) forget(refused session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == refused {
		s.current = session{}
	}
}

func ended(ctx context.Context) *provider.Error {
	message := "no answer within the deadline"
	if errors.Is(ctx.Err(), context.Canceled) {
		message = "the call was cancelled before there was an answer"
	}
	return &provider.Error{Class: provider.Transient, Message: message, Err: ctx.Err()}
}

// tolerance is how far two clocks may be apart without an assertion being refused for it.
const tolerance = 30 * time.Second

// request signs in. An assertion that is refused while the two clocks differ is dated by Salesforce's clock, once.
func (s *signIn) request(ctx context.Context) (session, error) {
	next, date, err := s.ask(ctx)
	if err == nil || date.IsZero() {
		return next, err
	}
	skew := date.Sub(s.now())
	if apart := skew - s.skew; apart.Abs() < tolerance {
		return session{}, err
	}
	s.skew = skew // by the one who has the turn
	next, _, err = s.ask(ctx)
	return next, err
}

// ask makes one call. date is Salesforce's time where a grant was refused.
func (s *signIn) ask(ctx context.Context) (next session, date time.Time, err error) {
	form, err := s.grant(s.now().Add(s.skew))
	if err != nil {
		return session{}, time.Time{}, provider.Errorf(provider.Config, "the private key of spec.salesforce.jwt can't sign: make another one")
	}
	res, err := httpx.Exchange{
		Method: http.MethodPost, URL: s.url, Body: []byte(form.Encode()),
		Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
	}.Do(ctx, s.client)
	if err != nil {
		return session{}, time.Time{}, err
	}
	if res.Status/100 != 2 {
		refused := signInRefusal(res)
		if isInvalidGrant(res) && form.Has("assertion") {
			date, _ = http.ParseTime(res.Header.Get("Date"))
		}
		return session{}, date, refused
	}
	next, err = s.read(res.Body)
	return next, time.Time{}, err
}

func (s *signIn) read(body []byte) (session, error) {
	var out struct {
		AccessToken string `json:"access_token"`
		InstanceURL string `json:"instance_url"`
	}
	if json.Unmarshal(body, &out) != nil || out.AccessToken == "" || out.InstanceURL == "" ||
		strings.ContainsFunc(out.AccessToken, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return session{}, errUnreadable()
	}
	instance, err := httpx.BaseURL("the instance_url that Salesforce gives", out.InstanceURL)
	if err != nil {
		return session{}, err
	}
	if strings.HasPrefix(s.url, "https://") && !strings.HasPrefix(instance, "https://") {
		return session{}, provider.Errorf(provider.Config, "the instance_url that Salesforce gives: it has no TLS, and spec.salesforce.url has")
	}
	return session{token: out.AccessToken, instance: instance}, nil
}

// oauthProblem is the error of a sign-in.
type oauthProblem struct {
	Error string `json:"error"`
}

func isInvalidGrant(res httpx.Response) bool {
	var p oauthProblem
	return json.Unmarshal(res.Body, &p) == nil && p.Error == "invalid_grant"
}

// signInRefusal classifies a refused sign-in by its code. What its description says may quote a user's name, and is not repeated.
func signInRefusal(res httpx.Response) *provider.Error {
	var p oauthProblem
	if json.Unmarshal(res.Body, &p) != nil {
		p = oauthProblem{}
	}
	refused := func(class provider.Class, message string) *provider.Error {
		return &provider.Error{Class: class, Message: message, RetryAfter: res.RetryAfter}
	}
	switch p.Error {
	case "invalid_client", "invalid_client_id", "invalid_client_credentials":
		return refused(provider.Auth, "Salesforce does not take the app's credentials: check spec.salesforce.clientID and the Secret")
	case "invalid_grant":
		return refused(provider.Auth, "Salesforce refuses the sign-in: for client credentials set the app's Run As user; "+
			"for a JWT check user, audience and certificate, that the user is approved for the app, and this node's clock")
	case "unsupported_grant_type", "unauthorized_client", "invalid_request", "invalid_scope":
		return refused(provider.Auth, "Salesforce does not offer this sign-in: give the org's My Domain as spec.salesforce.url, not the login host, "+
			"and enable the flow and the scope api in the app")
	case "inactive_user":
		return refused(provider.Auth, "the user that calls are made as is inactive at Salesforce: activate it, or take another one")
	case "inactive_org":
		return refused(provider.Auth, "the Salesforce org is locked, closed or suspended")
	case "rate_limit_exceeded":
		return &provider.Error{Class: provider.Throttled, Message: "too many sign-ins at Salesforce", RetryAfter: max(res.RetryAfter, signInPause)}
	case "unknown_error", "server_error", "temporarily_unavailable":
		return refused(provider.Transient, "Salesforce can't sign anybody in now")
	}
	class, _ := httpx.Classify(res.Status)
	switch {
	case res.Status == http.StatusNotFound:
		return refused(provider.Config, "there is no sign-in at spec.salesforce.url (status 404): give the org's My Domain")
	case class == provider.Invalid || class == provider.Conflict: // no record's fault
		return refused(provider.Auth, "Salesforce refuses the sign-in without a reason that is known here: check spec.salesforce and the app")
	}
	return httpx.StatusError(class, res)
}

// signInPause is how long sign-ins rest when there were too many: they are counted by the hour.
const signInPause = 10 * time.Minute
