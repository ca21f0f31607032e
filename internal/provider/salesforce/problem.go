package salesforce

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

// problem is one of Salesforce's errors. A call that is refused has a list of them, and so has each record of a collection,
// where the code has another name. What it says is never repeated: it quotes values.
type problem struct {
	ErrorCode  string   `json:"errorCode"`
	StatusCode string   `json:"statusCode"`
	Message    string   `json:"message"`
	Fields     []string `json:"fields"`
}

func (p problem) code() string {
	if p.ErrorCode != "" {
		return p.ErrorCode
	}
	return p.StatusCode
}

// problemsOf reads the body of a refusal. What is no list of errors of Salesforce's, but of something between, gives none.
func problemsOf(body []byte) []problem {
	var list []problem
	if json.Unmarshal(body, &list) != nil {
		return nil
	}
	return slices.DeleteFunc(list, func(p problem) bool { return p.code() == "" })
}

// The codes that more is done about than to say so.
const (
	requiredMissing = "REQUIRED_FIELD_MISSING"
	duplicateValue  = "DUPLICATE_VALUE"
	lockedRow       = "UNABLE_TO_LOCK_ROW"
	limitExceeded   = "REQUEST_LIMIT_EXCEEDED"
	notFound        = "NOT_FOUND"
)

const (
	statusNoRoute = 420
	// lockPause is how long a record rests whose row somebody else has locked.
	lockPause = 2 * time.Second
	// crowdPause is how long calls rest when too many long ones run: those are counted that take more than 20 seconds.
	crowdPause = 20 * time.Second
	// quotaPause is how long calls rest when those of the last 24 hours are used up: some are given back all the time.
	quotaPause = 10 * time.Minute
)

// refusal classifies an answer that is no success.
func (o *org) refusal(res httpx.Response) *provider.Error {
	problems := problemsOf(res.Body)
	if len(problems) > 0 {
		if e := o.classify(problems, res); e != nil {
			return e
		}
	}
	class, _ := httpx.Classify(res.Status)
	switch {
	case res.Status == http.StatusMultipleChoices:
		return o.errAmbiguous()
	case res.Status == http.StatusUnauthorized:
		return provider.Errorf(provider.Auth, "Salesforce refuses a session that it has just given (status 401): check the app's policies: IP ranges, session level, and that the user may use the API")
	case res.Status == http.StatusBadRequest && len(problems) > 0:
		return o.errUnknown()
	case res.Status == http.StatusGone:
		return provider.Errorf(provider.Config, "Salesforce has retired version %s of its API (status 410): give a newer one in spec.salesforce.apiVersion", o.version)
	case res.Status == http.StatusPreconditionFailed:
		return provider.Errorf(provider.Conflict, "Salesforce refuses this record for a precondition that was not asked for (status 412): look at the record there")
	case res.Status == http.StatusRequestURITooLong, res.Status == http.StatusRequestHeaderFieldsTooLarge:
		return provider.Errorf(provider.Invalid, "the address of this record is too long for Salesforce (status %d)", res.Status)
	case res.Status == statusNoRoute:
		return provider.Errorf(provider.Config, "Salesforce knows no way to the org (status 420): check spec.salesforce.url")
	}
	return httpx.StatusError(class, res)
}

// classify says what a list of errors means: the first that is known. nil: none is.
func (o *org) classify(problems []problem, res httpx.Response) *provider.Error {
	for _, p := range problems {
		if e := o.classifyOne(p, res); e != nil {
			return e
		}
	}
	return nil
}

func (o *org) classifyOne(p problem, res httpx.Response) *provider.Error {
	switch code := p.code(); code {
	case lockedRow:
		return errLocked()
	case "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER":
		// Of an automation in the org, which has met a lock itself, or refuses.
		if strings.Contains(p.Message, lockedRow) {
			return errLocked()
		}
		return provider.Errorf(provider.Invalid, "an automation in the Salesforce org (Apex trigger or flow of %s) refuses this record: its owner has to look at it", o.object)
	case limitExceeded:
		if strings.Contains(p.Message, "ConcurrentRequests") && !usedUp(res.Header) {
			return &provider.Error{
				Class: provider.Throttled, RetryAfter: max(res.RetryAfter, crowdPause),
				Message: "too many long calls run in the Salesforce org: it takes more in a moment",
			}
		}
		return errQuota(res)
	case "INVALID_SESSION_ID":
		return nil // its status says it
	case "INVALID_FIELD", "INVALID_TYPE", "INVALID_FIELD_FOR_INSERT_UPDATE", "MALFORMED_QUERY", "JSON_PARSER_ERROR":
		o.checked.Forget()
		return provider.Errorf(provider.Config, "Salesforce does not take the request (%s)%s: compare spec.salesforce.fields with the fields of %s there", code, o.about(p), o.object)
	case notFound:
		o.checked.Forget()
		return provider.Errorf(provider.Config, "Salesforce has no object %s with a field %s that the user may see, or no version %s of its API (status 404)", o.object, o.externalID, o.version)
	case "DUPLICATE_EXTERNAL_ID":
		return o.errAmbiguous()
	case "INSUFFICIENT_ACCESS_OR_READONLY", "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "INSUFFICIENT_ACCESS":
		return provider.Errorf(provider.Config, "the Salesforce user may not write this %s: it needs create, edit and delete on the object, and sharing that lets it edit records of others", o.object)
	case "API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED", "CLIENT_NOT_ACCESSIBLE_FOR_USER", "FUNCTIONALITY_NOT_ENABLED":
		return provider.Errorf(provider.Auth, "the API is not enabled for the Salesforce user or org (%s): give the user the permission API Enabled", code)
	case "STORAGE_LIMIT_EXCEEDED":
		return provider.Errorf(provider.Config, "the data storage of the Salesforce org is full: make room there, or buy some")
	case "UNKNOWN_EXCEPTION", "SERVER_UNAVAILABLE", "QUERY_TIMEOUT", "REQUEST_RUNNING_TOO_LONG":
		return &provider.Error{Class: provider.Transient, Message: "Salesforce failed at its side (" + code + ")", RetryAfter: res.RetryAfter}
	default:
		return o.aboutRecord(code, p)
	}
}

