package controllers

import (
	"context"
	"math/rand/v2"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/contact"
	"github.com/contact-operator/contact-operator/internal/link"
	"github.com/contact-operator/contact-operator/internal/pipeline"
)

// +kubebuilder:rbac:groups=contact-operator.io,resources=contactsubmissions,verbs=get;list;watch
// +kubebuilder:rbac:groups=contact-operator.io,resources=contactsubmissions/status,verbs=update
// +kubebuilder:rbac:groups=contact-operator.io,resources=contacts,verbs=get;create;update

// A submission that was woken goes before the backlog of a start, and after new ones.
const wokenPriority = handler.LowPriority / 2

// staleDelay is the time that the cache is given to catch up, after a write lost against another one.
const staleDelay = 300 * time.Millisecond

// SubmissionReconciler takes submissions through the stages of their pipeline. A pass that finds every system well costs
// two API writes: the Contact, then the submission's status.
type SubmissionReconciler struct {
	// Client reads submissions and pipelines from the cache, and Contacts from the API server.
	Client   client.Client
	Recorder events.EventRecorder
	Links    *Links
	// Workers is how many submissions are processed at a time; 0 means 96: more than the slots of all links together, so
	// that a hung system can't take them all.
	Workers int
	// Now tells the time.
	Now func() time.Time

	turns   turns
	notices notices
	wake    func(priority int, keys []link.Key)
}

// Reconcile makes one pass over one submission.
func (r *SubmissionReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	key := link.Key(request.NamespacedName)
	var submission v1alpha1.ContactSubmission
	err := r.Client.Get(ctx, request.NamespacedName, &submission)
	if err != nil || settled(&submission) {
		r.Links.Registry.Begin(key)
		return ctrl.Result{}, client.IgnoreNotFound(safe(err))
	}
	person := link.Key{Namespace: key.Namespace, Name: contact.Name(contact.NormaliseAddress(submission.Spec.Contact.Email))}
	if !r.turns.take(person, key) {
		return ctrl.Result{}, nil
	}
	defer func() { r.wake(0, r.turns.release(person)) }()

	woken, mark := r.Links.Registry.Begin(key)
	in := pipeline.Input{
		Submission: &submission, Links: r.Links.In(key.Namespace), Woken: woken, Now: r.Now, Jitter: jitter,
	}
	if in.Pipeline, err = r.pipelineOf(ctx, &submission); err != nil {
		return ctrl.Result{}, err
	}
	if in.Contact, err = r.contactOf(ctx, person); err != nil {
		return ctrl.Result{}, err
	}
	out, err := pipeline.Run(ctx, in)
	if err != nil {
		return ctrl.Result{}, err
	}
	if err := r.write(ctx, in, out); err != nil {
		if stale(err) {
			return ctrl.Result{RequeueAfter: staleDelay}, nil
		}
		return ctrl.Result{}, safe(err)
	}
	return r.wait(&submission, out, mark), nil
}

// settled tells whether nothing can happen to a submission until a person acts.
func settled(s *v1alpha1.ContactSubmission) bool {
	return s.Status.State == v1alpha1.StateHeld || s.Status.State == v1alpha1.StateCompleted
}

func (r *SubmissionReconciler) pipelineOf(ctx context.Context, s *v1alpha1.ContactSubmission) (*v1alpha1.ContactPipeline, error) {
	var p v1alpha1.ContactPipeline
	err := r.Client.Get(ctx, types.NamespacedName{Namespace: s.Namespace, Name: s.Spec.PipelineRef.Name}, &p)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return &p, safe(err)
}

func (r *SubmissionReconciler) contactOf(ctx context.Context, person link.Key) (*v1alpha1.Contact, error) {
	var c v1alpha1.Contact
	err := r.Client.Get(ctx, types.NamespacedName(person), &c)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return &c, safe(err)
}

