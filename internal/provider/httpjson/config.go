package httpjson

import (
	"encoding/json"
	"net/http"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// Config is the HTTP member of an Integration's spec. Its names are those of the API; a test in the catalog holds the two
// together.
type Config struct {
	Headers []Header `json:"headers,omitempty"`
	Verify  *Call    `json:"verify,omitempty"`
	Locate  *Call    `json:"locate,omitempty"`
	Upsert  *Upsert  `json:"upsert,omitempty"`
	Erase   *Erase   `json:"erase,omitempty"`
	Health  *Health  `json:"health,omitempty"`
}

// Header is sent with every call. Its value is given here or in a Secret.
type Header struct {
	Name         string        `json:"name"`
	Value        string        `json:"value,omitempty"`
	SecretKeyRef *provider.Ref `json:"secretKeyRef,omitempty"`
	Prefix       string        `json:"prefix,omitempty"`
}

// Call asks: verify or locate. Method defaults to POST.
type Call struct {
	Method    string          `json:"method,omitempty"`
	URL       string          `json:"url"`
	Body      string          `json:"body,omitempty"`
	Result    string          `json:"result"`
	Responses []ResponseClass `json:"responses,omitempty"`
}

// Upsert writes. Method defaults to PUT, Key to contact.email.
type Upsert struct {
	Method     string          `json:"method,omitempty"`
	URL        string          `json:"url"`
	Key        string          `json:"key,omitempty"`
	Body       string          `json:"body"`
	Result     string          `json:"result,omitempty"`
	Suppressed string          `json:"suppressed,omitempty"`
	Responses  []ResponseClass `json:"responses,omitempty"`
	Batch      *Batch          `json:"batch,omitempty"`
}

// Batch writes several records in one call. Method defaults to POST. Responses hold for the call and for each record's
// status.
type Batch struct {
	Method     string          `json:"method,omitempty"`
	URL        string          `json:"url"`
	MaxRecords int             `json:"maxRecords"`
	Body       string          `json:"body"`
	Result     string          `json:"result"`
	Responses  []ResponseClass `json:"responses,omitempty"`
}

// Erase removes. Method defaults to DELETE. 404 and 410 are Success unless Responses says otherwise.
type Erase struct {
	Method    string          `json:"method,omitempty"`
	URL       string          `json:"url"`
	Kept      string          `json:"kept,omitempty"`
	Responses []ResponseClass `json:"responses,omitempty"`
}

// Health asks whether the service works. Method defaults to GET.
type Health struct {
	Method    string          `json:"method,omitempty"`
	URL       string          `json:"url"`
	Responses []ResponseClass `json:"responses,omitempty"`
}

// ResponseClass says what one status code means: an error class, or Success.
type ResponseClass struct {
	Status int    `json:"status"`
	Class  string `json:"class"`
}

// success is the class of an answer that is none of the error classes.
const success = "Success"

// decode reads a spec.
func decode(spec json.RawMessage) (Config, error) {
	var c Config
	if err := provider.Decode("http", spec, &c); err != nil {
		return Config{}, err
	}
	if c.Verify == nil && c.Locate == nil && c.Upsert == nil {
		return Config{}, provider.Errorf(provider.Config, "spec.http offers nothing: give at least one of verify, locate and upsert")
	}
	return c, nil
}

// classes turns the list of a call into a lookup. A success has no class.
func classes(path string, list []ResponseClass) (map[int]provider.Class, error) {
	m := make(map[int]provider.Class, len(list))
	for _, r := range list {
		if r.Status < 200 || r.Status > 599 {
			return nil, provider.Errorf(provider.Config, "%s.responses: status %d is outside 200 to 599", path, r.Status)
		}
		switch c := provider.Class(r.Class); c {
		case provider.Transient, provider.Throttled, provider.Auth, provider.Config, provider.Invalid, provider.Conflict:
			m[r.Status] = c
		case success:
			m[r.Status] = ""
		default:
			return nil, provider.Errorf(provider.Config, "%s.responses: status %d has the unknown class %q", path, r.Status, r.Class)
		}
	}
	return m, nil
}

// method checks a call's method.
func method(path, given, otherwise string) (string, error) {
	switch given {
	case "":
		return otherwise, nil
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		return given, nil
	}
	return "", provider.Errorf(provider.Config, "%s.method: %q is not one of GET, POST, PUT, PATCH and DELETE", path, given)
}
