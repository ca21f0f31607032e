package intake

import (
	"regexp"
	"strings"
	"testing"
)

var namePattern = regexp.MustCompile(`^[a-z2-7]{26}$`)

func TestNameFor(t *testing.T) {
	yes, no := true, false
	base := func() *Submission {
		return &Submission{
			Email:      "ada@example.com",
			Name:       "Ada",
			Attributes: map[string]string{"plan": "pro", "seats": "5"},
			Consent:    &yes,
		}
	}
	// A change of this name would make two submissions of one that is replayed across an upgrade.
	const want = "lzojthgtyistnq6zay6qdmpktq"
	if got := mustName(t, "ns", "trial", "key", base()); got != want {
		t.Errorf("name = %s, want %s: names must stay the same from version to version", got, want)
	}

	cases := map[string]struct {
		namespace, pipeline, key string
		change                   func(*Submission)
	}{
		"another namespace":         {"n", "trial", "key", nil},
		"another pipeline":          {"ns", "event", "key", nil},
		"another key":               {"ns", "trial", "key2", nil},
		"parts moved over the edge": {"nst", "rial", "key", nil},
		"another address":           {"ns", "trial", "key", func(s *Submission) { s.Email = "Ada@example.com" }},
		"a name less":               {"ns", "trial", "key", func(s *Submission) { s.Name = "" }},
		"name and company swapped":  {"ns", "trial", "key", func(s *Submission) { s.Name, s.Company = "", "Ada" }},
		"another attribute":         {"ns", "trial", "key", func(s *Submission) { s.Attributes["plan"] = "free" }},
		"another answer":            {"ns", "trial", "key", func(s *Submission) { s.Consent = &no }},
		"no answer":                 {"ns", "trial", "key", func(s *Submission) { s.Consent = nil }},
	}
	seen := map[string]string{want: "the base"}
	for name, tc := range cases {
		s := base()
		if tc.change != nil {
			tc.change(s)
		}
		got := mustName(t, tc.namespace, tc.pipeline, tc.key, s)
		if other, taken := seen[got]; taken {
			t.Errorf("%s has the same name as %s", name, other)
		}
		seen[got] = name
		if !namePattern.MatchString(got) {
			t.Errorf("%s: %q is not 26 base32 characters", name, got)
		}
	}
}

func TestNameIgnoresHowItWasSent(t *testing.T) {
	fromJSON, errs, err := decodeJSON([]byte(`{"attributes":{"b":"2","a":"1\r\n3"},"name":null,"phone":"  ","email":" ada@example.com ","consent":{"marketing":false}}`))
	if err != nil || len(errs) > 0 {
		t.Fatal(err, errs)
	}
	form, err := decodeForm([]byte("email=ada@example.com&name=&attributes.a=1%0A3&attributes.b=2&consent.marketing=no&other=x"))
	if err != nil || len(form.errs) > 0 {
		t.Fatal(err, form)
	}
	if a, b := mustName(t, "ns", "trial", "k", fromJSON), mustName(t, "ns", "trial", "k", form.submission); a != b {
		t.Errorf("the same content has the names %s and %s", a, b)
	}
}

func TestNewKey(t *testing.T) {
	a, b := newKey(), newKey()
	if a == b || !namePattern.MatchString(a) || !validKey(a) {
		t.Errorf("keys %q, %q: want two different ones of 26 base32 characters", a, b)
	}
}

func TestValidKey(t *testing.T) {
	cases := map[string]struct {
		key  string
		want bool
	}{
		"a UUID":            {"8e03978e-40d5-43dd-bc93-6894a57f9324", true},
		"a quoted string":   {`"8e03978e"`, true},
		"one character":     {"x", true},
		"the longest":       {strings.Repeat("x", 255), true},
		"too long":          {strings.Repeat("x", 256), false},
		"empty":             {"", false},
		"a blank inside":    {"a b", false},
		"a letter of UTF-8": {"ä", false},
		"a delete":          {"a\x7f", false},
	}
	for name, tc := range cases {
		if got := validKey(tc.key); got != tc.want {
			t.Errorf("%s: validKey = %v, want %v", name, got, tc.want)
		}
	}
}

func mustName(t *testing.T, namespace, pipeline, key string, s *Submission) string {
	t.Helper()
	name, err := nameFor(namespace, pipeline, key, s)
	if err != nil {
		t.Fatal(err)
	}
	return name
}
