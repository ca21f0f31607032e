package alert

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLoad(t *testing.T) {
	tests := map[string]struct {
		reason string
		file   string
		urls   []string
		change func(*Config) // of the default
		err    string
	}{
		"nothing": {reason: "the defaults are good", change: func(*Config) {}},
		"peers by flag": {
			reason: "the simple case needs no file", urls: []string{"http://a:9093", "https://b:9093/prefix"},
			change: func(c *Config) {
				c.Alertmanagers = []Alertmanager{{URL: "http://a:9093"}, {URL: "https://b:9093/prefix"}}
			},
		},
		"a threshold": {
			reason: "what is not said keeps its default",
			file:   "alerts:\n  ContactLinkFailing:\n    afterSeconds: 5\nlabels:\n  team: web\n",
			change: func(c *Config) {
				c.Alerts.LinkFailing.AfterSeconds = 5
				c.Labels = map[string]string{"team": "web"}
			},
		},
		"a misspelt alert":         {reason: "it would never be heard of", file: "alerts:\n  ContactLinkFaling: {}\n", err: "unknown field"},
		"a misspelt threshold":     {reason: "likewise", file: "alerts:\n  ContactLinkFailing:\n    after: 5\n", err: "unknown field"},
		"a label of ours":          {reason: "it would split or join incidents", file: "labels:\n  severity: page\n", err: `label "severity"`},
		"a label with a hyphen":    {reason: "older Alertmanagers refuse all", file: "labels:\n  my-team: web\n", err: `label "my-team"`},
		"credentials in a URL":     {reason: "they would be logged", urls: []string{"http://me:secret@a:9093"}, err: "username and passwordFile"},
		"no URL":                   {reason: "it can't be called", urls: []string{"alertmanager:9093"}, err: "not like http://"},
		"twice the same":           {reason: "a slip", urls: []string{"http://a:9093", "http://a:9093/"}, err: "named twice"},
		"a user without password":  {reason: "a slip", file: "alertmanagers:\n- url: http://a\n  username: me\n", err: "both username and passwordFile"},
		"too short a life":         {reason: "one lost send would end all alerts", file: "validSeconds: 60\n", err: "four times resendSeconds"},
		"a runbook without a host": {reason: "links lead nowhere", file: "runbookURL: runbook\n", err: "runbookURL"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			file := ""
			if tc.file != "" {
				file = filepath.Join(t.TempDir(), "alerts.yaml")
				if err := os.WriteFile(file, []byte(tc.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got, err := Load(file, tc.urls)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) || strings.Contains(err.Error(), "secret") {
					t.Errorf("%s: error %v, want %q", tc.reason, err, tc.err)
				}
				return
			}
			want := DefaultConfig()
			tc.change(want)
			if err != nil || !cmp.Equal(want, got) {
				t.Errorf("%s: %v %s", tc.reason, err, cmp.Diff(want, got))
			}
		})
	}
	if c, err := Load(filepath.Join("..", "..", "config", "alertmanager", "alerts.yaml"), nil); err != nil || len(c.Alertmanagers) != 3 {
		t.Errorf("the shipped configuration: %v", err)
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none"), nil); err == nil || !strings.Contains(err.Error(), "--alert-config") {
		t.Errorf("a missing file: %v", err)
	}
}

// The example in docs/alerts.md can be read, and holds the defaults.
func TestDocumentedDefaults(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "..", "docs", "alerts.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(content), "```yaml\nalertmanagers:")
	if !found {
		t.Fatal("docs/alerts.md has no example")
	}
	example, _, _ := strings.Cut(rest, "```")
	file := filepath.Join(t.TempDir(), "alerts.yaml")
	if err := os.WriteFile(file, []byte("alertmanagers:"+example), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Load(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	got.Alertmanagers, got.Labels = nil, nil
	if diff := cmp.Diff(DefaultConfig(), got); diff != "" {
		t.Error(diff)
	}
	for _, name := range Names {
		if !strings.Contains(string(content), "(runbook/"+string(name)+".md)") {
			t.Errorf("docs/alerts.md does not tell of %s", name)
		}
	}
}
