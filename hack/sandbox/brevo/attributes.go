package brevo

import (
	"net/http"
	"slices"
	"time"

	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

type attribute struct {
	Name        string   `json:"name"`
	Category    string   `json:"category"`
	Type        string   `json:"type,omitempty"`
	Enumeration []option `json:"enumeration,omitempty"`
	Options     []string `json:"multiCategoryOptions,omitempty"`
}

type option struct {
	Value int    `json:"value"`
	Label string `json:"label"`
}

// standard are the attributes of an account in English, and some that this one has added.
func standard() []attribute {
	return []attribute{
		{Name: "FIRSTNAME", Category: "normal", Type: "text"},
		{Name: "LASTNAME", Category: "normal", Type: "text"},
		{Name: "SMS", Category: "normal", Type: "text"},
		{Name: "COMPANY", Category: "normal", Type: "text"},
		{Name: "COUNTRY", Category: "normal", Type: "text"},
		{Name: "SEATS", Category: "normal", Type: "float"},
		{Name: "SINCE", Category: "normal", Type: "date"},
		{Name: "PARTNER", Category: "normal", Type: "boolean"},
		{Name: "TOPICS", Category: "normal", Type: "multiple-choice", Options: []string{"blog", "event"}},
		{Name: "PLAN", Category: "category", Enumeration: []option{{1, "basic"}, {2, "pro"}}},
		{Name: "ENGAGEMENT", Category: "calculated"},
	}
}

func (a *account) createAttribute(category, name string, body []byte) server.VendorAnswer {
	in := parse[attribute](body)
	if slices.ContainsFunc(a.attributes, func(other attribute) bool { return other.Name == name }) {
		return problem(http.StatusBadRequest, "duplicate_parameter", "Attribute name must be unique")
	}
	in.Name, in.Category = name, category
	a.attributes = append(a.attributes, in)
	return server.VendorAnswer{Status: http.StatusCreated, Body: map[string]any{}}
}

// merged puts values over those that are there. What the account does not have, and what does not fit, is dropped in silence.
func (a *account) merged(current, values map[string]any) map[string]any {
	next := map[string]any{}
	for name, v := range current {
		next[name] = v
	}
	for _, known := range a.attributes {
		if v, given := values[known.Name]; given && known.fits(v) {
			next[known.Name] = v
		}
	}
	return next
}

func (t attribute) fits(v any) bool {
	switch t.Category {
	case "calculated":
		return false
	case "category":
		return slices.ContainsFunc(t.Enumeration, func(o option) bool { return v == float64(o.Value) })
	}
	var ok bool
	switch t.Type {
	case "float":
		_, ok = v.(float64)
	case "boolean":
		_, ok = v.(bool)
	case "date":
		text, _ := v.(string)
		_, err := time.Parse(time.DateOnly, text)
		ok = err == nil
	case "multiple-choice":
		list, isList := v.([]any)
		ok = isList && !slices.ContainsFunc(list, func(e any) bool { s, _ := e.(string); return !slices.Contains(t.Options, s) })
	default:
		_, ok = v.(string)
	}
	return ok
}
