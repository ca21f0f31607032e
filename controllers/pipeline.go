package controllers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/link"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// +kubebuilder:rbac:groups=contact-operator.io,resources=contactpipelines,verbs=get;list;watch
// +kubebuilder:rbac:groups=contact-operator.io,resources=contactpipelines/status,verbs=update

// PipelineReconciler says in a ContactPipeline's status whether it can be used, and wakes the submissions that wait for it
// when it changes.
type PipelineReconciler struct {
	Client client.Client
	Links  *Links
	// Now tells the time.
	Now func() time.Time

	pace    statusPace
	sources statusPace // of looking at what the sources need
	mu      sync.Mutex
	seen    map[types.NamespacedName]string // the version that submissions were last woken for
}

// Reconcile checks one pipeline.
func (r *PipelineReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var p v1alpha1.ContactPipeline
	if err := r.Client.Get(ctx, request.NamespacedName, &p); err != nil {
		if client.IgnoreNotFound(err) == nil {
			r.wake(request.NamespacedName, "")
			r.pace.forget(link.Key(request.NamespacedName))
			r.sources.forget(link.Key(request.NamespacedName))
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, safe(err)
	}
	r.wake(request.NamespacedName, fmt.Sprintf("%s/%d", p.UID, p.Generation))
	r.Links.Metrics.expect(p.Namespace, p.Name)

	ready, err := r.check(ctx, &p)
	if err != nil {
		return ctrl.Result{}, err
	}
	updated := p.DeepCopy()
	ready.Type, ready.ObservedGeneration = v1alpha1.ConditionReady, p.Generation
	meta.SetStatusCondition(&updated.Status.Conditions, ready)
	updated.Status.ObservedGeneration = p.Generation
	if err := r.checkSources(ctx, updated); err != nil {
		return ctrl.Result{}, err
	}
	if err := r.count(ctx, updated); err != nil {
		return ctrl.Result{}, err
	}
	wait, err := r.write(ctx, &p, updated)
	// The figures move, and a Secret that appears may show that an Integration does not suit after all.
	return ctrl.Result{RequeueAfter: cmp.Or(wait, statusInterval), Priority: new(handler.LowPriority)}, err
}

// write writes a status that has changed: at once when it says whether the pipeline can be used, and figures at most every
// ten seconds. It returns how long to wait.
func (r *PipelineReconciler) write(ctx context.Context, was, is *v1alpha1.ContactPipeline) (time.Duration, error) {
	if equality.Semantic.DeepEqual(is.Status, was.Status) {
		return 0, nil
	}
	key := link.Key{Namespace: is.Namespace, Name: is.Name}
	figures := equality.Semantic.DeepEqual(is.Status.Conditions, was.Status.Conditions)
	if wait := r.pace.wait(key, r.Now()); wait > 0 && figures {
		return wait, nil
	}
	r.pace.wrote(key, r.Now())
	return 0, ignoreStale(r.Client.Status().Update(ctx, is))
}

// count puts into a pipeline's status what is unfinished, and which link holds most of it up.
func (r *PipelineReconciler) count(ctx context.Context, p *v1alpha1.ContactPipeline) error {
	var submissions v1alpha1.ContactSubmissionList
	if err := r.Client.List(ctx, &submissions, client.InNamespace(p.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return safe(err)
	}
	unfinished := 0
	for i := range submissions.Items {
		s := &submissions.Items[i]
		if s.Spec.PipelineRef.Name == p.Name && (s.Status.State == "" || s.Status.State == v1alpha1.StateActive) {
			unfinished++
		}
	}
	p.Status.Unfinished = rounded(unfinished)
	p.Status.WeakestLink = r.weakest(p)
	return nil
}

// weakest is the link that most of a pipeline's submissions wait for. Where the oldest has come just now, it is only the
// queue for a slot.
func (r *PipelineReconciler) weakest(p *v1alpha1.ContactPipeline) *v1alpha1.WeakestLink {
	backlogs := r.Links.Registry.Backlogs(pipelineKey(types.NamespacedName{Namespace: p.Namespace, Name: p.Name}))
	var weakest *v1alpha1.WeakestLink
	most := 0
	for _, u := range uses(p) {
		b := backlogs[link.Key{Namespace: p.Namespace, Name: u.integration}]
		if b.Waiting <= most || r.Now().Sub(b.Oldest) < statusInterval {
			continue
		}
		most = b.Waiting
		weakest = &v1alpha1.WeakestLink{
			Integration: u.integration, Stage: u.stage, Waiting: rounded(b.Waiting), OldestWaitingSince: timeOf(b.Oldest),
		}
	}
	return weakest
}

// wake wakes the submissions that wait for a pipeline, once per version; "" is a deleted one. Planned times hold: what was
// planned for an Integration is not touched by a pipeline that still names it.
func (r *PipelineReconciler) wake(name types.NamespacedName, version string) {
	r.mu.Lock()
	if r.seen == nil {
		r.seen = make(map[types.NamespacedName]string)
	}
	changed := r.seen[name] != version
	r.seen[name] = version
	if version == "" {
		delete(r.seen, name)
	}
	r.mu.Unlock()
	if changed {
		r.Links.Registry.Wake(pipelineKey(name), false)
	}
}

// pipelineKey stands for a pipeline among the things that submissions wait for. No Integration has a slash in its name.
func pipelineKey(name types.NamespacedName) link.Key {
	return link.Key{Namespace: name.Namespace, Name: "ContactPipeline/" + name.Name}
}

// check looks at every Integration that a pipeline names.
func (r *PipelineReconciler) check(ctx context.Context, p *v1alpha1.ContactPipeline) (metav1.Condition, error) {
	var missing, unsuited []string
	for _, u := range uses(p) {
		_, found, err := r.Links.Refresh(ctx, link.Key{Namespace: p.Namespace, Name: u.integration})
		var wait *provider.Wait
		switch {
		case errors.As(err, &wait):
			missing = append(missing, u.field+": Integration "+u.integration+" does not exist")
		case err != nil:
			return metav1.Condition{}, err
		case found.Usable() == nil && !u.suits(found.Provider()):
			unsuited = append(unsuited, u.field+": Integration "+u.integration+" does not offer "+u.port)
		}
	}
	no := func(reason string, why []string) metav1.Condition {
		return metav1.Condition{Status: metav1.ConditionFalse, Reason: reason, Message: advised(reason, strings.Join(why, "; "))}
	}
	switch {
	case p.Spec.Suspend != nil && *p.Spec.Suspend:
		return no(v1alpha1.ReasonSuspended, []string{"spec.suspend is set: submissions wait"}), nil
	case len(missing) > 0:
		return no(v1alpha1.ReasonIntegrationNotFound, missing), nil
	case len(unsuited) > 0:
		return no(v1alpha1.ReasonIntegrationUnsuited, unsuited), nil
	default:
		return metav1.Condition{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReady}, nil
	}
}

// use is one Integration that a pipeline names, and what it has to offer.
type use struct {
	field       string
	stage       v1alpha1.Stage
	integration string
	port        string
	suits       func(provider.Provider) bool
}

func uses(p *v1alpha1.ContactPipeline) []use {
	upserts := func(p provider.Provider) bool { return p.Upserter != nil }
	var all []use
	if s := p.Spec.Validation; s != nil {
		all = append(all, use{"spec.validation", v1alpha1.StageValidated, s.IntegrationRef.Name, "verify", func(p provider.Provider) bool { return p.Verifier != nil }})
	}
	if s := p.Spec.Location; s != nil {
		all = append(all, use{"spec.location", v1alpha1.StageLocated, s.IntegrationRef.Name, "locate", func(p provider.Provider) bool { return p.Locator != nil }})
	}
	if s := p.Spec.CRM; s != nil {
		all = append(all, use{"spec.crm", v1alpha1.StageCRMSynced, s.IntegrationRef.Name, "upsert", upserts})
	}
	if s := p.Spec.Marketing; s != nil {
		all = append(all, use{"spec.marketing", v1alpha1.StageMarketingSynced, s.IntegrationRef.Name, "upsert", upserts})
	}
	return all
}

// SetupWithManager registers the controller.
func (r *PipelineReconciler) SetupWithManager(mgr ctrl.Manager) error {
	if r.Now == nil {
		r.Now = time.Now
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named("pipeline").
		For(&v1alpha1.ContactPipeline{}, builder.WithPredicates(changedByOthers())).
		Watches(&v1alpha1.Integration{}, handler.EnqueueRequestsFromMapFunc(r.naming), builder.WithPredicates(changedByOthers())).
		WithOptions(controller.Options{MaxConcurrentReconciles: 2, RateLimiter: retryLimiter()}).
		Complete(untilStopped(r))
}

// naming lists the pipelines that name an Integration. It reads the cache.
func (r *PipelineReconciler) naming(ctx context.Context, integration client.Object) []ctrl.Request {
	var pipelines v1alpha1.ContactPipelineList
	if err := r.Client.List(ctx, &pipelines, client.InNamespace(integration.GetNamespace())); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "ContactPipelines can't be listed; their Ready condition may lag behind")
		return nil
	}
	var requests []ctrl.Request
	for i := range pipelines.Items {
		for _, u := range uses(&pipelines.Items[i]) {
			if u.integration == integration.GetName() {
				requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(&pipelines.Items[i])})
				break
			}
		}
	}
	return requests
}
