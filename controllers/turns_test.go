package controllers

import (
	"fmt"
	"slices"
	"testing"

	"github.com/contact-operator/contact-operator/internal/link"
)

func TestTurns(t *testing.T) {
	ada := link.Key{Namespace: "contacts", Name: "ada"}
	key := func(name string) link.Key { return link.Key{Namespace: "contacts", Name: name} }
	var turns turns
	called := func(keys []link.Key, want ...string) {
		t.Helper()
		var got []string
		for _, k := range keys {
			got = append(got, k.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("called %v, want %v", got, want)
		}
	}
	if !turns.take(ada, key("1")) {
		t.Fatal("nobody is there, yet the first has to wait")
	}
	for _, name := range []string{"2", "3", "2", "4"} {
		if turns.take(ada, key(name)) {
			t.Errorf("%s came in beside another one", name)
		}
	}
	called(turns.release(ada), "2")
	if turns.take(ada, key("5")) {
		t.Error("5 came in before 2, whose turn it is")
	}
	called(turns.decline(key("3")))      // not called: it stays in the queue
	called(turns.decline(key("2")), "3") // deleted meanwhile: the turn goes on
	if !turns.take(ada, key("3")) {
		t.Error("3 was called and is not let in")
	}
	called(turns.release(ada), "4")
	called(turns.decline(key("4")), "5")
	if !turns.take(ada, key("5")) {
		t.Error("5 was called and is not let in")
	}
	called(turns.release(ada))
	if len(turns.people)+len(turns.called) != 0 {
		t.Errorf("something is left behind: %v %v", turns.people, turns.called)
	}
}

func BenchmarkTurnsOfOnePerson(b *testing.B) {
	ada := link.Key{Name: "ada"}
	for b.Loop() {
		var turns turns
		turns.take(ada, link.Key{Name: "first"})
		for i := range 1000 {
			turns.take(ada, link.Key{Name: fmt.Sprint(i)})
		}
		for next := turns.release(ada); len(next) > 0; next = turns.release(ada) {
			turns.take(ada, next[0])
		}
	}
}
