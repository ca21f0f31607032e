package mailchimp

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

type mergeField struct {
	ID       int     `json:"merge_id"`
	Tag      string  `json:"tag"`
	Name     string  `json:"name"`
	Type     string  `json:"type"`
	Required bool    `json:"required"`
	Options  options `json:"options"`
}

type options struct {
	Choices []string `json:"choices,omitempty"`
}

// standard are the fields of a new audience, and some that this account has added. The address itself is not listed.
func standard() []mergeField {
	fields := []mergeField{
		{Tag: "FNAME", Name: "First Name", Type: "text"},
		{Tag: "LNAME", Name: "Last Name", Type: "text"},
		{Tag: "ADDRESS", Name: "Address", Type: "address"},
		{Tag: "PHONE", Name: "Phone Number", Type: "phone"},
		{Tag: "COMPANY", Name: "Company", Type: "text", Required: true},
		{Tag: "COUNTRY", Name: "Country", Type: "text"},
		{Tag: "SEATS", Name: "Seats", Type: "number"},
		{Tag: "PLAN", Name: "Plan", Type: "dropdown", Options: options{Choices: []string{"basic", "pro"}}},
	}
	for i := range fields {
		fields[i].ID = i + 1
	}
	return fields
}

func (a *account) createMergeField(body []byte) server.VendorAnswer {
	f := parse[mergeField](body)
	f.Tag = strings.ToUpper(f.Tag)
	if slices.ContainsFunc(a.fields, func(other mergeField) bool { return other.Tag == f.Tag }) || f.Tag == "EMAIL" {
		return a.problem(http.StatusBadRequest, "Invalid Resource", "A Merge Field with the tag already exists for this list.")
	}
	f.ID = len(a.fields) + 1
	a.fields = append(a.fields, f)
	return server.VendorAnswer{Status: http.StatusOK, Body: f}
}

// merged puts values over those that are there. Fields that the audience does not have are dropped in silence.
func (a *account) merged(current, values map[string]any, skipRequired bool) (map[string]any, []fieldError) {
	next := map[string]any{}
	for name, v := range current {
		next[name] = v
	}
	var wrong []fieldError
	for _, f := range a.fields {
		v, given := values[f.Tag]
		switch {
		case !given:
			if _, has := next[f.Tag]; f.Required && !has && !skipRequired {
				wrong = append(wrong, fieldError{f.Tag, "This value should not be blank."})
			}
		case f.message(v) != "":
			wrong = append(wrong, fieldError{f.Tag, f.message(v)})
		default:
			next[f.Tag] = v
		}
	}
	return next, wrong
}

// message says why a value does not fit, "" when it does.
func (f mergeField) message(v any) string {
	text, isText := v.(string)
	switch f.Type {
	case "number":
		if _, isNumber := v.(float64); !isNumber {
			if _, err := strconv.ParseFloat(text, 64); err != nil {
				return "This value should be a number."
			}
		}
	case "dropdown", "radio":
		if text != "" && !slices.Contains(f.Options.Choices, text) {
			return "The value is not one of the choices."
		}
	case "address":
		parts, _ := v.(map[string]any)
		for _, name := range []string{"addr1", "city", "state", "zip"} {
			if s, _ := parts[name].(string); s == "" {
				return "Please enter a complete address."
			}
		}
	default:
		if !isText {
			return "This value should be of type string."
		}
	}
	return ""
}

// plain gives a value the form that it has when it is read from JSON.
func plain(v any) map[string]any {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return parse[map[string]any](text)
}
