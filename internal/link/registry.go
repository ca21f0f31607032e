package link

import (
	"sync"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// Registry holds the links, and the submissions that wait for them. It is safe for concurrent use.
type Registry struct {
	now provider.Clock

	mu      sync.Mutex
	links   map[Key]*entry
	waiters map[Key]*waiters
	woken   map[Key]bool // submissions that were woken and have not been taken up yet
	clock   uint64       // counts the wakes
	wake    func([]Key)  // enqueues submissions
	changed func(Key)    // enqueues an Integration
}

type entry struct {
	link        *Link
	fingerprint string
}

// waiters are the submissions that wait for one Integration, each in the order of arrival.
type waiters struct {
	parked   queue  // for the link itself: a free slot, or its recovery
	retrying queue  // for a planned time, unless the Integration changes first
	lastWake uint64 // when all were last woken
}

// NewRegistry makes a Registry. Until Notify is called, nobody is told of anything.
func NewRegistry(now provider.Clock) *Registry {
	return &Registry{
		now: now, links: make(map[Key]*entry), waiters: make(map[Key]*waiters), woken: make(map[Key]bool),
		wake: func([]Key) {}, changed: func(Key) {},
	}
}

// NotifySubmissions sets what enqueues the submissions that are woken. It must not block.
func (r *Registry) NotifySubmissions(wake func([]Key)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wake = wake
}

// NotifyIntegrations sets what enqueues an Integration whose health changed. It must not block.
func (r *Registry) NotifyIntegrations(changed func(Key)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changed = changed
}

// Get returns the link of an Integration, nil when there is none, and what it was made from.
func (r *Registry) Get(integration Key) (link *Link, fingerprint string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.links[integration]; e != nil {
		return e.link, e.fingerprint
	}
	return nil, ""
}

// Set puts a link in place and wakes all that wait for its Integration. The fingerprint stands for all that it was made
// from.
func (r *Registry) Set(integration Key, fingerprint string, o Options) *Link {
	l := &Link{
		key: integration, options: o, now: r.now, slots: make(chan struct{}, maxInFlight),
		health:  Health{Condition: Untried},
		freed:   func() { r.wakeOne(integration) },
		changed: func(was, is Health) { r.healthChanged(integration, was, is) },
	}
	if o.Fault != "" {
		l.health = Health{Condition: Broken, Message: o.Fault}
	}
	r.mu.Lock()
	r.links[integration] = &entry{link: l, fingerprint: fingerprint}
	r.mu.Unlock()
	r.wakeAll(integration, true)
	return l
}

// Remove takes the link of a deleted Integration away. Those that wait are woken, to learn why they wait.
func (r *Registry) Remove(integration Key) {
	r.mu.Lock()
	_, existed := r.links[integration]
	delete(r.links, integration)
	r.mu.Unlock()
	if existed {
		r.wakeAll(integration, true)
	}
}

// Begin is called when a submission is taken up. It forgets what the submission waited for. It returns whether the
// submission was woken by a change of an Integration, and a mark for Wait.
func (r *Registry) Begin(submission Key) (woken bool, mark uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	woken = r.woken[submission]
	delete(r.woken, submission)
	for _, w := range r.waiters {
		w.parked.remove(submission)
		w.retrying.remove(submission)
	}
	return woken, r.clock
}

// Wait remembers that a submission waits for Integrations: parked ones for the link, retrying ones for a planned time. One
// that has been woken since the mark was taken is woken at once.
func (r *Registry) Wait(submission Key, mark uint64, parked, retrying []Key) {
	r.mu.Lock()
	late := false
	for _, key := range parked {
		w := r.waitersOf(key)
		w.parked.add(submission)
		late = late || w.lastWake > mark
	}
	for _, key := range retrying {
		w := r.waitersOf(key)
		w.retrying.add(submission)
		late = late || w.lastWake > mark
	}
	if late {
		r.woken[submission] = true
	}
	wake := r.wake
	r.mu.Unlock()
	if late {
		wake([]Key{submission})
	}
}

// Waiting counts the submissions that wait for an Integration.
func (r *Registry) Waiting(integration Key) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.waitersOf(integration)
	return w.parked.len() + w.retrying.len()
}

func (r *Registry) waitersOf(integration Key) *waiters {
	w := r.waiters[integration]
	if w == nil {
		w = &waiters{}
		r.waiters[integration] = w
	}
	return w
}

// healthChanged wakes the parked when the system takes calls again, and tells whoever writes the Integration's status.
func (r *Registry) healthChanged(integration Key, was, is Health) {
	if was.stopped() && !is.stopped() {
		r.wakeAll(integration, false)
	}
	r.mu.Lock()
	changed := r.changed
	r.mu.Unlock()
	changed(integration)
}

// wakeAll wakes the parked, and with everything also those that wait for a planned time.
func (r *Registry) wakeAll(integration Key, everything bool) {
	r.mu.Lock()
	w := r.waitersOf(integration)
	r.clock++
	w.lastWake = r.clock
	keys := w.parked.drain()
	if everything {
		keys = append(keys, w.retrying.drain()...)
	}
	for _, key := range keys {
		r.woken[key] = true
	}
	wake := r.wake
	r.mu.Unlock()
	if len(keys) > 0 {
		wake(keys)
	}
}

// wakeOne wakes the submission that has been parked longest: a slot is free. Its other stages keep their planned times.
func (r *Registry) wakeOne(integration Key) {
	r.mu.Lock()
	key, ok := r.waitersOf(integration).parked.first()
	wake := r.wake
	r.mu.Unlock()
	if ok {
		wake([]Key{key})
	}
}
