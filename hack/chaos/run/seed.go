package run

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/hack/chaos/ledger"
	"github.com/contact-operator/contact-operator/hack/chaos/people"
	"github.com/contact-operator/contact-operator/hack/chaos/system"
	"github.com/contact-operator/contact-operator/hack/chaos/trouble"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

// runner runs one seed.
type runner struct {
	Options
	system *system.System
	seed   uint64
	disk   *disk

	begun time.Time
	mu    sync.Mutex
	log   *os.File
}

func (r *runner) namespace() string { return fmt.Sprintf("chaos-%d", r.seed) }

// run returns what became of the seed, or an error when it could not be found out.
func (r *runner) run(ctx context.Context) (*Result, error) {
	r.begun = time.Now()
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	defer func() { _ = r.log.Close() }()
	result := &Result{Seed: r.seed}
	memory, stopMemory := watchMemory(ctx, r.system)
	sent, lastFault, err := r.storm(ctx)
	if err == nil {
		result.Recovery, err = r.awaitQuiet(ctx, sent, lastFault)
	}
	stopMemory()
	if err != nil {
		return nil, err
	}
	result.Memory = memory()
	if err := r.audit(ctx, sent, result); err != nil {
		return nil, err
	}
	result.Took = time.Since(r.begun)
	r.noteTries(sent)
	r.say("%s", result.line())
	return result, r.system.Retire(ctx, r.namespace())
}

// prepare gives the seed a namespace with links of its own, and an empty sandbox.
func (r *runner) prepare(ctx context.Context) error {
	name := filepath.Join(r.system.Dir, "chaos", fmt.Sprintf("seed-%d.log", r.seed))
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	log, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // in our own folder
	if err != nil {
		return err
	}
	r.log = log
	if err := r.system.ResetSandbox(ctx); err != nil {
		return err
	}
	return r.system.NewNamespace(ctx, r.namespace(), func(i *v1alpha1.Integration) {
		// Short times, so that a minute holds what takes hours in earnest.
		i.Spec.TimeoutSeconds = new(int32(2))
		i.Spec.Circuit.OpenSeconds, i.Spec.Circuit.MaxOpenSeconds = new(int32(1)), new(int32(4))
		if i.Name == "marketing" {
			r.system.UseTLS(i)
		}
	}, func(p *v1alpha1.ContactPipeline) {
		p.Spec.Validation.UnknownRecheckSeconds = new(int32(2))
	})
}

// storm sends the traffic while everything breaks.
func (r *runner) storm(ctx context.Context) (sent []*people.Sent, lastFault time.Time, err error) {
	plan := trouble.Plan(trouble.Options{Seed: r.seed, Duration: r.Duration, Short: r.Short, Disk: r.disk.mounted})
	traffic := r.traffic()
	maker := &trouble.Maker{System: r.system, Namespace: r.namespace(), Spool: r.disk.dir, Log: r.note}
	sender := &people.Sender{
		URL: func(pipeline string) string {
			return r.system.IntakeURL("/v1/" + r.namespace() + "/" + pipeline + "/submissions")
		},
		AtOnce: 64, GiveUp: r.Duration + 40*time.Second,
		// Longer than the intake gives itself.
		Client: &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
	}
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() (err error) { sent, err = sender.Send(ctx, traffic.Posts); return err })
	both.Go(func() (err error) { lastFault, err = maker.Run(ctx, plan); return err })
	return sent, lastFault, both.Wait()
}

// traffic goes on a little longer than the trouble.
func (r *runner) traffic() *people.Traffic {
	return people.Generate(people.Options{
		Seed: r.seed, Posts: r.Posts, People: max(1, r.Posts*2/5), Duration: r.Duration + 3*time.Second,
	})
}

// awaitQuiet waits until nothing moves any more, or too long, and returns how long it took from the last fault on.
func (r *runner) awaitQuiet(ctx context.Context, sent []*people.Sent, lastFault time.Time) (time.Duration, error) {
	limit := time.Until(lastFault.Add(r.QuietLimit))
	reason := "nothing is known"
	err := wait.PollUntilContextTimeout(ctx, 500*time.Millisecond, max(limit, time.Second), true, func(ctx context.Context) (bool, error) {
		reason = r.unquiet(ctx, sent)
		return reason == "", nil
	})
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	if err != nil {
		r.note("not quiet %s after the last fault: %s", r.QuietLimit, reason)
	}
	return time.Since(lastFault), nil
}

