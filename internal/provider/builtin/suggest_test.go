package builtin

import "testing"

func TestSuggest(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		domain    string
		takesMail bool
		want      string
	}{
		"swapped":               {domain: "gmial.com", want: "gmail.com"},
		"left out":              {domain: "gmal.com", want: "gmail.com"},
		"put in":                {domain: "gmaill.com", want: "gmail.com"},
		"replaced":              {domain: "gnail.com", want: "gmail.com"},
		"top-level domain":      {domain: "gmail.con", want: "gmail.com"},
		"end left out":          {domain: "hotmail.co", want: "hotmail.com"},
		"two slips":             {domain: "hotmial.con", want: "hotmail.com"},
		"first letter":          {domain: "jotmail.com", want: "hotmail.com"},
		"first letter and more": {domain: "yopmail.com"},
		"three slips":           {domain: "hotmiall.cmo"},
		"longer names":          {domain: "t-onlin.de", want: "t-online.de"},
		"second-level":          {domain: "yahoo.co.ku", want: "yahoo.co.uk"},
		"a squatter's":          {domain: "gmial.com", takesMail: true, want: "gmail.com"},
		"far off, takes mail":   {domain: "hotmial.con", takesMail: true},
		"right":                 {domain: "gmail.com", takesMail: true},
		"right, rarer":          {domain: "ymail.com", takesMail: true},
		"another known one":     {domain: "email.com", takesMail: true},
		"short, no mail":        {domain: "gnx.de", want: "gmx.de"},
		"short, takes mail":     {domain: "web.dk", takesMail: true},
		"short, two slips":      {domain: "wbe.dk"},
		"another country's":     {domain: "hotmail.dk", takesMail: true},
		"another, no mail":      {domain: "hotmail.dk", want: "hotmail.de"},
		"a firm":                {domain: "person.example", takesMail: true},
		"a firm without mail":   {domain: "contact-operator.example"},
		"the same but one more": {domain: "outlook.comm", want: "outlook.com"},
	}
	s := newSuggester(freeMailServices())
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := s.suggest(tc.domain, tc.takesMail); got != tc.want {
				t.Errorf("%s: %q, want %q", tc.domain, got, tc.want)
			}
		})
	}
}

func TestEditDistance(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		a, b  string
		limit int
		want  int
	}{
		"equal":            {"gmail", "gmail", 2, 0},
		"left out":         {"gmal", "gmail", 2, 1},
		"put in":           {"gmaiil", "gmail", 2, 1},
		"replaced":         {"gnail", "gmail", 2, 1},
		"swapped":          {"gmial", "gmail", 2, 1},
		"swapped at ends":  {"mgali", "gmail", 2, 2},
		"two":              {"gnal", "gmail", 2, 2},
		"beyond the limit": {"hotmail", "outlook", 2, 3},
		"too short":        {"a", "gmail", 2, 3},
		"nothing":          {"", "ab", 2, 2},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := editDistance(tc.a, tc.b, tc.limit); got != tc.want {
				t.Errorf("%q, %q: %d, want %d", tc.a, tc.b, got, tc.want)
			}
			if got := editDistance(tc.b, tc.a, tc.limit); got != tc.want {
				t.Errorf("%q, %q: %d, want %d", tc.b, tc.a, got, tc.want)
			}
		})
	}
}
