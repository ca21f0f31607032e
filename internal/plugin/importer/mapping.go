package importer

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/contact-operator/contact-operator/internal/plugin/entry"
)

// The fields of an entry by the names that --map knows them by. Any other is attributes.NAME.
const (
	fieldEmail      = "email"
	fieldConsent    = "consent"
	fieldReceivedAt = "received-at"

	attributePrefix = "attributes."
)

var setters = map[string]func(e *entry.Entry, value string, now time.Time) error{
	fieldEmail: func(e *entry.Entry, v string, _ time.Time) error { e.Email = v; return nil },
	"name":     func(e *entry.Entry, v string, _ time.Time) error { e.Name = v; return nil },
	"company":  func(e *entry.Entry, v string, _ time.Time) error { e.Company = v; return nil },
	"phone":    func(e *entry.Entry, v string, _ time.Time) error { e.Phone = v; return nil },
	"country":  func(e *entry.Entry, v string, _ time.Time) error { e.Country = v; return nil },
	"channel":  func(e *entry.Entry, v string, _ time.Time) error { e.Channel = v; return nil },
	"page":     func(e *entry.Entry, v string, _ time.Time) error { e.Page = v; return nil },
	fieldConsent: func(e *entry.Entry, v string, _ time.Time) (err error) {
		e.Consent, err = entry.ParseConsent(v)
		return err
	},
	"consent-statement": func(e *entry.Entry, v string, _ time.Time) error { e.ConsentStatement = v; return nil },
	fieldReceivedAt: func(e *entry.Entry, v string, now time.Time) (err error) {
		e.ReceivedAt, err = entry.ParseTime(v, now)
		return err
	},
}

// aliases are further names that a column of a field may have, in the form of plain.
var aliases = map[string]string{
	"emailaddress": fieldEmail, "mail": fieldEmail,
	"fullname":     "name",
	"organisation": "company", "organization": "company",
	"phonenumber": "phone", "telephone": "phone",
	"consentmarketing": fieldConsent,
	"consentstatement": "consent-statement",
	"receivedat":       fieldReceivedAt,
}

// plain is the name of a column without what differs from program to program: case, blanks and punctuation.
func plain(column string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" _-.\u00A0", r) {
			return -1
		}
		return r
	}, strings.ToLower(strings.TrimSpace(column)))
}

// mapping says which columns hold which field.
type mapping struct {
	explicit map[string]string // field → column, or columns joined with +
	ignored  []string          // columns that are left out, in the form of plain
}

// newMapping reads --map and --ignore.
func newMapping(pairs, ignored []string) (*mapping, error) {
	m := &mapping{explicit: map[string]string{}}
	for _, pair := range pairs {
		field, column, found := strings.Cut(pair, "=")
		field = strings.TrimSpace(field)
		if !found || strings.TrimSpace(column) == "" {
			return nil, fmt.Errorf("--map is written as FIELD=COLUMN, not %q", pair)
		}
		if err := m.set(field, column); err != nil {
			return nil, err
		}
	}
	for _, column := range ignored {
		m.ignored = append(m.ignored, plain(column))
	}
	return m, nil
}

// set maps one field.
func (m *mapping) set(field, column string) error {
	if name, is := strings.CutPrefix(field, attributePrefix); (setters[field] == nil && !is) || (is && name == "") {
		return fmt.Errorf("--map knows no field %q: it is email, name, company, phone, country, channel, page, consent, "+
			"consent-statement, received-at or attributes.NAME", field)
	}
	if _, twice := m.explicit[field]; twice {
		return fmt.Errorf("--map names %s twice; two columns are joined with +: --map %s='First+Last'", field, field)
	}
	m.explicit[field] = column
	return nil
}

// plan says for a list of columns where each goes.
type plan struct {
	fields  []assignment
	ignored []string
}

// assignment is one field and the columns that make it up.
type assignment struct {
	field   string
	columns []int
}

