// Package espocrm is a stand-in for an EspoCRM: its paths and credentials, that there is no upsert, the check for duplicates, records with
// several addresses, what a role hides, that values are dropped without a word, and its minute of silence after failed logins. Requests
// are held against openapi.yaml first, so that what EspoCRM would refuse is refused.
package espocrm

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/contact-operator/contact-operator/hack/sandbox/description"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

//go:embed openapi.yaml
var document []byte

// Options configure the EspoCRM. The zero value takes the API key, from a user who may do everything.
type Options struct {
	// Secret is the API user's secret key, whose authentication method is HMAC then; "": it is API Key.
	Secret string
	// Read is how many of the records the role shows: "all", which is also the default, or "own".
	Read string
	// Forbidden are attributes that the role may not write.
	Forbidden []string
	// NoDelete and NoDataPrivacy take these rights away.
	NoDelete, NoDataPrivacy bool
	// Folds: the database takes letters with marks for those without, as some collations do.
	Folds bool
	// Now is the clock; nil: the system's.
	Now func() time.Time
}

// New makes the stand-in.
func New(o Options) server.NewVendor {
	return func(t server.Table) server.Vendor {
		if o.Now == nil {
			o.Now = time.Now
		}
		if o.Read == "" {
			o.Read = "all"
		}
		return &instance{Options: o, table: t, description: description.MustLoad(document)}
	}
}

// instance is the stand-in. One call is served at a time.
type instance struct {
	Options
	table       server.Table
	description *description.Description

	mu     sync.Mutex
	failed []time.Time // logins of the last minute
}

// Reset implements server.Vendor.
func (i *instance) Reset() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.failed = nil
}

// Answer implements server.Vendor.
func (i *instance) Answer(r *http.Request, body []byte, token string) server.VendorAnswer {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !strings.HasPrefix(r.URL.Path, "/api/v1/") {
		return server.VendorAnswer{Status: http.StatusNotFound}
	}
	if refused, out := i.logIn(r, token); out {
		return refused
	}
	checked, err := i.description.Check(r, body)
	nobody := false // a path that wants an id, and has none
	if checked != nil {
		id, wanted := checked.Path["id"]
		nobody = wanted && id == ""
	}
	switch {
	case nobody, errors.Is(err, description.ErrNoPath), errors.Is(err, description.ErrNoMethod): // there is no 405
		return problem(http.StatusNotFound, "")
	case err != nil:
		reason, _, _ := strings.Cut(err.Error(), "\n")
		return problem(http.StatusBadRequest, reason)
	}
	entity := checked.Path["entity"]
	if _, known := entities()[entity]; entity != "" && !known {
		return problem(http.StatusNotFound, "Controller '"+entity+"' does not exist.")
	}
	return i.dispatch(r, checked.Operation, entity, checked.Path["id"], body)
}

const (
	mostFailures = 10
	lockout      = time.Minute
)

// logIn checks the credentials. After too many failures nobody is let in for a while.
func (i *instance) logIn(r *http.Request, token string) (refused server.VendorAnswer, out bool) {
	now := i.Now()
	for len(i.failed) > 0 && now.Sub(i.failed[0]) >= lockout {
		i.failed = i.failed[1:]
	}
	if len(i.failed) > mostFailures {
		return problem(http.StatusForbidden, "Max failed login attempts exceeded for IP address 127.0.0.1."), true
	}
	if i.authorized(r, token) {
		return server.VendorAnswer{}, false
	}
	i.failed = append(i.failed, now)
	refused = problem(http.StatusUnauthorized, "")
	refused.Unauthorized = true
	return refused, true
}

func (i *instance) authorized(r *http.Request, token string) bool {
	if i.Secret == "" {
		return subtle.ConstantTimeCompare([]byte(r.Header.Get("X-Api-Key")), []byte(token)) == 1
	}
	decoded, err := base64.StdEncoding.DecodeString(r.Header.Get("X-Hmac-Authorization"))
	key, digest, found := strings.Cut(string(decoded), ":")
	if err != nil || !found || key != token {
		return false
	}
	mac := hmac.New(sha256.New, []byte(i.Secret))
	mac.Write([]byte(r.Method + " " + strings.TrimPrefix(r.URL.Path, "/api/v1")))
	return hmac.Equal([]byte(digest), mac.Sum(nil))
}

func (i *instance) dispatch(r *http.Request, operation, entity, id string, body []byte) server.VendorAnswer {
	switch operation {
	case "user":
		return i.user()
	case "metadata":
		entity, _, _ = strings.Cut(strings.TrimPrefix(r.URL.Query().Get("key"), "entityDefs."), ".")
		fields, known := entities()[entity]
		if !known {
			return server.VendorAnswer{Status: http.StatusOK, Body: json.RawMessage("null")}
		}
		return server.VendorAnswer{Status: http.StatusOK, Body: fields}
	case "list":
		return i.list(entity, r.URL.Query())
	case "create":
		return i.create(entity, r.Header.Get("X-Skip-Duplicate-Check") == "true", parse[map[string]any](body))
	case "erase":
		in := parse[erasure](body)
		return i.erase(in)
	}
	row, found := i.byID(entity, id)
	if !found {
		return problem(http.StatusNotFound, "Record "+id+" does not exist.")
	}
	switch operation {
	case "read":
		return server.VendorAnswer{Status: http.StatusOK, Body: shown(row)}
	case "update":
		return i.update(entity, row, parse[map[string]any](body))
	case "delete":
		if i.NoDelete {
			return problem(http.StatusForbidden, "No delete access.")
		}
		if _, err := i.table.Remove(row.Key); err != nil {
			return problem(http.StatusInternalServerError, "")
		}
		return server.VendorAnswer{Status: http.StatusOK, Body: true, Records: 1}
	}
	panic("openapi.yaml has an operation that nothing serves: " + operation)
}

// user is what the API user is and may do. Nothing forbidden is an empty list, as PHP writes it.
func (i *instance) user() server.VendorAnswer {
	yes := map[bool]string{true: "no", false: "all"}
	table, quick := map[string]any{}, map[string]any{}
	for entity := range entities() {
		table[entity] = map[string]string{"create": "yes", "read": i.Read, "edit": i.Read, "delete": yes[i.NoDelete], "stream": "no"}
		quick[entity] = []any{}
		if len(i.Forbidden) > 0 {
			no := map[string]any{"yes": []string{}, "no": i.Forbidden}
			quick[entity] = map[string]any{"attributes": map[string]any{"read": map[string]any{"yes": []string{}, "no": []string{}}, "edit": no}}
		}
	}
	return server.VendorAnswer{Status: http.StatusOK, Health: true, Body: map[string]any{
		"user": map[string]any{"id": "662a0a8f1b2c3d4e5", "userName": "contact-operator", "type": "api"},
		"acl":  map[string]any{"table": table, "fieldTable": map[string]any{}, "fieldTableQuickAccess": quick},
	}}
}

// problem says why not in a header alone.
func problem(status int, reason string) server.VendorAnswer {
	a := server.VendorAnswer{Status: status, Header: http.Header{}}
	if reason != "" {
		a.Header.Set("X-Status-Reason", reason)
	}
	return a
}

// parse reads a body that fits the description.
func parse[T any](body []byte) T {
	var v T
	if err := json.Unmarshal(body, &v); err != nil {
		panic(err)
	}
	return v
}
