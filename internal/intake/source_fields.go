package intake

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/intake/source"
)

// Whoever filled in a form tool's form can't be asked to mend it, and a tool that is answered with an error sends the same
// again, then gives up on all that follow. So nothing here is ever wrong: what does not fit a field is cut there and kept whole
// as an attribute, and what has no field is an attribute.

// plainNames are what people call the fields of a submission, besides the fields' own names.
var plainNames = map[string]string{
	"e-mail": "email", "mail": "email", "email address": "email", "e-mail address": "email",
	"full name": "name", "your name": "name", "company name": "company", "organization": "company", "organisation": "company",
	"phone number": "phone", "telephone": "phone",
}

// answers turns what a form tool sent into a submission.
type answers struct {
	all  []source.Answer
	used []bool
	s    *Submission
	// extra are the attributes, in order.
	extra []namedValue
}

type namedValue struct{ name, value string }

// submissionOf applies a source's mapping. cut says that not everything found room, not even as attributes.
func submissionOf(spec *v1alpha1.FormSource, given []source.Answer) (s *Submission, cut bool) {
	a := &answers{all: given, used: make([]bool, len(given)), s: &Submission{}}
	for i := range spec.Fields {
		a.mapped(&spec.Fields[i])
	}
	a.plain()
	a.hinted()
	for i, answer := range a.all {
		if !a.used[i] && !answer.Secondary {
			a.attribute(answer.Label, joined(answer))
		}
	}
	a.fitFields()
	a.s.Attributes, cut = fitAttributes(a.extra)
	return a.s, cut
}

// mapped takes the answers that a mapping names: exactly, or else but for case and blanks around.
func (a *answers) mapped(f *v1alpha1.SourceField) {
	exact := func(name string) bool { return name == f.From }
	alike := func(name string) bool { return strings.EqualFold(trim(name), trim(f.From)) }
	for _, matches := range []func(string) bool{exact, alike} {
		found := false
		for i, answer := range a.all {
			if !a.used[i] && slices.ContainsFunc(answer.Names, matches) {
				found = true
				a.used[i] = a.put(f, answer)
			}
		}
		if found {
			return
		}
	}
}

// put puts an answer where a mapping says, and tells whether it did.
func (a *answers) put(f *v1alpha1.SourceField, answer source.Answer) bool {
	switch field := textField(f.To); {
	case f.To == fieldConsentMarketing:
		return a.consent(f, answer)
	case field != nil:
		v := field.value(a.s)
		*v = trim(*v + " " + joined(answer))
	default:
		a.attribute(strings.TrimPrefix(f.To, attributePrefix), joined(answer))
	}
	return true
}

// consent takes an answer as one about marketing mail, if it clearly is one.
func (a *answers) consent(f *v1alpha1.SourceField, answer source.Answer) bool {
	granted, denied := f.Granted, f.Denied
	if len(granted) == 0 {
		granted = []string{"true", "yes", "on", "1"}
		if len(denied) == 0 {
			denied = []string{"false", "no", "off", "0"}
		}
	}
	among := func(list []string) bool {
		return slices.ContainsFunc(answer.Values, func(v string) bool {
			return slices.ContainsFunc(list, func(item string) bool { return strings.EqualFold(trim(item), trim(v)) })
		})
	}
	yes, no := among(granted), among(denied)
	if yes == no {
		return false // neither, or both: no clear answer
	}
	a.s.Consent = &yes
	switch {
	case f.Statement != "":
		a.s.ConsentStatement = f.Statement
	case strings.Contains(trim(answer.Label), " "): // the words that were read, not the name of a field
		a.s.ConsentStatement = answer.Label
	}
	return true
}

// plain takes the answers whose names are plain.
func (a *answers) plain() {
	for i, answer := range a.all {
		if a.used[i] || answer.Secondary {
			continue
		}
		for _, name := range answer.Names {
			name = strings.ToLower(trim(name))
			if alias := plainNames[name]; alias != "" {
				name = alias
			}
			if a.takePlain(name, answer) {
				a.used[i] = true
				break
			}
		}
	}
}

func (a *answers) takePlain(name string, answer source.Answer) bool {
	field := textField(name)
	switch {
	case name == fieldConsentMarketing:
		return a.s.Consent == nil && a.consent(&v1alpha1.SourceField{}, answer)
	case field != nil && *field.value(a.s) == "":
		*field.value(a.s) = joined(answer)
		return true
	}
	return false
}

