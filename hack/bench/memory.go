package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/contact"
)

const (
	suspendedPipeline = "suspended"
	// memoryWriters write at a time.
	memoryWriters = 16
	// settling is how long an operator is watched once it has nothing to do any more.
	settling = 15 * time.Second
	// memoryPatience is how long an operator may take until then.
	memoryPatience = 20 * time.Minute
)

// measureMemory measures the most memory that the operator holds beside so many submissions. For each number it is started
// anew: what it needs to start is the most.
func measureMemory(ctx context.Context, o options, r *report) error {
	say("starting a control plane for the memory")
	s, err := start(ctx, o.world, nil, "--without="+operatorPart, "--without="+intakePart)
	defer s.stop()
	if err != nil {
		return err
	}
	m := &memory{options: o, system: s}
	for _, p := range []struct {
		what    string
		prepare func(context.Context) error
		arrived func(context.Context) (bool, error) // the operator has seen to all
	}{
		{"no submissions", func(context.Context) error { return nil }, m.completesOne()},
		{fmt.Sprintf("%d unfinished submissions", o.unfinished), m.makeUnfinished, m.allParked},
		{fmt.Sprintf("%d finished submissions", o.finished), m.makeFinished, m.completesOne()},
	} {
		if err := p.prepare(ctx); err != nil {
			return err
		}
		peak, err := m.operatorPeak(ctx, p.arrived)
		if err != nil {
			return fmt.Errorf("the operator beside %s: %w", p.what, err)
		}
		say("%s: %.0f MiB", p.what, peak)
		r.add(figure{Part: partMemory, At: p.what, What: "peak memory: " + operatorPart, Unit: "MiB", Rounds: []float64{peak}})
	}
	if peak, known := peaksMiB(s.processes())[apiServerPart]; known {
		at := fmt.Sprintf("%d finished submissions", o.finished)
		r.add(figure{Part: partMemory, At: at, What: "peak memory: " + apiServerPart, Unit: "MiB", Rounds: []float64{peak}})
	}
	return nil
}

type memory struct {
	options
	system *system
	done   *v1alpha1.ContactSubmission // one that the operator has completed: the finished ones are copies
	made   []client.ObjectKey          // the unfinished ones
}

// operatorPeak starts the operator, waits until it has seen to all and then for a while, and stops it.
func (m *memory) operatorPeak(ctx context.Context, arrived func(context.Context) (bool, error)) (peak float64, err error) {
	log, err := os.Create(filepath.Join(m.system.dir, "operator.log"))
	if err != nil {
		return 0, err
	}
	defer func() { _ = log.Close() }()
	local := filepath.Join(m.system.dir, "local")
	operator := exec.CommandContext(ctx, filepath.Join(m.bin, operatorPart), //nolint:gosec // our own
		"--kubeconfig="+filepath.Join(local, "operator.kubeconfig"), "--metrics-bind-address="+m.system.addresses[envMetrics],
		"--metrics-secure=false", "--health-probe-bind-address="+m.system.addresses[envHealth], "--leader-elect=false", "--allow-loopback")
	operator.Stdout, operator.Stderr = log, log
	operator.Cancel = func() error { return operator.Process.Signal(syscall.SIGTERM) }
	operator.WaitDelay = 30 * time.Second
	if err := operator.Start(); err != nil {
		return 0, err
	}
	defer func() {
		_ = operator.Process.Signal(syscall.SIGTERM)
		_ = operator.Wait()
	}()
	limit, cancel := context.WithTimeoutCause(ctx, memoryPatience, fmt.Errorf("it has not seen to all after %s", memoryPatience))
	defer cancel()
	err = await(limit, 200*time.Millisecond, func() (bool, error) { return m.ready(limit), nil })
	if err == nil {
		err = await(limit, time.Second, func() (bool, error) { return arrived(limit) })
	}
	if err != nil {
		return 0, fmt.Errorf("%w; its log ends with:\n%s", err, end(log.Name()))
	}
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(settling):
	}
	if _, err := m.system.operatorMetrics(ctx); err != nil { // as a Prometheus would: it counts the backlog
		return 0, err
	}
	return peakMiB(operator.Process.Pid)
}

// end is the last that a log says.
func end(file string) []byte {
	const most = 2000
	text, err := os.ReadFile(file) //nolint:gosec // in a folder of our own
	if err != nil {
		return []byte(err.Error())
	}
	return text[max(0, len(text)-most):]
}

