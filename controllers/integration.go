package controllers

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/link"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// +kubebuilder:rbac:groups=contact-operator.io,resources=integrations,verbs=get;list;watch
// +kubebuilder:rbac:groups=contact-operator.io,resources=integrations/status,verbs=update
// +kubebuilder:rbac:groups="",resources=secrets;configmaps,verbs=get
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// secretInterval is the time between two looks at the Secrets of an Integration. They are read by name, so the operator
// needs no right to list or watch any.
const secretInterval = 30 * time.Second

// IntegrationReconciler keeps the links as the Integrations and their Secrets say, and writes the health of each link into
// its Integration's status.
type IntegrationReconciler struct {
	Client   client.Client
	Recorder events.EventRecorder
	Links    *Links
	// SecretInterval is the time between two looks at the Secrets; 0 means 30 seconds.
	SecretInterval time.Duration
	// Now tells the time.
	Now func() time.Time

	pace statusPace
}

// Reconcile keeps one Integration's link, and its status.
func (r *IntegrationReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	key := link.Key(request.NamespacedName)
	integration, current, err := r.Links.Refresh(ctx, key)
	if wait := (*provider.Wait)(nil); errors.As(err, &wait) {
		r.pace.forget(key)
		return ctrl.Result{}, nil // it was deleted
	}
	if err != nil {
		return ctrl.Result{}, err
	}
	if data := current.Provider().Data; data != nil {
		data.Look()
	}
	check := r.Links.Registry.CheckHealth(ctx, key)
	r.Links.Registry.Tick(key)
	snapshot, _ := r.Links.Registry.Snapshot(key)
	wait, err := r.report(ctx, key, integration, snapshot)
	if err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: r.next(snapshot, wait, check, current.Settling()), Priority: new(handler.LowPriority)}, nil
}

// next is when to look again: at the Secrets, at a status that could not be written yet, at the health of a system.
func (r *IntegrationReconciler) next(s link.Snapshot, wait time.Duration, times ...time.Time) time.Duration {
	next := cmp.Or(r.SecretInterval, secretInterval)
	switch {
	case wait > 0:
		next = min(next, wait)
	case s.Calls > 0 || s.Waiting > 0: // the figures move
		next = min(next, statusInterval)
	}
	for _, at := range times {
		if !at.IsZero() {
			next = min(next, max(at.Sub(r.Now()), time.Second))
		}
	}
	return next
}

// report writes the health of a link into its Integration's status, and an event when it changed. It returns how long to
// wait when the last write is too fresh. What people have changed is answered at once.
func (r *IntegrationReconciler) report(ctx context.Context, key link.Key, integration *v1alpha1.Integration, s link.Snapshot) (time.Duration, error) {
	was := meta.FindStatusCondition(integration.Status.Conditions, v1alpha1.ConditionReady)
	ready := readyOf(integration, s.Health)
	updated := integration.DeepCopy()
	updated.Status = statusOf(s)
	updated.Status.Suppressions = integration.Status.Suppressions // another's
	updated.Status.Conditions = slices.Clone(integration.Status.Conditions)
	meta.SetStatusCondition(&updated.Status.Conditions, ready)
	tellData := r.reportData(updated, s.Data)
	updated.Status.ObservedGeneration = integration.Generation
	if equality.Semantic.DeepEqual(updated.Status, integration.Status) {
		return 0, nil
	}
	if wait := r.pace.wait(key, r.Now()); wait > 0 && was != nil && was.ObservedGeneration == integration.Generation {
		return wait, nil
	}
	r.pace.wrote(key, r.Now())
	if err := r.Client.Status().Update(ctx, updated); err != nil {
		return 0, ignoreStale(err)
	}
	r.tell(ctx, updated, was, ready, s)
	tellData()
	return 0, nil
}

// tell tells once, by an event and in the log, that a link does not work, and once that it does again: whoever has only the
// log has to find there what happened.
func (r *IntegrationReconciler) tell(ctx context.Context, i *v1alpha1.Integration, was *metav1.Condition, ready metav1.Condition, s link.Snapshot) {
	log := ctrl.LoggerFrom(ctx)
	switch {
	case ready.Status == metav1.ConditionFalse && (was == nil || was.Reason != ready.Reason):
		r.Recorder.Eventf(i, nil, corev1.EventTypeWarning, ready.Reason, "Call", "%s", ready.Message)
		if ready.Reason == v1alpha1.ReasonSuspended {
			log.Info("An Integration is suspended", "waiting", s.Waiting)
			return
		}
		log.Error(nil, "An Integration does not work; what waits for it is safe", "reason", ready.Reason, "seen", ready.Message, "waiting", s.Waiting)
	case s.Health.Condition == link.Healthy && was != nil && was.Status == metav1.ConditionFalse:
		r.Recorder.Eventf(i, nil, corev1.EventTypeNormal, "Recovered", "Call", "no longer %s: its submissions go on", was.Reason)
		log.Info("An Integration works again", "was", was.Reason, "since", was.LastTransitionTime.UTC().Format(time.RFC3339), "waiting", s.Waiting)
	}
}

// statusOf is what the figures of a link are in its Integration's status.
func statusOf(s link.Snapshot) v1alpha1.IntegrationStatus {
	return v1alpha1.IntegrationStatus{
		Circuit:                v1alpha1.CircuitState(s.Circuit),
		Waiting:                rounded(s.Waiting),
		OldestWaitingSince:     timeOf(s.Oldest),
		RecentCalls:            rounded(s.Calls),
		RecentFailures:         rounded(s.Failures),
		P95LatencyMilliseconds: rounded(s.P95.Milliseconds()),
		NextProbeTime:          timeOf(s.NextProbe),
		DrainSeconds:           rounded(int64(s.Drain / time.Second)),
	}
}

// readyOf says what the health of a link means for its Integration.
func readyOf(integration *v1alpha1.Integration, health link.Health) metav1.Condition {
	ready := metav1.Condition{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse,
		Reason: string(health.Condition), Message: health.Message, ObservedGeneration: integration.Generation,
	}
	switch {
	case integration.Spec.Suspend != nil && *integration.Spec.Suspend:
		ready.Reason, ready.Message = v1alpha1.ReasonSuspended, "spec.suspend is set: submissions wait"
	case health.Condition == link.Untried, health.Condition == link.Healthy:
		ready.Status, ready.Reason, ready.Message = metav1.ConditionTrue, v1alpha1.ReasonReady, ""
	}
	ready.Message = advised(ready.Reason, ready.Message)
	return ready
}

// SetupWithManager registers the controller.
func (r *IntegrationReconciler) SetupWithManager(mgr ctrl.Manager) error {
	if r.Now == nil {
		r.Now = time.Now
	}
	changes := source.Func(func(_ context.Context, q workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		r.Links.Registry.NotifyIntegrations(func(key link.Key) { q.Add(requestFor(key)) })
		return nil
	})
	return ctrl.NewControllerManagedBy(mgr).
		Named("integration").
		For(&v1alpha1.Integration{}, builder.WithPredicates(changedByOthers())).
		WatchesRawSource(changes).
		WithOptions(controller.Options{MaxConcurrentReconciles: 16, RateLimiter: retryLimiter()}).
		Complete(untilStopped(r))
}
