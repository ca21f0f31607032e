package entry

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

func TestClean(t *testing.T) {
	for name, tc := range map[string]struct {
		in      Entry
		want    Entry
		wantErr string
	}{
		"trimmed": {
			in:   Entry{Email: " ada@example.com\u00A0", Name: "\uFEFFAda\r\nExample ", Company: "  "},
			want: Entry{Email: "ada@example.com", Name: "Ada Example"},
		},
		"attributes": {
			in:   Entry{Email: "a@b", Attributes: map[string]string{" plan ": " pro ", "blank": " ", "lines": "a\r\nb"}},
			want: Entry{Email: "a@b", Attributes: map[string]string{"plan": "pro", "lines": "a\nb"}},
		},
		"statement without an answer": {in: Entry{Email: "a@b", ConsentStatement: "Send me news"}, want: Entry{Email: "a@b"}},
		"no address":                  {in: Entry{Name: "Ada"}, wantErr: "email is missing"},
		"too long":                    {in: Entry{Email: "a@b", Phone: strings.Repeat("1", 65)}, wantErr: "phone has 65 characters, more than 64"},
		"long in bytes alone":         {in: Entry{Email: "a@b", Phone: strings.Repeat("١", 64)}, want: Entry{Email: "a@b", Phone: strings.Repeat("١", 64)}},
		"control characters":          {in: Entry{Email: "a@b", Name: "A\x1b[2J"}, wantErr: "name holds control characters"},
		"not UTF-8":                   {in: Entry{Email: "a@b", Name: "\xe9"}, wantErr: "name is not valid UTF-8"},
		"two problems":                {in: Entry{Name: "A\x00"}, wantErr: "name holds control characters; email is missing"},
		"long attribute name":         {in: Entry{Email: "a@b", Attributes: map[string]string{strings.Repeat("n", 64): "v"}}, wantErr: "its name is longer than 63"},
	} {
		t.Run(name, func(t *testing.T) {
			got := tc.in
			err := got.Clean()
			if tc.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tc.wantErr) {
					t.Fatalf("got error %v, want %q", err, tc.wantErr)
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

func TestCleanIsStable(t *testing.T) {
	e := Entry{Email: " a@b ", Name: "\u200BAda\n", Attributes: map[string]string{" x": "1\r2 "}}
	if err := e.Clean(); err != nil {
		t.Fatal(err)
	}
	again := e
	if err := again.Clean(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e, again); diff != "" {
		t.Error(diff)
	}
}

func TestNameFor(t *testing.T) {
	e := Entry{Email: "ada@example.com", Attributes: map[string]string{"b": "2", "a": "1"}}
	name := func(namespace, pipeline, key string, e Entry) string {
		n, err := NameFor(namespace, pipeline, "test", key, &e)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	first := name("ns", "p", "k", e)
	// The names of what was sent stay the same from version to version, or a repeated command would send it again.
	if want := "xy6wdbnpzrsmmxfs6a2ju6gzyh"; first != want {
		t.Errorf("the name has changed: got %s, want %s", first, want)
	}
	others := map[string]string{
		"another namespace": name("ns2", "p", "k", e),
		"another pipeline":  name("ns", "p2", "k", e),
		"another key":       name("ns", "p", "k2", e),
		"other content":     name("ns", "p", "k", Entry{Email: "ada@example.org"}),
		"moved border":      name("n", "sp", "k", e),
	}
	seen := map[string]string{first: "the first"}
	for what, n := range others {
		if other, twice := seen[n]; twice {
			t.Errorf("%s has the name of %s", what, other)
		}
		seen[n] = what
		if len(n) != 26 {
			t.Errorf("%s: name %q", what, n)
		}
	}
}

func TestParseConsent(t *testing.T) {
	for text, want := range map[string]v1alpha1.Consent{
		"": "", "  ": "", "Yes": "Granted", "1": "Granted", "granted": "Granted", "NO": "Denied", "off": "Denied", "Denied": "Denied",
	} {
		if got, err := ParseConsent(text); err != nil || got != want {
			t.Errorf("%q: got %q and %v, want %q", text, got, err, want)
		}
	}
	if _, err := ParseConsent("maybe"); err == nil {
		t.Error("maybe is no answer")
	}
}

func TestParseTime(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"2019-03-31": "2019-03-31T00:00:00Z", "2019-03-31 14:05": "2019-03-31T14:05:00Z",
		"2019-03-31T14:05:06+02:00": "2019-03-31T12:05:06Z", " 2019-03-31 14:05:06.5 ": "2019-03-31T14:05:06.5Z",
	} {
		got, err := ParseTime(text, now)
		if err != nil || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%q: got %v and %v, want %s", text, got, err, want)
		}
	}
	if got, err := ParseTime(" ", now); got != nil || err != nil {
		t.Errorf("blank: got %v and %v", got, err)
	}
	for _, text := range []string{"31/03/2019", "yesterday", "2027-01-01"} {
		if _, err := ParseTime(text, now); err == nil {
			t.Errorf("%q must be refused", text)
		}
	}
}

func FuzzGuard(f *testing.F) {
	for _, text := range []string{"", "Ada", "=1+1", "+47 22", "'=1", "''-1", "'tis", "\tx"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		guarded := Guard(text)
		if guarded != "" && strings.ContainsRune("=+-@\t\r", rune(guarded[0])) {
			t.Errorf("%q would be run", guarded)
		}
		if back := Unguard(guarded); back != text {
			t.Errorf("%q came back as %q", text, back)
		}
	})
}
