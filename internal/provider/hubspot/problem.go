package hubspot

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// problem is HubSpot's error, alone or within a batch. Any field may be missing. What it says is never repeated: it quotes
// values, and its correlationId differs every time.
type problem struct {
	Status        string          `json:"status"` // "error"
	Message       string          `json:"message"`
	Category      string          `json:"category"`
	CorrelationID string          `json:"correlationId"`
	PolicyName    string          `json:"policyName"` // of a rate limit
	SubCategory   json.RawMessage `json:"subCategory"`
	Context       json.RawMessage `json:"context"` // an object of lists, or a text
	Errors        []struct {
		Message string `json:"message"`
		Code    string `json:"code"`
	} `json:"errors"`
}

// problemOf reads the body of a refusal. What is no error of HubSpot's, but of something between, gives an empty one.
func problemOf(body []byte) problem {
	var p problem
	if err := json.Unmarshal(body, &p); err != nil {
		return problem{}
	}
	return p
}

// HubSpot's codes. Some come in a field, and some in the text of a message alone.
const (
	noSuchProperty = "PROPERTY_DOESNT_EXIST"
	readOnly       = "READ_ONLY_VALUE"
	invalidEmail   = "INVALID_EMAIL"
	missingScopes  = "MISSING_SCOPES"
	expired        = "EXPIRED_AUTHENTICATION"
	validation     = "VALIDATION_ERROR"
	conflict       = "CONFLICT"
	rateLimit      = "RATE_LIMIT"
)

// has tells whether the error carries a code.
func (p problem) has(code string) bool {
	if p.Category == code || strings.Contains(p.Message, code) || strings.Contains(string(p.SubCategory), code) {
		return true
	}
	for _, e := range p.Errors {
		if e.Code == code || strings.Contains(e.Message, code) {
			return true
		}
	}
	return false
}

// traces are the objectWriteTraceIds of the inputs that an error of a batch speaks of.
func (p problem) traces() []string {
	var context map[string]json.RawMessage
	if json.Unmarshal(p.Context, &context) != nil {
		return nil
	}
	var list []string
	if json.Unmarshal(context["objectWriteTraceId"], &list) == nil {
		return list
	}
	var one string
	if json.Unmarshal(context["objectWriteTraceId"], &one) == nil && one != "" {
		return []string{one}
	}
	return nil
}

// existingID is HubSpot's only way to say which contact is in the way.
var existingID = regexp.MustCompile(`Existing ID: (\d+)`)

// existing is the id of the contact that a conflict is with, "" when it does not say.
func (p problem) existing() string {
	m := existingID.FindStringSubmatch(p.Message)
	if m == nil {
		return ""
	}
	return m[1]
}

// status that a call by itself would have had.
func (p problem) status() int {
	switch {
	case p.Category == conflict:
		return http.StatusConflict
	case p.Category == rateLimit || p.Category == "RATE_LIMITS":
		return http.StatusTooManyRequests
	case p.Category == missingScopes:
		return http.StatusForbidden
	case p.Category == validation, p.has(noSuchProperty), p.has(readOnly), p.has(invalidEmail):
		return http.StatusBadRequest
	case p.Category == "OBJECT_NOT_FOUND":
		return http.StatusNotFound
	}
	return http.StatusInternalServerError // of a kind that is not known: it is tried again
}

// refusal classifies an answer that is no success.
func (a *account) refusal(res httpx.Response) *provider.Error {
	return a.classify(problemOf(res.Body), res)
}

// The statuses of HubSpot's own.
const (
	statusMigration = 477 // the account moves to another data centre
	statusLocked    = 423
	lockLasts       = 2 * time.Second
	migrationLasts  = 10 * time.Minute
)

