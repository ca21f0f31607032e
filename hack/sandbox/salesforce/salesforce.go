// Package salesforce is a stand-in for a Salesforce org: the sign-in and its sessions, the bodies and error bodies, the upsert by an external
// id, collections that are answered with 200 whatever became of their records, what fields take, duplicate and validation rules, locked
// rows, and the quota with its header. Requests are held against openapi.yaml first, so that what Salesforce would refuse is refused.
package salesforce

import (
	"crypto/rsa"
	_ "embed"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/contact-operator/contact-operator/hack/sandbox/description"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

//go:embed openapi.yaml
var document []byte

const (
	// ClientID is the app's consumer key. Its secret is the service's token.
	ClientID = "sandbox-salesforce-client"
	// User may sign in by a JWT.
	User = "contact-operator@sandbox.example"
	// ExternalID is the field that both objects have for the key.
	ExternalID = "ContactKey__c"
)

// Options configure the org. The zero value has no quota, sessions that last, no JWT flow and no duplicate rule.
type Options struct {
	// PerDay limits the calls in 24 hours; 0: no limit.
	PerDay int
	// SessionLasts is how long a session is good for; 0: as long as the secret.
	SessionLasts time.Duration
	// PublicKey is of the app's certificate; nil: there is no JWT flow.
	PublicKey *rsa.PublicKey
	// DuplicateRule finds people of the same first and last name.
	DuplicateRule DuplicateRule
	// RowLocks is how many records are met with a locked row, the first ones.
	RowLocks int
	// Now is the clock; nil: the system's.
	Now func() time.Time
}

// DuplicateRule says what the org's duplicate rule does; "": there is none.
type DuplicateRule string

// The duplicate rules.
const (
	Alerts DuplicateRule = "Alert" // and lets save who insists
	Blocks DuplicateRule = "Block"
)

// Developer is an org of the cheapest kind.
func Developer() Options { return Options{PerDay: 15_000, SessionLasts: 2 * time.Hour} }

// New makes the stand-in.
func New(o Options) server.NewVendor {
	return func(t server.Table) server.Vendor {
		if o.Now == nil {
			o.Now = time.Now
		}
		v := &org{Options: o, table: t, description: description.MustLoad(document)}
		v.Reset()
		return v
	}
}

// org is the stand-in. One call is served at a time.
type org struct {
	Options
	table       server.Table
	description *description.Description

	mu       sync.Mutex
	objects  map[string]map[string]field
	sessions map[string]issued
	serial   int // of sessions and fields
	calls    []time.Time
	locks    int // rows that have been found locked
}

// Reset implements server.Vendor.
func (o *org) Reset() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.objects, o.sessions, o.calls, o.locks = standard(), map[string]issued{}, nil, 0
}

// Answer implements server.Vendor.
func (o *org) Answer(r *http.Request, body []byte, token string) server.VendorAnswer {
	o.mu.Lock()
	defer o.mu.Unlock()
	key := takeKey(r)
	checked, err := o.description.Check(r, body)
	if checked != nil && checked.Operation == "token" {
		return o.token(r, body, token)
	}
	if !strings.HasPrefix(r.URL.Path, "/services/data/") {
		return server.VendorAnswer{Status: http.StatusNotFound, Body: map[string]string{"message": "no such page"}}
	}
	if !o.signedIn(r, token) {
		refused := problem(http.StatusUnauthorized, "INVALID_SESSION_ID", "Session expired or invalid")
		refused.Unauthorized = true
		return refused
	}
	if limited, over := o.count(); over {
		return limited
	}
	answer := o.dispatch(r, key, body, checked, err)
	answer.Header = o.usage()
	return answer
}

// takeKey takes the key of a record, which may have a slash in it, out of the path, and a slash from its end.
func takeKey(r *http.Request) string {
	escaped, slash := strings.CutSuffix(r.URL.EscapedPath(), "/")
	if slash {
		r.URL.Path, r.URL.RawPath = strings.TrimSuffix(r.URL.Path, "/"), strings.TrimSuffix(r.URL.RawPath, "/")
	}
	parts := strings.Split(escaped, "/")
	if len(parts) != 8 || parts[4] != "sobjects" { // "", services, data, version, sobjects, object, field, key
		return ""
	}
	key, err := url.PathUnescape(parts[7])
	if err != nil {
		return ""
	}
	parts[7] = "KEY"
	r.URL.Path, r.URL.RawPath = strings.Join(parts, "/"), ""
	return key
}

func (o *org) dispatch(r *http.Request, key string, body []byte, checked *description.Checked, err error) server.VendorAnswer {
	if len(body) > 0 && !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		return problem(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", "Content-Type header specified in HTTP request is not supported")
	}
	switch {
	case errors.Is(err, description.ErrNoPath), checked != nil && !served(checked.Path["version"]):
		return problem(http.StatusNotFound, "NOT_FOUND", "The requested resource does not exist")
	case errors.Is(err, description.ErrNoMethod):
		return problem(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "HTTP Method '"+r.Method+"' not allowed")
	case err != nil:
		reason, _, _ := strings.Cut(err.Error(), "\n")
		return problem(http.StatusBadRequest, "JSON_PARSER_ERROR", reason)
	}
	object, external := checked.Path["object"], checked.Path["field"]
	fields, known := o.objects[object]
	switch {
	case object != "" && !known:
		return problem(http.StatusNotFound, "NOT_FOUND", "The requested resource does not exist")
	case external != "" && !fields[external].ExternalID:
		return problem(http.StatusNotFound, "NOT_FOUND", "Provided external ID field does not exist or is not accessible: "+external)
	}
	switch checked.Operation {
	case "resources":
		at := "/services/data/" + checked.Path["version"]
		return server.VendorAnswer{Status: http.StatusOK, Health: true, Body: map[string]string{
			"sobjects": at + "/sobjects", "composite": at + "/composite", "tooling": at + "/tooling", "limits": at + "/limits",
		}}
	case "describe":
		return o.describe(object)
	case "read":
		return o.read(object, key)
	case "upsert":
		return o.upsertOne(r, object, external, key, body)
	case "delete":
		return o.remove(object, key)
	case "upsertCollection":
		return o.upsertAll(r, object, external, body)
	case "createField":
		return o.createField(body)
	}
	panic("openapi.yaml has an operation that nothing serves: " + checked.Operation)
}

// served tells whether there is such a version of the API.
func served(version string) bool {
	return version == "" || len(version) == len("v62.0") && version >= "v46.0" && version <= "v68.0"
}

// problem is Salesforce's error body.
func problem(status int, code, message string, fields ...string) server.VendorAnswer {
	body := map[string]any{"message": message, "errorCode": code}
	if len(fields) > 0 {
		body["fields"] = fields
	}
	return server.VendorAnswer{Status: status, Body: []any{body}}
}

func unsaved() server.VendorAnswer {
	return problem(http.StatusInternalServerError, "UNKNOWN_EXCEPTION", "An unexpected error occurred. Please include this ErrorId if you contact support.")
}

// parse reads a body that fits the description.
func parse[T any](body []byte) T {
	var v T
	if err := json.Unmarshal(body, &v); err != nil {
		panic(err)
	}
	return v
}
