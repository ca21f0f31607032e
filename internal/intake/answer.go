package intake

import (
	"bytes"
	"cmp"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// problem is an answer that is no success: for programs a document after RFC 9457, for browsers a page.
type problem struct {
	Status int
	// Detail is a sentence in English; Args are put into it.
	Detail     string
	Args       []any
	Errors     FieldErrors
	RetryAfter time.Duration
	// formLink: the page links to the form of the same pipeline.
	formLink bool
}

// problemDocument is how a problem is written as application/problem+json.
type problemDocument struct {
	Type   string      `json:"type"`
	Title  string      `json:"title"`
	Status int         `json:"status"`
	Detail string      `json:"detail"`
	Errors FieldErrors `json:"errors,omitempty"`
}

// accepted is what a program learns of a submission that is kept.
type accepted struct {
	ID      string `json:"id"`
	Message string `json:"message"`
	// Token lets this client ask what is known already. Absent when the intake has no key.
	Token string `json:"token,omitempty"`
	// RedirectURL is where the pipeline sends visitors now.
	RedirectURL string `json:"redirectURL,omitempty"`
}

// accept answers a submission that is kept: a browser goes on to where the pipeline says, never to an address that the
// form names; a program gets the id.
func (h *Handler) accept(w http.ResponseWriter, r *http.Request, pipeline *v1alpha1.ContactPipeline, id, token string) {
	h.remember(w, token)
	redirect := pipeline.Spec.Form.RedirectURL
	if wantsPage(r) {
		thanks := "/v1/" + url.PathEscape(pipeline.Namespace) + "/" + url.PathEscape(pipeline.Name) + "/thanks"
		w.Header().Set("Location", cmp.Or(redirect, thanks+localeFor(&pipeline.Spec.Form, r).Query()))
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	writeJSON(w, "application/json", http.StatusAccepted, accepted{ID: id, Message: "Thank you", Token: token, RedirectURL: redirect})
}

// fail answers with a problem. The pipeline is nil when the request belongs to none.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, pipeline *v1alpha1.ContactPipeline, p problem) {
	if !wantsPage(r) {
		h.failDocument(w, p)
		return
	}
	l := lookOf(pipeline, r)
	page := problemPage{look: l, Title: l.Say("That did not work"), Detail: l.Say(p.Detail, p.Args...), FormLink: p.formLink}
	if p.Status == http.StatusNotFound {
		page.Title = l.Say("Page not found")
	}
	h.render(w, p, "problem", page.look, page)
}

// failForm answers with a problem that sending the form again may solve: a browser gets the form with what was typed.
func (h *Handler) failForm(w http.ResponseWriter, r *http.Request, page func() formPage, p problem) {
	if !wantsPage(r) {
		h.failDocument(w, p)
		return
	}
	again := page()
	again.explain(p)
	h.render(w, p, "form", again.look, again)
}

func (h *Handler) failDocument(w http.ResponseWriter, p problem) {
	p.setHeaders(w)
	writeJSON(w, "application/problem+json", p.Status, problemDocument{
		Type:   "about:blank",
		Title:  http.StatusText(p.Status),
		Status: p.Status,
		Detail: sayWith(p.Detail, p.Args),
		Errors: p.Errors,
	})
}

func (p problem) setHeaders(w http.ResponseWriter) {
	if p.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((p.RetryAfter+time.Second-1)/time.Second)))
	}
}

// render writes a page, whole or not at all.
func (h *Handler) render(w http.ResponseWriter, p problem, name string, l look, data any) {
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, name, data); err != nil {
		panic(err) // the templates are part of the program and tested
	}
	p.setHeaders(w)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", l.Lang())
	w.Header().Set("Content-Security-Policy", l.policy)
	w.Header().Add("Vary", "Accept, Accept-Language, Cookie")
	w.Header().Set("Content-Length", strconv.Itoa(page.Len()))
	w.WriteHeader(p.Status)
	_, _ = w.Write(page.Bytes())
}

func writeJSON(w http.ResponseWriter, contentType string, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		panic(err) // structs of strings and numbers always encode
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}

// wantsPage tells a browser that shows the answer to a person from a program: it names text/html and prefers it to JSON,
// and it did not send JSON itself.
func wantsPage(r *http.Request) bool {
	if mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); mediaType == "application/json" {
		return false
	}
	html, json := 0.0, 0.0
	for item := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		mediaType, params, err := mime.ParseMediaType(item)
		if err != nil {
			continue
		}
		weight := 1.0
		if q, err := strconv.ParseFloat(params["q"], 64); err == nil {
			weight = q
		}
		switch mediaType {
		case "text/html", "application/xhtml+xml":
			html = max(html, weight)
		case "application/json", "application/problem+json":
			json = max(json, weight)
		}
	}
	return html > 0 && html > json
}