// classify says what an error means.
func (a *account) classify(p problem, res httpx.Response) *provider.Error {
	class, _ := httpx.Classify(res.Status)
	switch res.Status {
	case http.StatusBadRequest:
		return a.badRequest(p)
	case http.StatusUnauthorized:
		if p.has(expired) {
			return provider.Errorf(provider.Auth, "HubSpot says that the access token has expired: give the token of a private app or a service key, which lasts")
		}
		return provider.Errorf(provider.Auth, "HubSpot does not take the access token (status 401): give that of a private app or service key of this account")
	case http.StatusForbidden:
		if p.has(missingScopes) {
			return provider.Errorf(provider.Auth, "the access token lacks a scope: it needs crm.objects.contacts.write, crm.objects.contacts.read and crm.schemas.contacts.read")
		}
	case http.StatusConflict:
		return provider.Errorf(provider.Conflict, "another contact at HubSpot is in the way of this one (status 409): look for its address there, also among deleted and merged contacts")
	case statusLocked:
		return &provider.Error{
			Class: provider.Transient, Message: "HubSpot has locked this contact for a moment (status 423)",
			RetryAfter: max(res.RetryAfter, lockLasts), RecordOnly: true,
		}
	case http.StatusTooManyRequests:
		return throttled(p, res)
	case statusMigration:
		wait := res.RetryAfter
		if wait == 0 {
			wait = migrationLasts
		}
		return &provider.Error{
			Class: provider.Transient, RetryAfter: wait,
			Message: "HubSpot moves the account to another data centre (status 477), which may take a day",
		}
	}
	return httpx.StatusError(class, res)
}

// badRequest tells a wrong mapping from a wrong record.
func (a *account) badRequest(p problem) *provider.Error {
	named := a.named(p)
	switch {
	case p.has(noSuchProperty):
		a.properties.Forget()
		return provider.Errorf(provider.Config,
			"HubSpot has no contact property%s: create it there, or take it out of spec.hubspot.properties", orElse(named, " of one of these names"))
	case p.has(readOnly):
		a.properties.Forget()
		return provider.Errorf(provider.Config,
			"HubSpot lets nobody write the contact property%s: take it out of spec.hubspot.properties", orElse(named, " that is read-only"))
	case p.has(invalidEmail):
		return provider.Errorf(provider.Invalid, "HubSpot does not take the address for a valid one")
	case named != "":
		return provider.Errorf(provider.Invalid, "HubSpot refuses the value of property%s: compare it with the property's type and options there", named)
	}
	return provider.Errorf(provider.Invalid, "HubSpot refuses this record (status 400): compare its values with the types of the properties there")
}

// named lists those of our own properties that an error is about, with a blank before each. The error's other words are not
// repeated.
func (a *account) named(p problem) string {
	text := p.Message
	for _, e := range p.Errors {
		text += " " + e.Message
	}
	var found []string
	for _, name := range append(slices.Clone(a.fields.Names()), emailProperty) {
		if strings.Contains(text, `"name":`+strconv.Quote(name)) || strings.Contains(text, `"`+name+`" does not exist`) {
			found = append(found, name)
		}
	}
	if len(found) == 0 {
		return ""
	}
	return " " + strings.Join(found, ", ")
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// throttled says how long to wait. HubSpot promises no Retry-After; it names the limit.
func throttled(p problem, res httpx.Response) *provider.Error {
	e := &provider.Error{Class: provider.Throttled, RetryAfter: res.RetryAfter, Message: "HubSpot asks for fewer calls (status 429)"}
	wait := time.Duration(0)
	switch p.PolicyName {
	case "DAILY":
		// It ends at midnight where the account is, which HubSpot does not tell here: it is asked again every hour.
		e.Message = "the calls of the day are used up at HubSpot (status 429): they are shared by all private apps of the account, and counted anew at midnight there"
		wait = httpx.MaxRetryAfter
	case "TEN_SECONDLY_ROLLING":
		wait = interval(res.Header, 10*time.Second)
	case "SECONDLY":
		wait = time.Second
	}
	if e.RetryAfter == 0 {
		e.RetryAfter = wait
	}
	return e
}

// interval is the length of the period that HubSpot counts calls in.
func interval(h http.Header, otherwise time.Duration) time.Duration {
	n, err := strconv.Atoi(h.Get("X-HubSpot-RateLimit-Interval-Milliseconds"))
	if err != nil || n <= 0 || n > 60_000 {
		return otherwise
	}
	return time.Duration(n) * time.Millisecond
}
