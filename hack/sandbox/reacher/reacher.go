// Package reacher is a stand-in for a Reacher server (check-if-email-exists 0.11): its paths, the secret that is refused with 400 and
// a plain text, the body that has to have a length, the limits whose wait is in a text alone, and the shape of its answers, those of
// sub-checks that failed included. Requests are held against openapi.yaml, so that what Reacher would ignore is refused.
package reacher

import (
	"crypto/subtle"
	_ "embed"
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

// Options configure the server. The zero value has no limits.
type Options struct {
	// PerMinute and PerDay limit the checks; 0: no limit.
	PerMinute, PerDay int
	// Open: Reacher was started without a secret.
	Open bool
	// Now is the clock; nil: the system's.
	Now func() time.Time
}

// New makes the stand-in.
func New(o Options) server.NewVendor {
	return func(t server.Table) server.Vendor {
		if o.Now == nil {
			o.Now = time.Now
		}
		r := &reacher{Options: o, table: t, description: description.MustLoad(document)}
		r.Reset()
		return r
	}
}

// reacher is the stand-in.
type reacher struct {
	Options
	table       server.Table
	description *description.Description

	mu     sync.Mutex
	limits []*limit
}

// Reset implements server.Vendor.
func (r *reacher) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.limits = []*limit{
		{name: "per minute", most: r.PerMinute, period: time.Minute}, {name: "per day", most: r.PerDay, period: 24 * time.Hour},
	}
}

const (
	header  = "x-reacher-secret"
	maxBody = 16 << 10
)

// Answer implements server.Vendor. The order of the checks is Reacher's.
func (r *reacher) Answer(req *http.Request, body []byte, secret string) server.VendorAnswer {
	checked, err := r.description.Check(req, body)
	switch {
	case errors.Is(err, description.ErrNoPath):
		return server.VendorAnswer{Status: http.StatusNotFound}
	case errors.Is(err, description.ErrNoMethod):
		return server.VendorAnswer{Status: http.StatusMethodNotAllowed}
	case checked.Operation == "version":
		return server.VendorAnswer{Status: http.StatusOK, Body: map[string]string{"version": "0.11.7"}, Health: true}
	}
	if given := req.Header.Get(header); !r.Open && subtle.ConstantTimeCompare([]byte(given), []byte(secret)) != 1 {
		why := "Invalid request header \"" + header + "\""
		if given == "" {
			why = "Missing request header \"" + header + "\""
		}
		return server.VendorAnswer{Status: http.StatusBadRequest, Body: server.Text(why), Unauthorized: true}
	}
	switch {
	case req.ContentLength < 0:
		return server.VendorAnswer{Status: http.StatusLengthRequired, Body: server.Text("A content-length header is required")}
	case req.ContentLength > maxBody:
		return server.VendorAnswer{Status: http.StatusRequestEntityTooLarge, Body: server.Text("The request payload is too large")}
	case !strings.HasPrefix(req.Header.Get("Content-Type"), "application/json"):
		return server.VendorAnswer{Status: http.StatusUnsupportedMediaType, Body: server.Text("The request's content-type is not supported")}
	case err != nil:
		reason, _, _ := strings.Cut(err.Error(), "\n")
		return server.VendorAnswer{Status: http.StatusBadRequest, Body: server.Text("Request body deserialize error: " + reason)}
	}
	var input struct {
		Address string `json:"to_email"`
	}
	if err := json.Unmarshal(body, &input); err != nil {
		panic(err) // it fits the description
	}
	if input.Address == "" {
		refused := problem(http.StatusBadRequest, "to_email field is required.")
		refused.Health = true // nothing is checked
		return refused
	}
	if over := r.count(); over != "" {
		return problem(http.StatusTooManyRequests, over)
	}
	address := strings.ToLower(input.Address)
	found := check(address)
	r.table.Asked(address, map[string]any{"is_reachable": found.Reachable})
	return server.VendorAnswer{Status: http.StatusOK, Body: found, Records: 1}
}

func problem(status int, message string) server.VendorAnswer {
	return server.VendorAnswer{Status: status, Body: map[string]string{"error": message}}
}

// limit counts checks from one full period to the next, in the memory of the process.
type limit struct {
	name   string
	most   int
	period time.Duration
	since  time.Time
	made   int
}

// count counts a check, or says which limit it would break.
func (r *reacher) count() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Now()
	for _, l := range r.limits {
		if now.Sub(l.since) >= l.period {
			l.since, l.made = now, 0
		}
		if l.most > 0 && l.made >= l.most {
			// As Rust writes a duration: seconds, with their fraction.
			return "Rate limit " + l.name + " exceeded, please wait " + seconds(l.period-now.Sub(l.since))
		}
	}
	for _, l := range r.limits {
		l.made++
	}
	return ""
}
