// Package zerobounce is a stand-in for ZeroBounce: its paths below /v2, the key in the query, errors with status 200, credits that are
// used up, and its blocks for those who go on with a wrong key or wrong requests. Requests are held against openapi.yaml, so that
// what ZeroBounce would ignore is refused.
package zerobounce

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

// Options configure the account. The zero value has credits without end.
type Options struct {
	// Credits are those that the account has; 0: without end, -1: none.
	Credits int
	// Now is the clock; nil: the system's.
	Now func() time.Time
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

	mu      sync.Mutex
	credits int
	blocks  map[string]*block // by what leads to them
}

// block is what ZeroBounce does to those who don't stop.
type block struct {
	most   int // calls within period
	period time.Duration
	lasts  time.Duration
	calls  []time.Time
	until  time.Time
}

// Reset implements server.Vendor.
func (a *account) Reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.credits = max(a.Credits, 0)
	if a.Credits == 0 {
		a.credits = 1_000_000_000
	}
	a.blocks = map[string]*block{
		"validate":    {most: 80_000, period: 10 * time.Second, lasts: time.Minute},
		"wrong key":   {most: 200, period: time.Hour, lasts: time.Hour},
		"credits key": {most: 200, period: time.Hour, lasts: 24 * time.Hour},
		"wrong":       {most: 100, period: time.Minute, lasts: time.Hour},
	}
}

// parameters are those that each operation reads.
func parameters(operation string) []string {
	if operation == "credits" {
		return []string{"api_key"}
	}
	return []string{"api_key", "email", "ip_address", "timeout"}
}

// Answer implements server.Vendor.
func (a *account) Answer(r *http.Request, body []byte, key string) server.VendorAnswer {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.Now()
	for _, b := range a.blocks {
		if now.Before(b.until) {
			return problem(http.StatusTooManyRequests, "You are temporarily blocked.")
		}
	}
	checked, err := a.description.Check(r, body)
	switch {
	case errors.Is(err, description.ErrNoPath):
		return server.VendorAnswer{Status: http.StatusNotFound}
	case errors.Is(err, description.ErrNoMethod):
		return server.VendorAnswer{Status: http.StatusMethodNotAllowed}
	case err != nil:
		a.blocks["wrong"].count(now)
		reason, _, _ := strings.Cut(err.Error(), "\n")
		return problem(http.StatusBadRequest, reason)
	}
	for name := range r.URL.Query() {
		if !slices.Contains(parameters(checked.Operation), name) {
			a.blocks["wrong"].count(now)
			return problem(http.StatusBadRequest, "nobody reads the parameter "+name)
		}
	}
	given := r.URL.Query().Get("api_key")
	known := subtle.ConstantTimeCompare([]byte(given), []byte(key)) == 1
	if checked.Operation == "credits" {
		if !known {
			a.blocks["credits key"].count(now)
			return server.VendorAnswer{Status: http.StatusOK, Body: map[string]string{"Credits": "-1"}, Unauthorized: true}
		}
		return server.VendorAnswer{Status: http.StatusOK, Body: map[string]string{"Credits": strconv.Itoa(a.credits)}, Health: true}
	}
	if !known || a.credits == 0 {
		if !known {
			a.blocks["wrong key"].count(now)
		}
		refused := problem(http.StatusOK, "Invalid API key or your account ran out of credits") // the same for both
		refused.Unauthorized = !known
		return refused
	}
	a.blocks["validate"].count(now)
	address := strings.ToLower(r.URL.Query().Get("email"))
	found := validate(address, now)
	if found.Status != "unknown" && !found.free {
		a.credits--
	}
	a.table.Asked(address, map[string]any{"status": found.Status, "sub_status": found.SubStatus})
	return server.VendorAnswer{Status: http.StatusOK, Body: found, Records: 1}
}

// count counts a call, and blocks everything from then on if it was one too many.
func (b *block) count(now time.Time) {
	for len(b.calls) > 0 && now.Sub(b.calls[0]) >= b.period {
		b.calls = b.calls[1:]
	}
	if b.calls = append(b.calls, now); len(b.calls) > b.most {
		b.until = now.Add(b.lasts)
	}
}

func problem(status int, message string) server.VendorAnswer {
	return server.VendorAnswer{Status: status, Body: map[string]string{"error": message}}
}
