// Package canary sends, for each ContactPipeline that wants it, a made-up submission now and then through the intake, and notes
// in the pipeline's status how it fared. Whether that is an alert is decided elsewhere, from that status.
package canary

import (
	"context"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// acceptWithin is what the intake is given to take one: it may be rolling.
const acceptWithin = time.Minute

// Runner sends the canaries, and looks how they fare.
type Runner struct {
	// Cache lists the pipelines.
	Cache client.Reader
	// Direct reads submissions: completed ones are not in the cache.
	Direct client.Reader
	// Client writes the pipelines' status, and deletes canaries that have ended.
	Client client.Client
	// Door takes them.
	Door *Door
	// Interval is the time between two looks.
	Interval time.Duration
	// Log of the runner.
	Log logr.Logger
}

// NeedLeaderElection makes the leader the one that sends.
func (r *Runner) NeedLeaderElection() bool { return true }

// Start runs until ctx ends.
func (r *Runner) Start(ctx context.Context) error {
	ticker := time.NewTicker(r.Interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			r.round(ctx, time.Now())
		}
	}
}

// round looks at every pipeline once, side by side: an intake that hangs holds up one step of each.
func (r *Runner) round(ctx context.Context, now time.Time) {
	var pipelines v1alpha1.ContactPipelineList
	if err := r.Cache.List(ctx, &pipelines); err != nil {
		if ctx.Err() == nil {
			r.Log.Error(err, "ContactPipelines can't be listed; no canary is sent")
		}
		return
	}
	var all sync.WaitGroup
	for i := range pipelines.Items {
		p := &pipelines.Items[i]
		if p.Spec.Canary == nil && p.Status.Canary == nil {
			continue
		}
		all.Go(func() {
			if err := r.step(ctx, p, now); err != nil && ctx.Err() == nil && !apierrors.IsConflict(err) {
				r.Log.Error(err, "The canary can't be looked after now; that is tried again", "namespace", p.Namespace, "pipeline", p.Name)
			}
		})
	}
	all.Wait()
}

// step takes one pipeline's canary further. The pipeline is a copy of the caller's own.
func (r *Runner) step(ctx context.Context, p *v1alpha1.ContactPipeline, now time.Time) error {
	if p.Spec.Canary == nil {
		return r.note(ctx, p, nil)
	}
	if p.Spec.Suspend != nil && *p.Spec.Suspend {
		return nil // a person wants that nothing gets through
	}
	status := v1alpha1.CanaryStatus{}
	if p.Status.Canary != nil {
		status = *p.Status.Canary
	}
	var last *v1alpha1.ContactSubmission
	if status.Submission != "" {
		var err error
		if last, err = r.find(ctx, p.Namespace, status.Submission); err != nil {
			return err
		}
		if !settledBefore(status) {
			status = judge(status, p.Spec.Canary, last, now)
		}
	}
	if !due(status, p.Spec.Canary, last, now) {
		return r.note(ctx, p, &status)
	}
	return r.send(ctx, p, status, last, now)
}

// settledBefore tells whether the last canary's end was seen already.
func settledBefore(s v1alpha1.CanaryStatus) bool {
	return s.CompletedTime != nil && s.SentTime != nil && !s.CompletedTime.Before(s.SentTime)
}

// judge says how a canary fares that was accepted and whose end has not been seen.
func judge(s v1alpha1.CanaryStatus, spec *v1alpha1.CanarySpec, last *v1alpha1.ContactSubmission, now time.Time) v1alpha1.CanaryStatus {
	deadline := s.SentTime.Add(seconds(spec.TimeoutSeconds))
	switch {
	case last == nil && now.Before(deadline):
		return s // the intake may keep it in its spool for a while
	case last == nil:
		return failed(s, v1alpha1.CanaryLost, "", deadline)
	case last.Status.State == v1alpha1.StateCompleted:
		s.CompletedTime, s.FailingSince, s.Reason, s.Stage = stamp(now), nil, "", ""
		return s
	case last.Status.State == v1alpha1.StateHeld:
		if meta.IsStatusConditionFalse(last.Status.Conditions, string(v1alpha1.StageValidated)) {
			return failed(s, v1alpha1.CanaryRejected, v1alpha1.StageValidated, now)
		}
		return failed(s, v1alpha1.CanaryStalled, stalledAt(last), now)
	case !now.Before(deadline):
		return failed(s, v1alpha1.CanaryLate, openAt(last), deadline)
	default:
		return s // under way; what was before still holds
	}
}

