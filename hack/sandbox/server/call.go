package server

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"time"
)

// maxBodyBytes bounds a request. A full batch of contacts is far smaller.
const maxBodyBytes = 4 << 20

// ServiceStats count what happened to one service.
type ServiceStats struct {
	Calls        int `json:"calls"`        // requests that came in, failed ones included
	Batches      int `json:"batches"`      // of these, requests that could carry several records
	Records      int `json:"records"`      // records that the requests carried, as far as they were looked at
	HealthChecks int `json:"healthChecks"` // of these, requests that only asked how the service does, and were told
	Faults       int `json:"faults"`       // requests that an injected fault spoiled; latency alone is none
	Unauthorized int `json:"unauthorized"` // requests refused for their token
	InFlight     int `json:"inFlight"`     // requests being served now
	MaxInFlight  int `json:"maxInFlight"`  // the most there were at once
}

// call is what an operation sees of a request.
type call struct {
	records *table
	email   string // the address in the path, lower-cased, or ""
	body    []byte
}

// answer is what an operation gives back. It is written only once no fault stands in the way.
type answer struct {
	status  int
	header  http.Header
	body    any // nil: none
	records int // carried by the request; for the statistics
	batch   bool
	health  bool

	unauthorized bool
}

type operation func(call) answer

// refusal is an answer that says why not.
func refusal(status int, code, message string) answer {
	return answer{status: status, body: map[string]any{"error": map[string]string{"code": code, "message": message}}}
}

// route serves one path of a service that takes a bearer token.
func (s *Server) route(pattern string, name Service, do operation) {
	s.serve(pattern, name, func(r *http.Request, c call, token string) answer {
		if !authorized(r, token) {
			a := refusal(http.StatusUnauthorized, "unauthorized", "the bearer token is missing or wrong")
			a.header, a.unauthorized = http.Header{"Www-Authenticate": {"Bearer"}}, true
			return a
		}
		return do(c)
	})
}

// serve serves some paths of a service: faults first, as an outage knows no passwords, then the token, then the work.
func (s *Server) serve(pattern string, name Service, do func(*http.Request, call, string) answer) {
	svc := s.services[name]
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		fault, token := svc.begin()
		defer svc.end()

		// Read whole, also because only then the HTTP server notices a client that goes away.
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
		if err != nil {
			write(w, refusal(http.StatusRequestEntityTooLarge, "too_large", "the request could not be read, or is too large"))
			return
		}
		if !s.sleep(r.Context(), fault.latency()) {
			panic(http.ErrAbortHandler)
		}
		if fault.Mode != ModeOK {
			svc.count(func(st *ServiceStats) { st.Faults++ })
		}
		if s.spoilBefore(w, r, fault) {
			return
		}
		a := do(r, call{records: svc.records, email: strings.ToLower(r.PathValue("email")), body: body}, token)
		svc.count(func(st *ServiceStats) {
			st.Records += a.records
			if a.batch {
				st.Batches++
			}
			if a.health {
				st.HealthChecks++
			}
			if a.unauthorized {
				st.Unauthorized++
			}
		})
		if s.spoilAfter(w, r, fault, a) {
			return
		}
		write(w, a)
	})
}

// healthy answers a question after the service itself. It costs a real system next to nothing.
func healthy(call) answer {
	return answer{status: http.StatusOK, body: map[string]string{"status": "ok"}, health: true}
}

// begin counts a call in, draws the fault that it meets, and takes the token as it is now.
func (svc *service) begin() (Fault, string) {
	svc.mu.Lock()
	defer svc.mu.Unlock()
	svc.stats.Calls++
	svc.stats.InFlight++
	svc.stats.MaxInFlight = max(svc.stats.MaxInFlight, svc.stats.InFlight)
	return svc.faults.draw(), svc.token
}

func (svc *service) end() { svc.count(func(st *ServiceStats) { st.InFlight-- }) }

func (svc *service) count(change func(*ServiceStats)) {
	svc.mu.Lock()
	defer svc.mu.Unlock()
	change(&svc.stats)
}

func authorized(r *http.Request, token string) bool {
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare([]byte(given), []byte(token)) == 1
}

// sleep waits, and says whether anybody still waits for the answer.
func (s *Server) sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	case <-s.closed:
		return false
	}
}

// write sends an answer. A client that is gone by then is nobody's loss.
func write(w http.ResponseWriter, a answer) {
	maps.Copy(w.Header(), a.header)
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(encoded(a))
}

// encoded is the body of an answer.
func encoded(a answer) []byte {
	var body bytes.Buffer
	if a.body != nil {
		_ = json.NewEncoder(&body).Encode(a.body) // only what always encodes
	}
	return body.Bytes()
}
