package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/hack/chaos/ledger"
	"github.com/contact-operator/contact-operator/hack/chaos/people"
	"github.com/contact-operator/contact-operator/hack/chaos/system"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

const namespace = "mailing-day"

// maxOpen is the longest time between two probes of the marketing system, in seconds.
const maxOpen = 10

// day is one run.
type day struct {
	options
	system  *system.System
	traffic *people.Traffic
	sender  *people.Sender
	begun   time.Time // the first burst
	watch   *watch

	broken, away, well time.Time // when the marketing system began to fail, was away altogether, and was well again
	finished           time.Time // nothing moves any more
	writes             int
	sent               []*people.Sent
}

func play(ctx context.Context, o options) (err error) {
	dir, temporary := o.dir, o.dir == ""
	if temporary {
		if dir, err = os.MkdirTemp("", "contact-operator-mailing-day-"); err != nil {
			return err
		}
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	fmt.Printf("starting the system in %s\n", dir)
	s, err := system.Start(ctx, system.Options{Bin: o.bin, Root: o.root, Assets: o.assets, Dir: dir})
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, s.Stop())
		if temporary && err == nil {
			err = os.RemoveAll(dir)
		}
	}()
	d := &day{options: o, system: s}
	if err := d.prepare(ctx); err != nil {
		return err
	}
	if err := d.live(ctx); err != nil {
		return err
	}
	return d.judge(ctx, os.Stdout)
}

func (d *day) prepare(ctx context.Context) error {
	err := d.system.NewNamespace(ctx, namespace, func(i *v1alpha1.Integration) {
		if i.Name == "marketing" {
			i.Spec.Limits.Rate = &v1alpha1.CallRate{Calls: int32(d.rate), PeriodSeconds: new(int32(1))} //nolint:gosec // a flag
			i.Spec.Batch.MaxRecords = new(int32(1))                                                     // so that a call is a record, and its rate what bounds it
			i.Spec.Circuit.MaxOpenSeconds = new(int32(maxOpen))
		}
	}, func(*v1alpha1.ContactPipeline) {})
	if err != nil {
		return err
	}
	d.traffic = people.Generate(people.Options{Seed: d.seed, Posts: d.posts, People: d.people, Duration: time.Second, Plain: true})
	for i, p := range d.traffic.Posts {
		p.At = time.Duration(i*d.bursts/d.posts) * d.every // all of a burst at once
	}
	d.sender = &people.Sender{
		URL: func(pipeline string) string {
			return d.system.IntakeURL("/v1/" + namespace + "/" + pipeline + "/submissions")
		},
		AtOnce: 64, GiveUp: time.Hour,
		Client: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
	}
	return nil
}

// live plays the day until nothing moves any more.
func (d *day) live(ctx context.Context) error {
	before, err := d.system.Writes(ctx)
	if err != nil {
		return err
	}
	d.begun = time.Now()
	d.watch = &watch{system: d.system, screen: newScreen(os.Stdout), day: d}
	watching, stop := context.WithCancel(ctx)
	all, played := errgroup.WithContext(watching)
	all.Go(func() error { return d.watch.run(watching) })
	all.Go(func() error {
		defer stop()
		both, ctx := errgroup.WithContext(played)
		both.Go(func() (err error) { d.sent, err = d.sender.Send(ctx, d.traffic.Posts); return err })
		both.Go(func() error { return d.trouble(ctx) })
		if err := both.Wait(); err != nil {
			return err
		}
		return d.awaitQuiet(played)
	})
	err = all.Wait()
	stop()
	if err != nil {
		return err
	}
	after, err := d.system.Writes(ctx)
	d.writes = after - before
	return err
}

// trouble is what happens to the marketing system.
func (d *day) trouble(ctx context.Context) error {
	half, quarter := 0.5, 0.25
	third := time.Duration(d.bursts/3) * d.every
	steps := []struct {
		at     time.Duration
		note   *time.Time
		say    string
		faults []server.Fault
	}{
		{third, &d.broken, "the marketing system resets half of its connections and hangs a quarter", []server.Fault{
			{Mode: server.ModeReset, Rate: &half}, {Mode: server.ModeHang, Rate: &quarter},
		}},
		{third + d.partly, &d.away, "the marketing system resets all connections", []server.Fault{{Mode: server.ModeReset}}},
		{third + d.partly + d.wholly, &d.well, "the marketing system is well again", nil},
	}
	for _, step := range steps {
		if !sleep(ctx, time.Until(d.begun.Add(step.at))) {
			return context.Cause(ctx)
		}
		if err := d.system.Fault(ctx, server.Marketing, step.faults...); err != nil {
			return err
		}
		d.watch.mark(step.note, step.say)
	}
	return nil
}

// awaitQuiet waits until all that was accepted has ended.
func (d *day) awaitQuiet(ctx context.Context) error {
	const limit = 15 * time.Minute
	err := wait.PollUntilContextTimeout(ctx, 500*time.Millisecond, limit, true, func(ctx context.Context) (bool, error) {
		var open v1alpha1.ContactSubmissionList
		if err := d.system.Client.List(ctx, &open, client.InNamespace(namespace), client.Limit(1), unfinished()); err != nil {
			return false, err
		}
		return len(open.Items) == 0 && d.nothingSpooled(ctx), nil
	})
	d.finished = time.Now()
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("not everything had ended %s after the last burst: %w", limit, err)
	}
	return err
}

// unfinished selects all that is not Completed; in this traffic nothing ends in another way.
func unfinished() client.ListOption {
	return client.MatchingFieldsSelector{Selector: fields.OneTermNotEqualSelector("status.state", string(v1alpha1.StateCompleted))}
}

// nothingSpooled says whether the intake has handed over everything.
func (d *day) nothingSpooled(ctx context.Context) bool {
	depth, err := d.system.IntakeMetric(ctx, "contact_intake_spool_entries")
	return err == nil && depth == 0
}

// audit holds what there is against what was promised.
func (d *day) audit(ctx context.Context) (ledger.Outcome, error) {
	in := ledger.Input{People: d.traffic.People, Sent: d.sent}
	var submissions v1alpha1.ContactSubmissionList
	var contacts v1alpha1.ContactList
	var err error
	if err := d.system.Client.List(ctx, &submissions, client.InNamespace(namespace)); err != nil {
		return ledger.Outcome{}, err
	}
	if err := d.system.Client.List(ctx, &contacts, client.InNamespace(namespace)); err != nil {
		return ledger.Outcome{}, err
	}
	in.Submissions, in.Contacts = submissions.Items, contacts.Items
	if in.CRM, err = d.system.Records(ctx, server.CRM); err != nil {
		return ledger.Outcome{}, err
	}
	if in.Marketing, err = d.system.Records(ctx, server.Marketing); err != nil {
		return ledger.Outcome{}, err
	}
	return ledger.Audit(in), nil
}

// sleep waits, and says whether to go on.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
