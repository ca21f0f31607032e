// Command bench measures what the system costs, against a bare loop that makes the same API writes and the same remote
// calls without an operator. It runs the built binaries through the launcher (hack/local), with a real kube-apiserver and
// etcd that syncs every write. docs/performance.md says how it measures and what it found. It is what "make bench" runs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// The parts that can be chosen.
const (
	partRatio  = "ratio"
	partAccept = "accept"
	partBurst  = "burst"
	partMemory = "memory"
)

var allParts = []string{partRatio, partAccept, partBurst, partMemory}

// options are what the command line says.
type options struct {
	world
	parts       []string
	submissions int
	clients     int
	rounds      int
	latencies   []int
	burstRate   int
	unfinished  int
	finished    int
	json        string
	profiles    string
}

func (o options) has(part string) bool { return slices.Contains(o.parts, part) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	if ctx.Err() != nil {
		err = errors.New("asked to stop; everything that it started has ended")
	}
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	o, err := readOptions(args)
	if err != nil {
		return err
	}
	r := newReport(o)
	err = measure(ctx, o, r)
	r.print(os.Stdout) // what was measured before an error is worth something
	if err != nil || o.json == "" {
		return err
	}
	return r.write(o.json)
}

func measure(ctx context.Context, o options, r *report) error {
	for _, p := range []struct {
		parts   []string
		measure func(context.Context, options, *report) error
	}{
		{[]string{partRatio, partAccept}, measureContest},
		{[]string{partBurst}, measureBurst},
		{[]string{partMemory}, measureMemory},
	} {
		if !slices.ContainsFunc(p.parts, o.has) {
			continue
		}
		if err := p.measure(ctx, o, r); err != nil {
			return err
		}
	}
	return nil
}

func readOptions(args []string) (options, error) {
	self, err := os.Executable()
	if err != nil {
		return options{}, err
	}
	o := options{world: world{bin: filepath.Dir(self)}}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	parts := f.String("parts", strings.Join(allParts, ","), "what to measure; blank for all")
	f.IntVar(&o.submissions, "submissions", 3000, "submissions in one round of ratio and accept")
	f.IntVar(&o.clients, "clients", 64, "senders at a time")
	f.IntVar(&o.rounds, "rounds", 3, "rounds of ratio and accept for each latency; the medians are shown")
	latencies := f.String("latencies", "0,20", "milliseconds that each remote call takes in ratio and accept")
	f.IntVar(&o.burstRate, "burst-rate", 0, "submissions a second that burst sends at most; 0: as many as are taken")
	f.IntVar(&o.unfinished, "unfinished", 10000, "unfinished submissions in memory")
	f.IntVar(&o.finished, "finished", 100000, "finished submissions in memory")
	f.StringVar(&o.json, "json", "", "file that the figures are written to as well")
	f.StringVar(&o.profiles, "profiles", "", "folder for CPU and allocation profiles of operator and intake, taken in a round of their own after the others")
	f.StringVar(&o.root, "root", filepath.Dir(o.bin), "the repository")
	f.StringVar(&o.assets, "assets", "", "folder of kube-apiserver, etcd and kubectl; default: as the launcher finds it")
	f.SetOutput(io.Discard) // an error is said once, by the caller
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		f.SetOutput(os.Stdout)
		f.PrintDefaults()
		return options{}, err
	} else if err != nil {
		return options{}, fmt.Errorf("%w; see --help", err)
	}
	if f.NArg() > 0 {
		return options{}, fmt.Errorf("unexpected arguments: %s", strings.Join(f.Args(), " "))
	}
	if o.parts, err = chosen(*parts); err != nil {
		return options{}, err
	}
	if o.latencies, err = numbers(*latencies); err != nil {
		return options{}, fmt.Errorf("--latencies: %w", err)
	}
	for name, n := range map[string]int{
		"submissions": o.submissions, "clients": o.clients, "rounds": o.rounds, "unfinished": o.unfinished, "finished": o.finished,
	} {
		if n < 1 {
			return options{}, fmt.Errorf("--%s is %d; it must be at least 1", name, n)
		}
	}
	if o.burstRate < 0 {
		return options{}, errors.New("--burst-rate must be 0 or more")
	}
	if o.finished < o.unfinished {
		return options{}, errors.New("--finished must be at least --unfinished: the unfinished ones are finished first")
	}
	return o, nil
}

// chosen reads a list of parts; a blank one means all.
func chosen(list string) ([]string, error) {
	if strings.TrimSpace(list) == "" {
		return allParts, nil
	}
	var parts []string
	for part := range strings.SplitSeq(list, ",") {
		part = strings.TrimSpace(part)
		if !slices.Contains(allParts, part) {
			return nil, fmt.Errorf("--parts: %q is none of %s", part, strings.Join(allParts, ", "))
		}
		parts = append(parts, part)
	}
	return parts, nil
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
