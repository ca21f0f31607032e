package intake

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-logr/logr/funcr"
)

func TestParseKeys(t *testing.T) {
	long := strings.Repeat("x", minKey)
	cases := map[string]struct {
		content string
		want    int
		wantErr string
	}{
		"one":                      {content: long, want: 1},
		"comments and blank lines": {content: "# new\n" + long + "\n\n# old\n " + strings.Repeat("y", 80) + " \r\n", want: 2},
		"too short":                {content: long + "\nshort\n", wantErr: "line 2 has 5 characters"},
		"too many":                 {content: strings.Repeat(long+"\n", maxKeys+1), wantErr: "more than 8 keys"},
		"nothing":                  {content: "\n# nothing\n", wantErr: "it holds no key"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			ring, err := parseKeys([]byte(tc.content))
			if (err != nil) != (tc.wantErr != "") || (err != nil && !strings.Contains(err.Error(), tc.wantErr)) {
				t.Fatalf("error %v, want %q", err, tc.wantErr)
			}
			if len(ring) != tc.want {
				t.Errorf("%d keys, want %d", len(ring), tc.want)
			}
		})
	}
}

// TestKeyFileComesAndGoes: the feature follows the file, and a file that is no use never takes it away.
func TestKeyFileComesAndGoes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	secret := strings.Repeat("s", minKey)
	var logged []string
	k := newTokenKeys(path, funcr.New(func(_, args string) { logged = append(logged, args) }, funcr.Options{}))
	write := func(content string) {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		k.reload()
	}
	steps := []struct {
		reason   string
		do       func()
		wantKeys int
		wantLogs int
	}{
		{"no file: nobody is known, and it is said once", func() { k.reload() }, 0, 1},
		{"the file arrives", func() { write(secret) }, 1, 2},
		{"nothing has changed", func() { k.reload() }, 1, 2},
		{"a bad file: the keys stay", func() { write("short") }, 1, 3},
		{"still bad", func() { k.reload() }, 1, 3},
		{"mended, as it was before", func() { write(secret) }, 1, 4},
		{"turned", func() { write(strings.Repeat("t", minKey) + "\n" + secret) }, 2, 5},
		{"gone: the keys stay", func() { _ = os.Remove(path); k.reload() }, 2, 6},
	}
	for _, s := range steps {
		s.do()
		if len(k.keys()) != s.wantKeys || len(logged) != s.wantLogs {
			t.Errorf("%s: %d keys and %d lines logged, want %d and %d", s.reason, len(k.keys()), len(logged), s.wantKeys, s.wantLogs)
		}
	}
	if all := strings.Join(logged, ""); strings.Contains(all, secret) || strings.Contains(all, "short") {
		t.Errorf("a key is in the log: %s", all)
	}
}
