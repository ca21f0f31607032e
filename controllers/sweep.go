package controllers

import (
	"context"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/pipeline"
)

const (
	// sweepInterval is the time between two sweeps.
	sweepInterval = time.Hour
	// sweepsPerSecond is how many objects a sweep deletes a second: it must never be felt.
	sweepsPerSecond = 10
	// sweepPage is how many objects it looks at in one request.
	sweepPage = 500
)

// Sweep deletes what has been kept for as long as its pipeline says: completed submissions, then rejected ones, and
// receipts. What can still move, and what waits for a person, never expires. It also opens completed submissions again for
// which a person asks, as these are in no cache.
type Sweep struct {
	// Client writes; Direct reads from the API server.
	Client client.Client
	Direct client.Reader
	// Metrics are told of what has expired.
	Metrics *Metrics
	// Interval between two sweeps; 0 means an hour.
	Interval time.Duration
	// Now tells the time.
	Now func() time.Time
}

// NeedLeaderElection says that one operator sweeps.
func (s *Sweep) NeedLeaderElection() bool { return true }

// Start sweeps until the context ends.
func (s *Sweep) Start(ctx context.Context) error {
	interval := s.Interval
	if interval == 0 {
		interval = sweepInterval
	}
	limit := rate.NewLimiter(sweepsPerSecond, 1)
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		if err := s.sweep(ctx, limit); err != nil && ctx.Err() == nil {
			ctrl.LoggerFrom(ctx).Error(safe(err), "The sweep of expired submissions did not finish; the next one goes on", "next", interval.String())
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (s *Sweep) sweep(ctx context.Context, limit *rate.Limiter) error {
	var pipelines v1alpha1.ContactPipelineList
	if err := s.Client.List(ctx, &pipelines); err != nil {
		return err
	}
	for i := range pipelines.Items {
		p := &pipelines.Items[i]
		if err := s.sweepCompleted(ctx, limit, p); err != nil {
			return err
		}
		if err := s.sweepRejected(ctx, limit, p); err != nil {
			return err
		}
	}
	return s.sweepReceipts(ctx, limit)
}

// sweepCompleted needs nothing of a submission but its age and its annotations.
func (s *Sweep) sweepCompleted(ctx context.Context, limit *rate.Limiter, p *v1alpha1.ContactPipeline) error {
	before := s.before(p.Spec.Retention.CompletedSeconds)
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("ContactSubmissionList"))
	return s.pages(ctx, list, p, v1alpha1.StateCompleted, func() error {
		for i := range list.Items {
			item := &list.Items[i]
			if _, asked := item.Annotations[v1alpha1.AnnotationRetry]; asked {
				opened, err := s.reopen(ctx, client.ObjectKeyFromObject(item))
				if ignoreStale(err) != nil {
					return err
				}
				if opened {
					continue
				}
			}
			if item.CreationTimestamp.Time.Before(before) {
				if err := s.remove(ctx, limit, item); err != nil {
					return err
				}
				s.Metrics.expired.WithLabelValues(p.Namespace, p.Name, string(v1alpha1.StateCompleted)).Inc()
			}
		}
		return nil
	})
}

// sweepRejected leaves alone what is stalled: that waits for a person.
func (s *Sweep) sweepRejected(ctx context.Context, limit *rate.Limiter, p *v1alpha1.ContactPipeline) error {
	before := s.before(p.Spec.Retention.RejectedSeconds)
	list := &v1alpha1.ContactSubmissionList{}
	return s.pages(ctx, list, p, v1alpha1.StateHeld, func() error {
		for i := range list.Items {
			item := &list.Items[i]
			ready := meta.FindStatusCondition(item.Status.Conditions, v1alpha1.ConditionReady)
			if ready != nil && ready.Reason == v1alpha1.ReasonRejected && item.CreationTimestamp.Time.Before(before) {
				if err := s.remove(ctx, limit, item); err != nil {
					return err
				}
				s.Metrics.expired.WithLabelValues(p.Namespace, p.Name, string(v1alpha1.StateHeld)).Inc()
			}
		}
		return nil
	})
}

func (s *Sweep) sweepReceipts(ctx context.Context, limit *rate.Limiter) error {
	var receipts v1alpha1.ErasureReceiptList
	if err := s.Client.List(ctx, &receipts); err != nil {
		return err
	}
	for i := range receipts.Items {
		if r := &receipts.Items[i]; r.Spec.ExpiresAt.Time.Before(s.Now()) {
			if err := s.remove(ctx, limit, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// pages lists the submissions of a pipeline in a state, page by page, straight from the API server.
func (s *Sweep) pages(ctx context.Context, list client.ObjectList, p *v1alpha1.ContactPipeline, state v1alpha1.SubmissionState, each func() error) error {
	for {
		err := s.Direct.List(ctx, list, client.InNamespace(p.Namespace), client.Limit(sweepPage), client.Continue(list.GetContinue()),
			client.MatchingFields{"status.state": string(state), "spec.pipelineRef.name": p.Name})
		if err != nil {
			return err
		}
		if err := each(); err != nil {
			return err
		}
		if list.GetContinue() == "" {
			return nil
		}
	}
}

// reopen puts a completed submission back into the cache when a person asks for something that was not acted on yet.
func (s *Sweep) reopen(ctx context.Context, key client.ObjectKey) (bool, error) {
	var submission v1alpha1.ContactSubmission
	if err := s.Direct.Get(ctx, key, &submission); err != nil || !pipeline.Asked(&submission) {
		return false, err
	}
	submission.Status.State = v1alpha1.StateActive
	return true, s.Client.Status().Update(ctx, &submission)
}

func (s *Sweep) remove(ctx context.Context, limit *rate.Limiter, o client.Object) error {
	if err := limit.Wait(ctx); err != nil {
		return err
	}
	uid := o.GetUID()
	return client.IgnoreNotFound(s.Client.Delete(ctx, o, client.Preconditions{UID: &uid}))
}

// before is the time before which something has been kept long enough.
func (s *Sweep) before(seconds *int32) time.Time {
	if seconds == nil {
		return time.Time{}
	}
	return s.Now().Add(-time.Duration(*seconds) * time.Second)
}
