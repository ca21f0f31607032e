package mailchimp

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
)

// mergeField is how Mailchimp describes one.
type mergeField struct {
	Tag     string `json:"tag"`
	Type    string `json:"type"`
	Options struct {
		Choices []string `json:"choices"`
	} `json:"options"`
}

const (
	typeAddress  = "address"
	typeNumber   = "number"
	typeRadio    = "radio"
	typeDropdown = "dropdown"
)

// checkMergeFields reads the audience's fields, and so finds out, too, whether there is such an audience.
func (a *audience) checkMergeFields(ctx context.Context) error {
	res, err := a.call(ctx, http.MethodGet,
		a.listPath()+"/merge-fields?count=1000&fields=merge_fields.tag,merge_fields.type,merge_fields.options.choices", nil)
	switch {
	case err != nil:
		return err
	case res.Status == http.StatusNotFound && problemOf(res).Title != "":
		return errNoAudience()
	case res.Status/100 != 2:
		return a.refusal(res)
	}
	var list struct {
		MergeFields *[]mergeField `json:"merge_fields"`
	}
	if err := read(res, &list); err != nil {
		return err
	}
	if list.MergeFields == nil {
		return errUnreadable()
	}
	known := map[string]mergeField{}
	for _, f := range *list.MergeFields {
		known[f.Tag] = f
	}
	types := map[string]string{}
	var missing []string
	for _, name := range a.fields.Names() {
		f, found := known[name]
		types[name] = f.Type
		value := a.fields.Fixed(name)
		switch {
		case !found:
			missing = append(missing, name)
		case f.Type == typeAddress && !a.fields.Computed(name):
			return provider.Errorf(provider.Config, "the merge field %s is an address at Mailchimp: spec.mailchimp.mergeFields[%s] has to be an expression "+
				"that gives an object with addr1, city, state and zip", name, name)
		case value != "" && (f.Type == typeRadio || f.Type == typeDropdown) && !slices.Contains(f.Options.Choices, value):
			return provider.Errorf(provider.Config, "spec.mailchimp.mergeFields[%s].value is none of the choices that the field has at Mailchimp", name)
		}
	}
	if missing != nil {
		return provider.Errorf(provider.Config,
			"the audience has no merge field %s: create it at Mailchimp, or take it out of spec.mailchimp.mergeFields", strings.Join(missing, ", "))
	}
	a.types.Store(&types)
	return nil
}

func errNoAudience() *provider.Error {
	return provider.Errorf(provider.Config, "Mailchimp has no audience of the id in spec.mailchimp.audience: give the code in Audience → Settings → "+
		"Audience name and defaults, not the number in the page's address")
}

// values writes the rendered values in the forms that the fields' types want. The merge fields have been checked.
func (a *audience) values(rendered map[string]any) (map[string]any, error) {
	types := *a.types.Load()
	out := make(map[string]any, len(rendered))
	for name, v := range rendered {
		_, object := v.(map[string]any)
		_, number := v.(float64)
		switch kind := types[name]; {
		case kind == typeAddress && !object:
			return nil, provider.Errorf(provider.Invalid, "spec.mailchimp.mergeFields[%s] gives no object for this record, and the merge field is an address", name)
		case kind == typeAddress, kind == typeNumber && number:
			out[name] = v
		default:
			text, err := mapping.Text(v)
			if err != nil {
				return nil, provider.Errorf(provider.Invalid, "spec.mailchimp.mergeFields[%s] gives a value for this record that is no text", name)
			}
			out[name] = text
		}
	}
	return out, nil
}
