package server

import (
	"maps"
	"net/http"
	"slices"
)

// Services that speak the dialect of a real system. A Server has them where its Options bring them.
const (
	HubSpot    Service = "hubspot"
	Listmonk   Service = "listmonk"
	Salesforce Service = "salesforce"
	EspoCRM    Service = "espocrm"
	IPinfo     Service = "ipinfo"
	MaxMind    Service = "maxmind"

	Reacher    Service = "reacher"
	ZeroBounce Service = "zerobounce"
	Kickbox    Service = "kickbox"
	Mailchimp  Service = "mailchimp"
	Brevo      Service = "brevo"
)

// Vendor is a stand-in for a real system: its paths, credentials, bodies, errors and limits. Faults, statistics and keeping the
// records are the sandbox's. It is safe for concurrent use.
type Vendor interface {
	// Answer serves a request. Its URL has no host and begins after the service's name; its body has been read already.
	Answer(r *http.Request, body []byte, token string) VendorAnswer
	// Reset forgets what the Vendor knows beside its Records.
	Reset()
}

// NewVendor makes a Vendor that keeps what it holds in a table.
type NewVendor func(Table) Vendor

// VendorAnswer is what a Vendor answers, with what the statistics count.
type VendorAnswer struct {
	Status       int
	Header       http.Header
	Body         any // nil: none; a Text is sent as it is, everything else as JSON
	Records      int
	Batch        bool
	Health       bool
	Unauthorized bool
}

// Table is where a Vendor keeps its records. Their ids are the numbers from 1.
type Table struct{ rows *table }

// Get returns the record of a key.
func (t Table) Get(key string) (Record, bool) { return t.rows.get(key) }

// Find returns a record that a function picks.
func (t Table) Find(pick func(Record) bool) (Record, bool) {
	t.rows.mu.Lock()
	defer t.rows.mu.Unlock()
	for _, r := range t.rows.rows {
		if pick(r) {
			return r, true
		}
	}
	return Record{}, false
}

// List returns all records, sorted by key.
func (t Table) List() []Record { return t.rows.list() }

// Put creates or changes a record. The fields it gets are made from those it has, nil when it is new.
func (t Table) Put(key string, fields func(current map[string]any) map[string]any) (r Record, created bool, err error) {
	return t.rows.put(key, fields)
}

// Asked notes one more question under a key.
func (t Table) Asked(key string, fields map[string]any) { t.rows.asked(key, key, fields) }

// Rename gives a record another key. One that has that key already is replaced.
func (t Table) Rename(key, to string) error { return t.rows.rename(key, to) }

// Remove deletes a record, and says whether there was one.
func (t Table) Remove(key string) (found bool, err error) { return t.rows.remove(key) }

// names are the services that this Server has, vendors last.
func (s *Server) names() []Service {
	return append(Services(), slices.Sorted(maps.Keys(s.vendors))...)
}

// mount serves all paths of a vendor's stand-in.
func (s *Server) mount(name Service, v Vendor) {
	prefix := "/" + string(name)
	s.serve(prefix+"/", name, func(r *http.Request, c call, token string) answer {
		inner := r.Clone(r.Context())
		inner.URL.Path = r.URL.Path[len(prefix):]
		if r.URL.RawPath != "" {
			inner.URL.RawPath = r.URL.RawPath[len(prefix):]
		}
		a := v.Answer(inner, c.body, token)
		return answer{
			status: a.Status, header: a.Header, body: a.Body, records: a.Records, batch: a.Batch, health: a.Health,
			unauthorized: a.Unauthorized,
		}
	})
}
