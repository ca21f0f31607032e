package controllers

import (
	"context"
	"errors"
	"fmt"
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
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/contact"
	"github.com/contact-operator/contact-operator/internal/link"
	"github.com/contact-operator/contact-operator/internal/pipeline"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/tracing"
)

// +kubebuilder:rbac:groups=contact-operator.io,resources=contactsubmissions,verbs=get;list;watch;delete
// +kubebuilder:rbac:groups=contact-operator.io,resources=contactsubmissions/status,verbs=update
// +kubebuilder:rbac:groups=contact-operator.io,resources=contacts,verbs=get;create;update

// A submission that was woken goes before the backlog of a start, and after new ones.
const wokenPriority = handler.LowPriority / 2

// staleDelay is the time that the cache is given to catch up with a write.
const staleDelay = 100 * time.Millisecond

// SubmissionReconciler takes submissions through the stages of their pipeline. A pass that finds every system well costs
// two API writes: the Contact, then the submission's status.
type SubmissionReconciler struct {
	// Client reads submissions, pipelines and receipts from the cache, and Contacts from the API server.
	Client   client.Client
	Recorder events.EventRecorder
	Links    *Links
	People   *People
	Metrics  *Metrics
	// Workers is how many submissions are processed at a time; 0 means 512. A worker that waits for its own call, or for the
	// batch that it travels in, costs next to nothing; so there are more of them than hung systems can hold, and enough to
	// fill batches.
	Workers int
	// Now tells the time.
	Now func() time.Time
	// Tracer follows those submissions that the intake has begun to follow; nil: none.
	Tracer *tracing.Tracer

	notices notices
	written written
	doubts  doubts
}

// Reconcile makes one pass over one submission.
func (r *SubmissionReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	key := link.Key(request.NamespacedName)
	var submission v1alpha1.ContactSubmission
	err := r.Client.Get(ctx, request.NamespacedName, &submission)
	if err != nil && !apierrors.IsNotFound(err) {
		return ctrl.Result{}, safe(err)
	}
	if err != nil || settled(&submission) {
		r.forget(key)
		return ctrl.Result{}, nil
	}
	if r.written.isNewer(key, submission.ResourceVersion) {
		return ctrl.Result{RequeueAfter: staleDelay}, nil // what it says of the stages is old
	}
	person := personOf(&submission)
	if !r.People.turns.take(person, key) {
		return ctrl.Result{}, nil
	}
	defer func() { r.People.call(r.People.turns.release(person)) }()

	ctx = r.follow(ctx, &submission)
	begun := r.Links.Registry.Begin(key)
	defer r.Links.Registry.Done(begun)
	result, err := r.pass(ctx, &submission, person, begun)
	if err != nil || result.RequeueAfter == staleDelay {
		r.Links.Registry.Undo(key, begun)
	}
	if stale(err) {
		return ctrl.Result{RequeueAfter: staleDelay}, nil
	}
	return result, safe(err)
}

// settled tells whether nothing can happen to a submission unless a person asks for it.
func settled(s *v1alpha1.ContactSubmission) bool {
	return (s.Status.State == v1alpha1.StateHeld || s.Status.State == v1alpha1.StateCompleted) && !pipeline.Asked(s)
}

// forget is for a submission that is gone, or has nothing to do.
func (r *SubmissionReconciler) forget(key link.Key) {
	r.Links.Registry.Done(r.Links.Registry.Begin(key))
	r.written.forget(key)
	r.doubts.forget(key)
	r.People.call(r.People.turns.decline(key))
}

