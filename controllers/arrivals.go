package controllers

import (
	"context"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/link"
)

// arrivals enqueues submissions. A person who waits for something goes before the backlog of a start, and before what is
// imported in bulk.
type arrivals struct{ doubts *doubts }

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// Create implements handler.EventHandler.
func (a arrivals) Create(_ context.Context, e event.CreateEvent, q queue) {
	if e.IsInInitialList {
		a.doubts.add(link.Key(client.ObjectKeyFromObject(e.Object)))
	}
	enqueue(q, e.Object, e.IsInInitialList)
}

// Update implements handler.EventHandler.
func (arrivals) Update(_ context.Context, e event.UpdateEvent, q queue) {
	enqueue(q, e.ObjectNew, false)
}

// Delete implements handler.EventHandler. What is gone from the cache is completed or deleted: there is no hurry.
func (arrivals) Delete(_ context.Context, e event.DeleteEvent, q queue) { enqueue(q, e.Object, true) }

// Generic implements handler.EventHandler.
func (arrivals) Generic(_ context.Context, e event.GenericEvent, q queue) {
	enqueue(q, e.Object, false)
}

func enqueue(q queue, o client.Object, later bool) {
	priority := 0
	if later || inNoHurry(o) {
		priority = handler.LowPriority
	}
	request := reconcile.Request{NamespacedName: client.ObjectKeyFromObject(o)}
	q.(priorityqueue.PriorityQueue[reconcile.Request]).AddWithOpts(priorityqueue.AddOpts{Priority: &priority}, request)
}

// inNoHurry tells whether others go before a submission.
func inNoHurry(o client.Object) bool {
	return o.GetAnnotations()[v1alpha1.AnnotationPriority] == v1alpha1.PriorityLow
}
