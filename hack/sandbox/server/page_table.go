package server

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	pageRows   = 200 // records on one page
	maxColumns = 12  // of fields; what a record has besides goes into one more
	maxCell    = 200 // characters
)

// recordTable shows one page of what a service holds.
type recordTable struct {
	Service           string
	What, Counted     string
	Total             int
	First, Last       int // of the rows shown, counted from 1; 0: none
	Previous, Next    string
	Columns           []string
	Rows              []recordRow
	HasID, HasFurther bool
}

type recordRow struct {
	Key, ID string
	Writes  int
	Cells   []string
	Further string
}

func tableOf(records []Record, at view) recordTable {
	t := recordTable{
		Service: string(at.Service),
		What: map[Service]string{
			Verifier: "Addresses it was asked about", Locator: "What it was asked", CRM: "People", Marketing: "Subscribers",
			HubSpot: "Contacts", Listmonk: "Subscribers", Salesforce: "Contacts", EspoCRM: "Contacts", Mailchimp: "Members", Brevo: "Contacts",
			IPinfo: "Addresses it was asked about", MaxMind: "Addresses it was asked about",
			Reacher: "Addresses it was asked about", ZeroBounce: "Addresses it was asked about", Kickbox: "Addresses it was asked about",
		}[at.Service],
		Counted: "asked",
		Total:   len(records),
	}
	if slices.Contains(kept(), at.Service) {
		t.Counted = "writes"
	}
	from := (at.Page - 1) * pageRows
	shown := records[from:min(from+pageRows, len(records))]
	if len(shown) > 0 {
		t.First, t.Last = from+1, from+len(shown)
	}
	if at.Page > 1 {
		t.Previous = view{at.Service, at.Page - 1, at.Refresh}.Href()
	}
	if t.Last < t.Total {
		t.Next = view{at.Service, at.Page + 1, at.Refresh}.Href()
	}
	t.Columns = columns(shown)
	for _, r := range shown {
		row := recordRow{Key: r.Key, ID: r.ID, Writes: r.Writes}
		for _, name := range t.Columns {
			row.Cells = append(row.Cells, cell(r.Fields[name]))
		}
		further := maps.Clone(r.Fields)
		maps.DeleteFunc(further, func(name string, _ any) bool { return name == "email" || slices.Contains(t.Columns, name) })
		row.Further = cell(further)
		t.HasID = t.HasID || row.ID != ""
		t.HasFurther = t.HasFurther || row.Further != ""
		t.Rows = append(t.Rows, row)
	}
	return t
}

// columns are the fields of these records: those of a form first, then those that most have. The address is left out: it is
// the key.
func columns(records []Record) []string {
	counts := map[string]int{}
	for _, r := range records {
		for name := range r.Fields {
			counts[name]++
		}
	}
	delete(counts, "email")
	var names []string
	for _, name := range []string{"result", "name", "company", "phone", "country", "location", statusField} {
		if counts[name] > 0 {
			names = append(names, name)
			delete(counts, name)
		}
	}
	names = append(names, slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b))
	})...)
	return names[:min(maxColumns, len(names))]
}

// cell shows a value for people: text as it is, lists and objects without their brackets.
func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return shorten(v)
	case []any:
		parts := make([]string, 0, len(v))
		for _, element := range v {
			parts = append(parts, cell(element))
		}
		return shorten(strings.Join(parts, ", "))
	case map[string]any:
		parts := make([]string, 0, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, name+"="+cell(v[name]))
		}
		return shorten(strings.Join(parts, ", "))
	default:
		data, _ := json.Marshal(v) // it came as JSON
		return shorten(string(data))
	}
}

func shorten(s string) string {
	if utf8.RuneCountInString(s) <= maxCell {
		return s
	}
	return string([]rune(s)[:maxCell]) + "…"
}
