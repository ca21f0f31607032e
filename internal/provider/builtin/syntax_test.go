package builtin

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseAddress(t *testing.T) {
	t.Parallel()
	label := strings.Repeat("a", 63)
	cases := map[string]struct {
		typed  string
		want   address
		wantOK bool
	}{
		"plain":                      {"ada@person.example", address{"ada", "person.example"}, true},
		"blanks around it":           {" ada@person.example\n", address{"ada", "person.example"}, true},
		"capitals in the domain":     {"Ada@Person.Example", address{"Ada", "person.example"}, true},
		"a note after a plus":        {"ada+shop@person.example", address{"ada+shop", "person.example"}, true},
		"odd, but allowed":           {"o'ada/x=y@person.example", address{"o'ada/x=y", "person.example"}, true},
		"domain beyond ASCII":        {"ada@exämple.de", address{"ada", "xn--exmple-cua.de"}, true},
		"domain in capitals":         {"ada@EXÄMPLE.de", address{"ada", "xn--exmple-cua.de"}, true},
		"already in ASCII":           {"ada@xn--exmple-cua.de", address{"ada", "xn--exmple-cua.de"}, true},
		"sharp s":                    {"ada@faß.de", address{"ada", "xn--fa-hia.de"}, true},
		"local part beyond ASCII":    {"ädä@person.example", address{"ädä", "person.example"}, true},
		"all of it beyond ASCII":     {"用户@例子.测试", address{"用户", "xn--fsqu00a.xn--0zwm56d"}, true},
		"reserved top-level domain":  {"ada@host.test", address{"ada", "host.test"}, true},
		"a public suffix":            {"ada@co.uk", address{"ada", "co.uk"}, true},
		"longest local part":         {strings.Repeat("a", 64) + "@person.example", address{strings.Repeat("a", 64), "person.example"}, true},
		"nothing":                    {typed: ""},
		"no at sign":                 {typed: "ada.person.example"},
		"two at signs":               {typed: "ada@home@person.example"},
		"no local part":              {typed: "@person.example"},
		"no domain":                  {typed: "ada@"},
		"no dot in the domain":       {typed: "ada@localhost"},
		"a name before it":           {typed: "Ada <ada@person.example>"},
		"in angle brackets":          {typed: "<ada@person.example>"},
		"a comment":                  {typed: "ada@person.example (Ada)"},
		"quoted":                     {typed: `"ada b"@person.example`},
		"quoted without need":        {typed: `"ada"@person.example`},
		"two of them":                {typed: "ada@person.example, bob@person.example"},
		"a blank inside":             {typed: "ada b@person.example"},
		"a blank after the at sign":  {typed: "ada@ person.example"},
		"a line inside":              {typed: "ada@person.example\nbcc:bob@person.example"},
		"NUL":                        {typed: "ada\x00@person.example"},
		"not UTF-8":                  {typed: "ad\xff@person.example"},
		"a replacement character":    {typed: "ad\ufffd@person.example"},
		"an invisible character":     {typed: "ada\u200b@person.example"},
		"two dots in the local part": {typed: "ada..b@person.example"},
		"a dot before the at sign":   {typed: "ada.@person.example"},
		"a dot first":                {typed: ".ada@person.example"},
		"two dots in the domain":     {typed: "ada@person..example"},
		"a dot at the end":           {typed: "ada@person.example."},
		"a dot after the at sign":    {typed: "ada@.person.example"},
		"an underscore":              {typed: "ada@per_son.example"},
		"a hyphen first":             {typed: "ada@-person.example"},
		"a hyphen last":              {typed: "ada@person-.example"},
		"an IPv4 address":            {typed: "ada@192.0.2.1"},
		"an address literal":         {typed: "ada@[192.0.2.1]"},
		"a number as top level":      {typed: "ada@person.123"},
		"a broken A-label":           {typed: "ada@xn--zz.de"},
		"a port":                     {typed: "ada@person.example:25"},
		"local part too long":        {typed: strings.Repeat("a", 65) + "@person.example"},
		"label too long":             {typed: "ada@a" + label + ".example"},
		"address too long":           {typed: "ada@" + strings.Repeat(label+".", 4) + "example"},
		"domain too long in ASCII":   {typed: strings.Repeat("a", 60) + "@" + strings.Repeat("ä.", 60) + "example"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := parseAddress(tc.typed)
			if !ok {
				got = address{}
			}
			if ok != tc.wantOK {
				t.Errorf("%q: ok %v, want %v", tc.typed, ok, tc.wantOK)
			}
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(address{})); diff != "" {
				t.Errorf("%q (-want +got):\n%s", tc.typed, diff)
			}
		})
	}
}

// What parses fits the limits of the protocol, and parses again to the same.
func FuzzParseAddress(f *testing.F) {
	for _, seed := range []string{"ada@person.example", "ada@exämple.de", "用户@例子.测试", `"a b"@x.de`, "a@[::1]", "a@x..de", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		a, ok := parseAddress(typed)
		if !ok {
			return
		}
		whole := a.local + "@" + a.domain
		if len(whole) > maxAddress || len(a.local) > maxLocal || len(a.domain) > maxDomain || strings.ContainsAny(whole, " \t\r\n") {
			t.Fatalf("%q parses to %q", typed, whole)
		}
		again, ok := parseAddress(whole)
		if !ok || again != a {
			t.Fatalf("%q parses to %q, and that to %v, %v", typed, whole, again, ok)
		}
	})
}
