package hubspot

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

// property is a contact property.
type property struct {
	Name       string   `json:"name"`
	Label      string   `json:"label"`
	Type       string   `json:"type"`
	FieldType  string   `json:"fieldType"`
	GroupName  string   `json:"groupName"`
	Options    []option `json:"options"`
	Calculated bool     `json:"calculated"`

	ModificationMetadata struct {
		ReadOnlyValue bool `json:"readOnlyValue"`
	} `json:"modificationMetadata"`
}

type option struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

// standard are some of the properties that every account has.
func standard() map[string]property {
	all := map[string]property{}
	for _, name := range []string{
		"email", "firstname", "lastname", "company", "phone", "country", "city", "website", "jobtitle", "message", "hs_additional_emails",
	} {
		all[name] = property{Name: name, Label: name, Type: "string", FieldType: "text", GroupName: "contactinformation", Options: []option{}}
	}
	stage := property{Name: "lifecyclestage", Label: "Lifecycle Stage", Type: "enumeration", FieldType: "radio", GroupName: "contactinformation"}
	for _, value := range []string{"subscriber", "lead", "marketingqualifiedlead", "customer"} {
		stage.Options = append(stage.Options, option{value, value})
	}
	all[stage.Name] = stage
	created := property{Name: "createdate", Label: "Create Date", Type: "datetime", FieldType: "date", GroupName: "contactinformation", Options: []option{}}
	created.ModificationMetadata.ReadOnlyValue = true
	all[created.Name] = created
	return all
}

func (a *account) createProperty(body []byte) server.VendorAnswer {
	p := parse[property](body)
	if _, found := a.properties[p.Name]; found {
		return a.problem(http.StatusConflict, "OBJECT_ALREADY_EXISTS", "A property named '"+p.Name+"' already exists.")
	}
	p.Calculated, p.ModificationMetadata.ReadOnlyValue = false, false
	p.Options = append([]option{}, p.Options...) // never null
	a.properties[p.Name] = p
	return server.VendorAnswer{Status: http.StatusCreated, Body: p}
}

func (a *account) readProperties(body []byte) server.VendorAnswer {
	in := parse[struct {
		Inputs []struct {
			Name string `json:"name"`
		} `json:"inputs"`
	}](body)
	results, failures := []property{}, []any{}
	for _, i := range in.Inputs {
		if p, found := a.properties[i.Name]; found {
			results = append(results, p)
			continue
		}
		failures = append(failures, map[string]any{
			"status": "error", "category": "OBJECT_NOT_FOUND", "message": "Could not find some of the properties",
			"context": map[string][]string{"name": {i.Name}},
		})
	}
	return a.batch(results, failures, 0)
}

// batch is the answer to a batch.
func (a *account) batch(results any, failures []any, records int) server.VendorAnswer {
	now := stamp(a.Now())
	out := map[string]any{"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
	answer := server.VendorAnswer{Status: http.StatusOK, Body: out, Records: records, Batch: records > 0}
	if len(failures) > 0 {
		answer.Status, out["numErrors"], out["errors"] = http.StatusMultiStatus, len(failures), failures
	}
	return answer
}

// fault is what HubSpot says of one value.
type fault struct{ code, name, message string }

// validate holds values against the properties. HubSpot puts its codes into the text of a message.
func (a *account) validate(values map[string]string) string {
	var faults []fault
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values[name]
		p, found := a.properties[name]
		switch {
		case !found:
			faults = append(faults, fault{"PROPERTY_DOESNT_EXIST", name, `Property \"` + name + `\" does not exist`})
		case p.ModificationMetadata.ReadOnlyValue:
			faults = append(faults, fault{"READ_ONLY_VALUE", name, name + " is a read only property"})
		case value == "": // it clears the property
		case name == "email" && !validAddress(value):
			faults = append(faults, fault{"INVALID_EMAIL", name, "Email address " + value + " is invalid"})
		case p.Type == "enumeration" && !p.takes(value):
			faults = append(faults, fault{"INVALID_OPTION", name, value + " was not one of the allowed options"})
		case p.Type == "number" && !isNumber(value):
			faults = append(faults, fault{"INVALID_INTEGER", name, value + " was not a valid number"})
		case (p.Type == "date" || p.Type == "datetime") && !isTime(value):
			faults = append(faults, fault{"INVALID_DATE", name, value + " was not a valid date"})
		}
	}
	if len(faults) == 0 {
		return ""
	}
	texts := make([]string, len(faults))
	for i, f := range faults {
		texts[i] = `{"isValid":false,"message":"` + f.message + `","error":"` + f.code + `","name":"` + f.name + `"}`
	}
	return "Property values were not valid: [" + strings.Join(texts, ",") + "]"
}

// takes knows several values by the semicolons between them.
func (p property) takes(value string) bool {
	for part := range strings.SplitSeq(value, ";") {
		if !slices.ContainsFunc(p.Options, func(o option) bool { return o.Value == part }) {
			return false
		}
	}
	return true
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

// isTime takes ISO 8601 or milliseconds.
func isTime(s string) bool {
	if _, err := strconv.ParseInt(s, 10, 64); err == nil {
		return true
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	return false
}

// validAddress is stricter than mail servers are: HubSpot wants a domain that has a top level of letters.
func validAddress(s string) bool {
	local, domain, found := strings.Cut(s, "@")
	if !found || local == "" || strings.ContainsAny(s, " ,;<>()") || strings.Contains(domain, "@") {
		return false
	}
	labels := strings.Split(domain, ".")
	top := labels[len(labels)-1]
	return len(labels) > 1 && len(top) > 1 && !slices.Contains(labels, "") && strings.Trim(top, "0123456789") != ""
}
