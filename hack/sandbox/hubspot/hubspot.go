// Package hubspot is a stand-in for a HubSpot account: the paths, the bearer token, the bodies and error bodies, partial
// failures, the limits and their headers, the lag of its search, and the lasting effect of its GDPR deletion. Requests are
// held against openapi.yaml first, so that what HubSpot would refuse is refused.
package hubspot

import (
	"crypto/subtle"
	_ "embed"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/contact-operator/contact-operator/hack/sandbox/description"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

//go:embed openapi.yaml
var document []byte

// Options configure the account. The zero value has no limits and a search that sees everything at once.
type Options struct {
	// PerTenSeconds and PerDay limit the calls; 0: no limit.
	PerTenSeconds, PerDay int
	// SearchLag is how long a write is not seen by a search.
	SearchLag time.Duration
	// Now is the clock; nil: the system's.
	Now func() time.Time
}

// Free is an account of the cheapest kind.
func Free() Options {
	return Options{PerTenSeconds: 100, PerDay: 250_000, SearchLag: 10 * time.Second}
}

// New makes the stand-in.
func New(o Options) server.NewVendor {
	return func(t server.Table) server.Vendor {
		if o.Now == nil {
			o.Now = time.Now
		}
		a := &account{Options: o, table: t, description: description.MustLoad(document)}
		a.Reset()
		return a
	}
}

// account is the stand-in. One call is served at a time.
type account struct {
	Options
	table       server.Table
	description *description.Description

	mu         sync.Mutex
	properties map[string]property
	blocked    map[string]bool // addresses, for good
	written    map[string]time.Time
	calls      []time.Time // of the last ten seconds
	day        time.Time
	today      int
	serial     int // of correlation ids
}

// Reset implements server.Vendor.
func (a *account) Reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.properties, a.blocked, a.written = standard(), map[string]bool{}, map[string]time.Time{}
	a.calls, a.day, a.today, a.serial = nil, time.Time{}, 0, 0
}

// Answer implements server.Vendor.
func (a *account) Answer(r *http.Request, body []byte, token string) server.VendorAnswer {
	a.mu.Lock()
	defer a.mu.Unlock()
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if scheme != "Bearer" || subtle.ConstantTimeCompare([]byte(given), []byte(token)) != 1 {
		refused := a.problem(http.StatusUnauthorized, "INVALID_AUTHENTICATION", "Authentication credentials not found. This API takes an OAuth 2.0 access token.")
		refused.Unauthorized = true
		return refused
	}
	search := strings.HasSuffix(r.URL.Path, "/search")
	if limited, over := a.count(); over && !search {
		return limited
	}
	answer := a.dispatch(r, body)
	if !search {
		answer.Header = a.limits()
	}
	return answer
}

func (a *account) dispatch(r *http.Request, body []byte) server.VendorAnswer {
	if len(body) > 0 && !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		return a.problem(http.StatusUnsupportedMediaType, "", "the content type is not supported")
	}
	checked, err := a.description.Check(r, body)
	switch {
	case errors.Is(err, description.ErrNoPath):
		// Not HubSpot's API, but what stands before it: no error body.
		return server.VendorAnswer{Status: http.StatusNotFound, Body: map[string]string{"message": "no such path"}}
	case errors.Is(err, description.ErrNoMethod):
		return a.problem(http.StatusMethodNotAllowed, "", "this method is not allowed here")
	case err != nil:
		reason, _, _ := strings.Cut(err.Error(), "\n")
		return a.problem(http.StatusBadRequest, "VALIDATION_ERROR", "Invalid input JSON: "+reason)
	}
	id, byEmail := checked.Path["contactId"], r.URL.Query().Get("idProperty") == "email"
	switch checked.Operation {
	case "batchUpsert":
		return a.batchUpsert(body)
	case "create":
		return a.create(body)
	case "read":
		return a.read(id, byEmail)
	case "update":
		return a.update(id, byEmail, body)
	case "archive":
		return a.archive(id, byEmail)
	case "gdprDelete":
		return a.gdprDelete(body)
	case "search":
		return a.search(body)
	case "createProperty":
		return a.createProperty(body)
	case "readProperties":
		return a.readProperties(body)
	case "details":
		return server.VendorAnswer{Status: http.StatusOK, Health: true, Body: map[string]any{
			"portalId": 4711, "accountType": "STANDARD", "timeZone": "Europe/Berlin", "companyCurrency": "EUR", "uiDomain": "app.hubspot.com",
		}}
	}
	panic("openapi.yaml has an operation that nothing serves: " + checked.Operation)
}

// problem is HubSpot's error body.
func (a *account) problem(status int, category, message string) server.VendorAnswer {
	body := map[string]any{"status": "error", "message": message, "correlationId": a.correlationID()}
	if category != "" {
		body["category"] = category
	}
	return server.VendorAnswer{Status: status, Body: body}
}

// correlationID is another one each time, as HubSpot's are.
func (a *account) correlationID() string {
	a.serial++
	tail := strconv.Itoa(a.serial)
	return "00000000-0000-4000-8000-" + strings.Repeat("0", 12-len(tail)) + tail
}

func (a *account) notFound() server.VendorAnswer {
	return a.problem(http.StatusNotFound, "OBJECT_NOT_FOUND", "resource not found")
}

func unsaved(a *account) server.VendorAnswer {
	return a.problem(http.StatusInternalServerError, "", "internal error")
}

// parse reads a body that fits the description.
func parse[T any](body []byte) T {
	var v T
	if err := json.Unmarshal(body, &v); err != nil {
		panic(err)
	}
	return v
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
