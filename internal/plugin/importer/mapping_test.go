package importer

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/plugin/entry"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestMapping(t *testing.T) {
	at := time.Date(2019, 3, 31, 0, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		reason          string
		maps, ignored   []string
		columns, values []string
		want            *entry.Entry
		wantErr         string
	}{
		"by name": {
			columns: []string{"E-Mail", "Full Name", "PHONE", "Received At", "Newsletter"},
			values:  []string{" a@b ", "Ada", "'+47 22", "2019-03-31", "weekly"},
			want:    &entry.Entry{Email: "a@b", Name: "Ada", Phone: "+47 22", ReceivedAt: &at, Attributes: map[string]string{"Newsletter": "weekly"}},
			reason:  "case and punctuation don't matter; what has no field is kept as an attribute",
		},
		"by hand": {
			maps:    []string{"email=Contact", "name=First+Last", "attributes.plan=Tarif", "consent=News"},
			columns: []string{"contact", "Last", "First", "Tarif", "News"}, values: []string{"a@b", "Example", "Ada", "pro", "yes"},
			want: &entry.Entry{Email: "a@b", Name: "Ada Example", Consent: "Granted", Attributes: map[string]string{"plan": "pro"}},
		},
		"half a name": {
			maps: []string{"name=First+Last"}, columns: []string{"email", "First", "Last"}, values: []string{"a@b", "Ada", " "},
			want: &entry.Entry{Email: "a@b", Name: "Ada"},
		},
		"a column with a plus": {
			maps: []string{"name=First+Last"}, columns: []string{"email", "First+Last"}, values: []string{"a@b", "Ada"},
			want: &entry.Entry{Email: "a@b", Name: "Ada"}, reason: "a column of that very name goes first",
		},
		"left out": {
			ignored: []string{"internal note"}, columns: []string{"email", "Internal Note"}, values: []string{"a@b", "rude"},
			want: &entry.Entry{Email: "a@b"},
		},
		"attribute by prefix": {
			columns: []string{"email", "Attributes.plan", ""}, values: []string{"a@b", "pro", "x"},
			want:   &entry.Entry{Email: "a@b", Attributes: map[string]string{"plan": "pro", "column 3": "x"}},
			reason: "a column without a name is kept, too",
		},
		"as the intake spells it": {
			columns: []string{"consent.marketing", "consent.statement", "email"}, values: []string{"false", "Send me news", "a@b"},
			want: &entry.Entry{Email: "a@b", Consent: "Denied", ConsentStatement: "Send me news"},
		},
		"no address":       {columns: []string{"name", "mobile"}, wantErr: "no column holds the e-mail address"},
		"two addresses":    {columns: []string{"email", "E-Mail"}, wantErr: "both mean email"},
		"no such column":   {maps: []string{"name=Who"}, columns: []string{"email"}, wantErr: `there is no column "Who"`},
		"no such field":    {maps: []string{"mail=Who"}, wantErr: "knows no field"},
		"no equals sign":   {maps: []string{"name"}, wantErr: "FIELD=COLUMN"},
		"a field twice":    {maps: []string{"name=A", "name=B"}, wantErr: "twice"},
		"not yes or no":    {columns: []string{"email", "consent"}, values: []string{"a@b", "maybe"}, wantErr: "consent is neither"},
		"no date":          {columns: []string{"email", "received-at"}, values: []string{"a@b", "31.3.19"}, wantErr: "not written like"},
		"attribute unsaid": {maps: []string{"attributes.=A"}, wantErr: "knows no field"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := func() (*entry.Entry, error) {
				m, err := newMapping(tc.maps, tc.ignored)
				if err != nil {
					return nil, err
				}
				p, err := m.resolve(tc.columns, true)
				if err != nil {
					return nil, err
				}
				return p.entry(tc.values, noon)
			}()
			if tc.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tc.wantErr) {
					t.Fatalf("got %v, want an error with %q", err, tc.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s %s", tc.reason, diff)
			}
		})
	}
}

func TestReceivedAt(t *testing.T) {
	own, all := noon.AddDate(-2, 0, 0), noon.AddDate(-1, 0, 0)
	for name, tc := range map[string]struct {
		entry *entry.Entry
		all   *time.Time
		want  time.Time
	}{
		"its own":      {&entry.Entry{ReceivedAt: &own}, &all, own.Add(7 * time.Microsecond)},
		"for all":      {&entry.Entry{}, &all, all.Add(7 * time.Microsecond)},
		"the import's": {&entry.Entry{}, nil, noon.Add(7 * time.Microsecond)},
	} {
		if got := receivedAt(tc.entry, tc.all, noon, 7); !got.Equal(tc.want) {
			t.Errorf("%s: got %s, want %s", name, got, tc.want)
		}
	}
}
