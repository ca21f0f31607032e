package intake

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// FieldError says what is wrong with one field, in words for whoever filled it in.
type FieldError struct {
	// Field is the flat name, for example email or attributes.plan.
	Field string `json:"field"`
	// Message is one sentence that says what to do, in English: programs read it so, and pages look up its translation.
	Message string `json:"message"`
	// Args are put into the message.
	Args []any `json:"-"`
}

// MarshalJSON writes the message as it reads.
func (e FieldError) MarshalJSON() ([]byte, error) {
	type plain FieldError
	return json.Marshal(plain{Field: e.Field, Message: sayWith(e.Message, e.Args)})
}

// maxFieldErrors bounds an answer: a body can hold thousands of unknown fields.
const maxFieldErrors = 100

// FieldErrors collects at most one error per field.
type FieldErrors []FieldError

// add names a field that is wrong. The first error of a field stays: later ones follow from it.
func (e *FieldErrors) add(name, message string, args ...any) {
	name = shown(name)
	if len(*e) < maxFieldErrors && !e.has(name) {
		*e = append(*e, FieldError{Field: name, Message: message, Args: args})
	}
}

// drop forgets an error of a field, if it is this one.
func (e *FieldErrors) drop(name, message string) bool {
	before := len(*e)
	*e = slices.DeleteFunc(*e, func(f FieldError) bool { return f.Field == name && f.Message == message })
	return len(*e) < before
}

func (e *FieldErrors) has(name string) bool {
	name = shown(name)
	return slices.ContainsFunc(*e, func(f FieldError) bool { return f.Field == name })
}

// of returns what is wrong with a field, or nil.
func (e FieldErrors) of(name string) *FieldError {
	name = shown(name)
	for i := range e {
		if e[i].Field == name {
			return &e[i]
		}
	}
	return nil
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