func failed(s v1alpha1.CanaryStatus, reason v1alpha1.CanaryReason, stage v1alpha1.Stage, since time.Time) v1alpha1.CanaryStatus {
	s.Reason, s.Stage = reason, stage
	if s.FailingSince == nil {
		s.FailingSince = stamp(since)
	}
	return s
}

// due tells whether another canary is to be sent, or the last one offered again.
func due(s v1alpha1.CanaryStatus, spec *v1alpha1.CanarySpec, last *v1alpha1.ContactSubmission, now time.Time) bool {
	switch {
	case s.SentTime == nil, s.Submission == "":
		return true
	case last == nil && !settledBefore(s) && now.Before(s.SentTime.Add(seconds(spec.TimeoutSeconds))):
		return false
	case last != nil && last.Status.State != v1alpha1.StateCompleted && last.Status.State != v1alpha1.StateHeld:
		return false // a way that is blocked is not filled with canaries
	default:
		return now.Sub(s.SentTime.Time) >= seconds(spec.IntervalSeconds)
	}
}

// send deletes the last canary and hands in another. That it is about to be sent is written down first, so that after a crash, or with
// an old view of the pipeline, it is not sent twice: its key is the same.
func (r *Runner) send(ctx context.Context, p *v1alpha1.ContactPipeline, status v1alpha1.CanaryStatus, last *v1alpha1.ContactSubmission, now time.Time) error {
	if last != nil {
		if err := client.IgnoreNotFound(r.Client.Delete(ctx, last, client.Preconditions{UID: &last.UID})); err != nil {
			return err
		}
	}
	if status.SentTime == nil || status.Submission != "" {
		status.SentTime, status.Submission = stamp(now), ""
		if err := r.note(ctx, p, &status); err != nil {
			return err
		}
	}
	name, err := r.Door.Post(ctx, p, status.SentTime.Time)
	if err != nil {
		r.Log.Info("The intake does not take a canary; it is offered again", "namespace", p.Namespace, "pipeline", p.Name, "reason", err.Error())
		if since := status.SentTime.Add(acceptWithin); !now.Before(since) {
			status = failed(status, v1alpha1.CanaryNotAccepted, "", since)
		}
		return r.note(ctx, p, &status)
	}
	status.Submission = name
	return r.note(ctx, p, &status)
}

// note writes the status, when it says something new.
func (r *Runner) note(ctx context.Context, p *v1alpha1.ContactPipeline, status *v1alpha1.CanaryStatus) error {
	if equality.Semantic.DeepEqual(p.Status.Canary, status) {
		return nil
	}
	p.Status.Canary = status
	return r.Client.Status().Update(ctx, p)
}

func (r *Runner) find(ctx context.Context, namespace, name string) (*v1alpha1.ContactSubmission, error) {
	var s v1alpha1.ContactSubmission
	err := r.Direct.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &s)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return &s, err
}

// openAt is the stage that holds a submission up: the first one that was tried, else the first that is open.
func openAt(s *v1alpha1.ContactSubmission) v1alpha1.Stage {
	first := v1alpha1.Stage("")
	for _, stage := range v1alpha1.Stages {
		c := meta.FindStatusCondition(s.Status.Conditions, string(stage))
		switch {
		case c != nil && c.Status != metav1.ConditionUnknown:
		case c != nil && c.Reason != v1alpha1.ReasonPending:
			return stage
		case first == "":
			first = stage
		}
	}
	return first
}

// stalledAt is the stage at which a submission needs a person.
func stalledAt(s *v1alpha1.ContactSubmission) v1alpha1.Stage {
	for _, stage := range v1alpha1.Stages {
		c := meta.FindStatusCondition(s.Status.Conditions, string(stage))
		if c != nil && (c.Reason == v1alpha1.ReasonInvalidData || c.Reason == v1alpha1.ReasonConflict || c.Reason == v1alpha1.ReasonHeld) {
			return stage
		}
	}
	return ""
}

func stamp(t time.Time) *metav1.Time { return new(metav1.NewTime(t).Rfc3339Copy()) }

// seconds is what the API server has defaulted.
func seconds(n *int32) time.Duration {
	if n == nil {
		return 5 * time.Minute
	}
	return time.Duration(*n) * time.Second
}