func (m *memory) ready(ctx context.Context) bool {
	return fetch(ctx, "http://"+m.system.addresses[envHealth]+"/readyz", os.DevNull) == nil
}

// completesOne sends a submission and tells when the operator has completed it: by then it has read all the others.
func (m *memory) completesOne() func(context.Context) (bool, error) {
	name := contact.RandomName()
	sent := false
	return func(ctx context.Context) (bool, error) {
		one := &v1alpha1.ContactSubmission{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
			Spec:       specOf("person-"+name+"@example.com", pipelineName),
		}
		if !sent {
			sent = true
			return false, m.system.api.Create(ctx, one)
		}
		if err := m.system.api.Get(ctx, client.ObjectKeyFromObject(one), one); err != nil {
			return false, err
		}
		m.done = one
		return one.Status.State == v1alpha1.StateCompleted, nil
	}
}

func specOf(email, pipeline string) v1alpha1.ContactSubmissionSpec {
	received := metav1.NowMicro()
	return v1alpha1.ContactSubmissionSpec{
		PipelineRef: v1alpha1.LocalReference{Name: pipeline},
		Contact:     v1alpha1.ContactFields{Email: email, Name: "Ada Example", Company: "Example Ltd", Phone: phone, Country: country},
		Attributes:  map[string]v1alpha1.AttributeValue{"plan": "pro"},
		Source:      v1alpha1.SubmissionSource{Channel: "trial-download", RemoteIP: "127.0.0.1", ReceivedAt: &received},
		Consent:     &v1alpha1.SubmissionConsent{Marketing: v1alpha1.ConsentGranted, Statement: "Send me the newsletter"},
	}
}

// makeUnfinished creates submissions of a suspended pipeline. The operator parks them, and writes so into their status.
func (m *memory) makeUnfinished(ctx context.Context) error {
	var p v1alpha1.ContactPipeline
	if err := m.system.api.Get(ctx, client.ObjectKey{Namespace: namespace, Name: pipelineName}, &p); err != nil {
		return err
	}
	p.ObjectMeta = metav1.ObjectMeta{Namespace: namespace, Name: suspendedPipeline}
	p.Spec.Suspend = new(true)
	if err := m.system.api.Create(ctx, &p); err != nil {
		return err
	}
	m.made = make([]client.ObjectKey, m.unfinished)
	return m.make(ctx, "unfinished", m.unfinished, func(i int) error {
		s := &v1alpha1.ContactSubmission{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: contact.RandomName()},
			Spec:       specOf(memoryEmail(i), suspendedPipeline),
		}
		m.made[i] = client.ObjectKeyFromObject(s)
		return m.system.api.Create(ctx, s)
	})
}

func (m *memory) allParked(ctx context.Context) (bool, error) {
	all, err := m.system.operatorMetrics(ctx)
	parked := all.sum("contact_operator_stage_waiting", map[string]string{"pipeline": suspendedPipeline, "reason": v1alpha1.ReasonParked})
	return parked >= float64(m.unfinished), err
}

// makeFinished finishes the unfinished ones, and makes new ones that are finished. Each has a Contact, which the operator
// watches, too.
func (m *memory) makeFinished(ctx context.Context) error {
	t, err := templateOf(ctx, m.system.api, m.done)
	if err != nil {
		return err
	}
	return m.make(ctx, "finished", m.finished, func(i int) error {
		email := memoryEmail(i)
		s := &v1alpha1.ContactSubmission{}
		if i < len(m.made) {
			if err := m.system.api.Get(ctx, m.made[i], s); err != nil {
				return err
			}
		} else {
			s = t.received(email)
			if err := m.system.api.Create(ctx, s); err != nil {
				return err
			}
		}
		if err := m.system.api.Create(ctx, t.person(email)); err != nil {
			return err
		}
		s.Status = t.completed(email)
		return m.system.api.Status().Update(ctx, s)
	})
}

func memoryEmail(i int) string { return fmt.Sprintf("person-memory---%06d@example.com", i) }

// make makes n objects from several writers, and says now and then how far it is. The first error ends it.
func (m *memory) make(ctx context.Context, what string, n int, one func(i int) error) error {
	var next atomic.Int64
	begun := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	for range memoryWriters {
		group.Go(func() error {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := one(i); err != nil {
					return err
				}
				if i > 0 && i%5000 == 0 {
					say("%d of %d %s after %s", i, n, what, time.Since(begun).Round(time.Second))
				}
			}
			return nil
		})
	}
	return group.Wait()
}
