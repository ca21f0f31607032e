package espocrm

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

// field is how EspoCRM defines one.
type field struct {
	Type      string   `json:"type"`
	Required  bool     `json:"required,omitempty"`
	ReadOnly  bool     `json:"readOnly,omitempty"`
	MaxLength int      `json:"maxLength,omitempty"`
	Options   []string `json:"options,omitempty"`
}

// entities are some of the fields that a contact and a lead have, and a few custom ones.
func entities() map[string]map[string]field {
	common := func() map[string]field {
		return map[string]field{
			"name":           {Type: "personName"},
			"firstName":      {Type: "varchar", MaxLength: 100},
			"lastName":       {Type: "varchar", MaxLength: 100, Required: true},
			"emailAddress":   {Type: "email"},
			"phoneNumber":    {Type: "phone"},
			"description":    {Type: "text"},
			"address":        {Type: "address"},
			"addressCountry": {Type: "varchar", MaxLength: 100},
			"addressCity":    {Type: "varchar", MaxLength: 100},
			"doNotCall":      {Type: "bool"},
			"createdAt":      {Type: "datetime", ReadOnly: true},
			"assignedUser":   {Type: "link"},
			"teams":          {Type: "linkMultiple"},
			"cPlan":          {Type: "enum", Options: []string{"", "pro", "basic"}},
			"cTopics":        {Type: "multiEnum", Options: []string{"blog", "event", "trial-download"}},
			"cSeats":         {Type: "int"},
			"cRegisteredAt":  {Type: "datetime"},
		}
	}
	contact, lead := common(), common()
	contact["title"] = field{Type: "varchar", MaxLength: 100}
	contact["account"] = field{Type: "link"}
	lead["accountName"] = field{Type: "varchar", MaxLength: 255}
	lead["source"] = field{Type: "enum", Options: []string{"", "Call", "Web Site", "Campaign", "Other"}}
	return map[string]map[string]field{"Contact": contact, "Lead": lead}
}

// accepted drops what there is no attribute for, and what may not be written. EspoCRM does so without a word.
func (i *instance) accepted(entity string, values map[string]any) map[string]any {
	out := map[string]any{}
	for name, v := range values {
		f, found := entities()[entity][name]
		link := strings.TrimSuffix(strings.TrimSuffix(name, "s"), "Id")
		_, linked := entities()[entity][link]
		known := found && !f.ReadOnly || name == "emailAddressData" || link != name && linked
		if known && !slices.Contains(i.Forbidden, name) {
			out[name] = v
		}
	}
	return out
}

// invalid holds values against their fields. after is what the record would be.
func invalid(entity string, values, after map[string]any) (server.VendorAnswer, bool) {
	for name, f := range entities()[entity] {
		if text, _ := after[name].(string); f.Required && text == "" {
			return failed(entity, name, "required"), true
		}
	}
	for name, v := range values {
		f := entities()[entity][name]
		text, isText := v.(string)
		wrong := ""
		switch f.Type {
		case "varchar", "text", "phone":
			wrong = map[bool]string{true: "valid"}[v != nil && !isText]
		case "email":
			wrong = map[bool]string{true: "emailAddress"}[text != "" && !validAddress(text)]
		case "enum":
			wrong = map[bool]string{true: "valid"}[v != nil && (!isText || !slices.Contains(f.Options, text))]
		case "bool":
			_, ok := v.(bool)
			wrong = map[bool]string{true: "valid"}[!ok]
		case "int":
			n, ok := v.(float64)
			wrong = map[bool]string{true: "valid"}[v != nil && (!ok || n != float64(int64(n)))]
		case "datetime":
			_, err := time.Parse(time.DateTime, text)
			wrong = map[bool]string{true: "valid"}[v != nil && err != nil]
		case "multiEnum":
			wrong = map[bool]string{true: "valid"}[v != nil && !allOf(v, f.Options)]
		}
		if wrong == "" && f.MaxLength > 0 && len([]rune(text)) > f.MaxLength {
			wrong = "maxLength"
		}
		if wrong != "" {
			return failed(entity, name, wrong), true
		}
	}
	return server.VendorAnswer{}, false
}

func allOf(v any, options []string) bool {
	list, ok := v.([]any)
	for _, element := range list {
		text, _ := element.(string)
		ok = ok && slices.Contains(options, text)
	}
	return ok
}

func failed(entity, name, kind string) server.VendorAnswer {
	a := problem(http.StatusBadRequest, "Field validation failure; entityType: "+entity+", field: "+name+", type: "+kind+".")
	a.Body = map[string]any{"messageTranslation": map[string]any{
		"label": "validationFailure", "scope": nil, "data": map[string]string{"field": name, "type": kind},
	}}
	return a
}

func validAddress(s string) bool {
	local, domain, found := strings.Cut(s, "@")
	return found && local != "" && strings.Contains(domain, ".") && !strings.ContainsAny(s, " ,;<>()") && !strings.Contains(domain, "@")
}
