package intake

import (
	"slices"
	"strconv"
	"strings"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// fieldKind is how a field of the form is filled in, as HTML has it.
type fieldKind string

const (
	kindInput  fieldKind = "input"
	kindLines  fieldKind = "textarea"
	kindChoice fieldKind = "select"
)

// formField is one question as the page shows it.
type formField struct {
	ID, Name        string
	Label, Help     words
	Value           string
	Error           words
	Kind            fieldKind
	Type            string // of an input
	Autocomplete    string
	InputMode       string
	Choices         []choice
	Required, Focus bool
}

// choice is one answer of a list.
type choice struct {
	Value    string
	Label    words
	Selected bool
}

// builtinField is what HTML needs to know of one of the five fields.
type builtinField struct {
	label, inputType, autocomplete, inputMode string
}

var builtinFields = map[string]builtinField{
	"name":    {"Name", "text", "name", ""},
	"email":   {"E-mail address", "email", "email", "email"},
	"company": {"Company", "text", "organization", ""},
	"phone":   {"Phone", "tel", "tel", "tel"},
	"country": {"Country", "text", "country-name", ""},
}

// defaultFields are shown when a pipeline names none.
var defaultFields = []v1alpha1.FormField{{Name: "name"}, {Name: "email"}, {Name: "company"}, {Name: "phone"}, {Name: "country"}}

// fieldsOf lists the fields of a form.
func fieldsOf(form *v1alpha1.FormSpec) []v1alpha1.FormField {
	if len(form.Fields) > 0 {
		return form.Fields
	}
	return defaultFields
}

func required(f v1alpha1.FormField) bool {
	return f.Name == "email" || f.Answer == v1alpha1.AnswerRequired
}

// requireAnswers names the required fields that a person left blank, except for those that are known.
func requireAnswers(form *v1alpha1.FormSpec, s *Submission, who *person, errs *FieldErrors) {
	for _, f := range fieldsOf(form) {
		if f.Name != "email" && required(f) && s.value(f.Name) == "" && !who.knows(f.Name) {
			errs.add(f.Name, answerWanted)
		}
	}
}

// value returns the value of a field by its flat name.
func (s *Submission) value(name string) string {
	if f := textField(name); f != nil {
		return *f.value(s)
	}
	return s.Attributes[strings.TrimPrefix(name, attributePrefix)]
}

// field makes a question of the form. i is its place.
func (l locale) field(f v1alpha1.FormField, i int, value string) formField {
	translated := l.translatedField(f.Name)
	field := formField{
		ID:       f.Name,
		Name:     f.Name,
		Help:     l.pick(translated.Help, f.Help, ""),
		Value:    value,
		Kind:     kindInput,
		Type:     "text",
		Required: required(f),
	}
	builtin, isBuiltin := builtinFields[f.Name]
	if isBuiltin {
		field.Label = l.pick(translated.Label, f.Label, builtin.label)
		field.Type, field.Autocomplete, field.InputMode = builtin.inputType, builtin.autocomplete, builtin.inputMode
	} else {
		field.ID = "field-" + strconv.Itoa(i)
		field.Label = l.pick(translated.Label, f.Label, "")
		if field.Label.Value == "" {
			field.Label.Value = strings.TrimPrefix(f.Name, attributePrefix)
		}
	}
	switch f.Type {
	case v1alpha1.FieldLines:
		field.Kind = kindLines
	case v1alpha1.FieldChoice:
		field.Kind = kindChoice
		field.Choices = l.choices(f.Choices, translated.Choices, value)
	}
	return field
}

// choices lists the answers of a field. What was sent is among them even when the form no longer offers it.
func (l locale) choices(offered, translated []v1alpha1.FormChoice, value string) []choice {
	list := make([]choice, 0, len(offered)+1)
	for _, o := range offered {
		c := choice{Value: o.Value, Selected: o.Value == value}
		own := o.Label
		if own == "" {
			own = o.Value
		}
		label := ""
		if i := slices.IndexFunc(translated, func(t v1alpha1.FormChoice) bool { return t.Value == o.Value }); i >= 0 {
			label = translated[i].Label
		}
		c.Label = l.pick(label, own, "")
		list = append(list, c)
	}
	if value != "" && !slices.ContainsFunc(list, func(c choice) bool { return c.Selected }) {
		list = append(list, choice{Value: value, Label: words{Value: value}, Selected: true})
	}
	return list
}

// DescribedBy lists the elements that say more about a field.
func (f formField) DescribedBy() string {
	var ids []string
	if f.Help.Value != "" {
		ids = append(ids, f.ID+"-help")
	}
	if f.Error.Value != "" {
		ids = append(ids, f.ID+"-error")
	}
	return strings.Join(ids, " ")
}
