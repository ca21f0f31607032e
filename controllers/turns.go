package controllers

import (
	"slices"
	"sync"

	"github.com/contact-operator/contact-operator/internal/link"
)

// turns sees to it that two submissions of one person are never processed at once. One that comes while another is
// processed holds no worker: it is called when its turn has come.
type turns struct {
	mu     sync.Mutex
	people map[link.Key]*turn    // by Contact
	called map[link.Key]link.Key // submissions that were called and have not come yet, and whose turn it is
}

// turn is whose turn it is, and who comes then.
type turn struct {
	holder link.Key
	next   []link.Key
	queued map[link.Key]bool
}

// take lets a submission in, or remembers it for later.
func (t *turns) take(person, submission link.Key) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	current := t.people[person]
	switch {
	case current == nil:
		t.enter(person, submission)
		return true
	case t.called[submission] == person && current.holder == submission:
		delete(t.called, submission)
		return true
	case !current.queued[submission]:
		current.queued[submission] = true
		current.next = append(current.next, submission)
	}
	return false
}

// try lets something else in that works on a person, if nobody is there.
func (t *turns) try(person, who link.Key) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.people[person] != nil {
		return false
	}
	t.enter(person, who)
	return true
}

// release ends a turn. It returns the submission whose turn is next, which has to be called.
func (t *turns) release(person link.Key) []link.Key {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.pass(person)
}

// decline is for a submission that was perhaps called and has nothing to do any more. It returns whom to call instead.
func (t *turns) decline(submission link.Key) []link.Key {
	t.mu.Lock()
	defer t.mu.Unlock()
	person, called := t.called[submission]
	if !called {
		return nil
	}
	delete(t.called, submission)
	return t.pass(person)
}

// enter begins a turn. The caller holds mu.
func (t *turns) enter(person, who link.Key) {
	if t.people == nil {
		t.people, t.called = make(map[link.Key]*turn), make(map[link.Key]link.Key)
	}
	t.people[person] = &turn{holder: who, queued: make(map[link.Key]bool)}
}

// pass hands the turn on. The caller holds mu.
func (t *turns) pass(person link.Key) []link.Key {
	current := t.people[person]
	if len(current.next) == 0 {
		delete(t.people, person)
		return nil
	}
	current.holder = current.next[0]
	current.next = slices.Delete(current.next, 0, 1)
	delete(current.queued, current.holder)
	t.called[current.holder] = person
	return []link.Key{current.holder}
}