// hinted takes the answers that look like what is still missing.
func (a *answers) hinted() {
	for i, answer := range a.all {
		if field := textField(answer.Hint); !a.used[i] && field != nil && *field.value(a.s) == "" {
			*field.value(a.s) = joined(answer)
			a.used[i] = true
		}
	}
}

// joined is an answer as one text.
func joined(answer source.Answer) string { return strings.Join(answer.Values, ", ") }

func (a *answers) attribute(name, value string) {
	a.extra = append(a.extra, namedValue{strings.TrimPrefix(name, attributePrefix), value})
}

// fitFields cleans every field, and keeps as an attribute what is too long for its field.
func (a *answers) fitFields() {
	var ignored FieldErrors // all that can be wrong is put right here
	for _, f := range textFields {
		v := f.value(a.s)
		*v = cleanText(f.name, *v, f.maxRunes, f.lines, &ignored)
		if utf8.RuneCountInString(*v) <= f.maxRunes {
			continue
		}
		a.attribute(f.name, *v)
		if f.name == "email" {
			*v = "" // a part of an address is another address
			continue
		}
		*v = trim(truncateRunes(*v, f.maxRunes))
	}
	if a.s.Page != "" {
		if page := pageAddress(a.s.Page); page != a.s.Page {
			a.attribute("page", a.s.Page)
			a.s.Page = page
		}
	}
	if a.s.Consent == nil {
		if a.s.ConsentStatement != "" {
			a.attribute(fieldConsentStatement, a.s.ConsentStatement)
		}
		a.s.ConsentStatement = ""
	}
}

// moreAnswers is the attribute in which what is too much travels together.
const moreAnswers = "more answers"

// fitAttributes brings any number of answers of any length within what a submission holds. A long one goes on in further
// attributes; if there are too many, as few of the last as possible are written together into one text. cut says that even so
// some was lost.
func fitAttributes(list []namedValue) (attributes map[string]string, cut bool) {
	var ignored FieldErrors
	kept := make([]namedValue, 0, len(list))
	for _, item := range list {
		name := cleanText("", item.name, len(item.name), false, &ignored)
		if name == "" {
			name = "answer"
		}
		if value := cleanText("", item.value, len(item.value), true, &ignored); value != "" {
			kept = append(kept, namedValue{name, value})
		}
	}
	if len(kept) == 0 {
		return nil, false
	}
	var pieces []namedValue
	for alone := min(len(kept), maxAttributes); alone >= 0; alone-- {
		pieces = piecesOf(kept, alone)
		if len(pieces) <= maxAttributes {
			break
		}
	}
	if cut = len(pieces) > maxAttributes; cut {
		pieces = pieces[:maxAttributes]
	}
	attributes = make(map[string]string, len(pieces))
	for _, p := range pieces {
		attributes[freeName(attributes, p.name)] = p.value
	}
	return attributes, cut
}

// piecesOf gives the first answers, as many as alone says, attributes of their own, and the others one together.
func piecesOf(list []namedValue, alone int) []namedValue {
	var pieces []namedValue
	add := func(name, text string) {
		for _, part := range split(text, maxAttributeValue) {
			pieces = append(pieces, namedValue{name, part})
		}
	}
	for _, item := range list[:alone] {
		add(item.name, item.value)
	}
	var rest strings.Builder
	for _, item := range list[alone:] {
		rest.WriteString(item.name + ": " + item.value + "\n")
	}
	add(moreAnswers, rest.String())
	return pieces
}

// split cuts a text into pieces of at most n characters. None of them is blank at its ends, which would be trimmed later.
func split(text string, n int) []string {
	var pieces []string
	for text = trim(text); text != ""; text = trim(text) {
		piece := truncateRunes(text, n)
		text = text[len(piece):]
		pieces = append(pieces, trim(piece))
	}
	return pieces
}

// freeName is a name that is not taken, within the limit: name, name 2, name 3.
func freeName(taken map[string]string, name string) string {
	for n := 1; ; n++ {
		suffix := ""
		if n > 1 {
			suffix = " " + strconv.Itoa(n)
		}
		candidate := trim(truncateRunes(name, maxAttributeName-len(suffix))) + suffix
		if _, exists := taken[candidate]; !exists {
			return candidate
		}
	}
}
