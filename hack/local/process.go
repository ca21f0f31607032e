package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// command says how a part is started.
type command struct {
	name     string // of the part; its log is called so
	path     string // of the binary
	args     []string
	env      []string      // besides the launcher's own
	patience time.Duration // for it to stop, before it is killed
}

// part is one running process of the system.
type part struct {
	command
	log   string
	cmd   *exec.Cmd
	ended chan struct{} // closed when the process is gone
}

// endedEarly is why everything stops when a part ends by itself.
type endedEarly struct{ name, how, log string }

func (e *endedEarly) Error() string {
	return fmt.Sprintf("%s ended by itself (%s), so everything stops. The last lines of %s:\n%s",
		e.name, e.how, e.log, tail(e.log, 15))
}

// parts are the running processes, in the order in which they were started.
type parts struct {
	logs string                  // folder
	lost context.CancelCauseFunc // told when a part ends by itself

	mu       sync.Mutex
	running  []*part
	stopping bool
}

// start starts a part, with a fresh log. Call it on the main thread; see main.
func (ps *parts) start(c command) error {
	if err := os.MkdirAll(ps.logs, 0o700); err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(ps.logs, c.name+".log"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()     // the process has its own
	cmd := exec.Command(c.path, c.args...) //nolint:gosec,noctx // the launcher's own choice; it is stopped in order, not by a context
	cmd.Env = append(os.Environ(), c.env...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = apart()

	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.stopping {
		return errRequested
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s does not start: %w", c.name, err)
	}
	p := &part{command: c, log: log.Name(), cmd: cmd, ended: make(chan struct{})}
	ps.running = append(ps.running, p)
	go ps.watch(p)
	return nil
}

// watch waits for the end of a part.
func (ps *parts) watch(p *part) {
	err := p.cmd.Wait()
	close(p.ended)
	ps.mu.Lock()
	expected := ps.stopping
	ps.mu.Unlock()
	if expected {
		return
	}
	how := p.cmd.ProcessState.String()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		how = err.Error()
	}
	ps.lost(&endedEarly{name: p.name, how: how, log: p.log})
}

// stop ends the parts, the last one first, each given its patience: whoever writes stops before what it writes to.
func (ps *parts) stop(say func(string, ...any)) {
	ps.mu.Lock()
	ps.stopping = true
	running := slices.Clone(ps.running)
	ps.mu.Unlock()
	for _, p := range slices.Backward(running) {
		select {
		case <-p.ended:
			continue
		default:
		}
		say("stopping %s", p.name)
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		timer := time.NewTimer(p.patience)
		select {
		case <-p.ended:
		case <-timer.C:
			say("%s did not stop within %s and is killed; its log: %s", p.name, p.patience, p.log)
			_ = p.cmd.Process.Kill()
			<-p.ended
		}
		timer.Stop()
	}
}

// kill ends the parts at once.
func (ps *parts) kill() {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.stopping = true
	for _, p := range ps.running {
		_ = p.cmd.Process.Kill()
	}
}

// tail returns the last lines of a file, indented.
func tail(file string, lines int) string {
	const window = 16 << 10
	f, err := os.Open(file) //nolint:gosec // a log of our own
	if err != nil {
		return "  (" + err.Error() + ")"
	}
	defer func() { _ = f.Close() }()
	if size, err := f.Seek(0, io.SeekEnd); err == nil {
		_, _ = f.Seek(max(0, size-window), io.SeekStart)
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return "  (" + err.Error() + ")"
	}
	text := strings.TrimRight(string(data), "\n")
	if text == "" {
		return "  (it is empty)"
	}
	all := strings.Split(text, "\n")
	return "  " + strings.Join(all[max(0, len(all)-lines):], "\n  ")
}
