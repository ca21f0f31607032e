// Package mailchimp is a stand-in for an account at Mailchimp: the paths, the credentials, the bodies and problem documents, that
// status puts people back while status_if_new does not, that merge fields are dropped in silence, the states that only the person
// can leave, the lasting effect of a permanent deletion, and the limit of ten connections. Requests are held against openapi.yaml
// first, so that what Mailchimp would refuse, or ignore, is refused.
package mailchimp

import (
	"crypto/subtle"
	_ "embed"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/contact-operator/contact-operator/hack/sandbox/description"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

//go:embed openapi.yaml
var document []byte

// Audience is the id of the one audience.
const Audience = "a1b2c3d4e5"

// Domains whose addresses Mailchimp refuses.
const (
	FakeDomain      = "fake.example"      // it takes them for made up
	ManyListsDomain = "manylists.example" // they have signed up in many places lately
)

// Options configure the account. The zero value has no limit, and answers at once.
type Options struct {
	// Connections is how many calls are served at a time; 0: no limit.
	Connections int
	// Latency is how long a call takes.
	Latency time.Duration
	// Now is the clock; nil: the system's.
	Now func() time.Time

	sleep func(time.Duration) // nil: the system's
}

// Real are the limits that every account has.
func Real() Options { return Options{Connections: 10, Latency: 50 * time.Millisecond} }

// New makes the stand-in.
func New(o Options) server.NewVendor {
	return func(t server.Table) server.Vendor {
		if o.Now == nil {
			o.Now = time.Now
		}
		if o.sleep == nil {
			o.sleep = func(d time.Duration) { <-time.After(d) }
		}
		a := &account{Options: o, table: t, description: description.MustLoad(document)}
		a.Reset()
		return a
	}
}

// account is the stand-in.
type account struct {
	Options
	table       server.Table
	description *description.Description
	inFlight    atomic.Int64

	mu        sync.Mutex
	fields    []mergeField
	forgotten map[string]bool // addresses that were deleted for good
	serial    int             // of instances
}

// Reset implements server.Vendor.
func (a *account) Reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fields, a.forgotten, a.serial = standard(), map[string]bool{}, 0
}

// Answer implements server.Vendor. Calls are in flight together, and change things one at a time.
func (a *account) Answer(r *http.Request, body []byte, token string) server.VendorAnswer {
	defer a.inFlight.Add(-1)
	over := a.inFlight.Add(1) > int64(a.Connections) && a.Connections > 0
	if !over && a.Latency > 0 {
		a.sleep(a.Latency)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if over {
		return a.problem(http.StatusTooManyRequests, "Too Many Requests", "You have exceeded the limit of 10 simultaneous connections.")
	}
	return a.checked(r, body, token)
}

func (a *account) checked(r *http.Request, body []byte, token string) server.VendorAnswer {
	checked, err := a.description.Check(r, body)
	if errors.Is(err, description.ErrNoPath) && !strings.HasPrefix(r.URL.Path, "/3.0/") {
		return server.VendorAnswer{Status: http.StatusNotFound, Body: map[string]string{"message": "no such page"}}
	}
	if title := refuses(r, token); title != "" {
		refused := a.problem(http.StatusUnauthorized, title, "Your request did not include an API key, or it is invalid.")
		refused.Unauthorized = true
		return refused
	}
	switch {
	case errors.Is(err, description.ErrNoPath):
		return a.notFound()
	case errors.Is(err, description.ErrNoMethod):
		return a.problem(http.StatusMethodNotAllowed, "Method Not Allowed", "The requested method and resource are not compatible.")
	case err != nil:
		reason, _, _ := strings.Cut(err.Error(), "\n")
		return a.problem(http.StatusBadRequest, "BadRequest", reason)
	case checked.Path["list_id"] != "" && checked.Path["list_id"] != Audience:
		return a.notFound()
	}
	return a.dispatch(r, checked, body)
}

func (a *account) dispatch(r *http.Request, checked *description.Checked, body []byte) server.VendorAnswer {
	hash := strings.ToLower(checked.Path["subscriber_hash"])
	switch checked.Operation {
	case "ping":
		return server.VendorAnswer{Status: http.StatusOK, Body: map[string]any{"health_status": "Everything's Chimpy!"}, Health: true}
	case "getList":
		return server.VendorAnswer{Status: http.StatusOK, Body: map[string]any{"id": Audience, "name": "Newsletter"}}
	case "batchMembers":
		return a.batch(body)
	case "listMergeFields":
		return server.VendorAnswer{Status: http.StatusOK, Body: map[string]any{"merge_fields": a.fields, "list_id": Audience, "total_items": len(a.fields)}}
	case "createMergeField":
		return a.createMergeField(body)
	case "listMembers":
		return a.list(r.URL.Query())
	case "putMember":
		return a.put(hash, body)
	}
	m, found := a.byHash(hash)
	if !found {
		return a.notFound()
	}
	switch checked.Operation {
	case "getMember":
		return a.shown(m)
	case "patchMember":
		return a.patch(m, body)
	case "archiveMember":
		return a.archive(m)
	case "deletePermanent":
		return a.deletePermanent(m)
	case "tagMember":
		return a.tag(m, body)
	}
	panic("openapi.yaml has an operation that nothing serves: " + checked.Operation)
}

// refuses checks the credentials: HTTP Basic with any user, or a bearer token.
func refuses(r *http.Request, token string) string {
	_, given, ok := r.BasicAuth()
	if !ok {
		scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if scheme != "Bearer" {
			return "API Key Missing"
		}
		given = rest
	}
	if subtle.ConstantTimeCompare([]byte(given), []byte(token)) != 1 {
		return "API Key Invalid"
	}
	return ""
}

// problem is Mailchimp's error document. Its instance is another one each time.
func (a *account) problem(status int, title, detail string, fields ...fieldError) server.VendorAnswer {
	a.serial++
	tail := strconv.Itoa(a.serial)
	body := map[string]any{
		"type": "https://mailchimp.com/developer/marketing/docs/errors/", "title": title, "status": status, "detail": detail,
		"instance": "00000000-0000-4000-8000-" + strings.Repeat("0", 12-len(tail)) + tail,
	}
	if len(fields) > 0 {
		body["errors"] = fields
	}
	return server.VendorAnswer{Status: status, Header: http.Header{"Content-Type": {"application/problem+json; charset=utf-8"}}, Body: body}
}

// fieldError says what is wrong with one field.
type fieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

func (a *account) notFound() server.VendorAnswer {
	return a.problem(http.StatusNotFound, "Resource Not Found", "The requested resource could not be found.")
}

func (a *account) unsaved() server.VendorAnswer {
	return a.problem(http.StatusInternalServerError, "InternalServerError", "An unexpected internal error occurred.")
}

// parse reads a body that fits the description.
func parse[T any](body []byte) T {
	var v T
	if err := json.Unmarshal(body, &v); err != nil {
		panic(err)
	}
	return v
}