// aboutRecord classifies what concerns one record alone; nil: it is not known.
func (o *org) aboutRecord(code string, p problem) *provider.Error {
	invalid := func(format string, args ...any) *provider.Error {
		return provider.Errorf(provider.Invalid, format, args...)
	}
	conflict := func(format string, args ...any) *provider.Error {
		return provider.Errorf(provider.Conflict, format, args...)
	}
	switch code {
	case requiredMissing:
		return invalid("Salesforce takes no new %s without a value%s: have spec.salesforce.fields fill it for everybody", o.object, o.about(p))
	case "INVALID_EMAIL_ADDRESS":
		return invalid("Salesforce does not take the address for a valid one")
	case "STRING_TOO_LONG":
		return invalid("a value%s is longer than Salesforce takes", o.about(p))
	case "FIELD_CUSTOM_VALIDATION_EXCEPTION":
		return invalid("a validation rule of %s in the Salesforce org refuses this record%s", o.object, o.about(p))
	case "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST":
		return invalid("a value%s is none of the picklist's at Salesforce", o.about(p))
	case "FIELD_INTEGRITY_EXCEPTION", "FIELD_FILTER_VALIDATION_EXCEPTION", "NUMBER_OUTSIDE_VALID_RANGE", "INVALID_CROSS_REFERENCE_KEY",
		"MALFORMED_ID", "INVALID_CURRENCY_ISO", "MAXIMUM_SIZE_OF_ATTACHMENT", "TEXT_DATA_OUTSIDE_SUPPORTED_CHARSET":
		return invalid("Salesforce refuses a value of this record%s (%s)", o.about(p), code)
	case "DUPLICATES_DETECTED":
		return conflict("a duplicate rule of the Salesforce org takes this person for a %s that is there already: merge them there, or see spec.salesforce.duplicateRules", o.object)
	case duplicateValue:
		return conflict("another record at Salesforce has a value%s that must be unique", o.about(p))
	case "CANNOT_UPDATE_CONVERTED_LEAD":
		return conflict("the person's lead has been converted at Salesforce, and takes no more changes: keep people as Contact, or clear the lead's %s", o.externalID)
	case "ENTITY_IS_LOCKED":
		return conflict("the person's %s is locked at Salesforce, by an approval for example", o.object)
	case "DELETE_FAILED", "DEPENDENCY_EXISTS":
		return conflict("Salesforce does not delete the person's %s, because other records hang on it: cases for example", o.object)
	case "ENTITY_IS_DELETED", "ALL_OR_NONE_OPERATION_ROLLED_BACK", "PROCESSING_HALTED":
		return &provider.Error{Class: provider.Transient, Message: "the record changed at Salesforce while it was written (" + code + ")", RecordOnly: true}
	}
	return nil
}

// about names those of our own fields that an error speaks of. The error's other words are not repeated.
func (o *org) about(p problem) string {
	var found []string
	for _, name := range append(slices.Clone(o.fields.Names()), emailField, o.externalID, lastNameField, companyField) {
		if slices.Contains(p.Fields, name) && !slices.Contains(found, name) {
			found = append(found, name)
		}
	}
	if len(found) == 0 {
		return ""
	}
	return " in " + strings.Join(found, ", ")
}

func errLocked() *provider.Error {
	return &provider.Error{
		Class: provider.Transient, RetryAfter: lockPause, RecordOnly: true,
		Message: "somebody else has locked the row at Salesforce, for a moment (" + lockedRow + ")",
	}
}

func errQuota(res httpx.Response) *provider.Error {
	return &provider.Error{
		Class: provider.Throttled, RetryAfter: max(res.RetryAfter, quotaPause),
		Message: "the API calls of the Salesforce org are used up: they are counted over the last 24 hours, for all of its integrations",
	}
}

func (o *org) errAmbiguous() *provider.Error {
	o.checked.Forget()
	return provider.Errorf(provider.Config, "several records at Salesforce have the same %s: merge them, and make the field Unique", o.externalID)
}

func (o *org) errUnknown() *provider.Error {
	return &provider.Error{
		Class: provider.Transient, RecordOnly: true,
		Message: "Salesforce refuses this record with an error that is not known here: try the record by hand, as the same user",
	}
}

// usage is the first part of the header Sforce-Limit-Info: the calls of the last 24 hours, and how many there may be.
var usage = regexp.MustCompile(`api-usage=(\d{1,12})/(\d{1,12})`)

// usedUp tells whether the org has no calls left for now.
func usedUp(h http.Header) bool {
	m := usage.FindStringSubmatch(h.Get("Sforce-Limit-Info"))
	if m == nil {
		return false
	}
	used, err := strconv.Atoi(m[1])
	if err != nil {
		return false
	}
	most, err := strconv.Atoi(m[2])
	return err == nil && used >= most
}
