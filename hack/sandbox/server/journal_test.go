package server_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

const (
	adaSubscribes = "/marketing/v1/subscribers/ada@example.com"
	bob           = "/crm/v1/contacts/bob@example.com"
)

// open opens a journal, and returns what it logs, too.
func open(t *testing.T, file string) (*server.Journal, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	j, err := server.OpenJournal(file, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() }) // as a rule the test has done it
	return j, &log
}

// run starts a sandbox on a journal, lets it work, stops it, and returns what the kept services held in the end.
func run(t *testing.T, file string, work func(*sandbox)) map[server.Service][]server.Record {
	t.Helper()
	j, _ := open(t, file)
	s := start(t, server.Options{Journal: j})
	work(s)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return map[server.Service][]server.Record{
		server.CRM: s.Records(server.CRM), server.Marketing: s.Records(server.Marketing),
	}
}

func idle(*sandbox) {}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file) //nolint:gosec // in a folder of the test
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestRecordsSurviveARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "records.jsonl")
	first := run(t, file, func(s *sandbox) {
		s.call(server.Verifier, "POST", "/verifier/v1/verify", map[string]any{"email": "ada@example.com"})
		s.call(server.CRM, "PUT", ada, map[string]any{"name": "Ada"})
		s.call(server.CRM, "PUT", ada, map[string]any{"name": "Ada <L.>", "attributes": map[string]any{"seats": 12.5, "tags": []any{}}})
		s.call(server.CRM, "PUT", bob, map[string]any{"name": "Bob"})
		s.call(server.CRM, "DELETE", bob, nil)
		s.call(server.Marketing, "PUT", adaSubscribes, map[string]any{"name": "Ada"})
		s.call(server.Marketing, "POST", adaSubscribes+"/unsubscribe", nil)
	})
	if got := first[server.CRM]; len(got) != 1 || got[0].Writes != 2 {
		t.Fatalf("before the restart: the CRM holds %+v, want one record with two writes", got)
	}

	// Twice: the second start reads what the first one has rewritten.
	for range 2 {
		if diff := cmp.Diff(first, run(t, file, idle)); diff != "" {
			t.Errorf("records after a restart (-before +after):\n%s", diff)
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v (%v), want rw for the owner alone", info.Mode().Perm(), err)
	}
	if rewritten := read(t, file); strings.Contains(rewritten, "bob@example.com") || strings.Count(rewritten, "\n") != 4 {
		t.Errorf("the rewritten file holds more than two records, and a line for each service:\n%s", rewritten)
	}

	run(t, file, func(s *sandbox) {
		if n := len(s.Records(server.Verifier)); n != 0 {
			t.Errorf("the verifier has %d records; what it was asked is not kept", n)
		}
		status, got := s.call(server.CRM, "PUT", bob, map[string]any{"name": "Bob"})
		if status != 201 || got["id"] != "crm-3" {
			t.Errorf("a new record: status %d, id %v; want 201, crm-3: no id is given twice", status, got["id"])
		}
		if status, _ := s.call(server.CRM, "PUT", ada, first[server.CRM][0].Fields); status != 200 || s.Records(server.CRM)[0].Writes != 2 {
			t.Errorf("the same again: status %d, %d writes; want 200 and no write", status, s.Records(server.CRM)[0].Writes)
		}
		status, got = s.call(server.Marketing, "PUT", adaSubscribes, map[string]any{"status": "subscribed"})
		if status != 200 || got["status"] != "unsubscribed" {
			t.Errorf("who has left is written again: status %d, %v; want 200, unsubscribed", status, got["status"])
		}
	})
}

