// Package brevo is a stand-in for a Brevo account: the paths, the api-key header, the bodies and error bodies, that attributes are
// dropped in silence, that a phone number is an identifier, what its upsert does to those who have left, and the limits with their
// headers. Requests are held against openapi.yaml first, so that what Brevo would refuse, or ignore, is refused.
package brevo

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

// The lists that there are.
const (
	Newsletter = 7
	Customers  = 8
)

// UserAddress belongs to a user of the account, and can't be deleted.
const UserAddress = "owner@example.com"

// Options configure the account. The zero value has no limits.
type Options struct {
	// PerSecond and PerHour limit the calls below /v3/contacts, OthersPerHour all others; 0: no limit.
	PerSecond, PerHour, OthersPerHour int
	// Now is the clock; nil: the system's.
	Now func() time.Time
}

// General is an account of the cheapest kind.
func General() Options { return Options{PerSecond: 10, PerHour: 36_000, OthersPerHour: 100} }

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
	attributes []attribute
	counts     map[string]*period
}

// Reset implements server.Vendor.
func (a *account) Reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.attributes, a.counts = standard(), map[string]*period{}
}

// Answer implements server.Vendor.
func (a *account) Answer(r *http.Request, body []byte, token string) server.VendorAnswer {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !strings.HasPrefix(r.URL.Path, "/v3/") {
		return server.VendorAnswer{Status: http.StatusNotFound, Body: map[string]string{"message": "no such page"}}
	}
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("api-key")), []byte(token)) != 1 {
		refused := problem(http.StatusUnauthorized, "unauthorized", "Key not found")
		refused.Unauthorized = true
		return refused
	}
	limits, over := a.count(strings.HasPrefix(r.URL.Path, "/v3/contacts"))
	if over {
		refused := problem(http.StatusTooManyRequests, "too_many_requests", "Rate limit exceeded")
		refused.Header = limits
		return refused
	}
	answer := a.checked(r, body)
	answer.Header = limits
	return answer
}

func (a *account) checked(r *http.Request, body []byte) server.VendorAnswer {
	checked, err := a.description.Check(r, body)
	switch {
	case errors.Is(err, description.ErrNoPath):
		return problem(http.StatusNotFound, "document_not_found", "Resource not found")
	case errors.Is(err, description.ErrNoMethod):
		return problem(http.StatusMethodNotAllowed, "method_not_allowed", "Method not allowed")
	case err != nil:
		reason, _, _ := strings.Cut(err.Error(), "\n")
		return problem(http.StatusBadRequest, "invalid_parameter", reason)
	}
	switch checked.Operation {
	case "getAccount":
		return server.VendorAnswer{Status: http.StatusOK, Body: map[string]any{"email": UserAddress, "companyName": "Example Ltd"}, Health: true}
	case "listAttributes":
		return server.VendorAnswer{Status: http.StatusOK, Body: map[string]any{"attributes": a.attributes}}
	case "createAttribute":
		return a.createAttribute(checked.Path["category"], checked.Path["name"], body)
	case "getList":
		return a.getList(checked.Path["listId"])
	case "listContacts":
		return a.list(r.URL.Query())
	case "createContact":
		return a.create(body)
	}
	c, found := a.find(checked.Path["identifier"])
	if !found {
		return problem(http.StatusNotFound, "document_not_found", "Contact does not exist")
	}
	switch checked.Operation {
	case "getContact":
		return server.VendorAnswer{Status: http.StatusOK, Body: view(c), Records: 1}
	case "updateContact":
		return a.update(c, body)
	case "deleteContact":
		if c.Email == UserAddress {
			return problem(http.StatusMethodNotAllowed, "method_not_allowed", "You are not allowed to delete registered email contact")
		}
		if _, err := a.table.Remove(c.Email); err != nil {
			return unsaved()
		}
		return server.VendorAnswer{Status: http.StatusNoContent, Records: 1}
	}
	panic("openapi.yaml has an operation that nothing serves: " + checked.Operation)
}

// problem is Brevo's error body.
func problem(status int, code, message string, duplicates ...string) server.VendorAnswer {
	body := map[string]any{"code": code, "message": message}
	if len(duplicates) > 0 {
		body["metadata"] = map[string]any{"duplicate_identifiers": duplicates}
	}
	return server.VendorAnswer{Status: status, Body: body}
}

func unsaved() server.VendorAnswer {
	return problem(http.StatusInternalServerError, "", "Internal error")
}

func (a *account) getList(text string) server.VendorAnswer {
	id, _ := strconv.Atoi(text)
	name := map[int]string{Newsletter: "Newsletter", Customers: "Customers"}[id]
	if name == "" {
		return problem(http.StatusNotFound, "document_not_found", "List ID does not exist")
	}
	return server.VendorAnswer{Status: http.StatusOK, Health: true, Body: map[string]any{"id": id, "name": name, "folderId": 1, "totalSubscribers": 0}}
}

// period counts calls in one period, which begins with its first call.
type period struct {
	until time.Time
	calls int
}

// count counts a call, or says that it is over a limit. The headers speak of the limit that leaves the fewest calls.
func (a *account) count(contacts bool) (limits http.Header, over bool) {
	type limit struct {
		name   string
		calls  int
		length time.Duration
	}
	all := []limit{{"others", a.OthersPerHour, time.Hour}}
	if contacts {
		all = []limit{{"second", a.PerSecond, time.Second}, {"hour", a.PerHour, time.Hour}}
	}
	now, tightest := a.Now(), -1
	limits = http.Header{}
	for _, l := range all {
		p := a.counts[l.name]
		if p == nil || !now.Before(p.until) {
			p = &period{until: now.Add(l.length)}
			a.counts[l.name] = p
		}
		if l.calls == 0 {
			continue
		}
		over = over || p.calls >= l.calls
		p.calls++
		if left := max(l.calls-p.calls, 0); tightest < 0 || left < tightest {
			tightest = left
			limits.Set("x-sib-ratelimit-limit", strconv.Itoa(l.calls))
			limits.Set("x-sib-ratelimit-remaining", strconv.Itoa(left))
			limits.Set("x-sib-ratelimit-reset", strconv.Itoa(int((p.until.Sub(now)+time.Second-1)/time.Second))) // seconds left
		}
	}
	return limits, over
}

// parse reads a body that fits the description.
func parse[T any](body []byte) T {
	var v T
	if err := json.Unmarshal(body, &v); err != nil {
		panic(err)
	}
	return v
}
