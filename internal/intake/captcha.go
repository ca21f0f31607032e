package intake

import (
	"html/template"
	"net/http"
	"time"

	"github.com/go-logr/logr"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/intake/captcha"
)

const (
	// captchaHeader holds the token of whoever sends JSON.
	captchaHeader = "Captcha-Token"
	// withoutScriptField is in our form for browsers without JavaScript alone: no captcha service can make a token there.
	withoutScriptField = "captchaWithoutScript"
)

// captchaInput is what a request says about who filled it in.
type captchaInput struct {
	// tokens by the field that a service's widget puts them in.
	tokens map[string]string
	// withoutScript: the browser has no JavaScript.
	withoutScript bool
}

func newCaptchas(o Options, log logr.Logger) (*captcha.Services, error) {
	calls, err := o.Outbound.Client()
	if err != nil {
		return nil, err
	}
	return captcha.New(calls, log, time.Now), nil
}

// suspect says why a submission may come from a program, "" when there is no reason to think so. It refuses nobody: what is
// doubtful is kept, and the pipeline holds it for a person. It takes two seconds at most, and no time while the service is
// known to be away.
func (h *Handler) suspect(r *http.Request, pipeline *v1alpha1.ContactPipeline, in *input, id string) v1alpha1.Suspicion {
	c := pipeline.Spec.Form.Captcha
	if c == nil {
		return ""
	}
	s := h.suspicion(r, pipeline, in, id)
	if s != "" {
		h.metrics.suspected.WithLabelValues(pipeline.Namespace, pipeline.Name, string(s)).Inc()
	}
	return s
}

func (h *Handler) suspicion(r *http.Request, pipeline *v1alpha1.ContactPipeline, in *input, id string) v1alpha1.Suspicion {
	c := pipeline.Spec.Form.Captcha
	token := in.captcha.tokens[captcha.Field(c.Type)]
	if !in.form {
		token = r.Header.Get(captchaHeader)
	}
	if token == "" && in.captcha.withoutScript {
		if c.WithoutScript == v1alpha1.CaptchaHold {
			return v1alpha1.SuspicionMissing
		}
		return v1alpha1.SuspicionWithoutScript
	}
	question := captcha.Question{Captcha: c, Token: token, Submission: id}
	if lines, err := h.secrets.Lines(r.Context(), pipeline.Namespace, c.SecretRef); err == nil {
		question.Secret = lines[0]
	}
	switch h.captchas.Ask(r.Context(), question) {
	case captcha.Good:
		return ""
	case captcha.Bad:
		return v1alpha1.SuspicionFailed
	case captcha.Missing:
		return v1alpha1.SuspicionMissing
	}
	return v1alpha1.SuspicionUnchecked
}

// captchaWidget is what the form shows of a captcha. Its script is the only one on any page.
type captchaWidget struct {
	Class, SiteKey, Action, Lang string
	Script                       template.URL
}

func widgetOf(c *v1alpha1.FormCaptcha, lang string) *captchaWidget {
	switch {
	case c == nil:
		return nil
	case c.Type == v1alpha1.CaptchaHCaptcha:
		return &captchaWidget{Class: "h-captcha", SiteKey: c.SiteKey, Lang: lang, Script: "https://js.hcaptcha.com/1/api.js"}
	}
	return &captchaWidget{
		Class: "cf-turnstile", SiteKey: c.SiteKey, Action: captcha.Action, Lang: lang, Script: "https://challenges.cloudflare.com/turnstile/v0/api.js",
	}
}

// captchaSources are the sites that a form's page has to admit for a captcha: scripts and frames; styles and connections, too,
// where the service needs them.
func captchaSources(c *v1alpha1.FormCaptcha) (scripts, rest string) {
	switch {
	case c == nil:
		return "", ""
	case c.Type == v1alpha1.CaptchaHCaptcha:
		const sites = "https://hcaptcha.com https://*.hcaptcha.com"
		return sites, sites
	}
	return "https://challenges.cloudflare.com", ""
}
