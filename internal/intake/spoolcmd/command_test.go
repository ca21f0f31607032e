package spoolcmd

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/intake/spool"
)

const secret = "ada@secret.example"

// newSpool makes a spool with two dead letters and one entry that waits, encrypted. While serve is true an intake has it open.
func newSpool(t *testing.T, serve bool) (dir, keys string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "spool") // short: a socket's path has a limit
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	keys = filepath.Join(t.TempDir(), "keys")
	content := []byte(strings.Repeat("k", 32))
	if err := os.WriteFile(keys, content, 0o600); err != nil {
		t.Fatal(err)
	}
	ring, err := spool.ParseKeys(content)
	if err != nil {
		t.Fatal(err)
	}
	store, err := spool.Open(spool.Options{Dir: dir, Limit: 1 << 30, Keys: func() *spool.Keyring { return ring }, Log: logr.Discard()})
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"dead1", "dead2", "waits"} {
		key := spool.NewKey(time.Unix(int64(i), 0), "ns", name)
		if err := <-store.Put(key, []byte(`{"spec":{"pipelineRef":{"name":"trial"},"contact":{"email":"`+secret+`"}}}`)); err != nil {
			t.Fatal(err)
		}
		if name != "waits" {
			if err := <-store.Bury(key, spool.ReasonInvalid); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !serve {
		store.Close()
		return dir, keys
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- spool.Serve(ctx, dir, store, logr.Discard()) }()
	for {
		if _, err := spool.Dial(t.Context(), dir); err == nil {
			break
		}
	}
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		store.Close()
	})
	return dir, "" // the running intake has the keys
}

// run runs the command and returns what it printed.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	command := New()
	command.SetOut(&out)
	command.SetErr(&out)
	command.SetArgs(args)
	err := command.ExecuteContext(t.Context())
	return out.String(), err
}

func TestCommand(t *testing.T) {
	for name, serve := range map[string]bool{"while an intake runs": true, "while none runs": false} {
		t.Run(name, func(t *testing.T) {
			dir, keys := newSpool(t, serve)
			// Each step goes on where the one before it ended.
			for _, step := range []struct {
				args    string
				want    []string
				wantNot string
				wantErr string
			}{
				{args: "list", want: []string{"dead1", "dead2", "invalid", "1970-01-01T00:00:01Z"}, wantNot: "waits"},
				{args: "list --json", want: []string{`"name":"dead1"`}, wantNot: secret},
				{args: "list --pending", want: []string{"waits"}, wantNot: "dead1"},
				{args: "list dead2 --reason=invalid -n ns", want: []string{"dead2"}, wantNot: "dead1"},
				{args: "list --reason=corrupt", want: []string{"There are none."}},
				{args: "show", wantErr: "name what to show"},
				{args: "show nothing", wantErr: "no such entry"},
				{args: "show dead1", want: []string{secret, `"reason": "invalid"`}, wantNot: "dead2"},
				{args: "retry", wantErr: "give either names or --all"},
				{args: "retry dead1 --all", wantErr: "give either names or --all"},
				{args: "retry waits", wantErr: "no such entry"},
				{args: "purge dead1", wantErr: "give --yes"},
				{args: "retry dead1", want: []string{"1 put back in the queue"}},
				{args: "purge --all --yes", want: []string{"1 deleted"}},
				{args: "stats", want: []string{`"pending": 2`}, wantNot: "deadLetters"},
				{args: "purge dead1 --pending --yes", want: []string{"1 deleted"}},
				{args: "list --pending", want: []string{"waits"}, wantNot: "dead1"},
			} {
				args := append(strings.Fields(step.args), "--spool-dir="+dir, "--spool-key-file="+keys)
				out, err := run(t, args...)
				if (err == nil) != (step.wantErr == "") || (err != nil && !strings.Contains(err.Error(), step.wantErr)) {
					t.Fatalf("%s: error %v, want %q", step.args, err, step.wantErr)
				}
				for _, want := range step.want {
					if !strings.Contains(out, want) {
						t.Errorf("%s: printed %s\nwant %q", step.args, out, want)
					}
				}
				if step.wantNot != "" && strings.Contains(out, step.wantNot) {
					t.Errorf("%s: printed %s\nwithout %q", step.args, out, step.wantNot)
				}
			}
			out, err := run(t, "export", "--pending", "--spool-dir="+dir, "--spool-key-file="+keys)
			var submission v1alpha1.ContactSubmission
			if err != nil || json.Unmarshal([]byte(out), &submission) != nil || submission.Name != "waits" || submission.Namespace != "ns" ||
				submission.Kind != "ContactSubmission" || submission.Spec.Contact.Email != secret {
				t.Errorf("exported %s (%v)", out, err)
			}
		})
	}
}

func TestCommandRefuses(t *testing.T) {
	dir, _ := newSpool(t, false)
	empty := t.TempDir()
	short := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(short, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct{ args, want string }{
		"no folder named":    {"list", "spool-dir"},
		"no such folder":     {"list --spool-dir=" + filepath.Join(empty, "x"), "no such file or directory"},
		"no spool there":     {"list --spool-dir=" + empty, "no such file or directory"},
		"keys that are none": {"list --spool-dir=" + dir + " --spool-key-file=" + short, "line 1 has 5 characters"},
		"without its key":    {"export --pending --spool-dir=" + dir, "1 not exported: the record is encrypted"},
		"an unknown word":    {"lost --spool-dir=" + dir, "unknown command"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			out, err := run(t, strings.Fields(tc.args)...)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("printed %s, error %v, want %q", out, err, tc.want)
			}
		})
	}
	if left, err := os.ReadDir(empty); err != nil || len(left) > 0 {
		t.Errorf("looking made %v (%v)", left, err)
	}
}
