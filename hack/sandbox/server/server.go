// Package server is a stand-in for the four kinds of outside system that contacts travel through: an e-mail verifier, a
// locator, a CRM and a marketing system. It speaks plain JSON over HTTP, keeps its state on natural keys, in memory and if
// wanted in a file, and fails in the ways that real systems fail when it is told to.
//
// It is for trials and tests only: whoever reaches its address can read what it holds and tell it to fail.
package server

import (
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Service names one of the stand-in systems. It is also the first segment of that system's paths.
type Service string

// The services.
const (
	Verifier  Service = "verifier"
	Locator   Service = "locator"
	CRM       Service = "crm"
	Marketing Service = "marketing"
)

// Services lists the services that every Server has.
func Services() []Service { return []Service{Verifier, Locator, CRM, Marketing} }

// DefaultToken is the bearer token a service takes unless Options name another one.
func DefaultToken(s Service) string { return "sandbox-" + string(s) + "-token" }

// Options configure a Server. The zero value is ready for use.
type Options struct {
	// Tokens are the accepted bearer tokens; a service that is left out takes its DefaultToken.
	Tokens map[Service]string
	// Patience is how long the fault "timeout" keeps an answer back. Defaults to one minute, which is longer than any
	// deadline that an Integration may have.
	Patience time.Duration
	// Journal keeps the records of the CRM and the marketing system; nil keeps them in memory alone. It serves one Server,
	// and stays the caller's to close, once no call is served any more.
	Journal *Journal
	// Vendors are stand-ins that speak the dialect of a real system, by their Service.
	Vendors map[Service]NewVendor
	// Log says what the sandbox was told to do. Defaults to nothing.
	Log *slog.Logger
}

// Server is the whole sandbox, an http.Handler. It is safe for concurrent use.
type Server struct {
	mux      *http.ServeMux
	log      *slog.Logger
	patience time.Duration
	journal  *Journal
	tokens   map[Service]string // as at the start; never changed
	services map[Service]*service
	vendors  map[Service]Vendor

	closeOnce sync.Once
	closed    chan struct{}
}

// service is the state of one stand-in system.
type service struct {
	name    Service
	records *table

	mu     sync.Mutex
	token  string
	faults faults
	stats  ServiceStats
}

// New makes a Server.
func New(o Options) *Server {
	s := &Server{
		mux:      http.NewServeMux(),
		log:      o.Log,
		patience: o.Patience,
		tokens:   map[Service]string{},
		services: map[Service]*service{},
		vendors:  map[Service]Vendor{},
		closed:   make(chan struct{}),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.patience <= 0 {
		s.patience = time.Minute
	}
	idPrefix := map[Service]string{CRM: "crm-", Marketing: "sub-"}
	for _, name := range Services() {
		s.services[name] = &service{name: name, records: newTable(name, idPrefix[name] != "", idPrefix[name])}
	}
	for name, vendor := range o.Vendors {
		s.services[name] = &service{name: name, records: newTable(name, true, "")}
		s.vendors[name] = vendor(Table{s.services[name].records})
	}
	for name := range s.services {
		s.tokens[name] = DefaultToken(name)
	}
	maps.Copy(s.tokens, o.Tokens)
	s.Reset()
	if o.Journal != nil {
		s.journal = o.Journal // from here on: the first Reset empties no file
		for _, name := range kept() {
			if s.services[name] == nil {
				continue
			}
			t := s.services[name].records
			t.contents, t.journal = o.Journal.stored[name], o.Journal
		}
	}

	s.control()
	for _, name := range Services() {
		s.route("GET /"+string(name)+"/v1/health", name, healthy)
	}
	for name, vendor := range s.vendors {
		s.mount(name, vendor)
	}
	s.route("POST /verifier/v1/verify", Verifier, verify)
	s.route("POST /locator/v1/locate", Locator, locate)
	s.route("PUT /crm/v1/contacts/{email}", CRM, crmUpsert)
	s.route("GET /crm/v1/contacts/{email}", CRM, getRecord)
	s.route("DELETE /crm/v1/contacts/{email}", CRM, deleteRecord)
	s.route("POST /crm/v1/contacts/batch", CRM, crmBatch)
	s.route("PUT /marketing/v1/subscribers/{email}", Marketing, marketingUpsert)
	s.route("GET /marketing/v1/subscribers/{email}", Marketing, getRecord)
	s.route("DELETE /marketing/v1/subscribers/{email}", Marketing, deleteRecord)
	s.route("POST /marketing/v1/subscribers/{email}/unsubscribe", Marketing, marketingUnsubscribe)
	s.route("POST /marketing/v1/subscribers/batch", Marketing, marketingBatch)
	return s
}

// ServeHTTP serves every path of the sandbox.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Close ends the calls that a fault holds back, so that the HTTP server around it can stop. Calls that come later and
// would be held back are ended at once.
func (s *Server) Close() { s.closeOnce.Do(func() { close(s.closed) }) }

// Reset brings the sandbox back to how it first started: no records, no faults, no counts, the first tokens. It does
// nothing, and logs why, if the journal can't be emptied.
func (s *Server) Reset() { _ = s.reset() }

func (s *Server) reset() error {
	if err := s.clear(); err != nil {
		return err
	}
	for _, vendor := range s.vendors {
		vendor.Reset()
	}
	for name, svc := range s.services {
		svc.mu.Lock()
		svc.token = s.tokens[name]
		svc.faults = faults{{Mode: ModeOK}}
		svc.stats = ServiceStats{InFlight: svc.stats.InFlight, MaxInFlight: svc.stats.InFlight}
		svc.mu.Unlock()
	}
	return nil
}

// clear deletes every record. It holds all tables at once, so that no line of one lands in the emptied journal before the
// table itself is empty.
func (s *Server) clear() error {
	for _, name := range s.names() {
		t := s.services[name].records
		t.mu.Lock()
		defer t.mu.Unlock()
	}
	if err := s.journal.empty(); err != nil {
		return err
	}
	for _, name := range s.names() {
		s.services[name].records.contents = newContents()
	}
	return nil
}

// SetToken makes a service take another bearer token from now on. An unknown service is ignored.
func (s *Server) SetToken(name Service, token string) {
	if svc := s.services[name]; svc != nil {
		svc.mu.Lock()
		svc.token = token
		svc.mu.Unlock()
	}
}

// SetFault makes a service fail, or, with ModeOK, work again. Of several faults each call meets one at most, by their rates.
// It refuses what makes no sense.
func (s *Server) SetFault(name Service, fs ...Fault) error {
	svc := s.services[name]
	if svc == nil {
		return errUnknownService
	}
	complete, err := faults(fs).complete()
	if err != nil {
		return err
	}
	svc.mu.Lock()
	svc.faults = complete
	svc.mu.Unlock()
	s.log.Info("fault set", "service", name, "fault", complete.String())
	return nil
}

// TLSFails says whether the TLS port is to show an expired certificate now.
func (s *Server) TLSFails() bool {
	for _, svc := range s.services {
		svc.mu.Lock()
		fails := svc.faults.has(ModeTLS)
		svc.mu.Unlock()
		if fails {
			return true
		}
	}
	return false
}

// Records lists what a service holds, sorted by key.
func (s *Server) Records(name Service) []Record {
	svc := s.services[name]
	if svc == nil {
		return nil
	}
	return svc.records.list()
}

// Stats counts what happened since the start or the last Reset.
func (s *Server) Stats() map[Service]ServiceStats {
	stats := make(map[Service]ServiceStats, len(s.services))
	for _, name := range slices.Sorted(maps.Keys(s.services)) {
		svc := s.services[name]
		svc.mu.Lock()
		stats[name] = svc.stats
		svc.mu.Unlock()
	}
	return stats
}
