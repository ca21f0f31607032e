package controllers

import (
	"cmp"
	"context"
	"errors"
	"time"

	"golang.org/x/time/rate"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/contact"
	"github.com/contact-operator/contact-operator/internal/link"
	"github.com/contact-operator/contact-operator/internal/provider"
)

const (
	// suppressionInterval is the time between two looks at which Integrations are due.
	suppressionInterval = 30 * time.Second
	// suppressionPages is how many pages one Integration lists before others have their turn.
	suppressionPages = 10
	// suppressionOverlap is how far a sweep reaches back before the last one: clocks differ, and what happened just now may not
	// be listed yet.
	suppressionOverlap = 10 * time.Minute
	// lookUpsPerSecond is how many Contacts are looked up a second: a sweep must never be felt.
	lookUpsPerSecond = 20
	// maxFailure is the CRD's limit, in characters.
	maxFailure = 512
)

// SuppressionSweep asks the marketing systems, now and then, who has left, and notes it on those people's Contacts, so that
// they are never pushed again. It lists page by page, through the guard of the link; how far it has come is kept in the
// Integration's status after each page. A person costs one write, the first time; whom nobody knows here costs none.
type SuppressionSweep struct {
	// Client writes, and reads Integrations from the cache; Direct reads from the API server.
	Client   client.Client
	Direct   client.Reader
	Recorder events.EventRecorder
	Links    *Links
	Metrics  *Metrics
	// Interval between two looks at what is due; 0 means half a minute.
	Interval time.Duration
	// Now tells the time.
	Now func() time.Time
}

// NeedLeaderElection says that one operator sweeps.
func (s *SuppressionSweep) NeedLeaderElection() bool { return true }

// Start sweeps until the context ends.
func (s *SuppressionSweep) Start(ctx context.Context) error {
	limit := rate.NewLimiter(lookUpsPerSecond, lookUpsPerSecond)
	ticker := time.NewTicker(cmp.Or(s.Interval, suppressionInterval))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if err := s.look(ctx, limit); err != nil && ctx.Err() == nil {
			ctrl.LoggerFrom(ctx).Error(safe(err), "A sweep for those who have left a marketing system did not finish; it goes on where it was")
		}
	}
}

// look sweeps at the Integrations that are due.
func (s *SuppressionSweep) look(ctx context.Context, limit *rate.Limiter) error {
	var all v1alpha1.IntegrationList
	if err := s.Client.List(ctx, &all); err != nil {
		return err
	}
	var problems []error
	for i := range all.Items {
		problems = append(problems, s.sweep(ctx, limit, &all.Items[i]))
	}
	return errors.Join(problems...)
}

// sweep lists some pages of one Integration, if it is due.
func (s *SuppressionSweep) sweep(ctx context.Context, limit *rate.Limiter, integration *v1alpha1.Integration) error {
	at := progressOf(integration)
	if !s.due(integration, at) {
		return nil
	}
	found, err := s.Links.find(ctx, integration.Namespace, integration.Name)
	if wait := (*provider.Wait)(nil); errors.As(err, &wait) {
		return nil // it is gone, or can't be used: its status says why
	}
	if err != nil {
		return err
	}
	lister := found.Provider().Suppressions
	// A system that is not known to be well has its health calls and its probes. This is none: an answer here says nothing of writes.
	if lister == nil || found.Health().Condition != link.Healthy {
		return nil
	}
	if at.StartedAt == nil {
		at.StartedAt = new(metav1.NewTime(s.Now().Truncate(time.Second)))
	}
	for range suppressionPages {
		page, failure, err := list(ctx, found, lister, at)
		if wait := (*provider.Wait)(nil); errors.As(err, &wait) || ctx.Err() != nil {
			return nil // it has no room now
		}
		if err != nil {
			return err
		}
		if failure != nil {
			return s.tell(ctx, integration, at, failure)
		}
		for _, email := range page.Emails {
			if err := s.suppress(ctx, limit, integration, email); err != nil {
				return err
			}
		}
		if at.Cursor = page.Next; page.Next == "" {
			at.KnownUntil, at.StartedAt, at.Failure = at.StartedAt, nil, ""
		}
		if err := s.keep(ctx, integration, at); err != nil || at.StartedAt == nil {
			return err
		}
	}
	return nil
}

// progressOf is how far the sweeps of an Integration have come. What was found out of another system counts no more.
func progressOf(integration *v1alpha1.Integration) v1alpha1.SuppressionStatus {
	if at := integration.Status.Suppressions; at != nil && at.Generation == integration.Generation {
		return *at.DeepCopy()
	}
	return v1alpha1.SuppressionStatus{Generation: integration.Generation}
}

