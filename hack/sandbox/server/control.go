package server

import (
	"encoding/json"
	"io"
	"net/http"
)

// control serves the paths that are the sandbox's own: they steer it and look into it, need no token and meet no faults.
func (s *Server) control() {
	s.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "ok\n")
	})
	s.mux.HandleFunc("PUT /_faults/{service}", func(w http.ResponseWriter, r *http.Request) {
		var f Fault
		if !decode(w, r, &f) {
			return
		}
		name := Service(r.PathValue("service"))
		if err := s.SetFault(name, f); err != nil {
			write(w, refusal(statusOf(err), "refused", err.Error()))
			return
		}
		s.log.Info("fault set", "service", name, "mode", f.Mode)
		w.WriteHeader(http.StatusNoContent)
	})
	s.mux.HandleFunc("PUT /_tokens/{service}", func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Token string `json:"token"`
		}
		if !decode(w, r, &body) {
			return
		}
		name := Service(r.PathValue("service"))
		if s.services[name] == nil {
			write(w, refusal(http.StatusNotFound, "refused", errUnknownService.Error()))
			return
		}
		if body.Token == "" {
			write(w, refusal(http.StatusBadRequest, "refused", "token is missing"))
			return
		}
		s.SetToken(name, body.Token)
		s.log.Info("token changed", "service", name)
		w.WriteHeader(http.StatusNoContent)
	})
	s.mux.HandleFunc("GET /_records/{service}", func(w http.ResponseWriter, r *http.Request) {
		name := Service(r.PathValue("service"))
		if s.services[name] == nil {
			write(w, refusal(http.StatusNotFound, "refused", errUnknownService.Error()))
			return
		}
		write(w, answer{status: http.StatusOK, body: map[string]any{"records": s.Records(name)}})
	})
	s.mux.HandleFunc("GET /_stats", func(w http.ResponseWriter, _ *http.Request) {
		write(w, answer{status: http.StatusOK, body: map[string]any{"services": s.Stats()}})
	})
	reset := func(w http.ResponseWriter, _ *http.Request) {
		if err := s.reset(); err != nil {
			write(w, unsaved())
			return
		}
		s.log.Info("reset")
		w.WriteHeader(http.StatusNoContent)
	}
	s.mux.HandleFunc("POST /_reset", reset)
	s.mux.HandleFunc("PUT /_reset", reset)
}

// decode reads a request of a person at a terminal: a misspelt field is said, not ignored.
func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		write(w, refusal(http.StatusBadRequest, "malformed", err.Error()))
		return false
	}
	return true
}

func statusOf(err error) int {
	if err == errUnknownService { //nolint:errorlint // it is never wrapped
		return http.StatusNotFound
	}
	return http.StatusBadRequest
}