func TestOpenJournal(t *testing.T) {
	const line = `{"service":"crm","serial":1,"record":{"key":"ada@example.com","email":"ada@example.com","id":"crm-1","writes":1,"fields":{}}}` + "\n"
	tests := map[string]struct {
		reason      string
		content     string
		wantRecords int
		wantLog     string
		wantError   string
	}{
		"whole":                    {content: line, wantRecords: 1, wantLog: "records=1"},
		"empty":                    {reason: "a reset leaves it so", wantLog: "records=0"},
		"a torn second line":       {content: line + line[:60], wantRecords: 1, wantLog: "line=2 bytes=60"},
		"a torn only line":         {content: line[:1], wantLog: "line=1 bytes=1"},
		"only the line break torn": {content: strings.TrimSpace(line), wantLog: "line=1"},
		"a torn line before others": {
			reason:  "that is no killed process: it must not cost the records behind it",
			content: line[:60] + "\n" + line, wantError: "line 1 of ",
		},
		"another service": {content: line + `{"service":"verifier","serial":1}` + "\n", wantError: "line 2 of "},
		"another file":    {content: "key: value\n", wantError: "line 1 of "},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "records.jsonl")
			if err := os.WriteFile(file, []byte(tc.content), 0o600); err != nil {
				t.Fatal(err)
			}
			if tc.wantError != "" {
				_, err := server.OpenJournal(file, slog.New(slog.DiscardHandler))
				if err == nil || !strings.Contains(err.Error(), tc.wantError) || strings.Contains(err.Error(), "ada") {
					t.Errorf("error is %v, want one with %q and nothing of the records; %s", err, tc.wantError, tc.reason)
				}
				if diff := cmp.Diff(tc.content, read(t, file)); diff != "" {
					t.Errorf("the file has changed (-before +after):\n%s", diff)
				}
				return
			}
			j, log := open(t, file)
			if got := log.String(); !strings.Contains(got, tc.wantLog) || strings.Contains(got, "ada") ||
				strings.Contains(got, "level=WARN") != (tc.content != "" && !strings.HasSuffix(tc.content, "\n")) {
				t.Errorf("the log should say %q, nothing of the records, and warn of a torn line alone: %s", tc.wantLog, got)
			}
			s := start(t, server.Options{Journal: j})
			if got := len(s.Records(server.CRM)); got != tc.wantRecords {
				t.Errorf("%d records, want %d", got, tc.wantRecords)
			}
			s.call(server.CRM, "PUT", bob, map[string]any{})
			if got := run(t, file, idle)[server.CRM]; len(got) != tc.wantRecords+1 {
				t.Errorf("after a write and a restart: %d records, want %d", len(got), tc.wantRecords+1)
			}
		})
	}
}

func TestOpenJournalRefusesWhatItCanNotReplace(t *testing.T) {
	dir := t.TempDir()
	for reason, path := range map[string]string{
		"a folder":            dir,
		"a file in no folder": filepath.Join(dir, "none", "records.jsonl"),
	} {
		if _, err := server.OpenJournal(path, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error is %v, want one that names it", reason, err)
		}
	}
}

func TestResetEmptiesTheJournal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "records.jsonl")
	run(t, file, func(s *sandbox) {
		s.call(server.CRM, "PUT", ada, map[string]any{})
		s.call(server.Marketing, "PUT", adaSubscribes, map[string]any{})
		if status := s.put("/_reset", nil); status != 204 {
			t.Fatalf("reset: status %d", status)
		}
		if got := read(t, file); got != "" {
			t.Errorf("after the reset the file holds %q", got)
		}
		s.call(server.CRM, "PUT", bob, map[string]any{})
	})
	want := map[server.Service][]server.Record{
		server.CRM:       {{Key: "bob@example.com", Email: "bob@example.com", ID: "crm-1", Writes: 1, Fields: map[string]any{}}},
		server.Marketing: nil,
	}
	if diff := cmp.Diff(want, run(t, file, idle)); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

func TestNothingChangesThatTheJournalDoesNotTake(t *testing.T) {
	j, log := open(t, filepath.Join(t.TempDir(), "records.jsonl"))
	s := start(t, server.Options{Journal: j})
	s.call(server.CRM, "PUT", ada, map[string]any{})
	s.call(server.Marketing, "PUT", adaSubscribes, map[string]any{})
	before := [][]server.Record{s.Records(server.CRM), s.Records(server.Marketing)}
	if err := j.Close(); err != nil { // stands for a full disk
		t.Fatal(err)
	}
	for name, call := range map[string]struct {
		service      server.Service
		method, path string
		body         map[string]any
	}{
		"create":      {server.CRM, "PUT", bob, map[string]any{}},
		"change":      {server.CRM, "PUT", ada, map[string]any{"name": "Ada"}},
		"delete":      {server.CRM, "DELETE", ada, nil},
		"subscribe":   {server.Marketing, "PUT", adaSubscribes, map[string]any{"name": "Ada"}},
		"unsubscribe": {server.Marketing, "POST", adaSubscribes + "/unsubscribe", nil},
	} {
		if status, _ := s.call(call.service, call.method, call.path, call.body); status != 500 {
			t.Errorf("%s: status %d, want 500", name, status)
		}
	}
	if status := s.put("/_reset", nil); status != 500 {
		t.Errorf("reset: status %d, want 500", status)
	}
	if diff := cmp.Diff(before, [][]server.Record{s.Records(server.CRM), s.Records(server.Marketing)}); diff != "" {
		t.Errorf("records (-before +after):\n%s", diff)
	}
	if got := log.String(); !strings.Contains(got, "level=ERROR") || strings.Contains(got, "ada@example.com") {
		t.Errorf("the log should say that a write failed, and not whose: %s", got)
	}
}
