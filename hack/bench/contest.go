package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

const (
	warmUp = 300 // submissions
	// patience is how long a round may take to complete all.
	patience = 20 * time.Minute
)

// contest is the whole system and, on a control plane of its own, the bare loop. They take turns on the same machine; the
// one whose turn it is not has nothing to do.
type contest struct {
	options
	system, plain *system
	bare          *bare             // nil: not wanted
	pprof         map[string]string // address by part; empty: not wanted
	crowds        int               // so far: makes addresses that are new
}

// measureContest measures ratio and accept, and takes the profiles. Ratio comes first: until then both control planes have
// stored equally much.
func measureContest(ctx context.Context, o options, r *report) error {
	c := &contest{options: o}
	defer c.stop()
	if err := c.start(ctx); err != nil {
		return err
	}
	if o.has(partRatio) {
		if err := c.measureRatio(ctx, r); err != nil {
			return err
		}
	}
	if o.has(partAccept) {
		if err := c.measureAccept(ctx, r); err != nil {
			return err
		}
	}
	return c.profile(ctx)
}

func (c *contest) stop() {
	c.system.stop()
	c.plain.stop()
}

func (c *contest) start(ctx context.Context) (err error) {
	say("starting the whole system")
	env, err := c.profiled(ctx)
	if err != nil {
		return err
	}
	if c.system, err = start(ctx, c.world, env); err != nil {
		return err
	}
	say("warming up")
	if _, err := c.sendAll(ctx, warmUp); err != nil {
		return err
	}
	if !c.has(partRatio) {
		return nil
	}
	t, err := completedOne(ctx, c.system)
	if err != nil {
		return err
	}
	say("starting another control plane, for the bare loop")
	if c.plain, err = start(ctx, c.world, nil, "--without="+operatorPart, "--without="+intakePart); err != nil {
		return err
	}
	if c.bare, err = newBare(c.plain, t, c.clients); err != nil {
		return err
	}
	_, err = c.bare.run(ctx, c.clients, c.people(warmUp))
	return err
}

// slow makes every remote call of either side take so long.
func (c *contest) slow(ctx context.Context, latencyMillis int) error {
	if err := c.system.slow(ctx, latencyMillis); err != nil || c.plain == nil {
		return err
	}
	return c.plain.slow(ctx, latencyMillis)
}

func at(latencyMillis int) string { return fmt.Sprintf("remote calls of %d ms", latencyMillis) }

// completedOne returns a submission that the system has completed, and its Contact.
func completedOne(ctx context.Context, s *system) (template, error) {
	var list v1alpha1.ContactSubmissionList
	err := s.api.List(ctx, &list, client.InNamespace(namespace), client.MatchingFields{"status.state": string(v1alpha1.StateCompleted)}, client.Limit(1))
	if err != nil {
		return template{}, err
	}
	if len(list.Items) == 0 {
		return template{}, errors.New("no submission is completed, so there is nothing that the bare loop could copy")
	}
	return templateOf(ctx, s.api, &list.Items[0])
}

func (c *contest) people(n int) *people {
	c.crowds++
	return &people{round: fmt.Sprintf("%08d", c.crowds), most: int64(n)}
}

// sent is what came of a round's submissions.
type sent struct {
	*taken
	completed time.Duration // from the first one sent until the last one was completed
}

// sendAll sends n submissions and waits until all are completed.
func (c *contest) sendAll(ctx context.Context, n int) (sent, error) {
	before, err := c.system.completed(ctx)
	if err != nil {
		return sent{}, err
	}
	begun := time.Now()
	t, err := c.send(ctx, n)
	if err != nil {
		return sent{}, err
	}
	err = c.awaitCompleted(ctx, begun, before, n)
	return sent{taken: t, completed: time.Since(begun)}, err
}

// send sends n submissions, each of which must be accepted: else rates can't be compared.
func (c *contest) send(ctx context.Context, n int) (*taken, error) {
	t, err := traffic{addr: c.system.addresses[envIntake], senders: c.clients}.send(ctx, c.people(n).body)
	if err == nil && t.accepted() != n {
		err = fmt.Errorf("the intake accepted %d of %d submissions, so rates can't be compared; see if its spool has room", t.accepted(), n)
	}
	return t, err
}

// awaitCompleted waits until n more are completed than before.
func (c *contest) awaitCompleted(ctx context.Context, begun time.Time, before float64, n int) error {
	for {
		now, err := c.system.completed(ctx)
		if err != nil || now-before >= float64(n) {
			return err
		}
		if time.Since(begun) > patience {
			return fmt.Errorf("%.0f of %d submissions are completed after %s; give fewer with --submissions", now-before, n, patience)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(nextLook(time.Since(begun), now-before, float64(n))):
		}
	}
}

// Each look at how many are completed costs the operator a few milliseconds.
const (
	seldom = time.Second
	often  = 20 * time.Millisecond
)

// nextLook is the time until it is looked again how many of all are done: half of what the rest will take at the pace so
// far. So there are few looks, and the last one comes soon after the end.
func nextLook(elapsed time.Duration, done, all float64) time.Duration {
	if done <= 0 {
		return seldom
	}
	rest := time.Duration(float64(elapsed) * (all - done) / done)
	return min(max(rest/2, often), seldom)
}
