// Package ipinfo is a stand-in for ipinfo's services: Lite, the one of Core and Plus, and the older one. It has their paths, tokens,
// answers and errors. Requests are held against openapi.yaml first.
package ipinfo

import (
	"crypto/subtle"
	_ "embed"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"github.com/contact-operator/contact-operator/hack/sandbox/description"
	"github.com/contact-operator/contact-operator/hack/sandbox/internet"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

//go:embed openapi.yaml
var document []byte

// Options configure the plan. The zero value has every service and no quota.
type Options struct {
	// OnlyLite: a free plan.
	OnlyLite bool
	// Quota is how many answers there are beside those of Lite; 0: no end of them.
	Quota int
}

// New makes the stand-in.
func New(o Options) server.NewVendor {
	return func(t server.Table) server.Vendor {
		return &plan{Options: o, table: t, description: description.MustLoad(document)}
	}
}

// plan is the stand-in. One call is served at a time.
type plan struct {
	Options
	table       server.Table
	description *description.Description

	mu   sync.Mutex
	used int
}

// Reset implements server.Vendor.
func (p *plan) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.used = 0
}

// Answer implements server.Vendor.
func (p *plan) Answer(r *http.Request, body []byte, token string) server.VendorAnswer {
	p.mu.Lock()
	defer p.mu.Unlock()
	checked, err := p.description.Check(r, body)
	switch {
	case errors.Is(err, description.ErrNoPath):
		return problem(http.StatusNotFound, "Not found", "there is nothing here")
	case errors.Is(err, description.ErrNoMethod):
		return problem(http.StatusMethodNotAllowed, "Method not allowed", "this method is not allowed here")
	}
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if scheme != "Bearer" || subtle.ConstantTimeCompare([]byte(given), []byte(token)) != 1 {
		refused := problem(http.StatusForbidden, "Unknown token", "the token is not known")
		refused.Unauthorized = true
		return refused
	}
	if p.OnlyLite && checked.Operation != "lite" {
		return problem(http.StatusForbidden, "Forbidden", "the plan does not have this service")
	}
	addr, err := netip.ParseAddr(checked.Path["address"])
	if err != nil {
		return problem(http.StatusNotFound, "Wrong ip", "give a valid IP address")
	}
	if checked.Operation != "lite" {
		if p.Quota > 0 && p.used >= p.Quota {
			return problem(http.StatusTooManyRequests, "Rate limit exceeded", "the quota is used up")
		}
		p.used++
	}
	answer := about(addr, checked.Operation)
	// Kept for whoever looks at the sandbox.
	if _, _, err := p.table.Put(addr.String(), func(map[string]any) map[string]any { return answer }); err != nil {
		return problem(http.StatusInternalServerError, "Unsaved", "internal error")
	}
	return server.VendorAnswer{Status: http.StatusOK, Body: answer, Records: 1}
}

func problem(status int, title, message string) server.VendorAnswer {
	return server.VendorAnswer{Status: status, Body: map[string]any{
		"status": status, "error": map[string]any{"title": title, "message": message},
	}}
}

// about is what a service says of an address.
func about(addr netip.Addr, service string) map[string]any {
	a := map[string]any{"ip": addr.String()}
	if internet.Reserved(addr) {
		a["bogon"] = true
		return a
	}
	p, _ := internet.Find(addr)
	switch service {
	case "lite":
		if p.Country != "" {
			a["country_code"], a["country"], a["continent_code"] = p.Country, internet.Name(p.Country), internet.Continent(p.Country)
		}
	case "lookup":
		a["is_anonymous"], a["is_anycast"], a["is_hosting"], a["is_satellite"] = p.Anonymous, p.Anycast, p.Hosting, p.Satellite
		a["is_mobile"] = false
		if p.Country != "" {
			a["geo"] = map[string]any{
				"country_code": p.Country, "country": internet.Name(p.Country), "continent_code": internet.Continent(p.Country),
			}
		}
	case "legacy":
		if p.Anycast {
			a["anycast"] = true
		}
		if p.Country != "" {
			a["country"] = p.Country
		}
		a["privacy"] = map[string]any{"vpn": p.Anonymous, "proxy": false, "tor": false, "relay": false, "hosting": p.Hosting}
	}
	return a
}
