package kickbox

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/verification"
)

// The bounds of the time that Kickbox gives a mail server. Left to itself it takes six seconds.
const (
	leastPatience = time.Second
	mostPatience  = 30 * time.Second
)

// account makes the calls to one Kickbox account.
type account struct {
	client  *http.Client
	base    string
	key     string
	sandbox bool
}

// Verify implements provider.Verifier.
func (a *account) Verify(ctx context.Context, s provider.Submission) (provider.Verification, error) {
	query := url.Values{"email": {s.Email}}
	if patience := verification.Patience(ctx, leastPatience, mostPatience); patience > 0 {
		query.Set("timeout", strconv.Itoa(int(patience/time.Millisecond)))
	}
	res, err := a.get(ctx, "/v2/verify?"+query.Encode())
	if err != nil {
		return provider.Verification{}, err
	}
	var found answer
	if !verification.Object(res.Body, &found) {
		return provider.Verification{}, verification.Unreadable(vendor, urlField)
	}
	switch {
	case found.Success != nil && !*found.Success:
		if outOfCredits(res) {
			return provider.Verification{}, errCredits()
		}
		return provider.Verification{}, provider.Errorf(provider.Transient, "Kickbox says that it did not succeed (status 200): look into the account if it goes on")
	case found.Result == "":
		return provider.Verification{}, verification.Unreadable(vendor, urlField)
	}
	return found.judge(s.Email), nil
}

// CheckHealth implements provider.HealthChecker. It costs no credit.
func (a *account) CheckHealth(ctx context.Context) error {
	res, err := a.get(ctx, "/v2/balance")
	if err != nil {
		return err
	}
	var body struct {
		Balance *float64 `json:"balance"`
	}
	switch {
	case !verification.Object(res.Body, &body), body.Balance == nil:
		return verification.Unreadable(vendor, urlField)
	case *body.Balance <= 0 && !a.sandbox: // the sandbox takes none
		return errCredits()
	}
	return nil
}

// outOfCredits tells whether an answer says that there are none left.
func outOfCredits(res httpx.Response) bool {
	balance, err := strconv.ParseFloat(res.Header.Get("X-Kickbox-Balance"), 64)
	return err == nil && balance <= 0
}

func errCredits() *provider.Error {
	return provider.Errorf(provider.Auth, "the Kickbox account has no credits left: buy some; addresses wait meanwhile, and go on within minutes of it")
}

// get makes a call that has to be answered with success.
func (a *account) get(ctx context.Context, path string) (httpx.Response, error) {
	res, err := httpx.Exchange{
		Method: http.MethodGet, URL: a.base + path, Header: map[string]string{"Authorization": "Bearer " + a.key},
	}.Do(ctx, a.client)
	if err == nil && res.Status/100 != 2 {
		err = refusal(res)
	}
	return res, err
}

// refusal classifies an answer that is no success.
func refusal(res httpx.Response) *provider.Error {
	switch res.Status {
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden:
		if outOfCredits(res) {
			return errCredits()
		}
		return provider.Errorf(provider.Auth,
			"Kickbox refuses the API key (status %d): it is wrong, lacks the permission to verify, or the account has no credits left; renew the Secret in spec.kickbox.keySecretRef, or buy credits",
			res.Status)
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return verification.NoAPI(vendor, urlField, res)
	case http.StatusTooManyRequests:
		// More than 25 at a time, or more than 8,000 in a minute: it does not say which.
		return &provider.Error{
			Class: provider.Throttled, RetryAfter: res.RetryAfter,
			Message: "Kickbox asks for fewer calls (status 429): if it goes on, lower limits.concurrentCalls or limits.rate",
		}
	}
	class, _ := httpx.Classify(res.Status)
	return httpx.StatusError(class, res)
}
