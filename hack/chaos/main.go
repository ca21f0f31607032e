// Command chaos runs the whole system, sends it traffic, breaks everything around it and in it on a seeded schedule, ends all
// faults, waits for quiet, and checks that nothing was lost, doubled or told wrongly. docs/chaos.md says how to read it.
//
// The same seed makes the same traffic and the same schedule. What the machine makes of it may still differ.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/contact-operator/contact-operator/hack/chaos/run"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := chaos(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		stop()
		os.Exit(1)
	}
}

func chaos(ctx context.Context, args []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	bin := filepath.Dir(self)
	o := run.Options{Out: os.Stdout}
	f := flag.NewFlagSet("chaos", flag.ContinueOnError)
	f.IntVar(&o.Seeds, "seeds", 3, "how many seeds to run, one after the other")
	f.Uint64Var(&o.First, "seed", 1, "the first seed; with --seeds=1 that one again")
	f.IntVar(&o.Posts, "posts", 500, "submissions that are sent in each seed")
	f.DurationVar(&o.Duration, "duration", 30*time.Second, "how long things break in each seed")
	f.DurationVar(&o.QuietLimit, "quiet-limit", 3*time.Minute, "how long the system may take to come to rest after the last fault")
	f.BoolVar(&o.Short, "short", false, "five faults only")
	f.StringVar(&o.Bin, "bin", bin, "folder of the built binaries")
	f.StringVar(&o.Root, "root", filepath.Dir(bin), "the repository")
	f.StringVar(&o.Assets, "assets", "", "folder of kube-apiserver and etcd (default: what the launcher finds)")
	f.StringVar(&o.Dir, "dir", "", "folder for the system's state, kept afterwards (default: a temporary one, kept when a check fails)")
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 || o.Seeds < 1 {
		return errors.New("give --seeds as a number above 0, and no arguments; see --help")
	}
	report, err := run.Run(ctx, o)
	if report != nil {
		report.Print(os.Stdout)
	}
	if err != nil {
		return err
	}
	if !report.Good() {
		return errors.New("a check failed; what is said above names it")
	}
	return nil
}
