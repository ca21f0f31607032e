// Package run runs seeds of chaos, one after the other, on one system.
package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/contact-operator/contact-operator/hack/chaos/system"
)

// Options say what is run.
type Options struct {
	// First seed, and how many.
	First uint64
	Seeds int
	// Posts is how many submissions are sent in each.
	Posts int
	// Duration is how long things break.
	Duration time.Duration
	// QuietLimit is how long the system may take to come to rest.
	QuietLimit time.Duration
	// Short: five faults only.
	Short bool
	// Bin, Root and Assets are as in system.Options.
	Bin, Root, Assets string
	// Dir of the state; "": a temporary one, which is kept when a check fails.
	Dir string
	// Out is told how it goes.
	Out io.Writer
}

// Run runs the seeds. The report is there as far as it came, also after an error.
func Run(ctx context.Context, o Options) (report *Report, err error) {
	dir, temporary := o.Dir, o.Dir == ""
	if temporary {
		if dir, err = os.MkdirTemp("", "contact-operator-chaos-"); err != nil {
			return nil, err
		}
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	disk := newDisk(filepath.Join(dir, "spool"))
	report = &Report{Dir: dir, Notes: disk.notes}
	defer func() {
		err = errors.Join(err, disk.unmount())
		if temporary && err == nil && report.Good() {
			err = os.RemoveAll(dir)
			report.Dir = ""
		}
	}()

	_, _ = fmt.Fprintf(o.Out, "starting the system in %s\n", dir)
	said, err := os.OpenFile(filepath.Join(dir, "launcher.log"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // in our own folder
	if err != nil {
		return report, err
	}
	defer func() { _ = said.Close() }()
	s, err := system.Start(ctx, system.Options{Bin: o.Bin, Root: o.Root, Assets: o.Assets, Dir: dir, Out: stamped{said}})
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	for i := range o.Seeds {
		r := &runner{Options: o, system: s, seed: o.First + uint64(i), disk: disk} //nolint:gosec // a count
		result, err := r.run(ctx)
		if result != nil {
			report.Results = append(report.Results, *result)
		}
		if err != nil {
			return report, fmt.Errorf("seed %d: %w", r.seed, err)
		}
	}
	return report, nil
}

// stamped puts the time before what is written: whole lines.
type stamped struct{ to io.Writer }

func (s stamped) Write(line []byte) (int, error) {
	if _, err := fmt.Fprintf(s.to, "%s %s", time.Now().Format(time.TimeOnly), line); err != nil {
		return 0, err
	}
	return len(line), nil
}