// pass takes a submission as far as it can.
func (r *SubmissionReconciler) pass(ctx context.Context, s *v1alpha1.ContactSubmission, person link.Key, begun link.Begun) (ctrl.Result, error) {
	erased, err := r.People.erasedSince(ctx, person, contact.ReceivedAt(s))
	if err != nil {
		return ctrl.Result{}, err
	}
	if erased {
		ctrl.LoggerFrom(ctx).Info("A submission of an erased person arrived late; it is deleted")
		r.Metrics.late.WithLabelValues(s.Namespace, s.Spec.PipelineRef.Name).Inc()
		return ctrl.Result{}, client.IgnoreNotFound(r.Client.Delete(ctx, s, client.Preconditions{UID: &s.UID}))
	}
	in := pipeline.Input{
		Submission: s, Links: r.Links.In(s.Namespace), Now: r.Now, Jitter: jitter, ParkedSince: begun.Since(),
		Changed: func(integration string) bool {
			return begun.Changed(link.Key{Namespace: s.Namespace, Name: integration})
		},
		Doubtful: r.doubts.about(link.Key{Namespace: s.Namespace, Name: s.Name}),
		Tracer:   r.Tracer,
	}
	if r.Tracer != nil {
		in.CalledBy = func(integration string) bool {
			return begun.CalledBy(link.Key{Namespace: s.Namespace, Name: integration})
		}
	}
	if in.Pipeline, err = r.pipelineOf(ctx, s); err != nil {
		return ctrl.Result{}, err
	}
	if in.Contact, err = r.contactOf(ctx, person); err != nil {
		return ctrl.Result{}, err
	}
	if in.Contact == nil {
		if in.Earlier, err = r.refusalBefore(ctx, s, person); err != nil {
			return ctrl.Result{}, err
		}
	}
	if in.Contact != nil && !in.Contact.DeletionTimestamp.IsZero() {
		r.Links.Registry.Wait(link.Key{Namespace: s.Namespace, Name: s.Name}, begun, link.Waits{Waiting: []link.Key{erasureKey(person)}})
		return ctrl.Result{}, nil
	}
	out, err := pipeline.Run(ctx, in)
	if err != nil {
		return ctrl.Result{}, err
	}
	logFaults(ctx, out.Failures)
	if err := r.write(ctx, in, out); err != nil {
		r.doubts.add(link.Key{Namespace: s.Namespace, Name: s.Name})
		return ctrl.Result{}, err
	}
	return r.wait(s, out, begun), nil
}

func (r *SubmissionReconciler) pipelineOf(ctx context.Context, s *v1alpha1.ContactSubmission) (*v1alpha1.ContactPipeline, error) {
	var p v1alpha1.ContactPipeline
	err := r.Client.Get(ctx, types.NamespacedName{Namespace: s.Namespace, Name: s.Spec.PipelineRef.Name}, &p)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return &p, err
}

func (r *SubmissionReconciler) contactOf(ctx context.Context, person link.Key) (*v1alpha1.Contact, error) {
	var c v1alpha1.Contact
	err := r.Client.Get(ctx, types.NamespacedName(person), &c)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return &c, err
}

// write writes what a pass found out: the Contact first, because it holds what the outside systems were told, then the
// submission's status. If only the first succeeds, the next pass finds nothing left to do outside.
func (r *SubmissionReconciler) write(ctx context.Context, in pipeline.Input, out pipeline.Output) error {
	if err := r.writeContact(ctx, in, out.Contact); err != nil {
		return err
	}
	if equality.Semantic.DeepEqual(in.Submission.Status, out.Status) {
		return nil
	}
	updated := in.Submission.DeepCopy()
	updated.Status = out.Status
	writing, step := r.Tracer.Start(ctx, "write status")
	err := r.Client.Status().Update(writing, updated)
	step.End(writeOutcome(err))
	if err != nil {
		return err
	}
	if out.Status.State == v1alpha1.StateActive {
		r.written.note(link.Key{Namespace: updated.Namespace, Name: updated.Name}, updated.ResourceVersion)
	}
	r.tell(ctx, in.Submission, updated)
	return nil
}

func (r *SubmissionReconciler) writeContact(ctx context.Context, in pipeline.Input, c *v1alpha1.Contact) error {
	if c == nil || (in.Contact != nil && equality.Semantic.DeepEqual(in.Contact, c)) {
		return nil
	}
	ctx, step := r.Tracer.Start(ctx, "write Contact")
	var err error
	if in.Contact == nil {
		err = r.Client.Create(ctx, c)
	} else {
		err = r.Client.Update(ctx, c)
	}
	step.End(writeOutcome(err))
	if (apierrors.IsInvalid(err) || apierrors.IsForbidden(err)) && r.notices.allow(in.Submission.Namespace+"/contacts") {
		r.Recorder.Eventf(in.Submission, nil, corev1.EventTypeWarning, "ContactRefused", "Process", "%s", safe(err))
	}
	return err
}

