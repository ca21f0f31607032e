package intake

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/go-logr/logr"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// Handler serves the public port.
type Handler struct {
	pipelines    Pipelines
	committer    Committer
	proxies      TrustedProxies
	maxBodyBytes int64
	now          func() time.Time
	log          logr.Logger
	metrics      *metrics
	mux          *http.ServeMux
}

// routes of the public port. Methods are checked by the routes themselves, so that a wrong one is answered in the same
// words and form as every other error.
func (h *Handler) routes() {
	h.mux = http.NewServeMux()
	h.mux.Handle("/v1/{namespace}/{pipeline}/submissions", h.ofPipeline(h.submit, http.MethodPost))
	h.mux.Handle("/v1/{namespace}/{pipeline}/form", h.ofPipeline(h.form, http.MethodGet, http.MethodHead))
	h.mux.Handle("/v1/{namespace}/{pipeline}/thanks", h.ofPipeline(h.thanks, http.MethodGet, http.MethodHead))
	h.mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") })
	h.mux.HandleFunc("/readyz", h.ready)
	h.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		h.fail(w, r, problem{Status: http.StatusNotFound, Detail: "There is nothing at this address."})
	})
}

// ServeHTTP counts every request, and turns a panic into an answer and a log line.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := h.now()
	rec := &recorder{ResponseWriter: w}
	defer func() {
		cause := recover()
		if cause != nil && cause != http.ErrAbortHandler { //nolint:errorlint // net/http compares it the same way
			h.log.Error(nil, "a request failed because of a bug: report it with this line",
				"panic", describePanic(cause), "route", r.Pattern, "stack", string(debug.Stack()))
			if rec.code == 0 {
				h.fail(rec, r, problem{Status: http.StatusInternalServerError, Detail: "Something went wrong on our side. Please try again later."})
				cause = nil
			} else {
				cause = http.ErrAbortHandler // half an answer must not look like a whole one
			}
		}
		route := r.Pattern
		if route == "" || route == "/" {
			route = "other"
		}
		h.metrics.observe(route, rec, h.now().Sub(start))
		if cause != nil {
			panic(cause)
		}
	}()
	header := rec.Header()
	header.Set("Content-Security-Policy", contentSecurityPolicy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")
	h.mux.ServeHTTP(rec, r)
}

// describePanic keeps what a bug may have put into the panic value out of the log.
func describePanic(cause any) string {
	if err, ok := cause.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", cause)
}

func (h *Handler) ready(w http.ResponseWriter, _ *http.Request) {
	if !h.pipelines.Synced() {
		plain(w, http.StatusServiceUnavailable, "waiting for the list of ContactPipelines")
		return
	}
	plain(w, http.StatusOK, "ok")
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n")
}

// pipelineHandler serves a request that belongs to a pipeline.
type pipelineHandler func(w http.ResponseWriter, r *http.Request, pipeline *v1alpha1.ContactPipeline)

// ofPipeline checks the method and finds the pipeline.
func (h *Handler) ofPipeline(next pipelineHandler, methods ...string) http.Handler {
	allowed := strings.Join(methods, ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pipeline, err := h.pipeline(r)
		switch {
		case err != nil:
			h.fail(w, r, problem{
				Status:     http.StatusServiceUnavailable,
				Detail:     "The form is not ready yet. Please try again in a moment; going back keeps what you typed.",
				RetryAfter: retrySoon,
			})
			return
		case pipeline == nil:
			h.fail(w, r, problem{Status: http.StatusNotFound, Detail: "There is no such form: check the address."})
			return
		}
		if rec, ok := w.(*recorder); ok {
			rec.namespace, rec.pipeline = pipeline.Namespace, pipeline.Name
		}
		for _, method := range methods {
			if r.Method == method {
				next(w, r, pipeline)
				return
			}
		}
		w.Header().Set("Allow", allowed)
		h.fail(w, r, problem{Status: http.StatusMethodNotAllowed, Detail: "This address takes " + allowed + " only.", formLink: true})
	})
}

// errNotSynced is not logged with each request: Run does that.
var errNotSynced = errors.New("the list of ContactPipelines has not arrived yet")

// pipeline returns the pipeline that a request names, or nil.
func (h *Handler) pipeline(r *http.Request) (*v1alpha1.ContactPipeline, error) {
	if !h.pipelines.Synced() {
		return nil, errNotSynced
	}
	pipeline, err := h.pipelines.Get(r.Context(), r.PathValue("namespace"), r.PathValue("pipeline"))
	if err != nil {
		h.log.Error(err, "can't look up pipelines: nothing is accepted")
	}
	return pipeline, err
}