// resolve makes the plan for a list of columns. With strict, every column that --map names must be there, and one must
// hold the address.
func (m *mapping) resolve(columns []string, strict bool) (*plan, error) {
	p := &plan{}
	used := make([]bool, len(columns))
	fields := make([]string, 0, len(m.explicit))
	for field := range m.explicit {
		fields = append(fields, field)
	}
	slices.Sort(fields)
	for _, field := range fields {
		indexes, err := find(columns, m.explicit[field])
		if err != nil && !strict {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("--map %s: %w", field, err)
		}
		p.fields = append(p.fields, assignment{field, indexes})
		for _, i := range indexes {
			used[i] = true
		}
	}
	by := map[string]string{}
	for i, column := range columns {
		if used[i] {
			continue
		}
		field := m.fieldOf(column, i)
		if _, taken := m.explicit[field]; field == "" || taken {
			p.ignored = append(p.ignored, column)
			continue
		}
		if other, twice := by[field]; twice {
			return nil, fmt.Errorf("the columns %q and %q both mean %s: choose one with --map %s='%s', and leave the other out with --ignore '%s'",
				other, column, field, field, other, column)
		}
		by[field] = column
		p.fields = append(p.fields, assignment{field, []int{i}})
	}
	if strict && !slices.ContainsFunc(p.fields, func(a assignment) bool { return a.field == fieldEmail }) {
		return nil, fmt.Errorf("no column holds the e-mail address: say which with --map email='…'. The columns are: %s", strings.Join(columns, ", "))
	}
	return p, nil
}

// fieldOf returns the field that a column means by its name, or "" when it is to be left out.
func (m *mapping) fieldOf(column string, index int) string {
	name := plain(column)
	if slices.Contains(m.ignored, name) {
		return ""
	}
	for field := range setters {
		if plain(field) == name {
			return field
		}
	}
	if field := aliases[name]; field != "" {
		return field
	}
	column = strings.TrimSpace(column)
	if len(column) > len(attributePrefix) && strings.EqualFold(column[:len(attributePrefix)], attributePrefix) {
		column = column[len(attributePrefix):]
	}
	if column == "" {
		column = fmt.Sprintf("column %d", index+1)
	}
	return attributePrefix + column
}

// find returns the columns that a text names: one, or several joined with +.
func find(columns []string, wanted string) ([]int, error) {
	one := func(name string) int {
		if i := slices.Index(columns, name); i >= 0 {
			return i
		}
		return slices.IndexFunc(columns, func(c string) bool { return plain(c) == plain(name) })
	}
	if i := one(wanted); i >= 0 {
		return []int{i}, nil
	}
	var indexes []int
	for name := range strings.SplitSeq(wanted, "+") {
		i := one(name)
		if i < 0 {
			return nil, fmt.Errorf("there is no column %q. The columns are: %s", strings.TrimSpace(name), strings.Join(columns, ", "))
		}
		indexes = append(indexes, i)
	}
	return indexes, nil
}

// entry makes an entry of the values of a record.
func (p *plan) entry(values []string, now time.Time) (*entry.Entry, error) {
	e := &entry.Entry{}
	for _, a := range p.fields {
		var parts []string
		for _, i := range a.columns {
			if v := strings.TrimSpace(entry.Unguard(values[i])); v != "" {
				parts = append(parts, v)
			}
		}
		value := strings.Join(parts, " ")
		if name, is := strings.CutPrefix(a.field, attributePrefix); is {
			if e.Attributes == nil {
				e.Attributes = map[string]string{}
			}
			e.Attributes[name] = value
			continue
		}
		if err := setters[a.field](e, value, now); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// describe says where each column goes.
func (p *plan) describe(columns []string) [][]string {
	rows := make([][]string, 0, len(p.fields)+1)
	for _, a := range p.fields {
		var from []string
		for _, i := range a.columns {
			from = append(from, columns[i])
		}
		rows = append(rows, []string{"  " + a.field, "from " + strings.Join(from, " + ")})
	}
	if len(p.ignored) > 0 {
		rows = append(rows, []string{"  left out", strings.Join(p.ignored, ", ")})
	}
	return rows
}
