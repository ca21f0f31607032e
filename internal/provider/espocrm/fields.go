package espocrm

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
)

// maxDescription is the largest description that is read, in bytes.
const maxDescription = 4 << 20

// field is how EspoCRM defines one.
type field struct {
	Type     string          `json:"type"`
	Required bool            `json:"required"`
	ReadOnly bool            `json:"readOnly"`
	Default  json.RawMessage `json:"default"`
	Options  []string        `json:"options"`
}

func userRequest() request {
	return request{method: http.MethodGet, path: "/App/user", maxBody: maxDescription}
}

// checkFields holds the mapping against the entity's fields and the user's role: what they don't cover, EspoCRM drops without a word.
func (i *instance) checkFields(ctx context.Context) error {
	known, err := i.definitions(ctx)
	if err != nil {
		return err
	}
	if err := i.checkRole(ctx); err != nil {
		return err
	}
	var missing, fixed, required []string
	types := map[string]string{}
	for _, name := range i.written() {
		f, part, found := fieldOf(known, name)
		switch {
		case !found:
			missing = append(missing, name)
		case f.ReadOnly:
			fixed = append(fixed, name)
		case part == "" && !i.takes(name, f):
			return provider.Errorf(provider.Config, "spec.espocrm.fields[%s].value is none of the options that the field has at EspoCRM", name)
		}
		types[name] = f.Type + part
	}
	for name, f := range known {
		given := slices.ContainsFunc(i.written(), func(w string) bool { return w == name || strings.TrimSuffix(strings.TrimSuffix(w, "s"), "Id") == name })
		if f.Required && !f.ReadOnly && !given && (f.Default == nil || string(f.Default) == "null") && name != "assignedUser" {
			required = append(required, name)
		}
	}
	slices.Sort(required)
	switch {
	case missing != nil:
		return provider.Errorf(provider.Config, "EspoCRM has no attribute %s of %s: create the field there, or take it out of spec.espocrm.fields", strings.Join(missing, ", "), i.entity)
	case fixed != nil:
		return provider.Errorf(provider.Config, "EspoCRM lets nobody write %s of %s: take it out of spec.espocrm.fields", strings.Join(fixed, ", "), i.entity)
	case required != nil:
		return provider.Errorf(provider.Config, "EspoCRM takes no new %s without %s: fill it in spec.espocrm.fields", i.entity, strings.Join(required, ", "))
	}
	i.types.Store(&types)
	return nil
}

// written are the attributes that are written.
func (i *instance) written() []string {
	names := append([]string{addressAttribute}, i.fields.Names()...)
	if !slices.Contains(names, lastNameAttribute) {
		names = append(names, lastNameAttribute)
	}
	return names
}

// definitions are the fields of the entity. Before version 8.2 the whole of the metadata is answered.
func (i *instance) definitions(ctx context.Context) (map[string]field, error) {
	var all map[string]json.RawMessage
	err := i.ask(ctx, request{
		method: http.MethodGet, path: "/Metadata", query: url.Values{"key": {"entityDefs." + i.entity + ".fields"}}, maxBody: maxDescription,
	}, &all)
	if err != nil {
		return nil, err
	}
	switch {
	case all == nil: // null: as if there was no such entity
		return nil, errRole(i.entity)
	case all["entityDefs"] != nil:
		return nil, provider.Errorf(provider.Config, "this EspoCRM is older than version 8.2, and does not tell its fields: update it")
	case all[addressAttribute] == nil:
		return nil, errUnreadable()
	}
	known := make(map[string]field, len(all))
	for name, text := range all {
		var f field
		if json.Unmarshal(text, &f) == nil { // one of a form that is not known is as good as not there
			known[name] = f
		}
	}
	return known, nil
}

// fieldOf finds the field of an attribute. A link is one field with an attribute for its id, or ids, which is the part.
func fieldOf(known map[string]field, attribute string) (f field, part string, found bool) {
	if f, found = known[attribute]; found {
		return f, "", f.Type != "link" && f.Type != "linkMultiple" && f.Type != "personName" && f.Type != "address"
	}
	for _, part := range []string{"Ids", "Id"} {
		name, cut := strings.CutSuffix(attribute, part)
		if f, found := known[name]; cut && found && (part == "Ids") == strings.HasSuffix(f.Type, "Multiple") {
			return f, part, true
		}
	}
	return field{}, "", false
}

// takes tells whether a value that is the same for everybody is one of a field's options.
func (i *instance) takes(name string, f field) bool {
	value := i.fields.Fixed(name)
	if value == "" || len(f.Options) == 0 || f.Type != "enum" && f.Type != "multiEnum" {
		return true
	}
	return slices.Contains(f.Options, value)
}

// checkRole reads what the API user may do. Who sees only some of the records would take the others for people who are not there.
func (i *instance) checkRole(ctx context.Context) error {
	var out struct {
		ACL struct {
			Table       map[string]json.RawMessage `json:"table"`
			QuickAccess map[string]json.RawMessage `json:"fieldTableQuickAccess"`
		} `json:"acl"`
	}
	if err := i.ask(ctx, userRequest(), &out); err != nil {
		return err
	}
	if out.ACL.Table == nil {
		return errUnreadable()
	}
	var levels struct{ Create, Read, Edit string }
	if json.Unmarshal(out.ACL.Table[i.entity], &levels) != nil || levels.Create != "yes" || levels.Read != "all" || levels.Edit != "all" {
		return errRole(i.entity)
	}
	var access struct {
		Attributes struct {
			Edit struct {
				No []string `json:"no"`
			} `json:"edit"`
			Read struct {
				No []string `json:"no"`
			} `json:"read"`
		} `json:"attributes"`
	}
	// Where nothing is forbidden this may be an empty list in the place of an object.
	if json.Unmarshal(out.ACL.QuickAccess[i.entity], &access) != nil {
		return nil
	}
	var forbidden []string
	for _, name := range i.written() {
		if slices.Contains(access.Attributes.Edit.No, name) || slices.Contains(access.Attributes.Read.No, name) {
			forbidden = append(forbidden, name)
		}
	}
	if forbidden != nil {
		return provider.Errorf(provider.Auth, "the API user's role at EspoCRM may not read and edit %s of %s: allow it at the role's field level, or take it out of spec.espocrm.fields",
			strings.Join(forbidden, ", "), i.entity)
	}
	return nil
}

func errRole(entity string) *provider.Error {
	return provider.Errorf(provider.Auth, "the API user's role at EspoCRM has to allow create, and read and edit of all records, on %s: "+
		"people whom it can't see would be created twice", entity)
}

// typed writes values as the attributes take them. Its error is of class Invalid.
func (i *instance) typed(values map[string]any) (map[string]any, error) {
	types := *i.types.Load()
	return mapping.TypedAll("spec.espocrm.fields", values, func(name string) (mapping.Kind, string) { return kindOf(types[name]) })
}

// kindOf says what an attribute of a field's type takes, and how a time is written there.
func kindOf(fieldType string) (kind mapping.Kind, layout string) {
	switch fieldType {
	case "bool":
		return mapping.AsBool, ""
	case "int", "enumInt", "duration":
		return mapping.AsWhole, ""
	case "float", "currency", "enumFloat":
		return mapping.AsNumber, ""
	case "date":
		return mapping.AsTime, time.DateOnly
	case "datetime", "datetimeOptional":
		return mapping.AsTime, time.DateTime
	case "multiEnum", "array", "checklist", "urlMultiple", "linkMultipleIds", "attachmentMultipleIds":
		return mapping.AsList, ""
	}
	return mapping.AsText, ""
}
