// Package captcha asks a service whether a form was filled in by a person. Nobody waits long for the answer, and nothing is
// lost for want of one: where the service can't tell, that is the answer.
package captcha

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/sync/singleflight"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/httpx"
)

// Verdict is what is known of who filled in a form.
type Verdict string

// The verdicts.
const (
	// Good: a person, says the service.
	Good Verdict = "good"
	// Bad: the service does not accept the token.
	Bad Verdict = "bad"
	// Missing: there is no token, though the service was there to make one.
	Missing Verdict = "missing"
	// Unknown: the service could not tell.
	Unknown Verdict = "unknown"
)

const (
	// deadline is what a visitor waits at most.
	deadline = 2 * time.Second
	// MaxToken is the longest token that is looked at, in bytes: those of Turnstile have 2048 at most, those of hCaptcha more.
	MaxToken = 8192
	// inFlight bounds the questions to one service at a time.
	inFlight = 32
)

// Field returns the name under which a service's widget puts the token into the form.
func Field(t v1alpha1.CaptchaType) string {
	if t == v1alpha1.CaptchaHCaptcha {
		return "h-captcha-response"
	}
	return "cf-turnstile-response"
}

// Action is what our form tells Turnstile that it is for. A token that was made for something else is not taken.
const Action = "contact"

// Question is one submission.
type Question struct {
	// Captcha of the form.
	Captcha *v1alpha1.FormCaptcha
	// Secret key; "" when it is not known.
	Secret string
	// Token that the widget put into the form.
	Token string
	// Submission is the name that the submission will have. Whoever asks again about the same token and the same submission gets
	// the same answer; a token that comes with another submission was used before.
	Submission string
}

// Services asks. Its zero value is not usable: see New.
type Services struct {
	client *http.Client
	log    logr.Logger
	now    func() time.Time

	mu       sync.Mutex
	services map[string]*service
	problems map[string]string // by site key: what was logged last
	answers  *answered
	asking   singleflight.Group
	// probes are the questions that nobody waits for.
	probes sync.WaitGroup
}

// New makes what asks, by client.
func New(client *http.Client, log logr.Logger, now func() time.Time) *Services {
	return &Services{
		client: client, log: log, now: now,
		services: map[string]*service{}, problems: map[string]string{}, answers: newAnswered(now),
	}
}

// Wait returns when no question is under way any more: each has a deadline.
func (s *Services) Wait() { s.probes.Wait() }

// Ask answers within two seconds, and at once while the service is known to be away.
func (s *Services) Ask(ctx context.Context, q Question) Verdict {
	if problem := unusable(q); problem != "" {
		s.misconfigured(q, problem)
		return Unknown
	}
	if len(q.Token) > MaxToken {
		return Bad
	}
	key := q.key()
	if v, known := s.answers.get(key); known {
		return v
	}
	service := s.service(q)
	if q.Token == "" && service.heardLately() {
		return Missing
	}
	// A double click asks once.
	shared, _, _ := s.asking.Do(key, func() (any, error) { return s.ask(ctx, service, q, key), nil })
	return shared.(Verdict)
}

// unusable says what an administrator has to mend before the service can be asked.
func unusable(q Question) string {
	switch {
	case q.Secret == "":
		return "the secret key is not known"
	case q.Captcha.URL == "" && slices.Contains(testSecrets, q.Secret):
		return "the secret key is one for tests, which lets everybody pass or nobody: put the site's own into the Secret"
	}
	return ""
}

// testSecrets are published by the services.
var testSecrets = []string{
	"1x0000000000000000000000000000000AA", "2x0000000000000000000000000000000AA", "3x0000000000000000000000000000000AA",
	"0x0000000000000000000000000000000000000000",
}

// ask puts a question where the circuit allows.
func (s *Services) ask(ctx context.Context, service *service, q Question, key string) Verdict {
	ctx = context.WithoutCancel(ctx) // the answer counts for whoever asks next
	switch service.admit() {
	case refuse:
		return Unknown
	case probe:
		// Somebody has to find out whether the service is back. Nobody waits for that.
		s.probes.Go(func() { s.put(ctx, service, q, true) })
		return Unknown
	}
	v := s.put(ctx, service, q, false)
	if v == Good || v == Bad {
		s.answers.keep(key, v)
	}
	return v
}

// put sends the question, and tells the circuit how it went.
func (s *Services) put(ctx context.Context, service *service, q Question, probe bool) Verdict {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	a, err := s.post(ctx, q)
	v, problem, up := judge(q, a, err)
	if changed := service.heard(up, probe); changed != "" {
		s.log.Info("captcha: "+changed, "service", q.Captcha.Type, "url", endpoint(q.Captcha))
	}
	if problem != "" {
		s.misconfigured(q, problem)
	} else if v != Unknown {
		s.wellConfigured(q)
	}
	return v
}

