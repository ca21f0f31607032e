// Package maxmind is a stand-in for MaxMind's GeoIP web services: the paths, the account and its license key, the records and their
// content types, the errors, and the credit that each answer costs. Requests are held against openapi.yaml first.
package maxmind

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

// Account is the number of the account. A license key of it is the service's token.
const Account = "123456"

// Options configure the account. The zero value is one that pays and has credit for ever.
type Options struct {
	// Free: an account for GeoLite, which may not use Insights.
	Free bool
	// Credit is how many look-ups are left; 0: no end of them.
	Credit int
	// Tolerates is how many errors in a row are answered as such before calls are refused; 0: all. A call that succeeds ends the row.
	Tolerates int
}

// New makes the stand-in.
func New(o Options) server.NewVendor {
	return func(t server.Table) server.Vendor {
		return &account{Options: o, table: t, description: description.MustLoad(document)}
	}
}

// account is the stand-in. One call is served at a time.
type account struct {
	Options
	table       server.Table
	description *description.Description

	mu     sync.Mutex
	used   int
	errors int // in a row
}

// Reset implements server.Vendor.
func (a *account) Reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.used, a.errors = 0, 0
}

// Answer implements server.Vendor.
func (a *account) Answer(r *http.Request, body []byte, token string) server.VendorAnswer {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.Tolerates > 0 && a.errors >= a.Tolerates {
		return server.VendorAnswer{Status: http.StatusTooManyRequests}
	}
	answer := a.dispatch(r, body, token)
	if answer.Status/100 == 2 {
		a.errors = 0
	} else {
		a.errors++
	}
	return answer
}

func (a *account) dispatch(r *http.Request, body []byte, token string) server.VendorAnswer {
	checked, err := a.description.Check(r, body)
	switch {
	case errors.Is(err, description.ErrNoPath):
		return server.VendorAnswer{Status: http.StatusNotFound}
	case errors.Is(err, description.ErrNoMethod):
		return server.VendorAnswer{Status: http.StatusMethodNotAllowed}
	}
	if refused, code := unauthorized(r, token); refused {
		answer := problem(http.StatusUnauthorized, code, "check the account and its license key")
		answer.Unauthorized = true
		return answer
	}
	if !accepts(r.Header.Get("Accept"), checked.Operation) {
		return server.VendorAnswer{Status: http.StatusUnsupportedMediaType}
	}
	if a.Free && checked.Operation != "country" {
		return problem(http.StatusPaymentRequired, "PERMISSION_REQUIRED", "you may not use this service")
	}
	addr, err := netip.ParseAddr(checked.Path["address"])
	switch {
	case err != nil:
		return problem(http.StatusBadRequest, "IP_ADDRESS_INVALID", "the value is not a valid IP address")
	case internet.Reserved(addr):
		return problem(http.StatusBadRequest, "IP_ADDRESS_RESERVED", "the address is in a reserved or private range")
	case a.Credit > 0 && a.used >= a.Credit:
		return problem(http.StatusPaymentRequired, "INSUFFICIENT_FUNDS", "there is no credit left for this service")
	}
	place, found := internet.Find(addr)
	if !found {
		return problem(http.StatusNotFound, "IP_ADDRESS_NOT_FOUND", "the address is not in the database")
	}
	a.used++
	if err := note(a.table, addr, place); err != nil {
		return server.VendorAnswer{Status: http.StatusInternalServerError}
	}
	return server.VendorAnswer{
		Status: http.StatusOK, Body: record(addr, place, checked.Operation == "insights"), Records: 1,
		Header: http.Header{"Content-Type": {"application/vnd.maxmind.com-" + checked.Operation + "+json; charset=UTF-8; version=2.1"}},
	}
}

// note keeps what was asked, for whoever looks at the sandbox.
func note(t server.Table, addr netip.Addr, p internet.Place) error {
	_, _, err := t.Put(addr.String(), func(map[string]any) map[string]any { return map[string]any{"country": p.Country} })
	return err
}

func unauthorized(r *http.Request, token string) (refused bool, code string) {
	account, key, given := r.BasicAuth()
	switch {
	case !given || account == "":
		return true, "ACCOUNT_ID_REQUIRED"
	case key == "":
		return true, "LICENSE_KEY_REQUIRED"
	case account != Account || subtle.ConstantTimeCompare([]byte(key), []byte(token)) != 1:
		return true, "AUTHORIZATION_INVALID"
	}
	return false, ""
}

// accepts tells whether a client takes what the service has.
func accepts(header, service string) bool {
	for _, kind := range []string{"", "*/*", "application/json", "application/vnd.maxmind.com-" + service + "+json"} {
		if media, _, _ := strings.Cut(header, ";"); media == kind {
			return true
		}
	}
	return false
}

func problem(status int, code, message string) server.VendorAnswer {
	return server.VendorAnswer{
		Status: status, Body: map[string]any{"code": code, "error": message},
		Header: http.Header{"Content-Type": {"application/vnd.maxmind.com-error+json; charset=UTF-8; version=2.0"}},
	}
}

// record is what MaxMind says of an address. What is not known, or not true, is left out.
func record(addr netip.Addr, p internet.Place, insights bool) map[string]any {
	traits := map[string]any{"ip_address": addr.String(), "network": p.Network.Masked().String()}
	if p.Anycast {
		traits["is_anycast"] = true
	}
	if p.Satellite && insights {
		traits["is_satellite_provider"] = true
	}
	r := map[string]any{"traits": traits}
	for key, code := range map[string]string{"country": p.Country, "registered_country": p.Registered, "represented_country": p.Represented} {
		if code == "" {
			continue
		}
		c := map[string]any{"iso_code": code, "names": map[string]any{"en": internet.Name(code)}}
		if internet.InEU(code) {
			c["is_in_european_union"] = true
		}
		if key == "represented_country" {
			c["type"] = "military"
		}
		r[key] = c
	}
	if p.Country != "" {
		r["continent"] = map[string]any{"code": internet.Continent(p.Country)}
	}
	if insights && (p.Anonymous || p.Hosting) {
		anonymizer := map[string]any{"is_anonymous": true}
		if p.Hosting {
			anonymizer["is_hosting_provider"] = true
		} else {
			anonymizer["is_anonymous_vpn"] = true
		}
		r["anonymizer"] = anonymizer
	}
	return r
}
