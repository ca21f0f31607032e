package espocrm

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

// owner is who made a record that a role for one's own does not show.
const owner = "assignedUserId"

// of are the records of an entity, the oldest first.
func (i *instance) of(entity string) []server.Record {
	rows := slices.DeleteFunc(i.table.List(), func(r server.Record) bool { return r.Fields[entityField] != entity })
	slices.SortFunc(rows, func(a, b server.Record) int {
		x, _ := strconv.Atoi(a.ID)
		y, _ := strconv.Atoi(b.ID)
		return x - y
	})
	return rows
}

func (i *instance) byID(entity, id string) (server.Record, bool) {
	return i.table.Find(func(r server.Record) bool { return idOf(r) == id && r.Fields[entityField] == entity })
}

// entityField is kept with a record, and not shown.
const entityField = "_entity"

// idOf is an id of seventeen characters, as EspoCRM's are.
func idOf(r server.Record) string {
	serial, _ := strconv.Atoi(r.ID)
	return fmt.Sprintf("662b%013x", serial)
}

// shown is a record as EspoCRM shows it.
func shown(r server.Record) map[string]any {
	out := maps.Clone(r.Fields)
	delete(out, entityField)
	out["id"] = idOf(r)
	return out
}

// addresses are all that a record has, the first one first.
func addresses(fields map[string]any) []string {
	var list []string
	if first, _ := fields["emailAddress"].(string); first != "" {
		list = append(list, first)
	}
	data, _ := fields["emailAddressData"].([]any)
	for _, element := range data {
		entry, _ := element.(map[string]any)
		if address, _ := entry["emailAddress"].(string); address != "" && !slices.Contains(list, address) {
			list = append(list, address)
		}
	}
	return list
}

// fold is how the database compares.
func (i *instance) fold(s string) string {
	if i.Folds {
		s, _, _ = transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), s)
	}
	return strings.ToLower(s)
}

func (i *instance) hasAddress(fields map[string]any, address string) bool {
	return slices.ContainsFunc(addresses(fields), func(a string) bool { return i.fold(a) == i.fold(address) })
}

// list finds records. What is not selected is not shown, and other addresses never are.
func (i *instance) list(entity string, query url.Values) server.VendorAnswer {
	attribute, value := query.Get("where[0][attribute]"), query.Get("where[0][value]")
	rows := []map[string]any{}
	for _, r := range i.of(entity) {
		text, _ := r.Fields[attribute].(string)
		hit := attribute == "" || attribute == "emailAddress" && i.hasAddress(r.Fields, value) || attribute != "emailAddress" && i.fold(text) == i.fold(value)
		if !hit || i.Read == "own" && r.Fields[owner] != nil {
			continue
		}
		row := map[string]any{"id": idOf(r)}
		for _, name := range strings.Split(query.Get("select"), ",") {
			if v, found := r.Fields[name]; found && name != "emailAddressData" {
				row[name] = v
			}
		}
		rows = append(rows, row)
	}
	if query.Get("order") == "desc" {
		slices.Reverse(rows)
	}
	if most, err := strconv.Atoi(query.Get("maxSize")); err == nil {
		rows = rows[:min(len(rows), most)]
	}
	return server.VendorAnswer{Status: http.StatusOK, Body: map[string]any{"total": -1, "list": rows}}
}

func (i *instance) create(entity string, skip bool, values map[string]any) server.VendorAnswer {
	values = i.accepted(entity, values)
	if answer, bad := invalid(entity, values, values); bad {
		return answer
	}
	if duplicates := i.duplicates(entity, values); len(duplicates) > 0 && !skip {
		a := problem(http.StatusConflict, "duplicate")
		a.Body = duplicates
		return a
	}
	return i.save(entity, "", values)
}

