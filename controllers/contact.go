package controllers

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/contact"
	"github.com/contact-operator/contact-operator/internal/link"
	"github.com/contact-operator/contact-operator/internal/pipeline"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// +kubebuilder:rbac:groups=contact-operator.io,resources=contacts,verbs=get;list;watch;update
// +kubebuilder:rbac:groups=contact-operator.io,resources=erasurereceipts,verbs=get;list;watch;create;update;delete

// receiptRetention is how long an ErasureReceipt is kept: longer than a submission may be under way from a queue.
const receiptRetention = 30 * 24 * time.Hour

// ContactReconciler erases a person whose Contact is deleted: first in the outside systems, then here.
type ContactReconciler struct {
	// Client reads Contacts from the API server, submissions that are not completed and receipts from the cache.
	Client client.Client
	// Direct reads from the API server.
	Direct   client.Reader
	Recorder events.EventRecorder
	Links    *Links
	People   *People
	Metrics  *Metrics
	// Now tells the time.
	Now func() time.Time
}

// Reconcile erases one person.
func (r *ContactReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	person := link.Key(request.NamespacedName)
	var c v1alpha1.Contact
	if err := r.Client.Get(ctx, request.NamespacedName, &c); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(safe(err))
	}
	if c.DeletionTimestamp.IsZero() || !controllerutil.ContainsFinalizer(&c, v1alpha1.FinalizerErase) {
		return ctrl.Result{}, nil
	}
	if !r.People.turns.try(person, erasureKey(person)) {
		return ctrl.Result{RequeueAfter: staleDelay}, nil // one of the person's submissions is being processed
	}
	defer func() { r.People.call(r.People.turns.release(person)) }()

	receipt, err := r.erase(ctx, &c)
	if err != nil {
		return ctrl.Result{}, err
	}
	// What arrives late is dropped by the receipt, so that must be seen before the Contact is gone.
	if known, err := r.People.erasedSince(ctx, person, receipt.Spec.ErasedAt); err != nil || !known {
		return ctrl.Result{RequeueAfter: staleDelay}, safe(err)
	}
	controllerutil.RemoveFinalizer(&c, v1alpha1.FinalizerErase)
	if err := r.Client.Update(ctx, &c); err != nil {
		return ctrl.Result{}, ignoreStale(err)
	}
	if receipt.Spec.Outcome == v1alpha1.ErasurePartial {
		r.Recorder.Eventf(receipt, nil, corev1.EventTypeWarning, "ErasedPartly", "Erase",
			"some systems may still hold the person: see spec.systems of this receipt")
	}
	r.Metrics.erasures.WithLabelValues(c.Namespace, string(receipt.Spec.Outcome)).Inc()
	r.Links.Registry.Wake(erasureKey(person), false)
	return ctrl.Result{}, nil
}

// erase erases a person outside, then the person's submissions, and writes the receipt; or returns the receipt when that
// was done in an earlier pass.
func (r *ContactReconciler) erase(ctx context.Context, c *v1alpha1.Contact) (*v1alpha1.ErasureReceipt, error) {
	receipt := &v1alpha1.ErasureReceipt{ObjectMeta: metav1.ObjectMeta{Namespace: c.Namespace, Name: c.Name}}
	err := r.Direct.Get(ctx, client.ObjectKeyFromObject(receipt), receipt)
	if client.IgnoreNotFound(err) != nil {
		return nil, safe(err)
	}
	if receipt.Spec.ContactUID == string(c.UID) {
		return receipt, nil
	}
	systems, err := r.eraseOutside(ctx, c)
	if waits := (*unerased)(nil); errors.As(err, &waits) {
		r.Recorder.Eventf(c, nil, corev1.EventTypeWarning, "ErasureWaits", "Erase",
			"%s; it is tried again; set the annotation %s to give up on what can't be reached", waits, v1alpha1.AnnotationSkipErasure)
	}
	if err != nil {
		return nil, err
	}
	erasedAt := metav1.NewMicroTime(r.Now().Truncate(time.Microsecond))
	deleted, err := r.eraseSubmissions(ctx, c)
	if err != nil {
		return nil, safe(err)
	}
	receipt.Spec = v1alpha1.ErasureReceiptSpec{
		ContactUID: string(c.UID), ErasedAt: erasedAt, ExpiresAt: metav1.NewTime(erasedAt.Add(receiptRetention)),
		Outcome: v1alpha1.ErasureComplete, Submissions: &deleted, Systems: systems,
	}
	if slices.ContainsFunc(systems, func(s v1alpha1.SystemErasure) bool { return s.Result != v1alpha1.SystemErased }) {
		receipt.Spec.Outcome = v1alpha1.ErasurePartial
	}
	if receipt.ResourceVersion == "" {
		return receipt, safe(r.Client.Create(ctx, receipt))
	}
	return receipt, safe(r.Client.Update(ctx, receipt)) // of an earlier erasure: the person came back, and is erased again
}

