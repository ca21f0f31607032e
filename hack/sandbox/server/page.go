package server

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

//go:embed page.html page.css
var pageFiles embed.FS

var pageTemplate = template.Must(template.ParseFS(pageFiles, "page.html"))

// view is what of the sandbox a person looks at. It lives in the page's query.
type view struct {
	Service Service
	Page    int // from 1
	Refresh int // seconds between two loads of the page by itself; 0: none
}

// refreshes are the intervals that the page offers.
func refreshes() []int { return []int{0, 2, 10} }

// viewOf reads a query. What makes no sense is replaced by what does.
func (s *Server) viewOf(q url.Values) view {
	at := view{Service: Service(q.Get("service")), Page: 1}
	if s.services[at.Service] == nil {
		at.Service = CRM
	}
	if n, err := strconv.Atoi(q.Get("page")); err == nil {
		at.Page = max(1, n)
	}
	if n, err := strconv.Atoi(q.Get("refresh")); err == nil && slices.Contains(refreshes(), n) {
		at.Refresh = n
	}
	return at
}

// Query is the view as the query of an address.
func (at view) Query() string {
	q := url.Values{"service": {string(at.Service)}}
	if at.Page > 1 {
		q.Set("page", strconv.Itoa(at.Page))
	}
	if at.Refresh > 0 {
		q.Set("refresh", strconv.Itoa(at.Refresh))
	}
	return q.Encode()
}

// Href leads to the view.
func (at view) Href() string { return "/?" + at.Query() }

// page is what the template shows.
type page struct {
	At       view
	Problem  string
	Switches []link
	Services []card
	Table    recordTable
	PageRows int
}

func (s *Server) page(at view, problem string) page {
	records := s.Records(at.Service)
	at.Page = min(at.Page, max(1, (len(records)+pageRows-1)/pageRows))
	p := page{At: at, Problem: problem, Table: tableOf(records, at), PageRows: pageRows}
	for _, n := range refreshes() {
		to, text := at, "off"
		to.Refresh = n
		if n > 0 {
			text = fmt.Sprintf("every %d s", n)
		}
		p.Switches = append(p.Switches, link{text, to.Href(), n == at.Refresh})
	}
	for _, name := range s.names() {
		p.Services = append(p.Services, s.services[name].card(at))
	}
	return p
}

func (s *Server) showPage(w http.ResponseWriter, r *http.Request) {
	s.writePage(w, http.StatusOK, s.viewOf(r.URL.Query()), "")
}

// writePage shows the sandbox as it is now. problem, if any, stands above it.
func (s *Server) writePage(w http.ResponseWriter, status int, at view, problem string) {
	var body bytes.Buffer
	if err := pageTemplate.Execute(&body, s.page(at, problem)); err != nil {
		s.log.Error("the page can't be shown", "err", err)
		write(w, refusal(http.StatusInternalServerError, "page", "the page can't be shown; the sandbox's log says why"))
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy",
		"default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	// Not no-referrer: with that, browsers post the Origin null, which older ones send as the only sign of where from.
	h.Set("Referrer-Policy", "same-origin")
	w.WriteHeader(status)
	_, _ = body.WriteTo(w)
}

func showStyle(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, pageFiles, "page.css")
}
