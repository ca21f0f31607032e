// Package kickbox is a stand-in for Kickbox: its paths below /v2, the key as bearer token or in the query, the balance in a header, its
// limit of a clock minute, and the sandbox that a key with test_ gets. Requests are held against openapi.yaml, so that what Kickbox
// would ignore is refused.
package kickbox

import (
	"crypto/subtle"
	_ "embed"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/contact-operator/contact-operator/hack/sandbox/description"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

//go:embed openapi.yaml
var document []byte

// PerMinute is how many calls Kickbox takes in a clock minute.
const PerMinute = 8000

// Options configure the account. The zero value has credits without end, and Kickbox's limit.
type Options struct {
	// Credits are those that the account has; 0: without end, -1: none.
	Credits int
	// PerMinute limits the calls; 0: as many as Kickbox takes.
	PerMinute int
	// Now is the clock; nil: the system's.
	Now func() time.Time
}

// New makes the stand-in. Whether its key begins with test_ says whether it is the sandbox of Kickbox.
func New(o Options) server.NewVendor {
	return func(t server.Table) server.Vendor {
		if o.Now == nil {
			o.Now = time.Now
		}
		if o.PerMinute == 0 {
			o.PerMinute = PerMinute
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

	mu      sync.Mutex
	credits int
	minute  time.Time
	calls   int
}

// Reset implements server.Vendor.
func (a *account) Reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.credits = max(a.Credits, 0)
	if a.Credits == 0 {
		a.credits = 1_000_000_000
	}
	a.minute, a.calls = time.Time{}, 0
}

// Answer implements server.Vendor.
func (a *account) Answer(r *http.Request, body []byte, key string) server.VendorAnswer {
	a.mu.Lock()
	defer a.mu.Unlock()
	if minute := a.Now().Truncate(time.Minute); !minute.Equal(a.minute) {
		a.minute, a.calls = minute, 0
	}
	if a.calls++; a.calls > a.PerMinute {
		return problem(http.StatusTooManyRequests, "Too many requests")
	}
	given := r.URL.Query().Get("apikey")
	if scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); scheme == "Bearer" || scheme == "token" {
		given = token
	}
	if subtle.ConstantTimeCompare([]byte(given), []byte(key)) != 1 {
		refused := problem(http.StatusUnauthorized, "Invalid API key")
		refused.Unauthorized = true
		return refused
	}
	checked, err := a.description.Check(r, body)
	switch {
	case errors.Is(err, description.ErrNoPath):
		return problem(http.StatusNotFound, "Not found")
	case errors.Is(err, description.ErrNoMethod):
		return problem(http.StatusMethodNotAllowed, "Method not allowed")
	case err != nil:
		reason, _, _ := strings.Cut(err.Error(), "\n")
		return problem(http.StatusBadRequest, reason)
	}
	for name := range r.URL.Query() {
		if !slices.Contains([]string{"apikey", "email", "timeout"}, name) {
			return problem(http.StatusBadRequest, "nobody reads the parameter "+name)
		}
	}
	if checked.Operation == "balance" {
		return server.VendorAnswer{Status: http.StatusOK, Body: map[string]int{"balance": a.credits}, Health: true}
	}
	address, trial := strings.ToLower(r.URL.Query().Get("email")), strings.HasPrefix(key, "test_")
	header := func() http.Header { return http.Header{"X-Kickbox-Balance": {strconv.Itoa(a.credits)}} }
	if a.credits == 0 && !trial {
		refused := problem(http.StatusForbidden, "Insufficient balance")
		refused.Header = header()
		return refused
	}
	found := verify(address)
	if trial {
		found = pretend(address)
	} else if found.Result != "unknown" {
		a.credits--
	}
	a.table.Asked(address, map[string]any{"result": found.Result, "reason": found.Reason})
	return server.VendorAnswer{Status: http.StatusOK, Header: header(), Body: found, Records: 1}
}

func problem(status int, message string) server.VendorAnswer {
	return server.VendorAnswer{Status: status, Body: map[string]any{"success": false, "message": message}}
}
