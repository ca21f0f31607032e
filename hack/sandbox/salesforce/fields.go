package salesforce

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

// field is how an object describes one.
type field struct {
	Name               string     `json:"name"`
	Label              string     `json:"label"`
	Type               string     `json:"type"`
	Length             int        `json:"length"`
	Createable         bool       `json:"createable"`
	Updateable         bool       `json:"updateable"`
	Nillable           bool       `json:"nillable"`
	DefaultedOnCreate  bool       `json:"defaultedOnCreate"`
	ExternalID         bool       `json:"externalId"`
	Unique             bool       `json:"unique"`
	RestrictedPicklist bool       `json:"restrictedPicklist"`
	PicklistValues     []picklist `json:"picklistValues"`
}

type picklist struct {
	Value  string `json:"value"`
	Label  string `json:"label"`
	Active bool   `json:"active"`
}

func writable(name, kind string, length int) field {
	return field{Name: name, Label: name, Type: kind, Length: length, Createable: true, Updateable: true, Nillable: true, PicklistValues: []picklist{}}
}

// standard are some of the fields that every org has, and a few custom ones.
func standard() map[string]map[string]field {
	all := map[string]map[string]field{}
	for object, country := range map[string]string{"Contact": "MailingCountry", "Lead": "Country"} {
		fields := map[string]field{}
		for _, f := range []field{
			writable("LastName", "string", 80),
			writable("FirstName", "string", 40),
			writable("Email", "email", 80),
			writable("Phone", "phone", 40),
			writable("Title", "string", 128),
			writable("Description", "textarea", 32_000),
			writable("LeadSource", "picklist", 255),
			writable("OwnerId", "reference", 18),
			writable("HasOptedOutOfEmail", "boolean", 0),
			writable(country, "string", 80),
			writable(ExternalID, "string", 255),
			writable("Stage__c", "picklist", 255),
			writable("Topics__c", "multipicklist", 4099),
			writable("Score__c", "double", 0),
			writable("Joined__c", "date", 0),
			writable("Seen__c", "datetime", 0),
			{Name: "Id", Label: "Id", Type: "id", Length: 18, DefaultedOnCreate: true, PicklistValues: []picklist{}},
			{Name: "Name", Label: "Full Name", Type: "string", Length: 121, PicklistValues: []picklist{}},
			{Name: "CreatedDate", Label: "Created Date", Type: "datetime", DefaultedOnCreate: true, PicklistValues: []picklist{}},
		} {
			switch f.Name {
			case "LastName":
				f.Nillable = false
			case "OwnerId", "HasOptedOutOfEmail":
				f.Nillable, f.DefaultedOnCreate = false, true
			case ExternalID:
				f.ExternalID, f.Unique = true, true
			case "Stage__c":
				f.RestrictedPicklist, f.PicklistValues = true, options("lead", "customer")
			case "Topics__c":
				f.RestrictedPicklist, f.PicklistValues = true, options("blog", "event", "trial-download")
			case "LeadSource":
				f.PicklistValues = options("Web", "Other")
			}
			fields[f.Name] = f
		}
		all[object] = fields
	}
	company := writable("Company", "string", 255)
	company.Nillable = false
	all["Lead"][company.Name] = company
	return all
}

func options(values ...string) []picklist {
	var list []picklist
	for _, v := range values {
		list = append(list, picklist{v, v, true})
	}
	return append(list, picklist{"retired", "retired", false})
}

func (o *org) describe(object string) server.VendorAnswer {
	fields := []field{}
	for _, f := range o.objects[object] {
		fields = append(fields, f)
	}
	slices.SortFunc(fields, func(a, b field) int { return strings.Compare(a.Name, b.Name) })
	return server.VendorAnswer{Status: http.StatusOK, Body: map[string]any{
		"name": object, "createable": true, "updateable": true, "deletable": true, "fields": fields,
	}}
}

