package controllers

import (
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/link"
)

// The fake client stands for the cache: it shows what it is given, as late as it is given it.
func TestAContactIsReadWhereOneIsKnown(t *testing.T) {
	t.Parallel()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	cache := fake.NewClientBuilder().WithScheme(scheme).Build()
	people := &People{Known: cache}
	ada := link.Key{Namespace: "contacts", Name: "c-ada"}
	expect := func(want bool, when string) {
		t.Helper()
		got, err := people.isNew(t.Context(), ada)
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("new: %v, want %v, %s", got, want, when)
		}
	}
	expect(true, "while nothing is known of her")

	people.noteFound(ada)
	expect(false, "once her Contact was made or met, although the cache does not show it")
	expect(false, "also at the second look")
	people.noteGone(ada)
	expect(true, "once the API server has said that there is none")

	people.noteFound(ada)
	c := &v1alpha1.Contact{}
	c.Namespace, c.Name = ada.Namespace, ada.Name
	if err := cache.Create(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	expect(false, "while the cache shows her Contact")
	if len(people.found) != 0 {
		t.Error("what the cache shows is remembered beside it")
	}
	if err := cache.Delete(t.Context(), c, client.Preconditions{}); err != nil {
		t.Fatal(err)
	}
	expect(true, "after her Contact was deleted")
}
