package intake

import (
	"embed"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// The pages are plain HTML with one style sheet inside, and no script of ours: they work in every browser, behind every proxy
// and with every assistive technology. A form with a captcha shows that service's widget, and works without it, too.
var (
	//go:embed pages/*.html
	pageFiles embed.FS

	//go:embed pages/style.css
	styleSheet string

	pages = template.Must(template.New("").Funcs(template.FuncMap{"lang": langAttribute}).ParseFS(pageFiles, "pages/*.html"))
)

// langAttribute names the language of a text that is not in the page's.
func langAttribute(w words) template.HTMLAttr {
	if w.Lang == "" {
		return ""
	}
	return template.HTMLAttr(` lang="` + template.HTMLEscapeString(w.Lang) + `"`) //nolint:gosec // escaped
}

// formPage is what the template form shows.
type formPage struct {
	look
	Title, Intro, Button words
	// Again: the server has seen these values. It is more lenient than a browser's own checks, which are switched off.
	Again bool
	// Notice is a sentence above the fields: why the form is shown again.
	Notice words
	// Problems lists what to mend, each with the element it is about, if that is visible.
	Problems []formProblem
	Fields   []formField
	// Extras are values of another site's form that this one does not ask for. They travel hidden, and become visible
	// when they are what needs mending.
	Extras []formField
	// Trap is the field that people don't see; it is shown when it was filled in.
	Trap formField
	// Consent is nil when the form does not ask.
	Consent *formConsent
	// Known says that the form leaves out what is known of the visitor; KnownValues shows it, where the pipeline allows.
	Known       bool
	KnownValues []knownValue
	// Captcha is nil when the form has none.
	Captcha *captchaWidget
	// Key makes sending the same page twice one submission.
	Key string
}

type formConsent struct {
	Statement words
	Ticked    bool
}

type knownValue struct {
	Label words
	Value string
}

type formProblem struct {
	ID             string
	Label, Message words
}

// problemPage is what the template problem shows.
type problemPage struct {
	look
	Title, Detail words
	FormLink      bool
}

// thanksPage is what the template thanks shows.
type thanksPage struct {
	look
	Title, Text words
}

// form shows a pipeline's form: the whole of it, or to a person who is known what is missing.
func (h *Handler) form(w http.ResponseWriter, r *http.Request, pipeline *v1alpha1.ContactPipeline) {
	var who *person
	if !r.URL.Query().Has(otherPersonParameter) {
		who = h.person(r, pipeline)
	}
	page := formOf(lookOf(pipeline, r), pipeline, &Submission{}, newKey(), who)
	h.render(w, problem{Status: http.StatusOK}, "form", page.look, page)
}

// thanks shows a pipeline's thank-you page. Anyone may see it: it says nothing of any submission.
func (h *Handler) thanks(w http.ResponseWriter, r *http.Request, pipeline *v1alpha1.ContactPipeline) {
	l := lookOf(pipeline, r)
	h.render(w, problem{Status: http.StatusOK}, "thanks", l, thanksPage{
		look:  l,
		Title: l.Say("Thank you"),
		Text:  l.pick(l.translated().ThankYou, pipeline.Spec.Form.ThankYou, "We have received your message."),
	})
}

// formOf returns a pipeline's form, filled in with a submission. Sent again as it is, with the same key, it is the same
// submission: the same name comes of it.
func formOf(l look, pipeline *v1alpha1.ContactPipeline, s *Submission, key string, who *person) formPage {
	form := &pipeline.Spec.Form
	translated := l.translated()
	page := formPage{
		look:    l,
		Title:   l.pick(translated.Title, form.Title, "Contact us"),
		Intro:   l.pick(translated.Intro, form.Intro, ""),
		Button:  l.pick(translated.Button, form.Button, "Send"),
		Known:   who != nil,
		Key:     key,
		Captcha: widgetOf(form.Captcha, l.Lang()),
		Trap:    formField{ID: "leave-empty", Name: trapField, Label: l.Say("Leave this field empty")},
	}
	page.policy = pagePolicy(l.colors, form, form.Captcha)
	page.ask(form, s, who)
	if page.Known && len(page.Fields) == 0 {
		page.Button = l.pick(translated.Button, form.Button, "Continue")
	}
	page.carry("channel", s.Channel)
	page.carry("page", s.Page)
	for _, name := range slices.Sorted(maps.Keys(s.Attributes)) {
		page.carry(attributePrefix+name, s.Attributes[name])
	}
	page.askConsent(l.pick(translated.ConsentStatement, form.ConsentStatement, ""), s, who)
	return page
}

// ask puts the questions on the page: all, or those whose answers are not known. A field that was filled in all the same
// is always there.
func (p *formPage) ask(form *v1alpha1.FormSpec, s *Submission, who *person) {
	for i, f := range fieldsOf(form) {
		field := p.field(f, i, s.value(f.Name))
		if field.Value != "" || !who.knows(f.Name) {
			p.Fields = append(p.Fields, field)
			continue
		}
		if value := who.value(f.Name); value != "" && form.KnownValues == v1alpha1.KnownValuesShow {
			p.KnownValues = append(p.KnownValues, knownValue{field.Label, value})
		}
	}
	for _, f := range personFields {
		if !slices.ContainsFunc(p.Fields, func(shown formField) bool { return shown.Name == f }) {
			p.carry(f, s.value(f))
		}
	}
}

// askConsent asks the consent question. An answer to another question than ours is carried on as it is: the box would
// change what the person agreed to. Whoever has answered before is not asked again.
func (p *formPage) askConsent(statement words, s *Submission, who *person) {
	answered := s.Consent != nil
	ours := statement.Value != "" && s.ConsentStatement == statement.Value
	switch {
	case answered && (!ours || !*s.Consent):
		p.carry(fieldConsentMarketing, strconv.FormatBool(*s.Consent))
		p.carry(fieldConsentStatement, s.ConsentStatement)
	case statement.Value != "" && (answered || !who.knows(fieldConsentMarketing)):
		p.Consent = &formConsent{Statement: statement, Ticked: answered}
	}
}

// carry keeps a value that has no field of its own.
func (p *formPage) carry(name, value string) {
	if value == "" || slices.ContainsFunc(p.Fields, func(f formField) bool { return f.Name == name }) {
		return
	}
	label := words{Value: strings.TrimPrefix(name, attributePrefix)}
	p.Extras = append(p.Extras, formField{ID: "extra-" + strconv.Itoa(len(p.Extras)), Name: name, Label: label, Value: value})
}

// explain says on the page what is wrong. The first field to mend gets the focus.
func (p *formPage) explain(why problem) {
	p.Again = true
	if len(why.Errors) == 0 {
		p.Notice = p.Say(why.Detail, why.Args...)
		return
	}
	fields := make([]*formField, 0, len(p.Fields)+len(p.Extras)+1)
	for i := range p.Fields {
		fields = append(fields, &p.Fields[i])
	}
	for i := range p.Extras {
		fields = append(fields, &p.Extras[i])
	}
	fields = append(fields, &p.Trap)
	listed := FieldErrors{}
	for _, f := range fields {
		wrong := why.Errors.of(f.Name)
		if wrong == nil {
			continue
		}
		f.Error = p.Say(wrong.Message, wrong.Args...)
		f.Focus = len(p.Problems) == 0
		p.Problems = append(p.Problems, formProblem{ID: f.ID, Label: f.Label, Message: f.Error})
		listed.add(f.Name, wrong.Message)
	}
	for _, e := range why.Errors {
		if !listed.has(e.Field) {
			p.Problems = append(p.Problems, formProblem{Label: words{Value: e.Field}, Message: p.Say(e.Message, e.Args...)})
		}
	}
}