// write writes what a pass found out: the Contact first, because it holds what the outside systems were told, then the
// submission's status. If only the first succeeds, the next pass finds nothing left to do outside.
func (r *SubmissionReconciler) write(ctx context.Context, in pipeline.Input, out pipeline.Output) error {
	switch {
	case out.Contact == nil:
	case in.Contact == nil:
		if err := r.Client.Create(ctx, out.Contact); err != nil {
			return err
		}
	case !equality.Semantic.DeepEqual(in.Contact, out.Contact):
		if err := r.Client.Update(ctx, out.Contact); err != nil {
			return err
		}
	}
	if equality.Semantic.DeepEqual(in.Submission.Status, out.Status) {
		return nil
	}
	updated := in.Submission.DeepCopy()
	updated.Status = out.Status
	if err := r.Client.Status().Update(ctx, updated); err != nil {
		return err
	}
	r.tell(in.Submission, updated)
	return nil
}

// tell makes an event of what concerns this record alone, and only of that: a link that fails is told of on its
// Integration. A flood of bad addresses makes a few events a minute.
func (r *SubmissionReconciler) tell(was, is *v1alpha1.ContactSubmission) {
	ready := meta.FindStatusCondition(is.Status.Conditions, v1alpha1.ConditionReady)
	before := meta.FindStatusCondition(was.Status.Conditions, v1alpha1.ConditionReady)
	if ready.Reason != v1alpha1.ReasonRejected && ready.Reason != v1alpha1.ReasonStalled {
		return
	}
	if before != nil && before.Reason == ready.Reason {
		return
	}
	if r.notices.allow(is.Namespace + "/" + is.Spec.PipelineRef.Name) {
		r.Recorder.Eventf(is, nil, corev1.EventTypeWarning, ready.Reason, "Process", "%s", ready.Message)
	}
}

// wait remembers what a submission that is not through waits for, and says when to come back at the latest.
func (r *SubmissionReconciler) wait(s *v1alpha1.ContactSubmission, out pipeline.Output, mark uint64) ctrl.Result {
	if out.Status.State != v1alpha1.StateActive {
		return ctrl.Result{}
	}
	in := func(names []string) []link.Key {
		var keys []link.Key
		for _, name := range names {
			keys = append(keys, link.Key{Namespace: s.Namespace, Name: name})
		}
		return keys
	}
	waiting := append(in(out.Waiting), pipelineKey(types.NamespacedName{Namespace: s.Namespace, Name: s.Spec.PipelineRef.Name}))
	r.Links.Registry.Wait(link.Key{Namespace: s.Namespace, Name: s.Name}, mark, in(out.Busy), waiting)
	if out.NextAttempt.IsZero() {
		return ctrl.Result{}
	}
	return ctrl.Result{
		RequeueAfter: max(out.NextAttempt.Sub(r.Now()), time.Second),
		Priority:     new(handler.LowPriority),
	}
}

func jitter(maximum time.Duration) time.Duration { return rand.N(maximum) }

// SetupWithManager registers the controller.
func (r *SubmissionReconciler) SetupWithManager(mgr ctrl.Manager) error {
	workers := r.Workers
	if workers == 0 {
		workers = 96
	}
	if r.Now == nil {
		r.Now = time.Now
	}
	wakes := source.Func(func(_ context.Context, q workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		queue := q.(priorityqueue.PriorityQueue[reconcile.Request])
		r.wake = func(priority int, keys []link.Key) {
			requests := make([]reconcile.Request, len(keys))
			for i, key := range keys {
				requests[i] = requestFor(key)
			}
			queue.AddWithOpts(priorityqueue.AddOpts{Priority: &priority}, requests...)
		}
		r.Links.Registry.NotifySubmissions(func(keys []link.Key) { r.wake(wokenPriority, keys) })
		return nil
	})
	return ctrl.NewControllerManagedBy(mgr).
		Named("submission").
		For(&v1alpha1.ContactSubmission{}, builder.WithPredicates(changesOfOthers())).
		WatchesRawSource(wakes).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: workers, RateLimiter: retryLimiter(), UsePriorityQueue: new(true),
		}).
		Complete(r)
}

// changesOfOthers lets through what people and the intake do, and not the operator's own writes of status.
func changesOfOthers() predicate.Predicate {
	return predicate.And(
		predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}),
		predicate.Funcs{DeleteFunc: func(event.DeleteEvent) bool { return false }},
	)
}
