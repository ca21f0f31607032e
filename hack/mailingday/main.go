// Command mailingday plays the day after a mailing to everybody: many people fill in the form in bursts, and from a third of
// the way on the marketing system breaks connections, hangs, and is away altogether for a while. It shows how the system does,
// and judges it in the end. docs/chaos.md says how each figure is measured.
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
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := mailingDay(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "mailingday:", err)
		stop()
		os.Exit(1)
	}
}

// options say how large the day is.
type options struct {
	posts, people, bursts int
	every                 time.Duration // from burst to burst
	partly, wholly        time.Duration // how long the marketing system fails
	rate                  int           // calls a second that it takes
	seed                  uint64
	bin, root, assets     string
	dir                   string
}

func mailingDay(ctx context.Context, args []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	bin := filepath.Dir(self)
	o := options{}
	f := flag.NewFlagSet("mailingday", flag.ContinueOnError)
	f.IntVar(&o.posts, "posts", 5000, "submissions")
	f.IntVar(&o.people, "people", 3000, "addresses among them")
	f.IntVar(&o.bursts, "bursts", 20, "bursts in which they come")
	f.DurationVar(&o.every, "every", 8*time.Second, "time from one burst to the next")
	f.DurationVar(&o.partly, "partly", 25*time.Second, "how long the marketing system resets half of its connections and hangs a quarter")
	f.DurationVar(&o.wholly, "wholly", 40*time.Second, "how long after that it resets all of them")
	f.IntVar(&o.rate, "rate", 40, "calls a second that the marketing system takes, as its Integration says")
	f.Uint64Var(&o.seed, "seed", 1, "another seed makes other people")
	f.StringVar(&o.bin, "bin", bin, "folder of the built binaries")
	f.StringVar(&o.root, "root", filepath.Dir(bin), "the repository")
	f.StringVar(&o.assets, "assets", "", "folder of kube-apiserver and etcd (default: what the launcher finds)")
	f.StringVar(&o.dir, "dir", "", "folder for the system's state, kept afterwards (default: a temporary one, kept when something fails)")
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 || o.bursts < 6 || o.posts < o.bursts || o.people < 1 || o.rate < 1 {
		return errors.New("give no arguments, six bursts or more, and no fewer submissions than bursts; see --help")
	}
	return play(ctx, o)
}
