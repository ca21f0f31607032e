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
	"strconv"
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
	log     string
	cmd     *exec.Cmd
	begun   time.Time
	failed  int           // how often in a row it has ended soon after its start
	ended   chan struct{} // closed when the process is gone
	pidFile string
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
	run  string                  // folder of the files that hold the process ids, <part>.pid
	lost context.CancelCauseFunc // told when a part ends by itself

	mu       sync.Mutex
	running  []*part
	stopping bool
	dead     chan *part // gets what is to be started again; nil: nothing is
}

// start starts a part, with a fresh log. Call it on the main thread; see main.
func (ps *parts) start(c command) error {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	p, err := ps.launch(c, os.O_TRUNC)
	if err != nil {
		return err
	}
	ps.running = append(ps.running, p)
	return nil
}

// startAgain starts a part that has ended, in its old place. Its log goes on. Call it on the main thread, too.
func (ps *parts) startAgain(old *part) error {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	p, err := ps.launch(old.command, 0)
	if err != nil {
		return err
	}
	p.failed = old.failed
	ps.running[slices.Index(ps.running, old)] = p
	return nil
}

// launch starts a process. The lock must be held.
func (ps *parts) launch(c command, logFlag int) (*part, error) {
	if ps.stopping {
		return nil, errRequested
	}
	for _, folder := range []string{ps.logs, ps.run} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, err
		}
	}
	log, err := os.OpenFile(filepath.Join(ps.logs, c.name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND|logFlag, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()     // the process has its own
	cmd := exec.Command(c.path, c.args...) //nolint:gosec,noctx // the launcher's own choice; it is stopped in order, not by a context
	cmd.Env = append(os.Environ(), c.env...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = apart()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s does not start: %w", c.name, err)
	}
	p := &part{
		command: c, log: log.Name(), cmd: cmd, begun: time.Now(), ended: make(chan struct{}),
		pidFile: filepath.Join(ps.run, c.name+".pid"),
	}
	if err := os.WriteFile(p.pidFile, []byte(strconv.Itoa(cmd.Process.Pid)+"\n"), 0o600); err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return nil, err
	}
	go ps.watch(p)
	return p, nil
}

// watch waits for the end of a part.
func (ps *parts) watch(p *part) {
	err := p.cmd.Wait()
	_ = os.Remove(p.pidFile) // before anybody can start it again
	close(p.ended)
	ps.mu.Lock()
	expected, dead := ps.stopping, ps.dead
	ps.mu.Unlock()
	if expected {
		return
	}
	how := p.cmd.ProcessState.String()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		how = err.Error()
	}
	if dead != nil {
		dead <- p
		return
	}
	ps.lost(&endedEarly{name: p.name, how: how, log: p.log})
}

const (
	// restartPause is the time before a part is started again. It doubles, up to the longest, for one that does not last.
	restartPause  = 200 * time.Millisecond
	longestPause  = 5 * time.Second
	longEnough    = 20 * time.Second
	deadPartsKept = 16 // more than there are parts
)

// pause is how long to wait before a part is started again.
func (p *part) pause(lasted time.Duration) time.Duration {
	if lasted >= longEnough {
		p.failed = 0
	}
	pause := min(restartPause<<min(p.failed, 8), longestPause)
	p.failed++
	return pause
}

// restartFromHere makes keep start again what ends from now on.
func (ps *parts) restartFromHere() {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.dead = make(chan *part, deadPartsKept)
}

// keep starts again whatever ends, until ctx ends. Call it on the main thread, too. Nothing is lost when it ends: what died
// before is in the channel.
func (ps *parts) keep(ctx context.Context, say func(string, ...any)) error {
	due := make(chan *part, deadPartsKept)
	for {
		select {
		case <-ctx.Done():
			return nil
		case p := <-ps.dead:
			pause := p.pause(time.Since(p.begun))
			say("%s ended (%s) and is started again in %s", p.name, p.cmd.ProcessState, pause)
			time.AfterFunc(pause, func() { due <- p })
		case p := <-due:
			if err := ps.startAgain(p); err != nil {
				return err
			}
		}
	}
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
		_ = p.cmd.Process.Signal(syscall.SIGCONT) // somebody may have stopped it
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
