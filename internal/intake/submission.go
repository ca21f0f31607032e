package intake

import (
	"cmp"
	"slices"
	"strings"
)

// Submission is what a person or a program sent, decoded and cleaned: blank values are absent, texts are trimmed, within
// their limits and valid UTF-8. Its JSON form is the canonical payload that the object's name is computed from: adding a
// field that is left out when absent keeps the names of all earlier payloads.
type Submission struct {
	Email   string `json:"email"`
	Name    string `json:"name,omitempty"`
	Company string `json:"company,omitempty"`
	Phone   string `json:"phone,omitempty"`
	Country string `json:"country,omitempty"`
	Channel string `json:"channel,omitempty"`
	Page    string `json:"page,omitempty"`
	// Attributes are further answers, by name.
	Attributes map[string]string `json:"attributes,omitempty"`
	// Consent is the answer to the marketing question; nil: not asked, or not answered.
	Consent *bool `json:"consent,omitempty"`
	// ConsentStatement is the question's text. It is kept only with an answer.
	ConsentStatement string `json:"consentStatement,omitempty"`
}

// FieldError says what is wrong with one field, in words for whoever filled it in.
type FieldError struct {
	// Field is the flat name, for example email or attributes.plan.
	Field string `json:"field"`
	// Message is one sentence that says what to do.
	Message string `json:"message"`
}

// maxFieldErrors bounds an answer: a body can hold thousands of unknown fields.
const maxFieldErrors = 100

// FieldErrors collects at most one error per field.
type FieldErrors []FieldError

// add names a field that is wrong. The first error of a field stays: later ones follow from it.
func (e *FieldErrors) add(name, message string) {
	name = shown(name)
	if len(*e) < maxFieldErrors && !e.has(name) {
		*e = append(*e, FieldError{Field: name, Message: message})
	}
}

func (e *FieldErrors) has(name string) bool {
	name = shown(name)
	return slices.ContainsFunc(*e, func(f FieldError) bool { return f.Field == name })
}

// message returns what is wrong with a field, or "".
func (e FieldErrors) message(name string) string {
	name = shown(name)
	for _, f := range e {
		if f.Field == name {
			return f.Message
		}
	}
	return ""
}

// sort puts the errors in the order of the form, then by name, whatever order the fields came in.
func (e FieldErrors) sort() {
	rank := func(f FieldError) int {
		for i := range textFields {
			if textFields[i].name == f.Field {
				return i
			}
		}
		return len(textFields)
	}
	slices.SortStableFunc(e, func(a, b FieldError) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a.Field, b.Field))
	})
}

// shown bounds a name that came from outside, so that it can be repeated in an answer.
func shown(name string) string {
	return truncateRunes(removeControls(strings.ToValidUTF8(name, "\uFFFD")), len(attributePrefix)+maxAttributeName+1)
}