// due tells whether a sweep is under way, or to begin.
func (s *SuppressionSweep) due(integration *v1alpha1.Integration, at v1alpha1.SuppressionStatus) bool {
	every := time.Hour
	if n := integration.Spec.Suppressions.SweepSeconds; n != nil {
		every = time.Duration(*n) * time.Second
	}
	return every > 0 && (at.StartedAt != nil || at.KnownUntil == nil || !s.Now().Before(at.KnownUntil.Add(every)))
}

// list lists a page through the link. err is a *provider.Wait where no call could be made. failure says that the system does
// not tell. A right that is missing for that, or a path, is no reason to stop writing to it: the link learns nothing from it.
func list(ctx context.Context, through *link.Link, lister provider.SuppressionLister, at v1alpha1.SuppressionStatus) (
	page provider.SuppressedPage, failure *provider.Error, err error,
) {
	since := time.Time{}
	if at.KnownUntil != nil {
		since = at.KnownUntil.Add(-suppressionOverlap)
	}
	err = through.Call(ctx, func(ctx context.Context) error {
		var err error
		if page, err = lister.ListSuppressed(ctx, since, at.Cursor); err == nil {
			return nil
		}
		failure = provider.AsError(err)
		if failure.Class == provider.Auth || failure.Class == provider.Config {
			return &provider.Wait{Message: failure.Message}
		}
		return failure
	})
	if failure != nil {
		err = nil
	}
	return page, failure, err
}

// tell notes that a system does not tell who has left, once for each reason. What passes by itself is not worth it.
func (s *SuppressionSweep) tell(ctx context.Context, integration *v1alpha1.Integration, at v1alpha1.SuppressionStatus, failure *provider.Error) error {
	switch failure.Class {
	case provider.Transient, provider.Throttled:
		return nil
	case provider.Invalid: // the place that it had come to means nothing to it any more
		at.Cursor, at.StartedAt = "", nil
	}
	if message := cutTo(failure.Message, maxFailure); message != at.Failure {
		at.Failure = message
		s.Recorder.Eventf(integration, nil, corev1.EventTypeWarning, "SuppressionsUnknown", "Sweep", "it is not known who has left: %s", message)
	}
	return s.keep(ctx, integration, at)
}

// suppress notes on a person's Contact that the person has left. Who has none is not known here.
func (s *SuppressionSweep) suppress(ctx context.Context, limit *rate.Limiter, integration *v1alpha1.Integration, email string) error {
	address := contact.NormaliseAddress(email)
	if address == "" {
		return nil
	}
	for {
		if err := limit.Wait(ctx); err != nil {
			return err
		}
		var c v1alpha1.Contact
		err := s.Client.Get(ctx, types.NamespacedName{Namespace: integration.Namespace, Name: contact.Name(address)}, &c)
		if apierrors.IsNotFound(err) || err == nil && !c.DeletionTimestamp.IsZero() {
			return nil
		}
		if err != nil {
			return err
		}
		held := contact.Sync(&c, v1alpha1.StageMarketingSynced, integration.Name)
		noted := v1alpha1.ContactSync{
			Stage: v1alpha1.StageMarketingSynced, Integration: integration.Name, IntegrationUID: string(integration.UID),
			State: v1alpha1.SyncStateSuppressed, Time: metav1.NewTime(s.Now().Truncate(time.Second)),
		}
		if held != nil && held.IntegrationUID == string(integration.UID) {
			if held.State == v1alpha1.SyncStateSuppressed {
				return nil
			}
			noted.RemoteID = held.RemoteID
		}
		contact.SetSync(&c, noted)
		err = s.Client.Update(ctx, &c)
		if apierrors.IsConflict(err) { // one of the person's submissions was processed meanwhile
			continue
		}
		if err == nil {
			s.Metrics.left.WithLabelValues(integration.Namespace, integration.Name).Inc()
		}
		return client.IgnoreNotFound(err)
	}
}

// keep writes how far a sweep has come into the Integration's status. Where the Integration has changed meanwhile, it means
// nothing any more.
func (s *SuppressionSweep) keep(ctx context.Context, integration *v1alpha1.Integration, at v1alpha1.SuppressionStatus) error {
	for {
		var current v1alpha1.Integration
		err := s.Direct.Get(ctx, client.ObjectKeyFromObject(integration), &current)
		if err != nil || current.UID != integration.UID || current.Generation != at.Generation ||
			equality.Semantic.DeepEqual(current.Status.Suppressions, &at) {
			return client.IgnoreNotFound(err)
		}
		current.Status.Suppressions = at.DeepCopy()
		if err = s.Client.Status().Update(ctx, &current); !apierrors.IsConflict(err) {
			return client.IgnoreNotFound(err)
		}
	}
}
