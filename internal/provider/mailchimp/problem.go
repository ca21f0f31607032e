package mailchimp

import (
	"encoding/json"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// problem is Mailchimp's error. What it says is never repeated: it quotes addresses, and its instance differs every time.
type problem struct {
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Errors []struct {
		Field   string `json:"field"`
		Message string `json:"message"`
	} `json:"errors"`
}

// problemOf reads the body of a refusal. What is no error of Mailchimp's, but of something between, gives an empty one.
func problemOf(res httpx.Response) problem {
	var p problem
	if json.Unmarshal(res.Body, &p) != nil {
		return problem{}
	}
	return p
}

// Mailchimp's titles.
const (
	titleCompliance  = "Member In Compliance State"
	titleForgotten   = "Forgotten Email Not Subscribed"
	titleInvalid     = "Invalid Resource"
	titleSuspended   = "Compliance Related"
	titleDataCentre  = "WrongDatacenter"
	titleDisabled    = "User Disabled"
	titleParse       = "JSONParseError"
	titleBadRequest  = "BadRequest"
	titleInvalidCall = "InvalidAction"
)

// tooManyLists is the one refusal that only its text tells from an invalid record: the person has signed up in many places
// lately. It passes within hours or days.
const tooManyLists = "signed up to a lot of lists"

// inCompliance tells whether Mailchimp keeps the person out until they come back by themselves.
func inCompliance(res httpx.Response) bool {
	return res.Status == http.StatusBadRequest && problemOf(res).Title == titleCompliance
}

// refusal classifies an answer that is no success.
func (a *audience) refusal(res httpx.Response) *provider.Error {
	p := problemOf(res)
	switch res.Status {
	case http.StatusBadRequest:
		return a.badRequest(p)
	case http.StatusUnauthorized:
		return provider.Errorf(provider.Auth, "Mailchimp does not take the API key (status 401): it is wrong, was revoked, or belongs to another data centre")
	case http.StatusForbidden:
		return forbidden(p, res)
	case http.StatusNotFound:
		if p.Title != "" {
			a.merge.Forget() // the audience may be gone
			return errNoAudience()
		}
	case http.StatusUnprocessableEntity:
		return httpx.StatusError(provider.Config, res)
	case http.StatusTooManyRequests:
		return &provider.Error{
			Class: provider.Throttled, RetryAfter: res.RetryAfter,
			Message: "Mailchimp has ten calls of this account in flight and takes no more (status 429): lower spec.limits.concurrentCalls, and look for other programs with this account",
		}
	case http.StatusServiceUnavailable:
		if p.Title == titleSuspended {
			return provider.Errorf(provider.Auth, "Mailchimp has suspended the account (status 503): its owner has to see to it there")
		}
	}
	class, _ := httpx.Classify(res.Status)
	return httpx.StatusError(class, res)
}

// badRequest tells a wrong record from a wrong call, and from what passes.
func (a *audience) badRequest(p problem) *provider.Error {
	switch p.Title {
	case titleForgotten:
		return provider.Errorf(provider.Invalid, "the person was deleted for good at Mailchimp, which takes the address only from a form of its own")
	case titleParse, titleBadRequest, titleInvalidCall:
		return provider.Errorf(provider.Config, "Mailchimp does not understand the call (status 400): this is a fault of the operator, or something between has changed it")
	case titleInvalid:
		if strings.Contains(p.Detail, tooManyLists) {
			return &provider.Error{
				Class: provider.Transient, RetryAfter: httpx.MaxRetryAfter, RecordOnly: true,
				Message: "Mailchimp takes no more sign-ups of this address for now: it has signed up in many places lately",
			}
		}
		if named := a.named(p); named != "" {
			a.merge.Forget() // its type may have changed
			return provider.Errorf(provider.Invalid, "Mailchimp refuses the value of merge field%s: compare it with the field's type there", named)
		}
	}
	return provider.Errorf(provider.Invalid, "Mailchimp refuses this record (status 400): it takes the address for invalid or made up, or a value does not fit its merge field")
}

// named lists those of our own merge fields that an error is about, with a blank before each.
func (a *audience) named(p problem) string {
	var found []string
	for _, e := range p.Errors {
		name := strings.TrimPrefix(e.Field, "merge_fields.")
		if slices.Contains(a.fields.Names(), name) && !slices.Contains(found, name) {
			found = append(found, name)
		}
	}
	if found == nil {
		return ""
	}
	return " " + strings.Join(found, ", ")
}

// forbidden tells Mailchimp's refusal from that of the network before it, which blocks a caller for a while with a page.
func forbidden(p problem, res httpx.Response) *provider.Error {
	switch kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); {
	case kind == "text/html":
		return &provider.Error{Class: provider.Transient, RetryAfter: res.RetryAfter, Message: "the network before Mailchimp refuses the call for now (status 403 with a page)"}
	case p.Title == titleDataCentre:
		return provider.Errorf(provider.Auth, "the API key belongs to another data centre of Mailchimp's (status 403): give the whole key, and leave spec.mailchimp.url out")
	case p.Title == titleDisabled:
		return provider.Errorf(provider.Auth, "the user of the API key is disabled at Mailchimp (status 403)")
	}
	return provider.Errorf(provider.Auth, "the user of the API key may not do this at Mailchimp (status 403): it has to be a manager, admin or owner of the account")
}
