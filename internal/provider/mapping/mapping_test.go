package mapping

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/expression"
)

func environment(t *testing.T) expression.Environment {
	t.Helper()
	all, err := expression.NewEnvironments()
	if err != nil {
		t.Fatal(err)
	}
	return all.Contact
}

func TestRender(t *testing.T) {
	t.Parallel()
	ada := provider.Contact{
		Email: "ada@example.com", Name: "Ada King Lovelace", Company: " ", Phone: "+44 20", Location: "GB",
		Channels: []string{"blog", "event"}, Attributes: map[string]string{"plan": "pro", "empty": ""},
		Consent: provider.Consent{Marketing: "Granted", Time: "2026-11-05T12:00:00Z"},
	}
	cases := map[string]struct {
		fields      []Field
		want        map[string]any
		wantMessage string // of class Invalid, its beginning
	}{
		"fields of the Contact": {
			fields: []Field{{Name: "a", From: "FirstName"}, {Name: "b", From: "LastName"}, {Name: "c", From: "Channels"}, {Name: "d", From: "Consent"}},
			want:   map[string]any{"a": "Ada King", "b": "Lovelace", "c": []any{"blog", "event"}, "d": "Granted"},
		},
		"blanks are left out": {
			fields: []Field{
				{Name: "a", From: "Company"},
				{Name: "b", From: "Country"},
				{Name: "c", Attribute: "empty"},
				{Name: "d", Attribute: "none"},
				{Name: "e", Expression: `""`},
				{Name: "f", Expression: `contact.attributes[?"none"]`},
				{Name: "g", Expression: `[]`},
				{Name: "h", Expression: `null`},
				{Name: "i", Expression: `{}`},
			},
			want: map[string]any{},
		},
		"what is no blank": {
			fields: []Field{{Name: "a", Expression: `0`}, {Name: "b", Expression: `false`}},
			want:   map[string]any{"a": int64(0), "b": false},
		},
		"attributes and fixed values": {
			fields: []Field{{Name: "a", Attribute: "plan"}, {Name: "b", Value: "web"}},
			want:   map[string]any{"a": "pro", "b": "web"},
		},
		"kinds of values": {
			fields: []Field{
				{Name: "a", Expression: `contact.channels.exists(c, c == "event")`},
				{Name: "b", Expression: `size(contact.name)`},
				{Name: "c", Expression: `timestamp(contact.consent.time)`},
				{Name: "d", Expression: `18446744073709551615u`},
				{Name: "e", Expression: `1.5`},
				{Name: "f", Expression: `{"plan": contact.attributes.plan}`},
			},
			want: map[string]any{
				"a": true, "b": int64(17), "c": "2026-11-05T12:00:00Z", "d": uint64(math.MaxUint64), "e": 1.5,
				"f": map[string]any{"plan": "pro"},
			},
		},
		"an attribute that not everybody has": {
			fields:      []Field{{Name: "a", Expression: `contact.attributes.none`}},
			wantMessage: `spec.x.fields[a].expression:1:19 can't be evaluated for this record`,
		},
		"no form in JSON": {
			fields:      []Field{{Name: "a", Expression: `type(contact.email)`}},
			wantMessage: `spec.x.fields[a].expression gives a value for this record that has no form in JSON`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := Compile("spec.x.fields", environment(t), tc.fields, nil)
			if err != nil {
				t.Fatal(err)
			}
			got, err := m.Render(&ada)
			if tc.wantMessage != "" {
				if e := provider.AsError(err); err == nil || e.Class != provider.Invalid || !strings.HasPrefix(e.Message, tc.wantMessage) {
					t.Errorf("got %v, want Invalid: %s", err, tc.wantMessage)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCompileFindsMistakes(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		fields      []Field
		wantMessage string // its beginning
	}{
		"no name":              {[]Field{{Value: "x"}}, `spec.x.fields[0].name is empty`},
		"a name with blanks":   {[]Field{{Name: "a", Value: "x"}, {Name: "b ", Value: "x"}}, `spec.x.fields[1].name is empty, or has blanks around it`},
		"twice":                {[]Field{{Name: "a", Value: "x"}, {Name: "a", Value: "y"}}, `spec.x.fields[a] is there twice`},
		"reserved":             {[]Field{{Name: "email", Value: "x"}}, `spec.x.fields[email]: it is the key: leave it out`},
		"no source":            {[]Field{{Name: "a"}}, `spec.x.fields[a]: give exactly one of from, attribute, value and expression`},
		"two sources":          {[]Field{{Name: "a", From: "Name", Value: "x"}}, `spec.x.fields[a]: give exactly one of from, attribute, value and expression`},
		"no such field":        {[]Field{{Name: "a", From: "Surname"}}, `spec.x.fields[a].from: a Contact has no field "Surname"`},
		"a misspelt variable":  {[]Field{{Name: "a", Expression: "contact.emial"}}, `spec.x.fields[a].expression:1:8: undefined field 'emial'`},
		"another's expression": {[]Field{{Name: "a", Expression: "submission.email"}}, `spec.x.fields[a].expression:1:1: undeclared reference to 'submission'`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Compile("spec.x.fields", environment(t), tc.fields, map[string]string{"email": "it is the key"})
			if e := provider.AsError(err); err == nil || e.Class != provider.Config || !strings.HasPrefix(e.Message, tc.wantMessage) {
				t.Errorf("got  %v\nwant Config: %s", err, tc.wantMessage)
			}
		})
	}
}

func TestSplitName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][2]string{
		"":                        {"", ""},
		"Ada":                     {"Ada", ""},
		"Ada Lovelace":            {"Ada", "Lovelace"},
		"  Ada  King Lovelace ":   {"Ada King", "Lovelace"},
		"Lovelace, Ada  King":     {"Ada King", "Lovelace"},
		"van den Berg, Jan":       {"Jan", "van den Berg"},
		"Lovelace,":               {"", "Lovelace"},
		"Ödegård\u00a0X":          {"Ödegård", "X"},
		"Example, Inc., the Firm": {"Inc., the Firm", "Example"},
	} {
		first, last := SplitName(name)
		if got := [2]string{first, last}; got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}
