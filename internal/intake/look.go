package intake

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// look is what all pages of a pipeline have in common: language, colours, and what they may load and send to.
type look struct {
	locale
	colors string
	policy string
}

// lookOf returns the look of a pipeline's pages, or of those that belong to none.
func lookOf(pipeline *v1alpha1.ContactPipeline, r *http.Request) look {
	form := &v1alpha1.FormSpec{}
	if pipeline != nil {
		form = &pipeline.Spec.Form
	}
	l := look{locale: localeFor(form, r), colors: styleColors(form.Colors)}
	l.policy = pagePolicy(l.colors, form, nil)
	return l
}

// Style is what stands in the head of every page.
func (l look) Style() template.HTML {
	return template.HTML("<style>" + styleSheet + "</style>\n<style>" + l.colors + "</style>") //nolint:gosec // both are made here; colours are parsed and printed as numbers
}

// documentPolicy is the Content-Security-Policy of everything that is no page.
const documentPolicy = "default-src 'none'; frame-ancestors 'none'"

// pagePolicy admits these two style sheets and nothing else. A form may go to the intake alone; browsers apply this to
// the redirect that follows, too, so the redirect's site is named. The sites that may send to the pipeline may frame it. A page
// with a captcha admits the captcha's own site as well.
func pagePolicy(colors string, form *v1alpha1.FormSpec, c *v1alpha1.FormCaptcha) string {
	action := "'self'"
	if u, err := url.Parse(form.RedirectURL); err == nil && u.Host != "" {
		action += " " + u.Scheme + "://" + u.Host
	}
	ancestors := "'self'"
	for _, origin := range form.AllowedOrigins {
		if origin != anyOrigin {
			ancestors += " " + origin
		}
	}
	styles, others := "'"+sourceHash(styleSheet)+"' '"+sourceHash(colors)+"'", ""
	if scripts, rest := captchaSources(c); scripts != "" {
		others = "; script-src " + scripts + "; frame-src " + scripts
		if rest != "" {
			styles += " " + rest
			others += "; connect-src " + rest
		}
	}
	return "default-src 'none'; style-src " + styles + others + "; form-action " + action +
		"; base-uri 'none'; frame-ancestors " + ancestors
}

func sourceHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

const (
	defaultMain  = "#0b5cad"
	defaultLight = "#f3f5f8"
	defaultDark  = "#0d1117"
)

// styleColors is the part of the style sheet that says the colours. Without a background there are two sets of them, for
// light and for dark systems.
func styleColors(colors *v1alpha1.FormColors) string {
	if colors == nil {
		colors = &v1alpha1.FormColors{}
	}
	main := parseColor(colors.Main, parseColor(defaultMain, white))
	if colors.Background != "" {
		return ":root{" + newPalette(main, parseColor(cmp.Or(colors.Background, defaultLight), white)).String() + "}"
	}
	var b strings.Builder
	b.WriteString(":root{" + newPalette(main, parseColor(defaultLight, white)).String() + "}")
	b.WriteString("@media (prefers-color-scheme:dark){:root{" + newPalette(main, parseColor(defaultDark, black)).String() + "}}")
	return b.String()
}
