package zerobounce

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/verification"
)

// The bounds of the time that ZeroBounce gives a mail server.
const (
	leastPatience = 3 * time.Second
	mostPatience  = 60 * time.Second
)

// account makes the calls to one ZeroBounce account.
type account struct {
	client *http.Client
	base   string
	key    string
}

// Verify implements provider.Verifier.
func (a *account) Verify(ctx context.Context, s provider.Submission) (provider.Verification, error) {
	// ip_address has to be there. It stays blank: where the visitor sits is none of the verifier's business.
	query := url.Values{"email": {s.Email}, "ip_address": {""}}
	if patience := verification.Patience(ctx, leastPatience, mostPatience); patience > 0 {
		query.Set("timeout", strconv.Itoa(int(patience/time.Second)))
	}
	res, err := a.get(ctx, "/validate", query)
	if err != nil {
		return provider.Verification{}, err
	}
	var found answer
	if !verification.Object(res.Body, &found) {
		return provider.Verification{}, verification.Unreadable(vendor, urlField)
	}
	switch {
	case found.Error != nil: // before everything else
		return provider.Verification{}, a.whyRefused(ctx)
	case found.Status == "":
		return provider.Verification{}, verification.Unreadable(vendor, urlField)
	}
	return found.judge(s.Email), nil
}

// CheckHealth implements provider.HealthChecker. It costs no credit.
func (a *account) CheckHealth(ctx context.Context) error {
	credits, err := a.credits(ctx)
	switch {
	case err != nil:
		return err
	case credits < 0:
		return errKey()
	case credits == 0:
		return errCredits()
	}
	return nil
}

// whyRefused tells a wrong key from an account without credits: ZeroBounce answers the same to both. Where that can't be found
// out, both are said.
func (a *account) whyRefused(ctx context.Context) error {
	credits, err := a.credits(ctx)
	switch {
	case err == nil && credits < 0:
		return errKey()
	case err == nil && credits == 0:
		return errCredits()
	}
	return provider.Errorf(provider.Auth,
		"ZeroBounce does not take the API key, or the account has no credits left: renew the Secret in spec.zerobounce.keySecretRef, or buy credits")
}

func errKey() *provider.Error {
	return provider.Errorf(provider.Auth, "ZeroBounce does not take the API key: renew the Secret in spec.zerobounce.keySecretRef")
}

func errCredits() *provider.Error {
	return provider.Errorf(provider.Auth, "the ZeroBounce account has no credits left: buy some; addresses wait meanwhile, and go on within minutes of it")
}

// credits is how many credits the account has left, -1 when the key is wrong.
func (a *account) credits(ctx context.Context) (int64, error) {
	res, err := a.get(ctx, "/getcredits", url.Values{})
	if err != nil {
		return 0, err
	}
	var body struct {
		Credits json.RawMessage `json:"Credits"` // a number in quotes
	}
	if !verification.Object(res.Body, &body) {
		return 0, verification.Unreadable(vendor, urlField)
	}
	text := string(body.Credits)
	if unquoted, err := strconv.Unquote(text); err == nil {
		text = unquoted
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, verification.Unreadable(vendor, urlField)
	}
	return n, nil
}

// get makes a call that has to be answered with success.
func (a *account) get(ctx context.Context, path string, query url.Values) (httpx.Response, error) {
	query.Set("api_key", a.key)
	res, err := httpx.Exchange{Method: http.MethodGet, URL: a.base + path + "?" + query.Encode()}.Do(ctx, a.client)
	if err == nil && res.Status/100 != 2 {
		err = refusal(res)
	}
	return res, err
}

const (
	// throttleLasts is the shortest time for which ZeroBounce locks out who asks too fast.
	throttleLasts = time.Minute
	// blockLasts is how long to keep away from what may be one of its longer blocks, which last up to an hour, and a day.
	blockLasts = 10 * time.Minute
)

// refusal classifies an answer that is no success.
func refusal(res httpx.Response) *provider.Error {
	switch res.Status {
	case http.StatusBadRequest:
		// A hundred wrong requests in a minute cost an hour. So the first stops the link; if it was about one address alone, the
		// next that is taken shows that.
		return provider.Errorf(provider.Config, "ZeroBounce calls the request wrong (status 400)")
	case http.StatusForbidden:
		return &provider.Error{
			Class: provider.Transient, RetryAfter: max(res.RetryAfter, blockLasts),
			Message: "ZeroBounce keeps us out (status 403): its API shield, or a block for too many wrong calls; look into the account",
		}
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return verification.NoAPI(vendor, urlField, res)
	case http.StatusTooManyRequests:
		e := &provider.Error{Class: provider.Throttled, RetryAfter: res.RetryAfter, Message: "ZeroBounce asks for fewer calls (status 429)"}
		if e.RetryAfter == 0 {
			e.RetryAfter = throttleLasts
		}
		return e
	}
	class, _ := httpx.Classify(res.Status)
	return httpx.StatusError(class, res)
}
