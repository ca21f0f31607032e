package server

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// faultByForm sets a fault as the page's forms send it, and leads back to the page.
func (s *Server) faultByForm(w http.ResponseWriter, r *http.Request) {
	if !isForm(r) {
		write(w, refusal(http.StatusUnsupportedMediaType, "refused", "POST takes the fields of a form; send JSON with PUT"))
		return
	}
	values, err := form(w, r)
	var f Fault
	if err == nil {
		f, err = faultOf(values)
	}
	if err == nil {
		err = s.SetFault(Service(r.PathValue("service")), f)
	}
	s.back(w, r, err)
}

// resetByForm forgets everything, when the box beside the button is ticked.
func (s *Server) resetByForm(w http.ResponseWriter, r *http.Request) {
	values, err := form(w, r)
	switch {
	case err != nil:
	case values.Get("sure") != "yes":
		err = errors.New("nothing is forgotten: tick the box first")
	case s.reset() != nil:
		err = errors.New("the sandbox could not empty its file, so nothing is forgotten; its log says why")
	default:
		s.log.Info("reset")
	}
	s.back(w, r, err)
}

// back ends a form's post: on the page that it came from, or, if something was wrong, on the same with what that was.
func (s *Server) back(w http.ResponseWriter, r *http.Request, err error) {
	at := s.viewOf(r.URL.Query())
	if err != nil {
		s.writePage(w, statusOf(err), at, err.Error())
		return
	}
	w.Header().Set("Location", at.Href())
	w.WriteHeader(http.StatusSeeOther)
}

// faultOf reads the fields of the form: those of a Fault's JSON, but percent instead of rate. A blank one is left out.
func faultOf(values url.Values) (Fault, error) {
	f := Fault{Mode: Mode(values.Get("mode"))}
	known := map[string]*int{"status": &f.Status, "retryAfterSeconds": &f.RetryAfterSeconds, "latencyMillis": &f.LatencyMillis}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values.Get(name)
		number, wanted := known[name]
		switch {
		case name == "mode" || value == "" && (wanted || name == "percent"):
		case name == "percent":
			percent, err := strconv.ParseFloat(value, 64)
			if err != nil || !(percent >= 0 && percent <= 100) {
				return f, errors.New("percent must be a number between 0 and 100")
			}
			rate := percent / 100
			f.Rate = &rate
		case wanted:
			n, err := strconv.Atoi(value)
			if err != nil {
				return f, fmt.Errorf("%s is no whole number", name)
			}
			*number = n
		default:
			return f, errors.New("the form has a field that the sandbox does not know; there are mode, status, retryAfterSeconds, percent and latencyMillis")
		}
	}
	if f.Rate != nil && *f.Rate == 1 {
		f.Rate = nil
	}
	return f, nil
}
