package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

// plainEvery is the time between two views where they can't be drawn over one another.
const plainEvery = 5 * time.Second

// screen shows lines that change in their place, below what is said. Where the output is no terminal, it prints them now and
// then.
type screen struct {
	out      io.Writer
	terminal bool

	mu    sync.Mutex
	shown []string
	last  time.Time
}

func newScreen(out *os.File) *screen {
	return &screen{out: out, terminal: term.IsTerminal(int(out.Fd()))} //nolint:gosec // a file descriptor is small
}

// say prints a line that stays.
func (s *screen) say(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wipe()
	_, _ = fmt.Fprintln(s.out, line)
	if s.terminal {
		s.draw(s.shown)
	}
}

// show puts these lines in the place of the last ones.
func (s *screen) show(lines []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.terminal {
		if time.Since(s.last) >= plainEvery {
			s.last = time.Now()
			_, _ = fmt.Fprintln(s.out, strings.Join(lines, "\n"))
		}
		return
	}
	s.wipe()
	s.draw(lines)
	s.shown = lines
}

// wipe takes away the lines that are shown.
func (s *screen) wipe() {
	if s.terminal && len(s.shown) > 0 {
		_, _ = fmt.Fprintf(s.out, "\x1b[%dA\x1b[J", len(s.shown))
	}
}

func (s *screen) draw(lines []string) {
	for _, l := range lines {
		_, _ = fmt.Fprintln(s.out, l)
	}
}

// bar is the progress of the visitors.
func bar(since time.Duration, done, all int) string {
	const width = 40
	full := width * done / all
	return fmt.Sprintf("%4.0f s  [%s%s]  %d of %d visitors thanked", since.Seconds(), strings.Repeat("#", full), strings.Repeat(".", width-full), done, all)
}

func heading() string {
	return fmt.Sprintf("        %-10s %-12s %-9s %8s %9s %9s %8s %8s", "link", "health", "circuit", "waiting", "calls", "records/s", "failed", "p95")
}

// row is one link: what its Integration says, and what the system behind it has counted.
func row(i *v1alpha1.Integration, s server.ServiceStats, pace float64) string {
	health := "?"
	if c := meta.FindStatusCondition(i.Status.Conditions, v1alpha1.ConditionReady); c != nil {
		health = c.Reason
	}
	circuit := string(i.Status.Circuit)
	if circuit == "" {
		circuit = "-"
	}
	return fmt.Sprintf("        %-10s %-12s %-9s %8s %9d %9.0f %8s %8s", i.Name, health, circuit, figure(i.Status.Waiting, ""), s.Calls, pace,
		figure(i.Status.RecentFailures, ""), figure(i.Status.P95LatencyMilliseconds, " ms"))
}

func figure(n *int32, unit string) string {
	if n == nil {
		return "-"
	}
	return fmt.Sprint(*n) + unit
}
