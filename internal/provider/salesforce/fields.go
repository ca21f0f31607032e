package salesforce

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/mapping"
)

// maxDescription is the largest description that is read, in bytes: a Contact with all its picklists of countries and hundreds of
// custom fields has some megabytes.
const maxDescription = 8 << 20

// description is how Salesforce describes an object, as far as the user may see it.
type description struct {
	Createable bool    `json:"createable"`
	Updateable bool    `json:"updateable"`
	Fields     []field `json:"fields"`
}

type field struct {
	Name               string `json:"name"`
	Type               string `json:"type"`
	Createable         bool   `json:"createable"`
	Updateable         bool   `json:"updateable"`
	Nillable           bool   `json:"nillable"`
	DefaultedOnCreate  bool   `json:"defaultedOnCreate"`
	ExternalID         bool   `json:"externalId"`
	Unique             bool   `json:"unique"`
	RestrictedPicklist bool   `json:"restrictedPicklist"`
	PicklistValues     []struct {
		Value  string `json:"value"`
		Active bool   `json:"active"`
	} `json:"picklistValues"`
}

// checkFields holds the mapping against the object's own fields. It notes what each of them takes.
func (o *org) checkFields(ctx context.Context) error {
	res, err := o.call(ctx, request{method: http.MethodGet, path: "/sobjects/" + o.object + "/describe", maxBody: maxDescription})
	switch {
	case err != nil:
		return err
	case res.Status == http.StatusNotFound && len(problemsOf(res.Body)) > 0:
		return provider.Errorf(provider.Config, "Salesforce shows no object %s in version %s of its API: give the user access to it, or check spec.salesforce.apiVersion", o.object, o.version)
	case res.Status != http.StatusOK:
		return o.refusal(res)
	}
	var d description
	if json.Unmarshal(res.Body, &d) != nil || len(d.Fields) == 0 {
		return errUnreadable()
	}
	if !d.Createable || !d.Updateable {
		return provider.Errorf(provider.Auth, "the Salesforce user may not create and edit records of %s: give it both in a permission set", o.object)
	}
	known := map[string]field{}
	for _, f := range d.Fields {
		known[f.Name] = f
	}
	if err := o.checkKey(known); err != nil {
		return err
	}
	if err := o.checkMapped(known); err != nil {
		return err
	}
	types := map[string]string{}
	for _, name := range o.written() {
		types[name] = known[name].Type
	}
	o.types.Store(&types)
	return nil
}

// checkKey looks at the external id. One that is not unique would answer an upsert with several records, one day.
func (o *org) checkKey(known map[string]field) error {
	switch f, found := known[o.externalID]; {
	case !found:
		return o.errMissing([]string{o.externalID}, "spec.salesforce.externalIDField")
	case !f.ExternalID || !f.Unique:
		return provider.Errorf(provider.Config, "the field %s of %s at Salesforce has to be an External ID and Unique: tick both there", o.externalID, o.object)
	}
	return nil
}

// written are the names of all fields that are written.
func (o *org) written() []string {
	names := slices.Clone(o.fields.Names())
	for _, own := range append([]string{o.externalID, emailField}, o.ownRequired()...) {
		if !slices.Contains(names, own) {
			names = append(names, own)
		}
	}
	return names
}

// ownRequired are the fields that no new record can be without, and that a placeholder fills.
func (o *org) ownRequired() []string {
	if o.object == leadObject {
		return []string{lastNameField, companyField}
	}
	return []string{lastNameField}
}

func (o *org) checkMapped(known map[string]field) error {
	written := o.written()
	var missing, fixed, required []string
	for _, name := range written {
		switch f, found := known[name]; {
		case !found:
			missing = append(missing, name)
		case !f.Createable || !f.Updateable:
			fixed = append(fixed, name)
		case !o.takes(f):
			return provider.Errorf(provider.Config, "spec.salesforce.fields[%s].value is none of the values that the picklist has at Salesforce", name)
		}
	}
	for name, f := range known {
		if f.Createable && !f.Nillable && !f.DefaultedOnCreate && !slices.Contains(written, name) {
			required = append(required, name)
		}
	}
	slices.Sort(required)
	switch {
	case missing != nil:
		return o.errMissing(missing, "spec.salesforce.fields")
	case fixed != nil:
		return provider.Errorf(provider.Config, "the Salesforce user may not edit %s of %s: give it edit access in a permission set, or, if nobody can edit it, take it out of spec.salesforce.fields",
			strings.Join(fixed, ", "), o.object)
	case required != nil:
		return provider.Errorf(provider.Config, "Salesforce takes no new %s without %s: fill it in spec.salesforce.fields", o.object, strings.Join(required, ", "))
	}
	return nil
}

func (o *org) errMissing(names []string, where string) *provider.Error {
	return provider.Errorf(provider.Config, "Salesforce shows no field %s of %s: create it there, give the user read and edit access to it, or change %s",
		strings.Join(names, ", "), o.object, where)
}

// takes tells whether a value that is the same for everybody is one of a restricted picklist's.
func (o *org) takes(f field) bool {
	value := o.fields.Fixed(f.Name)
	if value == "" || !f.RestrictedPicklist {
		return true
	}
	parts := []string{value}
	if f.Type == "multipicklist" {
		parts = strings.Split(value, ";")
	}
	for _, part := range parts {
		found := false
		for _, v := range f.PicklistValues {
			found = found || v.Active && v.Value == part
		}
		if !found {
			return false
		}
	}
	return true
}

// typed writes values as the fields take them: Salesforce refuses a call for a number in a text field, or a text in a field of
// numbers. Its error is of class Invalid.
func (o *org) typed(values map[string]any) (map[string]any, error) {
	types := *o.types.Load()
	return mapping.TypedAll("spec.salesforce.fields", values, func(name string) (mapping.Kind, string) { return kindOf(types[name]) })
}

// kindOf says what a field of one of Salesforce's types takes, and how a time is written there.
func kindOf(fieldType string) (kind mapping.Kind, layout string) {
	switch fieldType {
	case "boolean":
		return mapping.AsBool, ""
	case "int", "long":
		return mapping.AsWhole, ""
	case "double", "currency", "percent":
		return mapping.AsNumber, ""
	case "date":
		return mapping.AsTime, time.DateOnly
	case "datetime":
		return mapping.AsTime, "2006-01-02T15:04:05.000Z"
	}
	return mapping.AsText, ""
}
