package brevo

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// problem is Brevo's error. What it says is never repeated: it may quote values.
type problem struct {
	Code     string `json:"code"`
	Message  string `json:"message"`
	Metadata struct {
		Duplicates []string `json:"duplicate_identifiers"`
	} `json:"metadata"`
}

// problemOf reads the body of a refusal. What is no error of Brevo's, but of something between, gives an empty one.
func problemOf(res httpx.Response) problem {
	var p problem
	if json.Unmarshal(res.Body, &p) != nil {
		return problem{}
	}
	return p
}

// duplicate tells whether a refusal is because another contact has an identifier: email, SMS or ext_id. The code varies, so
// only that list counts; one that is missing speaks of the address.
func duplicate(res httpx.Response, identifier string) bool {
	p := problemOf(res)
	if res.Status != http.StatusBadRequest {
		return false
	}
	if p.Code == "duplicate_parameter" && len(p.Metadata.Duplicates) == 0 {
		return identifier == byEmail
	}
	return slices.ContainsFunc(p.Metadata.Duplicates, func(s string) bool { return strings.EqualFold(s, identifier) })
}

const (
	byEmail = "email"
	bySMS   = "SMS"
)

// refusal classifies an answer that is no success.
func (a *account) refusal(res httpx.Response) *provider.Error {
	p := problemOf(res)
	class, _ := httpx.Classify(res.Status)
	switch res.Status {
	case http.StatusBadRequest:
		return a.badRequest(p)
	case http.StatusUnauthorized:
		return provider.Errorf(provider.Auth, "Brevo does not take the API key (status 401): it is wrong, or the account takes calls from authorised IP addresses only and this cluster's is none of them")
	case http.StatusPaymentRequired:
		return provider.Errorf(provider.Auth, "the account's plan or credits at Brevo do not allow the call (status 402)")
	case http.StatusForbidden:
		if p.Code == "account_under_validation" {
			return provider.Errorf(provider.Auth, "Brevo has not validated the account yet (status 403)")
		}
		return provider.Errorf(provider.Auth, "the API key may not do this at Brevo (status 403)")
	case http.StatusNotFound:
		if p.Code != "" {
			a.known.Forget() // a list may be gone
			return provider.Errorf(provider.Transient, "Brevo does not find what it was asked for (status 404): it went away meanwhile")
		}
	case http.StatusMethodNotAllowed:
		if p.Code != "" {
			return provider.Errorf(provider.Invalid, "Brevo does not allow this with the contact (status 405): it may be the address of a user of the account")
		}
	case http.StatusNotAcceptable:
		return provider.Errorf(provider.Invalid, "Brevo refuses this record (status 406)")
	case http.StatusTooManyRequests:
		e := &provider.Error{Class: provider.Throttled, RetryAfter: res.RetryAfter, Message: usedUp}
		if e.RetryAfter == 0 {
			e.RetryAfter = resetOf(res.Header)
		}
		return e
	}
	return httpx.StatusError(class, res)
}

// badRequest tells a wrong record from a wrong list, which only the text does.
func (a *account) badRequest(p problem) *provider.Error {
	switch {
	case strings.Contains(strings.ToLower(p.Message), "list id"):
		a.known.Forget()
		return provider.Errorf(provider.Config, "Brevo does not know one of the lists: compare spec.brevo.lists with those there")
	case len(p.Metadata.Duplicates) > 0, p.Code == "duplicate_parameter":
		return provider.Errorf(provider.Conflict, "another contact at Brevo has an identifier of this one: look for its phone number or external id there")
	}
	return provider.Errorf(provider.Invalid, "Brevo refuses this record (status 400): it takes the address for invalid, or a value does not fit its attribute; a phone number for SMS needs its country code")
}
