package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestTail(t *testing.T) {
	long := strings.Repeat("x", 20<<10)
	tests := map[string]struct {
		content string
		lines   int
		want    string
	}{
		"the last lines":      {"a\nb\nc\n", 2, "  b\n  c"},
		"fewer than asked":    {"a\n", 2, "  a"},
		"without a last \\n":  {"a\nb", 1, "  b"},
		"nothing":             {"", 2, "  (it is empty)"},
		"not all of one line": {"a\n" + long, 5, "  " + long[:16<<10]},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "log")
			if err := os.WriteFile(file, []byte(tc.content), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := tail(file, tc.lines); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
	if got := tail(filepath.Join(t.TempDir(), "none"), 1); !strings.Contains(got, "no such file") {
		t.Errorf("a missing log: %q", got)
	}
}

func quiet(string, ...any) {}

func newParts(t *testing.T) (*parts, context.Context) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	ps := &parts{logs: t.TempDir(), run: t.TempDir(), lost: cancel}
	t.Cleanup(func() { ps.stop(quiet) })
	return ps, ctx
}

func shell(name, script string, patience time.Duration) command {
	return command{name: name, path: "/bin/sh", args: []string{"-c", script}, patience: patience}
}

func TestAPartThatEndsByItselfIsSaid(t *testing.T) {
	ps, ctx := newParts(t)
	if err := ps.start(shell("steady", "exec sleep 600", time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := ps.start(shell("weak", "echo first; echo the reason >&2; exit 3", time.Minute)); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	var ended *endedEarly
	if err := context.Cause(ctx); !errors.As(err, &ended) || ended.name != "weak" || ended.how != "exit status 3" {
		t.Fatalf("the cause is %v", err)
	}
	if text := ended.Error(); !strings.Contains(text, "  first\n  the reason") {
		t.Errorf("the message lacks the log's end: %s", text)
	}
}

func TestStopEndsTheLastOneFirst(t *testing.T) {
	ps, ctx := newParts(t)
	file := filepath.Join(t.TempDir(), "order")
	for _, name := range []string{"one", "two", "three"} {
		ready := file + name
		err := ps.start(shell(name, "trap 'echo "+name+" >> "+file+"; exit 0' TERM; touch "+ready+"; while :; do sleep 0.05; done", time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		appears(t, ready)
	}
	ps.stop(quiet)
	order, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Fields(string(order)), []string{"three", "two", "one"}; !slices.Equal(got, want) {
		t.Errorf("stopped in the order %v, want %v", got, want)
	}
	if err := context.Cause(ctx); err != nil {
		t.Errorf("a requested stop was taken for a failure: %v", err)
	}
	if err := ps.start(shell("late", "exit 0", time.Minute)); !errors.Is(err, errRequested) {
		t.Errorf("a start after the stop: error %v, want %v", err, errRequested)
	}
}

func TestStopKillsWhatDoesNotListen(t *testing.T) {
	ps, _ := newParts(t)
	ready := filepath.Join(t.TempDir(), "ready")
	if err := ps.start(shell("deaf", "trap '' TERM; touch "+ready+"; while :; do sleep 0.05; done", time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	appears(t, ready)
	var said []string
	ps.stop(func(format string, _ ...any) { said = append(said, format) })
	if len(said) != 2 || !strings.Contains(said[1], "killed") {
		t.Errorf("said %q, want that it was killed", said)
	}
}

func TestWhatEndsIsStartedAgainInItsPlace(t *testing.T) {
	ps, ctx := newParts(t)
	ps.restartFromHere()
	file := filepath.Join(t.TempDir(), "starts")
	if err := ps.start(shell("weak", "echo again; echo x >> "+file+"; [ $(wc -l < "+file+") -lt 3 ] || { touch "+file+".enough; exec sleep 600; }; exit 3", time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := ps.start(shell("steady", "exec sleep 600", time.Minute)); err != nil {
		t.Fatal(err)
	}
	keeping, enough := context.WithCancel(ctx)
	kept := make(chan error, 1)
	go func() { kept <- ps.keep(keeping, quiet) }()
	appears(t, file+".enough")
	enough()
	if err := <-kept; err != nil {
		t.Fatal(err)
	}
	if err := context.Cause(ctx); err != nil {
		t.Errorf("a part that is started again ended everything: %v", err)
	}
	if got := ps.running[0].name; got != "weak" || len(ps.running) != 2 {
		t.Errorf("%d parts, the first is %s; want 2, and weak in its old place", len(ps.running), got)
	}
	log, err := os.ReadFile(filepath.Join(ps.logs, "weak.log"))
	if err != nil || strings.Count(string(log), "again") != 3 {
		t.Errorf("the log is %q (%v), want a line of each of the three starts", log, err)
	}
	pid, err := os.ReadFile(filepath.Join(ps.run, "weak.pid"))
	if want := strconv.Itoa(ps.running[0].cmd.Process.Pid) + "\n"; err != nil || string(pid) != want {
		t.Errorf("the file of the process id holds %q (%v), want %q", pid, err, want)
	}
	ps.stop(quiet)
	if _, err := os.Stat(filepath.Join(ps.run, "weak.pid")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file of the process id is still there after the end: %v", err)
	}
}

func TestPauseGrowsForWhatDoesNotLast(t *testing.T) {
	p := &part{}
	want := []time.Duration{200, 400, 800, 1600, 3200, 5000, 5000}
	for i, w := range want {
		if got := p.pause(time.Second); got != w*time.Millisecond {
			t.Errorf("pause %d is %s, want %s", i+1, got, w*time.Millisecond)
		}
	}
	if got := p.pause(time.Minute); got != restartPause {
		t.Errorf("after it has lasted the pause is %s, want %s", got, restartPause)
	}
}

// appears waits until a file is there: a shell has no other way to say that its trap is set.
func appears(t *testing.T, file string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for {
		if _, err := os.Stat(file); err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s does not appear", file)
		case <-ticker.C:
		}
	}
}