// submit takes a submission.
func (h *Handler) submit(w http.ResponseWriter, r *http.Request, pipeline *v1alpha1.ContactPipeline) {
	in, bad := h.read(w, r)
	if bad != nil {
		h.fail(w, r, *bad)
		return
	}
	page := formOf(pipeline, in.submission, in.key)
	if len(in.errs) > 0 {
		h.failForm(w, r, page, problem{
			Status: http.StatusUnprocessableEntity,
			Detail: "Some fields need another look.",
			Errors: in.errs,
		})
		return
	}

	name := newKey()
	if in.key != "" {
		var err error
		if name, err = nameFor(pipeline.Namespace, pipeline.Name, in.key, in.submission); err != nil {
			panic(err) // a struct of strings always encodes
		}
	}
	if err := h.committer.Commit(r.Context(), build(name, pipeline, in.submission, h.observe(r))); err != nil {
		p := problem{Status: http.StatusServiceUnavailable, Detail: tryAgain, RetryAfter: retrySoon}
		if u := (*Uncommitted)(nil); errors.As(err, &u) {
			p.RetryAfter = u.RetryAfter
		}
		if in.key == "" {
			p.Detail += " With an Idempotency-Key header, sending it again never makes two of it."
		}
		h.failForm(w, r, page, p)
		return
	}
	h.log.V(1).Info("submission accepted", "namespace", pipeline.Namespace, "pipeline", pipeline.Name, "id", name)
	h.accept(w, r, pipeline, name)
}

// tryAgain is what a visitor reads when a submission is not known to be kept.
const tryAgain = "We could not save this just now. Nothing you typed is lost: please send it again in a moment."

// input is what a request's body and headers held.
type input struct {
	submission *Submission
	// key is the idempotency key; "" when there is none.
	key  string
	errs FieldErrors
}

// read decodes a request, or says why it can't be read at all.
func (h *Handler) read(w http.ResponseWriter, r *http.Request) (*input, *problem) {
	mediaType, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	isForm := mediaType == "application/x-www-form-urlencoded"
	charset := strings.ToLower(params["charset"])
	switch {
	case err != nil, !isForm && mediaType != "application/json", charset != "" && charset != "utf-8", r.Header.Get("Content-Encoding") != "":
		w.Header().Set("Accept", "application/json, application/x-www-form-urlencoded")
		return nil, &problem{
			Status: http.StatusUnsupportedMediaType,
			Detail: "Send application/json or application/x-www-form-urlencoded, in UTF-8 and not compressed.",
		}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.maxBodyBytes))
	if err != nil {
		return nil, unread(err, h.maxBodyBytes)
	}

	in := &input{}
	if isForm {
		in.submission, in.key, in.errs, err = decodeForm(body)
		// A form that was stored or copied may carry anything here; the visitor could not mend it. With a fresh key the
		// page that asks to send it again is harmless all the same.
		if !validKey(in.key) {
			in.key = newKey()
		}
		if err == nil && in.submission.Page == "" {
			// Here rather than in build: when the form has to be shown again, the page that it came from travels with it.
			in.submission.Page = pageAddress(r.Referer())
		}
	} else {
		in.submission, in.errs, err = decodeJSON(body)
	}
	if err != nil {
		return nil, &problem{Status: http.StatusBadRequest, Detail: err.Error()}
	}
	if keys := r.Header.Values("Idempotency-Key"); len(keys) > 0 {
		in.key = keys[0]
		if len(keys) > 1 || !validKey(in.key) {
			in.errs.add("Idempotency-Key", fmt.Sprintf("This header must hold 1 to %d visible ASCII characters, once.", maxKeyLength))
		}
	}
	return in, nil
}

// unread says why a body could not be read.
func unread(err error, limit int64) *problem {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return &problem{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("This is more than the form takes: send at most %d bytes.", limit)}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &problem{Status: http.StatusRequestTimeout, Detail: "The request took too long to arrive. Please send it again."}
	}
	return &problem{Status: http.StatusBadRequest, Detail: "The request ended before all of it had arrived. Please send it again."}
}

// recorder remembers what was answered, for the metrics.
type recorder struct {
	http.ResponseWriter
	code                int
	namespace, pipeline string
}

func (r *recorder) WriteHeader(code int) {
	if r.code == 0 {
		r.code = code
	}
	r.ResponseWriter.WriteHeader(code)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.code == 0 {
		r.code = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// status is the code of the answer.
func (r *recorder) status() int {
	if r.code == 0 {
		return http.StatusOK
	}
	return r.code
}
