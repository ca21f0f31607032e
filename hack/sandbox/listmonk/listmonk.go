// Package listmonk is a stand-in for listmonk, version 5 or 6: the paths, the API user and its role, the bodies and their envelope,
// that there is no upsert, that lists are dropped in silence, and what its calls do to subscriptions. Requests are held against openapi.yaml
// first, so that what listmonk would refuse, or ignore, is refused.
package listmonk

import (
	"crypto/subtle"
	_ "embed"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/contact-operator/contact-operator/hack/sandbox/description"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

//go:embed openapi.yaml
var document []byte

// User is the name of the API user. Its token is the service's.
const User = "contact-operator"

// BlockedDomain is on the block list of domains.
const BlockedDomain = "blocklisted.example"

// The lists that there are.
const (
	SingleOptIn = 3
	DoubleOptIn = 4
	OthersList  = 5
)

// Options configure the instance. The zero value is the newest version, with an API user who may do everything but query
// by SQL.
type Options struct {
	// Version is 5, or 6: the newest, which is also the default.
	Version int
	// Manages are the lists that the API user may see and manage, with the people on them; nil: all lists, and all people.
	Manages []int
}

// New makes the stand-in.
func New(o Options) server.NewVendor {
	return func(t server.Table) server.Vendor {
		if o.Version == 0 {
			o.Version = 6
		}
		return &instance{Options: o, table: t, description: description.MustLoad(document)}
	}
}

// instance is the stand-in. One call is served at a time.
type instance struct {
	Options
	table       server.Table
	description *description.Description
	mu          sync.Mutex
}

// Reset implements server.Vendor. Everything is in the table.
func (i *instance) Reset() {}

// Answer implements server.Vendor.
func (i *instance) Answer(r *http.Request, body []byte, token string) server.VendorAnswer {
	i.mu.Lock()
	defer i.mu.Unlock()
	checked, err := i.description.Check(r, body)
	if errors.Is(err, description.ErrNoPath) {
		if strings.HasPrefix(r.URL.Path, "/api/") {
			return problem(http.StatusNotFound, "Not Found")
		}
		return server.VendorAnswer{Status: http.StatusTemporaryRedirect, Header: http.Header{"Location": {"/admin/login"}}}
	}
	if checked != nil && checked.Operation == "publicHealth" {
		return server.VendorAnswer{Status: http.StatusOK, Body: data(true), Health: true}
	}
	if message := refuses(r, token); message != "" {
		refused := problem(http.StatusForbidden, message) // never 401
		refused.Unauthorized = true
		return refused
	}
	switch {
	case errors.Is(err, description.ErrNoMethod), i.Version < 6 && checked != nil && checked.Operation == "patchSubscriber":
		return problem(http.StatusMethodNotAllowed, "Method Not Allowed")
	case err != nil:
		reason, _, _ := strings.Cut(err.Error(), "\n")
		return problem(http.StatusBadRequest, "invalid input: "+reason)
	}
	id, _ := strconv.Atoi(checked.Path["id"])
	return i.dispatch(r, checked.Operation, id, body)
}

func (i *instance) dispatch(r *http.Request, operation string, id int, body []byte) server.VendorAnswer {
	switch operation {
	case "health":
		return server.VendorAnswer{Status: http.StatusOK, Body: data(true), Health: true}
	case "getList":
		return i.getList(id)
	case "querySubscribers":
		return i.query(r.URL.Query())
	case "createSubscriber":
		return i.create(body)
	case "manageLists":
		return i.manageLists(body)
	}
	s, found := i.byID(id)
	switch {
	case operation == "deleteSubscriber" && !found:
		return done()
	case !found:
		return problem(http.StatusBadRequest, "Subscriber not found")
	case !i.sees(s):
		return problem(http.StatusForbidden, "permission denied: subscribers:get")
	}
	switch operation {
	case "getSubscriber":
		return i.shown(s)
	case "replaceSubscriber":
		return i.replace(s, body)
	case "patchSubscriber":
		return i.patch(s, body)
	case "deleteSubscriber":
		if _, err := i.table.Remove(s.Email); err != nil {
			return unsaved()
		}
		return done()
	case "sendOptin":
		s.mail()
		return i.saved(s, done())
	case "blocklist":
		s.Status = "blocklisted"
		for list := range s.Lists {
			s.Lists[list] = unsubscribed
		}
		return i.saved(s, done())
	}
	panic("openapi.yaml has an operation that nothing serves: " + operation)
}

// refuses checks the credentials. A session cookie makes listmonk ignore the header.
func refuses(r *http.Request, token string) string {
	if strings.Contains(r.Header.Get("Cookie"), "session=") {
		return "invalid session"
	}
	user, given, ok := r.BasicAuth()
	scheme, credentials, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok {
		if scheme != "token" {
			return "unknown Authorization scheme"
		}
		user, given, _ = strings.Cut(credentials, ":")
	}
	if user != User || subtle.ConstantTimeCompare([]byte(given), []byte(token)) != 1 {
		return "invalid API credentials"
	}
	return ""
}

func data(v any) map[string]any { return map[string]any{"data": v} }

func done() server.VendorAnswer {
	return server.VendorAnswer{Status: http.StatusOK, Body: data(true), Records: 1}
}

func problem(status int, message string) server.VendorAnswer {
	return server.VendorAnswer{Status: status, Body: map[string]string{"message": message}}
}

func unsaved() server.VendorAnswer {
	return problem(http.StatusInternalServerError, "error saving the subscriber")
}

// parse reads a body that fits the description.
func parse[T any](body []byte) T {
	var v T
	if err := json.Unmarshal(body, &v); err != nil {
		panic(err)
	}
	return v
}
