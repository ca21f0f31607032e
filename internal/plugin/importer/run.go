package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/plugin/entry"
)

const (
	// window is how many records are on their way at most, those included that wait for an earlier one to be done.
	window = 256
	// saveInterval is the time between two checkpoints.
	saveInterval = time.Second
	// source keeps the names of what is imported apart from those of other doors.
	nameSource = "kubectl-contacts import"
)

// run is one import: it reads, sends a few at a time, and takes down what became of each record in the order of the file.
type run struct {
	records   records
	plans     *plans
	sender    *sender
	target    target
	channel   string
	received  *time.Time // for entries without a time of their own; nil: when the import began
	statement string

	concurrency int
	now         func() time.Time

	state    *checkpoint
	path     string // of the checkpoint
	faults   *faults
	progress progress

	early map[int64]result // what became of records that wait for an earlier one
	ahead []int64          // as the checkpoint told when the import began
}

// job is one record on its way, result what became of it.
type job struct {
	number int64 // among all records of the file
	rec    record
}

type result struct {
	job
	fate    fate
	problem string
}

// do imports what the checkpoint does not tell to be done. When ctx is stopped it waits for what is on its way, writes
// the checkpoint, and returns the context's error.
func (r *run) do(ctx context.Context) error {
	stoppable, stop := context.WithCancel(ctx)
	defer stop()
	group, working := errgroup.WithContext(stoppable)
	jobs, results := make(chan job), make(chan result)
	slots := make(chan struct{}, window)
	done := r.state.Read
	r.early, r.ahead = map[int64]result{}, r.state.Ahead
	group.Go(func() error {
		defer close(jobs)
		return r.read(working, done, jobs, slots)
	})
	group.Go(func() error {
		defer close(results)
		workers, inside := errgroup.WithContext(working)
		for range r.concurrency {
			workers.Go(func() error { return r.work(inside, jobs, results) })
		}
		return workers.Wait()
	})
	// The collector ends when results is closed, never earlier: what was sent is taken down.
	collected := r.collect(results, slots, stop)
	err := group.Wait()
	if err == nil {
		err = ctx.Err()
	}
	r.state.Complete = err == nil && collected == nil
	return errors.Join(err, collected, r.save())
}

// read feeds the records after those that are done.
func (r *run) read(ctx context.Context, done int64, jobs chan<- job, slots chan<- struct{}) error {
	for number := int64(1); ; number++ {
		rec, err := r.records.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the file: %w", err)
		}
		if number <= done {
			continue
		}
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		select {
		case jobs <- job{number, rec}:
		case <-ctx.Done():
			return nil
		}
	}
}

// work sends records until there are none, or ctx is stopped. Results always have a reader, so it never waits for one
// that is gone.
func (r *run) work(ctx context.Context, jobs <-chan job, results chan<- result) error {
	for {
		var out result
		var open bool
		select {
		case <-ctx.Done():
			return nil
		case out.job, open = <-jobs:
			if !open {
				return nil
			}
		}
		var err error
		out.fate, out.problem, err = r.one(ctx, out.job)
		results <- out
		if err != nil {
			return err
		}
	}
}

// one sends one record.
func (r *run) one(ctx context.Context, j job) (fate, string, error) {
	switch {
	case ctx.Err() != nil:
		return undone, "", nil
	case j.rec.blank:
		return blank, "", nil
	case j.rec.problem != "":
		return failed, j.rec.problem, nil
	}
	e, err := r.plans.entry(j.rec, r.statement, r.now())
	if err != nil {
		return failed, err.Error(), nil
	}
	name, err := entry.NameFor(r.target.Namespace, r.target.Pipeline, nameSource, r.target.File, e)
	if err != nil {
		return undone, "", err
	}
	at := receivedAt(e, r.received, r.state.Began, j.number)
	object := e.Object(r.target.Namespace, name, r.target.Pipeline, r.channel, &at)
	object.Annotations = map[string]string{v1alpha1.AnnotationPriority: v1alpha1.PriorityLow}
	return r.sender.send(ctx, object)
}

// receivedAt gives an entry its time: its own, else the one given for all, else the beginning of the import. A later line
// is a microsecond newer for each line between, so that of two lines about one person the later one wins, in whatever
// order they are processed.
func receivedAt(e *entry.Entry, forAll *time.Time, began time.Time, number int64) time.Time {
	at := began
	switch {
	case e.ReceivedAt != nil:
		at = *e.ReceivedAt
	case forAll != nil:
		at = *forAll
	}
	return at.Add(time.Duration(number) * time.Microsecond)
}

// collect takes down results in the order of the file, up to the first that was not sent. When that fails it stops the
// import.
func (r *run) collect(results <-chan result, slots <-chan struct{}, stop func()) error {
	var problem error
	saved := r.now()
	tick := time.NewTicker(saveInterval)
	defer tick.Stop()
	for {
		select {
		case out, open := <-results:
			if !open {
				return problem
			}
			r.early[out.number] = out
			for problem == nil {
				next, there := r.early[r.state.Read+1]
				if !there || next.fate == undone {
					break
				}
				delete(r.early, next.number)
				<-slots
				problem = r.take(next)
			}
			if problem != nil {
				stop()
			}
		case <-tick.C:
			r.progress.show(r.state.counts)
			if now := r.now(); problem == nil && now.Sub(saved) >= saveInterval {
				saved, problem = now, r.save()
			}
		}
	}
}

// take takes down what became of the next record.
func (r *run) take(out result) error {
	if out.fate == failed {
		if err := r.faults.add(out.rec.line, out.problem, out.rec.raw); err != nil {
			return fmt.Errorf("write the file of errors: %w", err)
		}
	}
	r.state.Read++
	if out.fate == already && slices.Contains(r.ahead, out.number) {
		out.fate = created
	}
	*map[fate]*int64{
		created: &r.state.Created, already: &r.state.Already, blank: &r.state.Blank, failed: &r.state.Failed,
	}[out.fate]++
	r.progress.add(r.state.counts)
	return nil
}

// save writes the checkpoint, after what it tells of.
func (r *run) save() error {
	size, err := r.faults.sync()
	if err != nil {
		return fmt.Errorf("write the file of errors: %w", err)
	}
	r.state.ErrorsSize, r.state.Ahead = size, nil
	for number, out := range r.early {
		if out.fate == created {
			r.state.Ahead = append(r.state.Ahead, number)
		}
	}
	for _, number := range r.ahead {
		if number > r.state.Read && !slices.Contains(r.state.Ahead, number) {
			r.state.Ahead = append(r.state.Ahead, number)
		}
	}
	slices.Sort(r.state.Ahead)
	return r.state.save(r.path)
}
