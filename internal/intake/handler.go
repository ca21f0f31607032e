package intake

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/go-logr/logr"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/intake/captcha"
)

// Handler serves the public port.
type Handler struct {
	pipelines     Pipelines
	committer     Committer
	contacts      Contacts
	secrets       Secrets
	captchas      *captcha.Services
	keys          *tokenKeys
	tokenLifetime time.Duration
	proxies       TrustedProxies
	maxBodyBytes  int64
	limits        *rateLimits
	now           func() time.Time
	log           logr.Logger
	metrics       *metrics
	mux           *http.ServeMux
	// unready says, where there is a spool, why no submission could be kept now; "" when it could.
	unready func() string
	// told remembers which source's problems were logged lately.
	told *told
	// sourcePosts holds a token for every post of a form tool being read.
	sourcePosts chan struct{}
	// requests holds a token for every request being served.
	requests chan struct{}
}

// maxRequests bounds the requests being served: beyond that, each would only make all others slower.
const maxRequests = 4096

// addresses of the public port. Methods are checked by the handlers, so that a wrong one is answered in the same words
// and form as every other error.
func (h *Handler) addresses() map[string]http.Handler {
	post, get := []string{http.MethodPost}, []string{http.MethodGet, http.MethodHead}
	return map[string]http.Handler{
		"/v1/{namespace}/{pipeline}/submissions":      h.ofPipeline(h.forScripts(post, h.submit)),
		"/v1/{namespace}/{pipeline}/sources/{source}": h.ofPipeline(h.by(post, h.fromSource)),
		"/v1/{namespace}/{pipeline}/me":               h.ofPipeline(h.forScripts(get, h.me)),
		"/v1/{namespace}/{pipeline}/form":             h.ofPipeline(h.by(get, h.form)),
		"/v1/{namespace}/{pipeline}/thanks":           h.ofPipeline(h.by(get, h.thanks)),
		"/healthz":                                    http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") }),
		"/readyz":                                     http.HandlerFunc(h.ready),
		"/": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.fail(w, r, nil, problem{Status: http.StatusNotFound, Detail: "There is nothing at this address."})
		}),
	}
}

// routes fills the mux.
func (h *Handler) routes() {
	h.mux = http.NewServeMux()
	for address, handler := range h.addresses() {
		h.mux.Handle(address, handler)
	}
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
				h.fail(rec, r, nil, problem{Status: http.StatusInternalServerError, Detail: "Something went wrong on our side. Please try again later."})
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
	header.Set("Content-Security-Policy", documentPolicy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")
	select {
	case h.requests <- struct{}{}:
		defer func() { <-h.requests }()
	default:
		h.fail(rec, r, nil, problem{Status: http.StatusServiceUnavailable, Detail: tryAgain, RetryAfter: retrySoon})
		return
	}
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
	if h.unready != nil {
		if why := h.unready(); why != "" {
			plain(w, http.StatusServiceUnavailable, why)
			return
		}
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

// ofPipeline finds the pipeline.
func (h *Handler) ofPipeline(next pipelineHandler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pipeline, err := h.pipeline(r)
		switch {
		case err != nil:
			h.fail(w, r, nil, problem{
				Status:     http.StatusServiceUnavailable,
				Detail:     "The form is not ready yet. Please try again in a moment; going back keeps what you typed.",
				RetryAfter: retrySoon,
			})
			return
		case pipeline == nil:
			h.fail(w, r, nil, problem{Status: http.StatusNotFound, Detail: "There is no such form: check the address."})
			return
		}
		if rec, ok := w.(*recorder); ok {
			rec.namespace, rec.pipeline = pipeline.Namespace, pipeline.Name
		}
		next(w, r, pipeline)
	})
}

// by checks the method.
func (h *Handler) by(methods []string, next pipelineHandler) pipelineHandler {
	allowed := strings.Join(methods, ", ")
	return func(w http.ResponseWriter, r *http.Request, pipeline *v1alpha1.ContactPipeline) {
		if slices.Contains(methods, r.Method) {
			next(w, r, pipeline)
			return
		}
		w.Header().Set("Allow", allowed)
		h.fail(w, r, pipeline, problem{
			Status: http.StatusMethodNotAllowed, Detail: "This address takes %s only.", Args: []any{allowed}, formLink: true,
		})
	}
}

// forScripts is by for what scripts on the pipeline's other sites may use, too.
func (h *Handler) forScripts(methods []string, next pipelineHandler) pipelineHandler {
	next = h.by(methods, next)
	return func(w http.ResponseWriter, r *http.Request, pipeline *v1alpha1.ContactPipeline) {
		allowReading(w, r, &pipeline.Spec.Form)
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			h.preflight(w, r, pipeline, strings.Join(methods, ", "))
			return
		}
		next(w, r, pipeline)
	}
}

// errNotSynced is not logged with each request: Run does that.
var errNotSynced = errors.New("the list of ContactPipelines has not arrived yet")

// pipeline returns the pipeline that a request names, or nil.
func (h *Handler) pipeline(r *http.Request) (*v1alpha1.ContactPipeline, error) {
	if !h.pipelines.Synced() {
		return nil, errNotSynced
	}
	pipeline, err := h.pipelines.Get(r.Context(), r.PathValue("namespace"), r.PathValue("pipeline"))
	if err != nil && !errors.Is(err, errNotSynced) && !errors.Is(err, errUnconfirmed) {
		h.log.Error(err, "can't look up pipelines: nothing is accepted")
	}
	return pipeline, err
}
