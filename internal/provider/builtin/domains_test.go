package builtin

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/provider/verification"
)

func TestParseList(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		text     string
		want     []string
		wantBad  []int
		wantOwn  string
		wantGood bool // as a list of others
	}{
		"one a line":           {text: "b.example\na.example\n", want: []string{"a.example", "b.example"}, wantGood: true},
		"as Windows writes it": {text: "\ufeffa.example\r\nb.example\r\n", want: []string{"a.example", "b.example"}, wantGood: true},
		"comments and blanks":  {text: "# list\n\n  a.example # seen here\n", want: []string{"a.example"}, wantGood: true},
		"spelt for others":     {text: "*.a.example\n@b.example\n.c.example\nD.Example.\n", want: []string{"a.example", "b.example", "c.example", "d.example"}, wantGood: true},
		"beyond ASCII":         {text: "exämple.de", want: []string{"xn--exmple-cua.de"}, wantGood: true},
		"private suffixes":     {text: "dyndns.org", want: []string{"dyndns.org"}, wantGood: true},
		"what covers too much": {
			text: "a.example\nb.example\ncom\nco.uk\n", want: []string{"a.example", "b.example"}, wantBad: []int{3, 4},
			wantOwn: "line 3 and 1 more are not domains that can be registered", wantGood: true,
		},
		"one mistake": {
			text: "a.example\nnot a domain\nb.example", want: []string{"a.example", "b.example"}, wantBad: []int{2},
			wantOwn: "line 2 is not a domain that can be registered", wantGood: true,
		},
		"nothing": {text: "# later\n"},
		"an error page": {
			text: "<html>\n<head>\nwww.host.example\n</html>\n", want: []string{"www.host.example"}, wantBad: []int{1, 2, 4},
			wantOwn: "line 1 and 2 more are not domains that can be registered",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list, bad := parseList(tc.text)
			if diff := cmp.Diff(tc.want, slices.Sorted(maps.Keys(list))); diff != "" {
				t.Errorf("domains (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.wantBad, bad); diff != "" {
				t.Errorf("bad lines (-want +got):\n%s", diff)
			}
			own := ""
			if _, err := ownList(tc.text); err != nil {
				own = err.Error()
			}
			if own != tc.wantOwn {
				t.Errorf("as a list of one's own: %q, want %q", own, tc.wantOwn)
			}
			if _, err := foreignList(tc.text); (err == nil) != tc.wantGood {
				t.Errorf("as a list of others: %v", err)
			}
		})
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	list := domains(setOf("mailinator.com trash.co.uk example"))
	cases := map[string]struct {
		domain string
		want   bool
	}{
		"itself":                  {"mailinator.com", true},
		"below it":                {"a.b.mailinator.com", true},
		"below a suffix":          {"x.trash.co.uk", true},
		"another with its end":    {"notmailinator.com", false},
		"above it":                {"co.uk", false},
		"never a top-level alone": {"person.example", false},
		"something else":          {"person.com", false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := list.covers(tc.domain); got != tc.want {
				t.Errorf("covers %q: %v", tc.domain, got)
			}
		})
	}
	if domains(nil).covers("person.example") {
		t.Error("no list covers something")
	}
}

// The lists that are built in hold what the code looks for: lower case, and no name twice by way of a parent.
func TestKnownLists(t *testing.T) {
	t.Parallel()
	floor, free := domains(verification.ThrowAway()), freeMailServices()
	for name, list := range map[string]domains{"floor": floor, "free": free} {
		for domain := range list {
			if entry, ok := parseEntry(domain); !ok || entry != domain {
				t.Errorf("%s: %q is not an entry", name, domain)
			}
		}
	}
	for domain := range free {
		if floor.covers(domain) {
			t.Errorf("%s is a mail service and a throw-away domain", domain)
		}
	}
	for _, domain := range oftenMeant() {
		if _, in := free[domain]; !in {
			t.Errorf("%s is suggested, and not a known service", domain)
		}
	}
}