// unquiet says what still moves, "" when nothing does.
func (r *runner) unquiet(ctx context.Context, sent []*people.Sent) string {
	submissions, err := r.submissions(ctx)
	if err != nil {
		return err.Error()
	}
	ended := map[string]bool{}
	for i := range submissions {
		if ledger.EndOf(&submissions[i]) == "" {
			return "a submission can still move: " + submissions[i].Name
		}
		ended[submissions[i].Name] = true
	}
	for _, s := range sent {
		if id := s.ID(); id != "" && !ended[id] {
			return "a submission is not there yet: " + id
		}
	}
	// What nobody was thanked for may be in the spool all the same.
	switch waiting, err := r.system.IntakeMetric(ctx, "contact_intake_spool_entries"); {
	case err != nil:
		return "the intake's metrics can't be read: " + err.Error()
	case waiting > 0:
		return fmt.Sprintf("%.0f submissions are in the spool", waiting)
	}
	return ""
}

func (r *runner) submissions(ctx context.Context) ([]v1alpha1.ContactSubmission, error) {
	var list v1alpha1.ContactSubmissionList
	err := r.system.Client.List(ctx, &list, client.InNamespace(r.namespace()))
	return list.Items, err
}

// audit looks at all that there is, and holds it against what was promised.
func (r *runner) audit(ctx context.Context, sent []*people.Sent, result *Result) error {
	in := ledger.Input{People: peopleOf(sent), Sent: sent}
	var contacts v1alpha1.ContactList
	var err error
	if in.Submissions, err = r.submissions(ctx); err != nil {
		return err
	}
	if err := r.system.Client.List(ctx, &contacts, client.InNamespace(r.namespace())); err != nil {
		return err
	}
	in.Contacts = contacts.Items
	if in.CRM, err = r.system.Records(ctx, server.CRM); err != nil {
		return err
	}
	if in.Marketing, err = r.system.Records(ctx, server.Marketing); err != nil {
		return err
	}
	stats, err := r.system.Stats(ctx)
	if err != nil {
		return err
	}
	leaks, err := r.system.Leaks(people.Markers()...)
	if err != nil {
		return err
	}
	result.Outcome = ledger.Audit(in)
	if err := r.auditSpool(ctx, result); err != nil {
		return err
	}
	result.count(sent, stats)
	result.judge(leaks)
	return nil
}

// auditSpool checks that the spool holds nothing that only a person could mend: nothing was sent that could not be stored.
func (r *runner) auditSpool(ctx context.Context, result *Result) error {
	for name, what := range map[string]string{
		"contact_intake_spool_dead_letters": "dead letters", "contact_intake_spool_set_aside_total": "damaged files that were set aside",
	} {
		n, err := r.system.IntakeMetric(ctx, name)
		if err != nil {
			return err
		}
		if n > 0 {
			result.Wrong++
			result.Complaints = append(result.Complaints, fmt.Sprintf("wrong: the spool has %.0f %s", n, what))
		}
	}
	return nil
}

// noteTries writes down who got no thanks when, second by second.
func (r *runner) noteTries(sent []*people.Sent) {
	type what struct{ second, status int }
	counts := map[what]int{}
	for _, s := range sent {
		for _, t := range s.Tries {
			if !t.Accepted() {
				counts[what{int(t.Begun.Sub(r.begun).Seconds()), t.Status}]++
			}
		}
	}
	for _, w := range slices.SortedFunc(maps.Keys(counts), func(a, b what) int {
		return cmp.Or(cmp.Compare(a.second, b.second), cmp.Compare(a.status, b.status))
	}) {
		r.note("tries begun at %d s that got no thanks: %d with status %d", w.second, counts[w], w.status)
	}
}

func peopleOf(sent []*people.Sent) []*people.Person {
	seen := map[*people.Person]bool{}
	var all []*people.Person
	for _, s := range sent {
		if !seen[s.Person] {
			seen[s.Person] = true
			all = append(all, s.Person)
		}
	}
	return all
}

// note writes into the seed's log.
func (r *runner) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, _ = fmt.Fprintf(r.log, "%s %6.1fs  %s\n", time.Now().Format(time.TimeOnly), time.Since(r.begun).Seconds(), fmt.Sprintf(format, args...))
}

// say writes to the person who watches, and into the log.
func (r *runner) say(format string, args ...any) {
	_, _ = fmt.Fprintf(r.Out, format+"\n", args...)
	r.note(format, args...)
}
