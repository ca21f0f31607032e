package intake

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// anyOrigin in a pipeline's list stands for every site.
const anyOrigin = "*"

// preflightSeconds is how long a browser may remember the answer to a preflight.
const preflightSeconds = "600"

// fromAllowedOrigin says whether a pipeline takes what a page sends. Without a list it takes everything: plain forms on
// any site. With one, a browser must come from a listed site or from our own form; browsers say where a request comes
// from, and a page can't make them lie. Programs that are no browsers say nothing, and are taken.
func fromAllowedOrigin(r *http.Request, form *v1alpha1.FormSpec) bool {
	if len(form.AllowedOrigins) == 0 {
		return true
	}
	origin, site := r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site")
	switch {
	case listed(origin, form), site == "same-origin", site == "none":
		return true
	case site != "":
		return false
	case origin == "":
		return true
	}
	// A browser that is too old to say more.
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}

func listed(origin string, form *v1alpha1.FormSpec) bool {
	return origin != "" && (slices.Contains(form.AllowedOrigins, origin) || slices.Contains(form.AllowedOrigins, anyOrigin))
}

// allowReading lets scripts of a listed site read the answer (CORS). Cookies count only for sites that are listed by name.
func allowReading(w http.ResponseWriter, r *http.Request, form *v1alpha1.FormSpec) {
	if len(form.AllowedOrigins) == 0 {
		return
	}
	header := w.Header()
	header.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	switch {
	case !listed(origin, form):
		return
	case slices.Contains(form.AllowedOrigins, origin):
		header.Set("Access-Control-Allow-Origin", origin)
		header.Set("Access-Control-Allow-Credentials", "true")
	default:
		header.Set("Access-Control-Allow-Origin", anyOrigin)
	}
	header.Set("Access-Control-Expose-Headers", "Retry-After")
}

// preflight answers a browser that asks what a script may send.
func (h *Handler) preflight(w http.ResponseWriter, r *http.Request, pipeline *v1alpha1.ContactPipeline, methods string) {
	if !listed(r.Header.Get("Origin"), &pipeline.Spec.Form) {
		h.metrics.refuse(pipeline, refusedOrigin)
		h.fail(w, r, pipeline, problem{Status: http.StatusForbidden, Detail: otherSite})
		return
	}
	header := w.Header()
	header.Set("Access-Control-Allow-Methods", methods)
	header.Set("Access-Control-Allow-Headers", "Authorization, Captcha-Token, Content-Type, Idempotency-Key")
	header.Set("Access-Control-Max-Age", preflightSeconds)
	w.WriteHeader(http.StatusNoContent)
}

// otherSite is what a visitor of a site that is not listed reads.
const otherSite = "This form can't be sent from the site that you came from. Going back keeps what you typed."
