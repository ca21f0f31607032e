package controllers

import (
	"testing"
	"time"

	"github.com/contact-operator/contact-operator/internal/link"
)

func TestDoubts(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	before, after := link.Key{Name: "before"}, link.Key{Name: "after"}
	var d doubts
	expect := func(key link.Key, want bool, when string) {
		t.Helper()
		created := start.Add(-time.Minute)
		if key == after {
			created = start.Add(time.Second)
		}
		if got := d.about(key, created, start.Add(time.Hour)); got != want {
			t.Errorf("%s: %v, want %v", when, got, want)
		}
	}
	d.about(before, start.Add(-time.Minute), start)
	expect(before, true, "another operator may have died in its pass")
	expect(after, false, "nobody has processed it before")
	d.note(before, true)
	d.note(after, false)
	expect(before, false, "a pass over it was written down")
	expect(after, true, "its pass could not be written down")
	d.note(after, true)
	expect(after, false, "the next one could")
	d.forget(after)
	d.forget(before)
	if len(d.whole) != 0 {
		t.Error("what is done is remembered")
	}
}
