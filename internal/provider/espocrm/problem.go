package espocrm

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// reasonHeader holds why EspoCRM refuses; its body is often empty, or a page.
const reasonHeader = "X-Status-Reason"

const (
	reasonDuplicate = "duplicate"
	// reasonLockout begins what EspoCRM says to an IP address from which too many logins failed, whoever sent them.
	reasonLockout = "Max failed login attempts exceeded"
	lockoutLasts  = time.Minute
)

// refusal classifies an answer that is no success.
func (i *instance) refusal(res httpx.Response) *provider.Error {
	class, _ := httpx.Classify(res.Status)
	switch res.Status {
	case http.StatusBadRequest:
		return i.badRequest(res)
	case http.StatusUnauthorized:
		return provider.Errorf(provider.Auth, "EspoCRM does not take the API user's key (status 401): check the Secret, that the user is active, "+
			"and its authentication method: HMAC goes with spec.espocrm.hmacSecretRef, API Key without")
	case http.StatusForbidden:
		if strings.HasPrefix(res.Header.Get(reasonHeader), reasonLockout) {
			return &provider.Error{
				Class: provider.Throttled, RetryAfter: max(res.RetryAfter, lockoutLasts),
				Message: "EspoCRM refuses all logins from this IP address for a minute, because too many failed: look for another program there with a wrong key",
			}
		}
		return provider.Errorf(provider.Auth, "EspoCRM does not let the API user do this (status 403): its role needs create, and read, edit and delete of all records, on %s", i.entity)
	case http.StatusNotFound:
		return provider.Errorf(provider.Config, "there is no API of EspoCRM with the entity %s at spec.espocrm.url (status 404): give the address of EspoCRM itself, without /api/v1", i.entity)
	case http.StatusConflict:
		return provider.Errorf(provider.Conflict, "EspoCRM refuses this record for a conflict (status 409): look for the person there, by name and address")
	case http.StatusServiceUnavailable:
		return &provider.Error{Class: provider.Transient, Message: "EspoCRM is in maintenance mode, or overloaded (status 503)", RetryAfter: res.RetryAfter}
	}
	return httpx.StatusError(class, res)
}

// onRecord is refusal for a call about a record that is there: that the user may not touch it may be about this record alone, so it must
// not be taken for the key's fault.
func (i *instance) onRecord(res httpx.Response) *provider.Error {
	e := i.refusal(res)
	if res.Status == http.StatusForbidden && e.Class == provider.Auth {
		e.Class = provider.Config
	}
	return e
}

// validation is how EspoCRM says which field is at fault: in the body, from version 8 on, or else in the header.
var validation = regexp.MustCompile(`field: ([A-Za-z0-9_]+), type: ([A-Za-z0-9_]+)`)

// badRequest names the field that is at fault, if it is one of ours.
func (i *instance) badRequest(res httpx.Response) *provider.Error {
	field, kind := "", ""
	var body struct {
		MessageTranslation struct {
			Data struct {
				Field string `json:"field"`
				Type  string `json:"type"`
			} `json:"data"`
		} `json:"messageTranslation"`
	}
	if json.Unmarshal(res.Body, &body) == nil {
		field, kind = body.MessageTranslation.Data.Field, body.MessageTranslation.Data.Type
	}
	if m := validation.FindStringSubmatch(res.Header.Get(reasonHeader)); field == "" && m != nil {
		field, kind = m[1], m[2]
	}
	ours := slices.Contains(i.fields.Names(), field) || field == lastNameAttribute
	switch {
	case field == addressAttribute:
		return provider.Errorf(provider.Invalid, "EspoCRM does not take the address for a valid one")
	case ours && kind == "required":
		return provider.Errorf(provider.Invalid, "EspoCRM takes no %s without %s: have spec.espocrm.fields fill it for everybody", i.entity, field)
	case ours && kind == "maxLength":
		return provider.Errorf(provider.Invalid, "the value of %s is longer than EspoCRM takes", field)
	case ours:
		return provider.Errorf(provider.Invalid, "EspoCRM refuses the value of %s: compare it with the field's type and options there", field)
	case kind == "required":
		i.checked.Forget()
	}
	return provider.Errorf(provider.Invalid, "EspoCRM refuses this record (status 400): compare its values with the fields of %s there, and look at their required ones", i.entity)
}

// isDuplicate tells a create that EspoCRM takes for a duplicate from other conflicts.
func isDuplicate(res httpx.Response) bool {
	return res.Status == http.StatusConflict && strings.EqualFold(res.Header.Get(reasonHeader), reasonDuplicate)
}
