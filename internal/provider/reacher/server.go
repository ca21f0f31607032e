package reacher

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"time"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/verification"
)

const checkPath = "/v1/check_email"

// server makes the calls to one Reacher.
type server struct {
	client    *http.Client
	base      string
	secret    string // "": Reacher wants none
	throwAway map[string]struct{}
	refused   grievance
}

// Verify implements provider.Verifier.
func (s *server) Verify(ctx context.Context, about provider.Submission) (provider.Verification, error) {
	res, err := s.check(ctx, about.Email)
	switch {
	case err != nil:
		return provider.Verification{}, err
	case res.Status/100 != 2:
		return provider.Verification{}, s.refusal(res)
	}
	var a answer
	if !verification.Object(res.Body, &a) || a.Reachable == "" || a.Syntax.Valid == nil {
		return provider.Verification{}, verification.Unreadable(vendor, urlField)
	}
	v, ownFault := s.judge(a, about.Email)
	return v, s.refused.hear(v, ownFault)
}

// CheckHealth implements provider.HealthChecker. It asks after no address: Reacher refuses that, but only once it has looked at the
// secret. Its /version wants none, and would tell less.
func (s *server) CheckHealth(ctx context.Context) error {
	res, err := s.check(ctx, "")
	switch {
	case err != nil:
		return err
	case res.Status == http.StatusBadRequest && isProblem(res.Body):
		return nil
	case res.Status/100 != 2:
		return s.refusal(res)
	}
	return verification.Unreadable(vendor, urlField)
}

func (s *server) check(ctx context.Context, address string) (httpx.Response, error) {
	body, err := json.Marshal(map[string]string{"to_email": address})
	if err != nil {
		return httpx.Response{}, provider.Errorf(provider.Invalid, "the address has no form in JSON")
	}
	x := httpx.Exchange{Method: http.MethodPost, URL: s.base + checkPath, Body: body}
	if s.secret != "" {
		x.Header = map[string]string{"X-Reacher-Secret": s.secret}
	}
	return x.Do(ctx, s.client)
}

// isProblem tells whether a body is Reacher's own refusal. What its HTTP library refuses, the secret above all, is a plain text.
func isProblem(body []byte) bool {
	var p struct {
		Error *string `json:"error"`
	}
	return verification.Object(body, &p) && p.Error != nil
}

// refusal classifies an answer that is no success.
func (s *server) refusal(res httpx.Response) *provider.Error {
	switch res.Status {
	case http.StatusBadRequest:
		switch {
		case isProblem(res.Body):
			return provider.Errorf(provider.Invalid, "Reacher does not look at this address (status 400)")
		case s.secret == "":
			return provider.Errorf(provider.Auth, "Reacher wants a secret (status 400): name it in spec.reacher.headerSecretRef; it is what RCH__HEADER_SECRET is there")
		}
		return provider.Errorf(provider.Auth, "Reacher does not take the secret (status 400): the Secret in spec.reacher.headerSecretRef has to hold what RCH__HEADER_SECRET is there")
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return verification.NoAPI(vendor, urlField, res)
	case http.StatusTooManyRequests:
		return &provider.Error{
			Class: provider.Throttled, RetryAfter: max(res.RetryAfter, waitOf(res.Body)),
			Message: "Reacher's own limit is reached (status 429): raise max_requests_per_… there, or lower limits.rate",
		}
	}
	class, _ := httpx.Classify(res.Status)
	return httpx.StatusError(class, res)
}

// waitText is where Reacher says how long to wait: nowhere else.
var waitText = regexp.MustCompile(`wait ([0-9.]+(?:ns|µs|ms|s))`)

// waitOf is the wait that a body asks for, 0 when it names none. The limit of a day may have hours to go.
func waitOf(body []byte) time.Duration {
	var p struct {
		Error string `json:"error"`
	}
	if !verification.Object(body, &p) {
		return 0
	}
	m := waitText.FindStringSubmatch(p.Error)
	if m == nil {
		return 0
	}
	wait, err := time.ParseDuration(m[1])
	if err != nil {
		return 0
	}
	return min(max(wait, 0), httpx.MaxRetryAfter)
}
