package salesforce

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"

	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

// rowOf is the key of a record in the table. External ids are compared without regard to case.
func rowOf(object, key string) string {
	key = strings.ToLower(key)
	if object != "Contact" {
		key = strings.ToLower(object) + ":" + key
	}
	return key
}

// identifier is an id of 18 characters.
func identifier(prefix, serial string) string {
	return prefix + strings.Repeat("0", 12-len(serial)) + serial + "AAA"
}

func identifierOf(object string, r server.Record) string {
	prefix := map[string]string{"Contact": "003", "Lead": "00Q"}[object]
	return identifier(prefix, r.ID)
}

// read shows one record.
func (o *org) read(object, key string) server.VendorAnswer {
	r, found := o.table.Get(rowOf(object, key))
	if !found {
		return problem(http.StatusNotFound, "NOT_FOUND", "The requested resource does not exist")
	}
	shown := maps.Clone(r.Fields)
	shown["Id"], shown["attributes"] = identifierOf(object, r), map[string]string{"type": object}
	return server.VendorAnswer{Status: http.StatusOK, Body: shown}
}

func (o *org) remove(object, key string) server.VendorAnswer {
	found, err := o.table.Remove(rowOf(object, key))
	switch {
	case err != nil:
		return unsaved()
	case !found:
		return problem(http.StatusNotFound, "NOT_FOUND", "The requested resource does not exist")
	}
	return server.VendorAnswer{Status: http.StatusNoContent, Records: 1}
}

func (o *org) upsertOne(r *http.Request, object, external, key string, body []byte) server.VendorAnswer {
	values := parse[map[string]any](body)
	for _, name := range []string{external, "Id"} {
		if _, found := values[name]; found {
			return problem(http.StatusBadRequest, "INVALID_FIELD", "The "+name+" field should not be specified in the sobject data.")
		}
	}
	if f := malformed(object, o.objects[object], values); f != nil {
		return problem(http.StatusBadRequest, f.code, f.message, f.fields...)
	}
	saved, f, ok := o.save(r, object, external, key, values)
	switch {
	case !ok:
		return unsaved()
	case f != nil:
		answer := problem(http.StatusBadRequest, f.code, f.message, f.fields...)
		answer.Records = 1
		return answer
	}
	status := http.StatusOK
	if saved["created"] == true {
		status = http.StatusCreated
	}
	return server.VendorAnswer{Status: status, Body: saved, Records: 1}
}

// upsertAll writes each record by itself. What Salesforce can't read of one refuses them all.
func (o *org) upsertAll(r *http.Request, object, external string, body []byte) server.VendorAnswer {
	in := parse[struct {
		AllOrNone bool             `json:"allOrNone"`
		Records   []map[string]any `json:"records"`
	}](body)
	if in.AllOrNone {
		return problem(http.StatusBadRequest, "NOT_SUPPORTED", "the stand-in does not roll back")
	}
	times := map[string]int{}
	for _, values := range in.Records {
		attributes, _ := values["attributes"].(map[string]any)
		if attributes["type"] != object {
			return problem(http.StatusBadRequest, "INVALID_TYPE", "all records have to be of type "+object)
		}
		delete(values, "attributes")
		if f := malformed(object, o.objects[object], values); f != nil {
			return problem(http.StatusBadRequest, f.code, f.message, f.fields...)
		}
		key, _ := values[external].(string)
		times[strings.ToLower(key)]++
	}
	results := []map[string]any{}
	for _, values := range in.Records {
		key, _ := values[external].(string)
		delete(values, external)
		saved, f, ok := map[string]any(nil), (*fault)(nil), true
		switch {
		case key == "":
			f = &fault{"MISSING_ARGUMENT", external + " not specified", nil, false}
		case times[strings.ToLower(key)] > 1:
			f = &fault{"DUPLICATE_VALUE", "Duplicate external id specified: " + key, []string{external}, false}
		default:
			saved, f, ok = o.save(r, object, external, key, values)
		}
		switch {
		case !ok:
			return unsaved()
		case f != nil:
			saved = map[string]any{"success": false, "errors": []any{map[string]any{
				"statusCode": f.code, "message": f.message, "fields": append([]string{}, f.fields...),
			}}}
		}
		results = append(results, saved)
	}
	return server.VendorAnswer{Status: http.StatusOK, Body: results, Records: len(results), Batch: true}
}

// save writes one record. It keeps what is not sent; null clears.
func (o *org) save(r *http.Request, object, external, key string, values map[string]any) (saved map[string]any, f *fault, ok bool) {
	row := rowOf(object, key)
	current, _ := o.table.Get(row)
	after := map[string]any{}
	maps.Copy(after, current.Fields)
	maps.Copy(after, values)
	maps.DeleteFunc(after, func(_ string, v any) bool { return v == nil })
	after[external] = key
	if o.locks < o.RowLocks {
		o.locks++
		return nil, &fault{"UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record", nil, false}, true
	}
	if f := refuses(o.objects[object], values, after); f != nil {
		return nil, f, true
	}
	if f := o.duplicate(r, row, after); f != nil {
		return nil, f, true
	}
	written, created, err := o.table.Put(row, func(map[string]any) map[string]any { return after })
	if err != nil {
		return nil, nil, false
	}
	return map[string]any{"id": identifierOf(object, written), "success": true, "errors": []any{}, "created": created}, nil, true
}

// duplicate is the org's duplicate rule: people of the same name.
func (o *org) duplicate(r *http.Request, row string, after map[string]any) *fault {
	insists := strings.Contains(strings.ReplaceAll(r.Header.Get("Sforce-Duplicate-Rule-Header"), " ", ""), "allowSave=true")
	if o.DuplicateRule == "" || o.DuplicateRule == Alerts && insists {
		return nil
	}
	_, found := o.table.Find(func(other server.Record) bool {
		return other.Key != row && !blank(after["FirstName"]) && same(other.Fields["FirstName"], after["FirstName"]) && same(other.Fields["LastName"], after["LastName"])
	})
	if !found {
		return nil
	}
	return &fault{"DUPLICATES_DETECTED", "You're creating a duplicate record. We recommend you use an existing record instead.", nil, false}
}

func same(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return strings.EqualFold(string(x), string(y))
}