// tell counts what came to an end, and makes an event of what concerns this record alone, and only of that: a link that fails is told of on its
// Integration. A flood of bad addresses makes a few events a minute.
func (r *SubmissionReconciler) tell(ctx context.Context, was, is *v1alpha1.ContactSubmission) {
	ready := meta.FindStatusCondition(is.Status.Conditions, v1alpha1.ConditionReady)
	before := meta.FindStatusCondition(was.Status.Conditions, v1alpha1.ConditionReady)
	if is.Status.State == v1alpha1.StateActive || (before != nil && before.Reason == ready.Reason) {
		return
	}
	r.Metrics.ended(is, ready.Reason, r.Now())
	log := ctrl.LoggerFrom(ctx).WithValues("pipeline", is.Spec.PipelineRef.Name)
	log.V(1).Info("A submission came to an end", "as", ready.Reason)
	if is.Status.State != v1alpha1.StateHeld {
		return
	}
	if r.notices.allow(is.Namespace + "/" + is.Spec.PipelineRef.Name) {
		r.Recorder.Eventf(is, nil, corev1.EventTypeWarning, ready.Reason, "Process", "%s", ready.Message)
		if ready.Reason == v1alpha1.ReasonStalled { // a rejection is the pipeline's policy at work
			log.Info("A submission waits for a person", "seen", ready.Message)
		}
	}
}

// logFaults logs what should not happen: failures that no adapter has classified, and panics. The texts of such errors are
// left out: they may hold what the adapter was working on.
func logFaults(ctx context.Context, failures []pipeline.Failure) {
	for _, f := range failures {
		if !f.Err.Unexpected {
			continue
		}
		details := []any{"stage", f.Stage, "integration", f.Integration, "type", fmt.Sprintf("%T", f.Err.Err)}
		if panicked := (*provider.Panic)(nil); errors.As(f.Err, &panicked) {
			details = append(details, "type", panicked.Type, "stack", string(panicked.Stack))
		}
		ctrl.LoggerFrom(ctx).Error(nil, "A provider has a fault: it failed in a way that it does not know. The call is tried again; please report this", details...)
	}
}

// wait remembers what a submission that is not through waits for, and says when to come back at the latest.
func (r *SubmissionReconciler) wait(s *v1alpha1.ContactSubmission, out pipeline.Output, begun link.Begun) ctrl.Result {
	after := v1alpha1.ContactSubmission{ObjectMeta: s.ObjectMeta, Status: out.Status}
	if settled(&after) {
		return ctrl.Result{}
	}
	in := func(names []string) []link.Key {
		var keys []link.Key
		for _, name := range names {
			keys = append(keys, link.Key{Namespace: s.Namespace, Name: name})
		}
		return keys
	}
	waits := link.Waits{
		Parked: in(out.Parked), Waiting: in(out.Waiting), Received: contact.ReceivedAt(s).Time, Low: inNoHurry(s),
	}
	waits.Waiting = append(waits.Waiting, pipelineKey(types.NamespacedName{Namespace: s.Namespace, Name: s.Spec.PipelineRef.Name}))
	r.Links.Registry.Wait(link.Key{Namespace: s.Namespace, Name: s.Name}, begun, waits)
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
		workers = 512
	}
	if r.Now == nil {
		r.Now = time.Now
	}
	if err := mgr.GetFieldIndexer().IndexField(context.Background(), &v1alpha1.ContactSubmission{}, refusedPerson, indexRefused); err != nil {
		return err
	}
	wakes := source.Func(func(_ context.Context, q workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		queue := q.(priorityqueue.PriorityQueue[reconcile.Request])
		enqueue := func(priority int) func([]link.Key) {
			return func(keys []link.Key) {
				requests := make([]reconcile.Request, len(keys))
				for i, key := range keys {
					requests[i] = requestFor(key)
				}
				queue.AddWithOpts(priorityqueue.AddOpts{Priority: &priority}, requests...)
			}
		}
		r.People.notify(enqueue(0))
		r.Links.Registry.NotifySubmissions(enqueue(wokenPriority))
		return nil
	})
	return ctrl.NewControllerManagedBy(mgr).
		Named("submission").
		Watches(&v1alpha1.ContactSubmission{}, arrivals{&r.doubts}, builder.WithPredicates(changedByOthers())).
		WatchesRawSource(wakes).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: workers, RateLimiter: retryLimiter(), UsePriorityQueue: new(true),
		}).
		Complete(untilStopped(r))
}