// duplicates have the same first and last name, or one of the addresses.
func (i *instance) duplicates(entity string, values map[string]any) []map[string]any {
	var list []map[string]any
	for _, r := range i.of(entity) {
		named := values["firstName"] == r.Fields["firstName"] && values["lastName"] == r.Fields["lastName"]
		addressed := slices.ContainsFunc(addresses(values), func(a string) bool { return i.hasAddress(r.Fields, a) })
		if named || addressed {
			duplicate := shown(r)
			delete(duplicate, "emailAddressData")
			list = append(list, duplicate)
		}
	}
	return list
}

func (i *instance) update(entity string, r server.Record, values map[string]any) server.VendorAnswer {
	if i.Read == "own" && r.Fields[owner] != nil {
		return problem(http.StatusForbidden, "No edit access.")
	}
	values = i.accepted(entity, values)
	after := maps.Clone(r.Fields)
	maps.Copy(after, values)
	if answer, bad := invalid(entity, values, after); bad {
		return answer
	}
	// An address by itself takes the place of the first one, which is gone.
	if address, moved := values["emailAddress"].(string); moved && values["emailAddressData"] == nil {
		data, _ := r.Fields["emailAddressData"].([]any)
		after["emailAddressData"] = slices.DeleteFunc(slices.Clone(data), func(element any) bool {
			entry, _ := element.(map[string]any)
			return entry["emailAddress"] == r.Fields["emailAddress"] || entry["emailAddress"] == address
		})
	}
	return i.save(entity, r.Key, after)
}

// save keeps a record under its first address, or, where another record has that key, under one that tells the two apart.
func (i *instance) save(entity, key string, values map[string]any) server.VendorAnswer {
	if data, given := values["emailAddressData"].([]any); given {
		for _, element := range data {
			if entry, _ := element.(map[string]any); entry["primary"] == true {
				values["emailAddress"] = entry["emailAddress"]
			}
		}
	}
	wanted, _ := values["emailAddress"].(string)
	if wanted = strings.ToLower(wanted); wanted == "" {
		wanted = "no address"
	}
	to := wanted
	for n := 2; to != key; n++ {
		if _, taken := i.table.Get(to); !taken {
			break
		}
		to = wanted + " (" + strconv.Itoa(n) + ")"
	}
	if key == "" {
		key = to
	}
	if err := i.table.Rename(key, to); err != nil {
		return problem(http.StatusInternalServerError, "")
	}
	r, _, err := i.table.Put(to, func(map[string]any) map[string]any {
		next := maps.Clone(values)
		maps.DeleteFunc(next, func(_ string, v any) bool { return v == nil })
		next[entityField] = entity
		return next
	})
	if err != nil {
		return problem(http.StatusInternalServerError, "")
	}
	return server.VendorAnswer{Status: http.StatusOK, Body: shown(r), Records: 1}
}

type erasure struct {
	EntityType string   `json:"entityType"`
	ID         string   `json:"id"`
	FieldList  []string `json:"fieldList"`
}

// erase empties fields. Addresses are renamed where they are kept, so the record has none any more.
func (i *instance) erase(in erasure) server.VendorAnswer {
	r, found := i.byID(in.EntityType, in.ID)
	switch {
	case i.NoDataPrivacy:
		return problem(http.StatusForbidden, "")
	case !found:
		return problem(http.StatusNotFound, "")
	}
	after := maps.Clone(r.Fields)
	for _, name := range in.FieldList {
		if slices.Contains(i.Forbidden, name) {
			return problem(http.StatusForbidden, "Field '"+name+"' is forbidden to edit.")
		}
		switch name {
		case "name":
			delete(after, "firstName")
			delete(after, "lastName")
		case "address":
			maps.DeleteFunc(after, func(attribute string, _ any) bool { return strings.HasPrefix(attribute, "address") })
		case "emailAddress":
			delete(after, "emailAddressData")
		}
		delete(after, name)
	}
	if a := i.save(in.EntityType, r.Key, after); a.Status != http.StatusOK {
		return a
	}
	return server.VendorAnswer{Status: http.StatusOK, Body: true, Records: 1}
}
