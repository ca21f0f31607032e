package controllers

import (
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/link"
)

func TestDoubts(t *testing.T) {
	t.Parallel()
	var d doubts
	q := priorityqueue.New[reconcile.Request]("test")
	defer q.ShutDown()
	arrive := func(name string, before bool) link.Key {
		s := &v1alpha1.ContactSubmission{}
		s.Namespace, s.Name = "contacts", name
		arrivals{&d}.Create(t.Context(), event.CreateEvent{Object: s, IsInInitialList: before}, q)
		return link.Key{Namespace: "contacts", Name: name}
	}
	before, after := arrive("before", true), arrive("after", false)
	if !d.about(before) {
		t.Error("another operator may have died in a pass over what was there before this one began")
	}
	if d.about(after) {
		t.Error("nobody has processed it before")
	}
	d.add(after)
	if !d.about(after) {
		t.Error("its pass could not be written down")
	}
	d.forget(before)
	d.forget(after)
	if d.about(before) || len(d.of) != 0 {
		t.Error("what is through is remembered")
	}
}
