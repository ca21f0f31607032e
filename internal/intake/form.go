package intake

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// The pages are plain HTML with one style sheet inside, and no script: they work in every browser, behind every proxy and
// with every assistive technology.
var (
	//go:embed pages/*.html
	pageFiles embed.FS

	//go:embed pages/style.css
	styleSheet string

	pages = template.Must(template.New("").Funcs(template.FuncMap{
		"style": func() template.HTML { return template.HTML("<style>" + styleSheet + "</style>") },
	}).ParseFS(pageFiles, "pages/*.html"))

	// contentSecurityPolicy admits this very style sheet and nothing else.
	contentSecurityPolicy = "default-src 'none'; style-src 'sha256-" + sha256Base64(styleSheet) + "'; form-action 'self'; " +
		"base-uri 'none'; frame-ancestors 'self'"
)

func sha256Base64(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// formPage is what the template form shows.
type formPage struct {
	Title, Intro string
	// Again: the server has seen these values. It is more lenient than a browser's own checks, which are switched off.
	Again bool
	// Notice is a sentence above the fields: why the form is shown again.
	Notice string
	// Problems lists what to mend, each with the element it is about, if that is visible.
	Problems []formProblem
	Fields   []formField
	// Extras are values of another site's form that this one does not ask for. They travel hidden, and become visible
	// when they are what needs mending.
	Extras []formField
	// Consent is nil when the form does not ask.
	Consent *formConsent
	// Key makes sending the same page twice one submission.
	Key string
}

type formField struct {
	ID, Name, Label, Value, Error string
	Type, Autocomplete, InputMode string
	Required, Focus               bool
}

type formConsent struct {
	Statement string
	Ticked    bool
}

type formProblem struct{ ID, Label, Message string }

// problemPage is what the template problem shows.
type problemPage struct {
	Title, Detail string
	FormLink      bool
}

// thanksPage is what the template thanks shows.
type thanksPage struct{ Title, Text string }

// visibleFields of the form, in order.
var visibleFields = []formField{
	{ID: "name", Name: "name", Label: "Name", Type: "text", Autocomplete: "name"},
	{ID: "email", Name: "email", Label: "E-mail address", Type: "email", Autocomplete: "email", InputMode: "email", Required: true},
	{ID: "company", Name: "company", Label: "Company", Type: "text", Autocomplete: "organization"},
	{ID: "phone", Name: "phone", Label: "Phone", Type: "tel", Autocomplete: "tel", InputMode: "tel"},
	{ID: "country", Name: "country", Label: "Country", Type: "text", Autocomplete: "country-name"},
}

// form shows a pipeline's form.
func (h *Handler) form(w http.ResponseWriter, _ *http.Request, pipeline *v1alpha1.ContactPipeline) {
	h.render(w, problem{Status: http.StatusOK}, "form", formOf(pipeline, &Submission{}, newKey()))
}

// thanks shows a pipeline's thank-you page. Anyone may see it: it says nothing of any submission.
func (h *Handler) thanks(w http.ResponseWriter, _ *http.Request, pipeline *v1alpha1.ContactPipeline) {
	h.render(w, problem{Status: http.StatusOK}, "thanks", thanksPage{
		Title: "Thank you",
		Text:  cmp.Or(pipeline.Spec.Form.ThankYou, "We have received your message."),
	})
}

// formOf returns a pipeline's form, filled in with a submission. Sent again as it is, with the same key, it is the same
// submission: the same name comes of it.
func formOf(pipeline *v1alpha1.ContactPipeline, s *Submission, key string) formPage {
	texts := pipeline.Spec.Form
	page := formPage{Title: cmp.Or(texts.Title, "Contact us"), Intro: texts.Intro, Key: key}
	for _, f := range visibleFields {
		f.Value = *textField(f.Name).value(s)
		page.Fields = append(page.Fields, f)
	}
	page.carry("channel", s.Channel)
	page.carry("page", s.Page)
	for _, name := range slices.Sorted(maps.Keys(s.Attributes)) {
		page.carry(attributePrefix+name, s.Attributes[name])
	}

	// An answer to another question than ours is carried on as it is: the box would change what the person agreed to.
	answered := s.Consent != nil
	ours := texts.ConsentStatement != "" && s.ConsentStatement == texts.ConsentStatement
	switch {
	case answered && (!ours || !*s.Consent):
		page.carry(fieldConsentMarketing, strconv.FormatBool(*s.Consent))
		page.carry(fieldConsentStatement, s.ConsentStatement)
	case texts.ConsentStatement != "":
		page.Consent = &formConsent{Statement: texts.ConsentStatement, Ticked: answered}
	}
	return page
}

// carry keeps a value that has no field of its own.
func (p *formPage) carry(name, value string) {
	if value != "" {
		label := strings.TrimPrefix(name, attributePrefix)
		p.Extras = append(p.Extras, formField{ID: "extra-" + strconv.Itoa(len(p.Extras)), Name: name, Label: label, Value: value})
	}
}

// explain says on the page what is wrong. The first field to mend gets the focus.
func (p *formPage) explain(why problem) {
	p.Again = true
	if len(why.Errors) == 0 {
		p.Notice = why.Detail
		return
	}
	fields := make([]*formField, 0, len(p.Fields)+len(p.Extras))
	for i := range p.Fields {
		fields = append(fields, &p.Fields[i])
	}
	for i := range p.Extras {
		fields = append(fields, &p.Extras[i])
	}
	listed := FieldErrors{}
	for _, f := range fields {
		if f.Error = why.Errors.message(f.Name); f.Error != "" {
			f.Focus = len(p.Problems) == 0
			p.Problems = append(p.Problems, formProblem{ID: f.ID, Label: f.Label, Message: f.Error})
			listed.add(f.Name, f.Error)
		}
	}
	for _, e := range why.Errors {
		if !listed.has(e.Field) {
			p.Problems = append(p.Problems, formProblem{Label: e.Field, Message: e.Message})
		}
	}
}