// answer is what both services say, as far as it matters.
type answer struct {
	Success    *bool    `json:"success"`
	Hostname   string   `json:"hostname"`
	Action     string   `json:"action"`
	ErrorCodes []string `json:"error-codes"`
}

var errNoAnswer = errors.New("the answer is not one of a captcha service")

func (s *Services) post(ctx context.Context, q Question) (*answer, error) {
	form := url.Values{"secret": {q.Secret}, "response": {q.Token}}
	if q.Captcha.Type == v1alpha1.CaptchaHCaptcha {
		form.Set("sitekey", q.Captcha.SiteKey) // a token of another site is not good here
	} else {
		form.Set("idempotency_key", q.uuid()) // asked again, the service says the same
	}
	r, err := httpx.NewRequest(ctx, http.MethodPost, endpoint(q.Captcha), []byte(form.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	response, err := httpx.Do(ctx, s.client, r)
	if err != nil {
		return nil, err
	}
	a := &answer{}
	if response.Status >= http.StatusInternalServerError || json.Unmarshal(bytes.TrimSpace(response.Body), a) != nil || a.Success == nil {
		return nil, errNoAnswer
	}
	return a, nil
}

// endpoint is where a service is asked.
func endpoint(c *v1alpha1.FormCaptcha) string {
	switch {
	case c.URL != "":
		return c.URL
	case c.Type == v1alpha1.CaptchaHCaptcha:
		return "https://api.hcaptcha.com/siteverify"
	}
	return "https://challenges.cloudflare.com/turnstile/v0/siteverify"
}

// What the services' error codes mean.
var (
	badToken = []string{
		"invalid-input-response", "timeout-or-duplicate", // Turnstile
		"expired-input-response", "already-seen-response", "invalid-or-already-seen-response", // hCaptcha
	}
	badConfig = map[string]string{
		"missing-input-secret":     "the service got no secret key",
		"invalid-input-secret":     "the service does not know the secret key: check the Secret",
		"sitekey-secret-mismatch":  "site key and secret key do not belong together",
		"not-using-dummy-passcode": "the secret key is one for tests, the site key is not",
		"bad-request":              "the service does not understand the question: check siteKey and url",
	}
)

// judge reads an answer: the verdict, what an administrator has to mend, and whether the service works. Codes that nobody has
// heard of, and internal-error, say that it does not.
func judge(q Question, a *answer, err error) (v Verdict, problem string, up bool) {
	if err != nil {
		return Unknown, "", false
	}
	if *a.Success {
		switch {
		case q.Token == "":
			return Missing, "", true // no service says this; if one did, it would still be nobody's token
		case len(q.Captcha.Hostnames) > 0 && !slices.Contains(q.Captcha.Hostnames, strings.ToLower(a.Hostname)):
			return Bad, "", true
		case a.Action != "" && a.Action != Action:
			return Bad, "", true
		}
		return Good, "", true
	}
	for _, code := range a.ErrorCodes {
		if problem := badConfig[code]; problem != "" {
			return Unknown, problem, true
		}
	}
	for _, code := range a.ErrorCodes {
		switch {
		case q.Token == "" && code == "missing-input-response":
			return Missing, "", true
		case code == "missing-input-response", slices.Contains(badToken, code):
			if q.Token == "" {
				return Missing, "", true
			}
			return Bad, "", true
		}
	}
	return Unknown, "", false
}

// misconfigured tells the administrator, once.
func (s *Services) misconfigured(q Question, problem string) {
	s.mu.Lock()
	before := s.problems[q.Captcha.SiteKey]
	s.problems[q.Captcha.SiteKey] = problem
	s.mu.Unlock()
	if problem != before {
		s.log.Error(nil, "captchas are not checked, and every submission passes with a flag, until this is mended",
			"service", q.Captcha.Type, "siteKey", q.Captcha.SiteKey, "problem", problem)
	}
}

func (s *Services) wellConfigured(q Question) {
	s.mu.Lock()
	_, had := s.problems[q.Captcha.SiteKey]
	delete(s.problems, q.Captcha.SiteKey)
	s.mu.Unlock()
	if had {
		s.log.Info("captchas are checked again", "service", q.Captcha.Type, "siteKey", q.Captcha.SiteKey)
	}
}

// sum stands for a token that comes with a submission.
func (q Question) sum() [sha256.Size]byte {
	return sha256.Sum256([]byte(q.Captcha.SiteKey + "\x00" + q.Submission + "\x00" + q.Token))
}

func (q Question) key() string {
	sum := q.sum()
	return string(sum[:])
}

// uuid is the same for every try of one question, in every replica.
func (q Question) uuid() string {
	sum := q.sum()
	b := sum[:16]
	b[6] = b[6]&0x0f | 0x80 // version 8: made by the application
	b[8] = b[8]&0x3f | 0x80
	text := hex.EncodeToString(b)
	return strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
}
