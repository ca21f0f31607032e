package screen

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNumber(t *testing.T) {
	for name, tc := range map[string]struct {
		n    int
		want string
	}{
		"none":          {0, "0"},
		"below":         {999, "999"},
		"a thousand":    {1000, "1,000"},
		"zeros inside":  {1002003, "1,002,003"},
		"negative":      {-1234, "-1,234"},
		"six positions": {123456, "123,456"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Number(tc.n); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
	if got := Count(1, "line") + ", " + Count(2000, "line"); got != "1 line, 2,000 lines" {
		t.Errorf("got %q", got)
	}
}

func TestCut(t *testing.T) {
	for name, tc := range map[string]struct {
		text  string
		width int
		want  string
	}{
		"fits":               {"verifier", 8, "verifier"},
		"too long":           {"verifier-eu", 8, "verifie…"},
		"wide characters":    {"日本語日本語", 6, "日本…"},
		"a letter and marks": {"e\u0301e\u0301e\u0301", 2, "e\u0301…"},
	} {
		t.Run(name, func(t *testing.T) {
			got := Cut(tc.text, tc.width)
			if got != tc.want || Width(got) > tc.width {
				t.Errorf("got %q of width %d, want %q", got, Width(got), tc.want)
			}
		})
	}
}

func TestSafe(t *testing.T) {
	for name, tc := range map[string]struct {
		reason, text, want string
	}{
		"letters":       {"text stays", "Łukasz 日本", "Łukasz 日本"},
		"escape":        {"a terminal would obey it", "\x1b[2Jx", "\uFFFD[2Jx"},
		"line break":    {"it would break the table", "Two\nLines", "Two Lines"},
		"right to left": {"it would turn what follows around", "a\u202Eb", "a\uFFFDb"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Safe(tc.text); got != tc.want {
				t.Errorf("%s: got %q, want %q", tc.reason, got, tc.want)
			}
		})
	}
}

func TestColumns(t *testing.T) {
	got := Columns([][]string{{"NAME", "STATE", "DETAIL"}, {"Zoë", "Active", ""}, {"日本", "Held", "long"}})
	want := "NAME  STATE   DETAIL\nZoë   Active\n日本  Held    long\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestConfirm(t *testing.T) {
	for name, tc := range map[string]struct {
		in        string
		want      error
		wantOther bool
	}{
		"yes":         {in: "y\n"},
		"the word":    {in: " YES \n"},
		"no line end": {in: "y"},
		"no":          {in: "n\n", want: ErrDeclined},
		"return":      {in: "\n", want: ErrDeclined},
		"nobody":      {in: "", wantOther: true},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			err := Confirm(strings.NewReader(tc.in), &out, "Erase?")
			if tc.wantOther {
				if err == nil || errors.Is(err, ErrDeclined) {
					t.Errorf("got %v, want an error that names --yes", err)
				}
			} else if !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
			if !strings.HasPrefix(out.String(), "Erase? [y/N]") {
				t.Errorf("asked %q", out.String())
			}
		})
	}
}

func TestTimes(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	got := []string{Ago(now.Add(-90*time.Minute), now), Ago(now.Add(time.Hour), now), In(now.Add(45*time.Second), now), In(now, now)}
	want := []string{"90m ago", "just now", "in 45s", "any moment"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestStyleWithoutTerminal(t *testing.T) {
	style := NewStyle(&bytes.Buffer{}, func(string) string { return "" })
	if got := style.Bad("x") + style.Bold("y"); got != "xy" {
		t.Errorf("a file must hold no colours, got %q", got)
	}
}