// eraseOutside erases a person in every system that may hold it. Erasing again is harmless, so that after an error all are
// asked again. What the systems say is kept on the Contact, too: while one of them holds the erasure up, it tells how far it has come.
func (r *ContactReconciler) eraseOutside(ctx context.Context, c *v1alpha1.Contact) ([]v1alpha1.SystemErasure, error) {
	_, giveUp := c.Annotations[v1alpha1.AnnotationSkipErasure]
	var systems []v1alpha1.SystemErasure
	var waiting []string
	news := false
	for i := range c.Status.Syncs {
		held := &c.Status.Syncs[i]
		result, err := r.eraseAt(ctx, c, *held)
		if err != nil && !giveUp {
			waiting = append(waiting, held.Integration+": "+reasonOf(err))
			continue
		}
		if err != nil {
			result = v1alpha1.ErasureResult{Result: v1alpha1.SystemSkipped}
		}
		result.Time = metav1.NewTime(r.Now().Truncate(time.Second))
		systems = append(systems, v1alpha1.SystemErasure{Stage: held.Stage, Integration: held.Integration, ErasureResult: result})
		if was := held.Erasure; was == nil || was.Result != result.Result || was.Kept != result.Kept {
			held.Erasure, news = &result, true
		}
	}
	if len(waiting) == 0 {
		return systems, nil // the receipt and the Contact's last write have it
	}
	if news {
		if err := r.Client.Update(ctx, c); err != nil {
			return nil, safe(err)
		}
	}
	return nil, &unerased{waiting}
}

// unerased says which systems hold an erasure up, and why.
type unerased struct{ waiting []string }

func (u *unerased) Error() string {
	return "the person can't be erased yet at " + strings.Join(u.waiting, ", ")
}

// reasonOf is what may be said of an error: nothing personal.
func reasonOf(err error) string {
	if wait := (*provider.Wait)(nil); errors.As(err, &wait) {
		return wait.Message
	}
	return provider.AsError(err).Message
}

// eraseAt erases a person in one system.
func (r *ContactReconciler) eraseAt(ctx context.Context, c *v1alpha1.Contact, held v1alpha1.ContactSync) (v1alpha1.ErasureResult, error) {
	none, gone := v1alpha1.ErasureResult{}, v1alpha1.ErasureResult{Result: v1alpha1.SystemGone}
	found, err := r.Links.find(ctx, c.Namespace, held.Integration)
	if wait := (*provider.Wait)(nil); errors.As(err, &wait) {
		return gone, nil
	}
	if err != nil {
		return none, err
	}
	if held.IntegrationUID != "" && held.IntegrationUID != found.UID() {
		return gone, nil // deleted, and made again under its name for another system
	}
	if err := found.Usable(); err != nil {
		return none, err
	}
	eraser := found.Provider().Eraser
	if eraser == nil {
		return v1alpha1.ErasureResult{Result: v1alpha1.SystemNotSupported}, nil
	}
	erase := provider.Request{Key: c.Spec.Email, RemoteID: held.RemoteID}
	if upserter := found.Provider().Upserter; upserter != nil {
		rendered, err := upserter.Render(pipeline.Record(c))
		if err != nil {
			return none, err
		}
		erase.Key = rendered.Key
	}
	var erased provider.Erased
	err = found.Write(ctx, func(ctx context.Context) (err error) {
		erased, err = eraser.Erase(ctx, erase)
		return err
	})
	if failure := (*provider.Error)(nil); errors.As(err, &failure) && (failure.Class == provider.Invalid || failure.Class == provider.Conflict) {
		return v1alpha1.ErasureResult{Result: v1alpha1.SystemNotSupported}, nil // it will not, however often it is asked
	}
	return v1alpha1.ErasureResult{Result: v1alpha1.SystemErased, Kept: cutTo(erased.Kept, maxKept)}, err
}

// maxKept is the CRD's limit, in characters. An adapter that says more must not hold an erasure up.
const maxKept = 256

func cutTo(text string, characters int) string {
	if all := []rune(text); len(all) > characters {
		return string(all[:characters])
	}
	return text
}

// eraseSubmissions deletes every submission of a person: the processed ones by the name of the Contact, the others by
// their address.
func (r *ContactReconciler) eraseSubmissions(ctx context.Context, c *v1alpha1.Contact) (int32, error) {
	var deleted int32
	remove := func(s client.Object) error {
		uid := s.GetUID()
		err := r.Client.Delete(ctx, s, client.Preconditions{UID: &uid})
		if err == nil {
			deleted++
		}
		return client.IgnoreNotFound(err)
	}
	page := &metav1.PartialObjectMetadataList{}
	for {
		page.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("ContactSubmissionList"))
		err := r.Direct.List(ctx, page, client.InNamespace(c.Namespace), client.MatchingFields{"status.contactName": c.Name},
			client.Limit(500), client.Continue(page.Continue))
		if err != nil {
			return deleted, err
		}
		for i := range page.Items {
			if err := remove(&page.Items[i]); err != nil {
				return deleted, err
			}
		}
		if page.Continue == "" {
			break
		}
	}
	var active v1alpha1.ContactSubmissionList
	if err := r.Client.List(ctx, &active, client.InNamespace(c.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return deleted, err
	}
	for i := range active.Items {
		if s := &active.Items[i]; contact.NormaliseAddress(s.Spec.Contact.Email) == c.Spec.Email && s.Status.ContactName == "" {
			if err := remove(s.DeepCopy()); err != nil {
				return deleted, err
			}
		}
	}
	return deleted, nil
}

// SetupWithManager registers the controller. It watches nothing of a Contact but that it is being deleted.
func (r *ContactReconciler) SetupWithManager(mgr ctrl.Manager) error {
	if r.Now == nil {
		r.Now = time.Now
	}
	deleted := predicate.NewPredicateFuncs(func(o client.Object) bool { return !o.GetDeletionTimestamp().IsZero() })
	return ctrl.NewControllerManagedBy(mgr).
		Named("contact").
		For(&v1alpha1.Contact{}, builder.OnlyMetadata, builder.WithPredicates(deleted)).
		WithOptions(controller.Options{MaxConcurrentReconciles: 2, RateLimiter: retryLimiter()}).
		Complete(untilStopped(r))
}
