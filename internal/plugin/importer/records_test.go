package importer

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// readAll returns the values of each record, or its problem; "blank" for a blank one. The first element is its line.
func readAll(t *testing.T, all records) [][]string {
	t.Helper()
	var got [][]string
	for {
		rec, err := all.next()
		if errors.Is(err, io.EOF) {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		row := []string{string(rune('0' + rec.line))}
		switch {
		case rec.problem != "":
			row = append(row, "problem: "+rec.problem)
		case rec.blank:
			row = append(row, "blank")
		default:
			row = append(row, rec.values...)
		}
		got = append(got, row)
	}
}

func TestCSV(t *testing.T) {
	for name, tc := range map[string]struct {
		reason, text string
		want         [][]string
	}{
		"plain":        {"", "email,name\na@b,Ada\n", [][]string{{"2", "a@b", "Ada"}}},
		"CRLF":         {"as spreadsheets write it", "email,name\r\na@b,Ada\r\n", [][]string{{"2", "a@b", "Ada"}}},
		"no last end":  {"", "email,name\na@b,Ada", [][]string{{"2", "a@b", "Ada"}}},
		"quotes":       {"", "email,name\na@b,\"Ada \"\"A\"\", Example\"\n", [][]string{{"2", "a@b", `Ada "A", Example`}}},
		"line break":   {"the next record has the right line number", "email,name\na@b,\"Two\r\nLines\"\nc@d,C\n", [][]string{{"2", "a@b", "Two\nLines"}, {"4", "c@d", "C"}}},
		"blank lines":  {"", "\n  \nemail,name\n\n , \na@b,A\n", [][]string{{"4", "blank"}, {"5", "blank"}, {"6", "a@b", "A"}}},
		"semicolons":   {"as in countries with a decimal comma", "email;name\na@b;A, B\n", [][]string{{"2", "a@b", "A, B"}}},
		"tabs":         {"", "email\tname\na@b\tA\n", [][]string{{"2", "a@b", "A"}}},
		"too few":      {"", "email,name\na@b\n", [][]string{{"2", "problem: it has 1 columns, the header has 2"}}},
		"too many":     {"", "email,name\na@b,A,B\n", [][]string{{"2", "problem: it has 3 columns, the header has 2"}}},
		"empty at end": {"separators at the end hold nothing", "email,name\na@b,A,,\n", [][]string{{"2", "a@b", "A"}}},
		"bare quote":   {"it opens nothing inside a value", "email,name\na@b,5\" disk\nc@d,C\n", [][]string{{"2", "a@b", `5" disk`}, {"3", "c@d", "C"}}},
		"never closed": {
			"the people after it must not be lost", "email,name\na@b,\"Ada\nc@d,C\ne@f,E\n",
			[][]string{{"2", "problem: a quote is opened and never closed"}, {"3", "c@d", "C"}, {"4", "e@f", "E"}},
		},
		"closed by another": {
			"one stray quote and a proper one later", "email,name\na@b,\"Ada\nc@d,C\ne@f,\"E, F\"\n",
			[][]string{{"2", "problem: its quotes do not match up"}, {"3", "c@d", "C"}, {"4", "e@f", "E, F"}},
		},
		"text after a quote": {"", "email,name\na@b,\"Ada\" B\nc@d,C\n", [][]string{{"2", "problem: its quotes do not match up"}, {"3", "c@d", "C"}}},
		"huge line": {
			"it is neither kept nor does it end the import", "email,name\na@b," + strings.Repeat("x", maxLine) + "\nc@d,C\n",
			[][]string{{"2", "problem: the line is longer than 256 KiB"}, {"3", "c@d", "C"}},
		},
		"only a header": {"", "email,name\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			all, err := newCSV(newLines(strings.NewReader(tc.text)), 0)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, readAll(t, all)); diff != "" {
				t.Errorf("%s %s", tc.reason, diff)
			}
		})
	}
}

func TestCSVWithoutHeader(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "blank": " \n\n", "open quote": "\"email,name\n"} {
		if _, err := newCSV(newLines(strings.NewReader(text)), 0); err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
}

func TestJSONLines(t *testing.T) {
	text := `{"email":"a@b","attributes":{"plan":"pro","seats":12},"consent":{"marketing":true},"phone":null}

{"email":"a@b"} {"email":"c@d"}
["a@b"]
{"tags":["x","y"],"email":"e@f"}
{"email":
`
	want := [][]string{
		{"1", "pro", "12", "true", "a@b"},
		{"2", "blank"},
		{"3", "problem: there is more than one JSON object in it"},
		{"4", "problem: it is no JSON object"},
		{"5", "e@f", "x, y"},
		{"6", "problem: it is no JSON object"},
	}
	if diff := cmp.Diff(want, readAll(t, &jsonRecords{lines: newLines(strings.NewReader(text))})); diff != "" {
		t.Error(diff)
	}
}

func TestLook(t *testing.T) {
	const text = "E-Mail,Name\nzoe@example.com,Zoë\n"
	latin1, err := charmap.ISO8859_1.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		file, encoding, content string
		wantErr                 string
	}{
		"UTF-8":                {"a.csv", encodingUTF8, text, ""},
		"byte order mark":      {"a.csv", encodingUTF8, "\xEF\xBB\xBF" + text, ""},
		"latin1 unannounced":   {"a.csv", encodingUTF8, latin1, "line 2 is not in UTF-8"},
		"latin1":               {"a.csv", encodingLatin1, latin1, ""},
		"UTF-16 unannounced":   {"a.csv", encodingUTF8, utf16, "--encoding utf16"},
		"UTF-16":               {"a.csv", encodingUTF16, utf16, ""},
		"workbook":             {"a.csv", encodingUTF8, "PK\x03\x04rest", "save it as CSV"},
		"another kind of file": {"a.xlsx", encodingUTF8, text, "neither a .csv nor a .jsonl"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), tc.file)
			if err := os.WriteFile(path, []byte(tc.content), 0o600); err != nil {
				t.Fatal(err)
			}
			s := &source{path: path, encoding: tc.encoding}
			found, err := s.look()
			if tc.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tc.wantErr) {
					t.Fatalf("got %v, want an error with %q", err, tc.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if found.total != 1 || !cmp.Equal(found.header, []string{"E-Mail", "Name"}) {
				t.Errorf("found %+v", found)
			}
			all, file, err := s.open()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = file.Close() }()
			if diff := cmp.Diff([][]string{{"2", "zoe@example.com", "Zoë"}}, readAll(t, all)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// FuzzCSV: whatever the file, every line is part of exactly one record, in order.
func FuzzCSV(f *testing.F) {
	for _, text := range []string{"a,b\n1,2\n", "a,b\n\"1\n,2\"\n\"x\n3,4\n", "a\n\"\"\"\n\"", "a,b\r\n\"x\"y,2\n\"\n\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all, err := newCSV(newLines(strings.NewReader(text)), ',')
		if err != nil {
			return
		}
		next := int64(0)
		for {
			rec, err := all.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if next != 0 && rec.line != next {
				t.Fatalf("line %d comes where %d should", rec.line, next)
			}
			next = rec.line + 1
			if !strings.HasPrefix(rec.problem, "a quote") && !strings.HasPrefix(rec.problem, "its quotes") {
				next += int64(strings.Count(rec.raw, "\n"))
			}
		}
	})
}