func (o *org) createField(body []byte) server.VendorAnswer {
	in := parse[struct {
		FullName string
		Metadata struct {
			Label, Type        string
			Length             int
			ExternalID, Unique bool
		}
	}](body)
	object, name, _ := strings.Cut(in.FullName, ".")
	if _, found := o.objects[object][name]; found {
		return problem(http.StatusBadRequest, "DUPLICATE_DEVELOPER_NAME", "There is already a field named "+name+" on "+object+".")
	}
	kinds := map[string]string{"Text": "string", "Email": "email", "Number": "double", "Date": "date", "Checkbox": "boolean"}
	f := writable(name, kinds[in.Metadata.Type], in.Metadata.Length)
	f.Label, f.ExternalID, f.Unique = in.Metadata.Label, in.Metadata.ExternalID, in.Metadata.Unique
	if f.Type == "boolean" {
		f.Nillable, f.DefaultedOnCreate = false, true
	}
	o.objects[object][name] = f
	o.serial++
	return server.VendorAnswer{Status: http.StatusCreated, Body: map[string]any{"id": identifier("00N", strconv.Itoa(o.serial)), "success": true, "errors": []any{}}}
}

// fault is what is wrong with a record. One of the whole call refuses every record of a collection with it.
type fault struct {
	code, message string
	fields        []string
	whole         bool
}

// malformed finds what Salesforce can't even read: a field that there is not, or a value of another type.
func malformed(object string, fields map[string]field, values map[string]any) *fault {
	for name, value := range values {
		f, found := fields[name]
		if !found {
			return &fault{"INVALID_FIELD", "No such column '" + name + "' on sobject of type " + object, nil, true}
		}
		if value == nil {
			continue
		}
		text, isText := value.(string)
		ok := isText
		switch f.Type {
		case "boolean":
			_, ok = value.(bool)
		case "double":
			_, ok = value.(float64)
		case "date":
			ok = isText && parses(time.DateOnly, text)
		case "datetime":
			ok = isText && (parses(time.RFC3339Nano, text) || parses("2006-01-02T15:04:05.000Z0700", text))
		}
		if !ok {
			shown, _ := json.Marshal(value)
			return &fault{"JSON_PARSER_ERROR", "Cannot deserialize instance of " + f.Type + " from value " + string(shown) + " or request may be missing a required field at [line:1, column:2]", nil, true}
		}
	}
	return nil
}

func parses(layout, text string) bool {
	_, err := time.Parse(layout, text)
	return err == nil
}

// refuses holds the values of a record against its fields. after is what it would be.
func refuses(fields map[string]field, values, after map[string]any) *fault {
	var missing []string
	for name, f := range fields {
		if f.Createable && !f.Nillable && !f.DefaultedOnCreate && blank(after[name]) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return &fault{"REQUIRED_FIELD_MISSING", "Required fields are missing: [" + strings.Join(missing, ", ") + "]", missing, false}
	}
	for name, value := range values {
		f := fields[name]
		text, _ := value.(string)
		one := []string{name}
		switch {
		case !f.Createable || !f.Updateable:
			return &fault{"INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: " + name + ". Please check the security settings of this field and verify that it is read/write for your profile or permission set.", one, false}
		case f.Length > 0 && len([]rune(text)) > f.Length:
			return &fault{"STRING_TOO_LONG", name + ": data value too large: " + text + " (max length=" + strconv.Itoa(f.Length) + ")", one, false}
		case f.Type == "email" && text != "" && !validAddress(text):
			return &fault{"INVALID_EMAIL_ADDRESS", name + ": invalid email address: " + text, one, false}
		case f.RestrictedPicklist && text != "" && !f.takes(text):
			return &fault{"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", name + ": bad value for restricted picklist field: " + text, one, false}
		case name == "Phone" && text != "" && !strings.ContainsAny(text, "0123456789"):
			return &fault{"FIELD_CUSTOM_VALIDATION_EXCEPTION", "A phone number has digits", one, false}
		}
	}
	return nil
}

func blank(v any) bool { return v == nil || v == "" }

func (f field) takes(text string) bool {
	parts := []string{text}
	if f.Type == "multipicklist" {
		parts = strings.Split(text, ";")
	}
	for _, part := range parts {
		if !slices.ContainsFunc(f.PicklistValues, func(p picklist) bool { return p.Active && p.Value == part }) {
			return false
		}
	}
	return true
}

func validAddress(s string) bool {
	local, domain, found := strings.Cut(s, "@")
	return found && local != "" && strings.Contains(domain, ".") && !strings.ContainsAny(s, " ,;<>()") && !strings.Contains(domain, "@")
}
