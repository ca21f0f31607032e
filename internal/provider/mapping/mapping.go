package mapping

import (
	"context"
	"fmt"
	"strings"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/expression"
)

// Field says what fills one field of the system. It has exactly one of From, Attribute, Value and Expression. Its names are
// those of the API; a test in the catalog holds the two together.
type Field struct {
	Name       string `json:"name"`
	From       string `json:"from,omitempty"`
	Attribute  string `json:"attribute,omitempty"`
	Value      string `json:"value,omitempty"`
	Expression string `json:"expression,omitempty"`
}

// Mapping is a compiled list of Fields. It is safe for concurrent use.
type Mapping struct {
	names   []string
	sources []source
	fixed   map[string]string
	// computed are those that an expression fills.
	computed map[string]bool
}

// source gives the value of one field, nil when there is none.
type source func(context.Context, *provider.Contact) (any, error)

// Compile checks a list of fields. path is its place in the Integration, for messages. reserved are names that the adapter
// fills itself, with the reason. Its errors are *Errors of class Config.
func Compile(path string, env expression.Environment, fields []Field, reserved map[string]string) (*Mapping, error) {
	m := &Mapping{fixed: map[string]string{}, computed: map[string]bool{}}
	seen := map[string]bool{}
	for i, f := range fields {
		at := fmt.Sprintf("%s[%s]", path, f.Name)
		switch reason, taken := reserved[f.Name]; {
		case strings.TrimSpace(f.Name) == "" || f.Name != strings.TrimSpace(f.Name):
			return nil, provider.Errorf(provider.Config, "%s[%d].name is empty, or has blanks around it", path, i)
		case taken:
			return nil, provider.Errorf(provider.Config, "%s: %s: leave it out", at, reason)
		case seen[f.Name]:
			return nil, provider.Errorf(provider.Config, "%s is there twice: which one should fill the field?", at)
		}
		seen[f.Name] = true
		s, err := compile(at, env, f)
		if err != nil {
			return nil, err
		}
		if f.Value != "" {
			m.fixed[f.Name] = f.Value
		}
		m.computed[f.Name] = f.Expression != ""
		m.names, m.sources = append(m.names, f.Name), append(m.sources, s)
	}
	return m, nil
}

func compile(at string, env expression.Environment, f Field) (source, error) {
	given := 0
	for _, s := range []string{f.From, f.Attribute, f.Value, f.Expression} {
		if s != "" {
			given++
		}
	}
	if given != 1 {
		return nil, provider.Errorf(provider.Config, "%s: give exactly one of from, attribute, value and expression", at)
	}
	switch {
	case f.From != "":
		get, known := contactFields()[f.From]
		if !known {
			return nil, provider.Errorf(provider.Config, "%s.from: a Contact has no field %q", at, f.From)
		}
		return func(_ context.Context, c *provider.Contact) (any, error) { return get(c), nil }, nil
	case f.Attribute != "":
		return func(_ context.Context, c *provider.Contact) (any, error) { return c.Attributes[f.Attribute], nil }, nil
	case f.Value != "":
		return func(context.Context, *provider.Contact) (any, error) { return f.Value, nil }, nil
	}
	x, err := env.Compile(at+".expression", f.Expression)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, c *provider.Contact) (any, error) {
		v, err := x.Eval(ctx, provider.Invalid, c)
		if err != nil {
			return nil, err
		}
		plain, err := expression.Plain(v)
		if err != nil {
			return nil, provider.Errorf(provider.Invalid, "%s gives a value for this record that has no form in JSON", x.Field)
		}
		return plain, nil
	}, nil
}

// Names are the fields of the system that the mapping may fill, in the mapping's order.
func (m *Mapping) Names() []string { return m.names }

// Computed tells whether an expression fills a field: nothing else can give an object.
func (m *Mapping) Computed(name string) bool { return m.computed[name] }

// Fixed returns the value that fills a field whatever the Contact, "" when it depends on it.
func (m *Mapping) Fixed(name string) string { return m.fixed[name] }

// Render gives the values of the fields that are not blank: what encoding/json makes of a value: string, bool, int64, uint64,
// float64, []any, map[string]any. Equal Contacts give equal values. Its errors are *Errors of class Invalid.
func (m *Mapping) Render(c *provider.Contact) (map[string]any, error) {
	ctx := context.Background() // nothing is waited for, and the cost of an expression is limited
	values := make(map[string]any, len(m.names))
	for i, get := range m.sources {
		v, err := get(ctx, c)
		if err != nil {
			return nil, err
		}
		if !blank(v) {
			values[m.names[i]] = v
		}
	}
	return values, nil
}

func blank(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return strings.TrimSpace(v) == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}
