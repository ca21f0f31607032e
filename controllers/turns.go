package controllers

import (
	"sync"

	"github.com/contact-operator/contact-operator/internal/link"
)

// turns sees to it that two submissions of one person are never processed at once. The one that comes second is told
// when it is its turn; it holds no worker meanwhile.
type turns struct {
	mu      sync.Mutex
	waiting map[link.Key][]link.Key // by Contact; present while one of its submissions is processed
}

// take lets a submission in, or remembers it for later.
func (t *turns) take(contact, submission link.Key) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	queue, taken := t.waiting[contact]
	if !taken {
		if t.waiting == nil {
			t.waiting = make(map[link.Key][]link.Key)
		}
		t.waiting[contact] = nil
		return true
	}
	for _, key := range queue {
		if key == submission {
			return false
		}
	}
	t.waiting[contact] = append(queue, submission)
	return false
}

// release ends the turn and returns those that came meanwhile, in order.
func (t *turns) release(contact link.Key) []link.Key {
	t.mu.Lock()
	defer t.mu.Unlock()
	queue := t.waiting[contact]
	delete(t.waiting, contact)
	return queue
}
