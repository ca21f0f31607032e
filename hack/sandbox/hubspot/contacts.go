package hubspot

import (
	"net/http"
	"slices"
	"strings"

	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

type upsertInput struct {
	ID         string            `json:"id"`
	IDProperty string            `json:"idProperty"`
	TraceID    string            `json:"objectWriteTraceId"`
	Properties map[string]string `json:"properties"`
}

// batchUpsert writes each input by itself if all of them have a trace id. Without, the first that can't be written fails
// them all.
func (a *account) batchUpsert(body []byte) server.VendorAnswer {
	inputs := parse[struct {
		Inputs []upsertInput `json:"inputs"`
	}](body).Inputs
	traced := true
	seen := map[string]bool{}
	for _, in := range inputs {
		traced = traced && in.TraceID != ""
		if in.IDProperty != "email" {
			return a.problem(http.StatusBadRequest, "VALIDATION_ERROR", "Unable to perform update/upsert by non-unique property")
		}
		// The same contact, whether its address is written in capitals or is a secondary one.
		key := a.keyOf(in.ID)
		if seen[key] {
			return a.problem(http.StatusBadRequest, "VALIDATION_ERROR", "Duplicate IDs found in batch input")
		}
		seen[key] = true
	}
	if !traced {
		for _, in := range inputs {
			if message := a.refuses(in); message != "" {
				return a.problem(http.StatusBadRequest, "VALIDATION_ERROR", message)
			}
		}
	}
	results, failures := []map[string]any{}, []any{}
	for _, in := range inputs {
		if message := a.refuses(in); message != "" {
			failures = append(failures, map[string]any{
				"status": "error", "category": "VALIDATION_ERROR", "message": message,
				"context": map[string][]string{"objectWriteTraceId": {in.TraceID}},
			})
			continue
		}
		r, created, ok := a.write(a.keyOf(in.ID), lower(in.ID), in.Properties)
		if !ok {
			return unsaved(a)
		}
		result := a.shown(r)
		result["new"], result["objectWriteTraceId"] = created, in.TraceID
		results = append(results, result)
	}
	return a.batch(results, failures, len(inputs))
}

func (a *account) refuses(in upsertInput) string {
	if message := a.validate(in.Properties); message != "" {
		return message
	}
	if message := a.validate(map[string]string{"email": in.ID}); message != "" {
		return message
	}
	for _, address := range []string{in.ID, in.Properties["email"]} {
		if a.blocked[lower(address)] {
			return "This contact was permanently deleted and can't be created again"
		}
	}
	return ""
}

func (a *account) create(body []byte) server.VendorAnswer {
	in := parse[struct {
		Properties map[string]string `json:"properties"`
	}](body)
	email := lower(in.Properties["email"])
	if message := a.refuses(upsertInput{ID: email, Properties: in.Properties}); message != "" {
		return a.problem(http.StatusBadRequest, "VALIDATION_ERROR", message)
	}
	if r, found := a.table.Get(a.keyOf(email)); found {
		return a.problem(http.StatusConflict, "CONFLICT", "Contact already exists. Existing ID: "+r.ID)
	}
	r, _, ok := a.write(email, email, in.Properties)
	if !ok {
		return unsaved(a)
	}
	return server.VendorAnswer{Status: http.StatusCreated, Body: a.shown(r), Records: 1}
}

// find finds a contact by its id, or by one of its addresses.
func (a *account) find(id string, byEmail bool) (server.Record, bool) {
	if byEmail {
		return a.table.Get(a.keyOf(id))
	}
	return a.table.Find(func(r server.Record) bool { return r.ID == id })
}

func (a *account) read(id string, byEmail bool) server.VendorAnswer {
	r, found := a.find(id, byEmail)
	if !found {
		return a.notFound()
	}
	return server.VendorAnswer{Status: http.StatusOK, Body: a.shown(r)}
}

func (a *account) update(id string, byEmail bool, body []byte) server.VendorAnswer {
	in := parse[struct {
		Properties map[string]string `json:"properties"`
	}](body)
	r, found := a.find(id, byEmail)
	if !found {
		return a.notFound()
	}
	if message := a.validate(in.Properties); message != "" {
		return a.problem(http.StatusBadRequest, "VALIDATION_ERROR", message)
	}
	if email := lower(in.Properties["email"]); email != "" {
		if other, taken := a.table.Get(a.keyOf(email)); taken && other.ID != r.ID {
			return a.problem(http.StatusConflict, "CONFLICT", "Contact already exists. Existing ID: "+other.ID)
		}
	}
	r, _, ok := a.write(r.Key, r.Key, in.Properties)
	if !ok {
		return unsaved(a)
	}
	return server.VendorAnswer{Status: http.StatusOK, Body: a.shown(r), Records: 1}
}

func (a *account) archive(id string, byEmail bool) server.VendorAnswer {
	// An archive of what is not there is answered with success, as HubSpot does. It knows ids only.
	if r, found := a.find(id, byEmail); found {
		if _, err := a.table.Remove(r.Key); err != nil {
			return unsaved(a)
		}
	}
	return server.VendorAnswer{Status: http.StatusNoContent, Records: 1}
}

// gdprDelete blocks the address for good, also one that it does not find.
func (a *account) gdprDelete(body []byte) server.VendorAnswer {
	in := parse[struct {
		ObjectID   string `json:"objectId"`
		IDProperty string `json:"idProperty"`
	}](body)
	r, found := a.find(in.ObjectID, in.IDProperty == "email")
	switch {
	case !found && in.IDProperty != "email":
		return a.notFound()
	case !found:
		a.blocked[lower(in.ObjectID)] = true
	default:
		for _, address := range addresses(r) {
			a.blocked[address] = true
		}
		if _, err := a.table.Remove(r.Key); err != nil {
			return unsaved(a)
		}
	}
	return server.VendorAnswer{Status: http.StatusNoContent, Records: 1}
}

// search does not see what was written lately.
func (a *account) search(body []byte) server.VendorAnswer {
	f := parse[struct {
		FilterGroups []struct {
			Filters []struct {
				PropertyName string `json:"propertyName"`
				Value        string `json:"value"`
			} `json:"filters"`
		} `json:"filterGroups"`
	}](body).FilterGroups[0].Filters[0]
	results := []map[string]any{}
	for _, r := range a.table.List() {
		if r.Fields[f.PropertyName] == f.Value && a.Now().Sub(a.written[r.ID]) >= a.SearchLag {
			results = append(results, a.shown(r))
		}
	}
	return server.VendorAnswer{Status: http.StatusOK, Body: map[string]any{"total": len(results), "results": results}}
}

// keyOf is the primary address of the contact that has an address, as its primary or a secondary one; else the address.
func (a *account) keyOf(email string) string {
	email = lower(email)
	if _, found := a.table.Get(email); found {
		return email
	}
	if r, found := a.table.Find(func(r server.Record) bool { return slices.Contains(addresses(r), email) }); found {
		return r.Key
	}
	return email
}

func addresses(r server.Record) []string {
	list := []string{r.Key}
	if more, _ := r.Fields["hs_additional_emails"].(string); more != "" {
		list = append(list, strings.Split(lower(more), ";")...)
	}
	return list
}

// write changes what is given and keeps the rest. An empty text clears. asked is the address that the contact was asked
// for by: one that differs moves it.
func (a *account) write(key, asked string, properties map[string]string) (r server.Record, created, ok bool) {
	r, created, err := a.table.Put(key, func(current map[string]any) map[string]any {
		next := map[string]any{"email": key}
		for name, v := range current {
			next[name] = v
		}
		for name, v := range properties {
			if next[name] = v; v == "" {
				delete(next, name)
			}
		}
		if email := lower(properties["email"]); email == "" || email == asked {
			next["email"] = key
		} else {
			next["email"] = email
		}
		return next
	})
	if err != nil {
		return server.Record{}, false, false
	}
	a.written[r.ID] = a.Now()
	if to, _ := r.Fields["email"].(string); to != r.Key {
		if err := a.table.Rename(r.Key, to); err != nil {
			return server.Record{}, false, false
		}
		r, _ = a.table.Get(to)
	}
	return r, created, true
}

// shown is a contact as HubSpot shows it.
func (a *account) shown(r server.Record) map[string]any {
	now := stamp(a.written[r.ID])
	return map[string]any{"id": r.ID, "properties": r.Fields, "createdAt": now, "updatedAt": now, "archived": false}
}

func lower(s string) string { return strings.ToLower(s) }
