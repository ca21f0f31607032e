package server

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
)

// control serves the paths that are the sandbox's own: they steer it and look into it, need no token and meet no faults.
func (s *Server) control() {
	s.own("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "ok\n")
	})
	s.own("PUT /_faults/{service}", func(w http.ResponseWriter, r *http.Request) {
		var fs faults
		if !decode(w, r, &fs) {
			return
		}
		if err := s.SetFault(Service(r.PathValue("service")), fs...); err != nil {
			write(w, refusal(statusOf(err), "refused", err.Error()))
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	s.own("PUT /_tokens/{service}", func(w http.ResponseWriter, r *http.Request) {
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
	s.own("GET /_records/{service}", func(w http.ResponseWriter, r *http.Request) {
		name := Service(r.PathValue("service"))
		if s.services[name] == nil {
			write(w, refusal(http.StatusNotFound, "refused", errUnknownService.Error()))
			return
		}
		write(w, answer{status: http.StatusOK, body: map[string]any{"records": s.Records(name)}})
	})
	s.own("GET /_stats", func(w http.ResponseWriter, _ *http.Request) {
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
	s.own("PUT /_reset", reset)
	s.own("POST /_reset", func(w http.ResponseWriter, r *http.Request) {
		if isForm(r) {
			s.resetByForm(w, r)
			return
		}
		reset(w, r)
	})
	s.own("POST /_faults/{service}", s.faultByForm)
	s.own("GET /{$}", s.showPage)
	s.own("GET /_page.css", showStyle)
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

// isForm says whether the body is one that an HTML form sends. curl sends none with an empty POST, and says that it is a
// form when -d gives it anything, empty or not.
func isForm(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/x-www-form-urlencoded"
}

// form reads the fields of a form. The query is the page's own, and no part of them.
func form(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<14)
	err := r.ParseForm()
	return r.PostForm, err
}

func statusOf(err error) int {
	if err == errUnknownService { //nolint:errorlint // it is never wrapped
		return http.StatusNotFound
	}
	return http.StatusBadRequest
}
