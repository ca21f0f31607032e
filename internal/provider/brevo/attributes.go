package brevo

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
)

// attribute is how Brevo describes one.
type attribute struct {
	Name        string `json:"name"`
	Category    string `json:"category"` // normal and category can be filled
	Type        string `json:"type"`
	Enumeration []struct {
		Value int    `json:"value"`
		Label string `json:"label"`
	} `json:"enumeration"`
	Options []string `json:"multiCategoryOptions"`
}

// check reads the account's attributes and the lists.
func (a *account) check(ctx context.Context) error {
	var all struct {
		Attributes *[]attribute `json:"attributes"`
	}
	if err := a.ask(ctx, http.MethodGet, attributesPath, nil, &all); err != nil {
		return err
	}
	if all.Attributes == nil {
		return errUnreadable()
	}
	types := map[string]attribute{}
	for _, known := range *all.Attributes {
		types[known.Name] = known
	}
	var missing, fixed []string
	for _, name := range a.attributes.Names() {
		switch known, found := types[name]; {
		case !found:
			missing = append(missing, name)
		case known.Category != "normal" && known.Category != "category":
			fixed = append(fixed, name)
		default:
			if value := a.attributes.Fixed(name); value != "" {
				if _, fits := known.form(value); !fits {
					return provider.Errorf(provider.Config, "spec.brevo.attributes[%s].value does not fit the attribute's type at Brevo, %s", name, known.kind())
				}
			}
		}
	}
	switch {
	case missing != nil:
		return provider.Errorf(provider.Config, "Brevo has no contact attribute %s: create it there, in capitals, or take it out of spec.brevo.attributes; "+
			"their names depend on the account's language", strings.Join(missing, ", "))
	case fixed != nil:
		return provider.Errorf(provider.Config, "Brevo fills the contact attribute %s itself: take it out of spec.brevo.attributes", strings.Join(fixed, ", "))
	}
	for _, id := range a.targets {
		if err := a.checkList(ctx, id); err != nil {
			return err
		}
	}
	a.types.Store(&types)
	return nil
}

func (a *account) checkList(ctx context.Context, id int) error {
	res, err := a.call(ctx, http.MethodGet, listsPath+"/"+strconv.Itoa(id), nil)
	switch {
	case err != nil:
		return err
	case res.Status == http.StatusNotFound && problemOf(res).Code != "":
		return provider.Errorf(provider.Config, "Brevo has no list %d: create it there, or take it out of spec.brevo.lists", id)
	case res.Status/100 != 2:
		return a.refusal(res)
	}
	var list struct {
		ID int `json:"id"`
	}
	if err := read(res, &list); err != nil {
		return err
	}
	if list.ID != id {
		return errUnreadable()
	}
	return nil
}

// kind names the attribute's type.
func (t attribute) kind() string {
	if t.Type == "" {
		return t.Category
	}
	return t.Type
}

// form gives a value the form that the attribute takes. fits is false for one that Brevo would drop without a word.
func (t attribute) form(v any) (form any, fits bool) {
	if t.Category == "category" {
		return t.choice(v)
	}
	switch t.Type {
	case "float", "id":
		return number(v)
	case "boolean":
		return truth(v)
	case "date":
		return date(v)
	case "multiple-choice":
		return t.choices(v)
	}
	text, err := mapping.Text(v)
	return text, err == nil
}

// choice takes the number or the label of an option.
func (t attribute) choice(v any) (any, bool) {
	text, err := mapping.Text(v)
	if err != nil {
		return nil, false
	}
	for _, option := range t.Enumeration {
		if strings.EqualFold(option.Label, text) || strconv.Itoa(option.Value) == text {
			return option.Value, true
		}
	}
	return nil, false
}

func (t attribute) choices(v any) (any, bool) {
	list, several := v.([]any)
	if !several {
		list = []any{v}
	}
	for _, element := range list {
		text, ok := element.(string)
		if !ok || !slices.Contains(t.Options, text) {
			return nil, false
		}
	}
	return list, true
}

func number(v any) (any, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		return f, err == nil
	}
	return nil, false
}

func truth(v any) (any, bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case string:
		b, err := strconv.ParseBool(strings.ToLower(strings.TrimSpace(v)))
		return b, err == nil
	}
	return nil, false
}

// date takes a day, or a time, of which it takes the day.
func date(v any) (any, bool) {
	text, ok := v.(string)
	if !ok {
		return nil, false
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339Nano} {
		if t, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
			return t.Format(time.DateOnly), true
		}
	}
	return nil, false
}

// values writes the rendered values in the forms that the attributes take. The attributes have been checked.
func (a *account) values(rendered map[string]any) (map[string]any, error) {
	types := *a.types.Load()
	out := make(map[string]any, len(rendered))
	for name, v := range rendered {
		form, fits := types[name].form(v)
		if !fits {
			return nil, provider.Errorf(provider.Invalid, "the value of attribute %s does not fit its type at Brevo, %s, so that Brevo would drop it", name, types[name].kind())
		}
		out[name] = form
	}
	return out, nil
}
