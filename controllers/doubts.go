package controllers

import (
	"sync"

	"github.com/contact-operator/contact-operator/internal/link"
)

// doubts are the submissions of which it is not known that all that outside systems were told has been written down: they were
// there before this operator began, and another may have died in a pass over them; or a pass could not write. Another
// submission of the person may have come in between, so that the Contact says what the systems held before. A doubt lasts
// until the submission is through.
type doubts struct {
	mu sync.Mutex
	of map[link.Key]struct{}
}

func (d *doubts) add(submission link.Key) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.of == nil {
		d.of = make(map[link.Key]struct{})
	}
	d.of[submission] = struct{}{}
}

func (d *doubts) about(submission link.Key) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, doubtful := d.of[submission]
	return doubtful
}

func (d *doubts) forget(submission link.Key) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.of, submission)
}
