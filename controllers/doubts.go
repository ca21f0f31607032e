package controllers

import (
	"sync"
	"time"

	"github.com/contact-operator/contact-operator/internal/link"
)

// doubts remembers of which submissions it is not known that all that was told to outside systems has been written down: their
// last pass could not write, or an operator before this one may have died in it. Another submission of the person may
// have come in between, so that the Contact says what the systems held before.
type doubts struct {
	mu    sync.Mutex
	begun time.Time // when this operator began to process
	whole map[link.Key]bool
}

// about tells whether there is a doubt about a submission.
func (d *doubts) about(submission link.Key, created, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.begun.IsZero() {
		d.begun = now.Truncate(time.Second) // as exact as the time of a creation
	}
	whole, known := d.whole[submission]
	return known && !whole || !known && created.Before(d.begun)
}

// note is told whether a pass has written all that it found out.
func (d *doubts) note(submission link.Key, whole bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.whole == nil {
		d.whole = make(map[link.Key]bool)
	}
	d.whole[submission] = whole
}

func (d *doubts) forget(submission link.Key) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.whole, submission)
}
