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
	busy    queue // for a free slot
	waiting queue // for a change of the Integration, or for a planned time if that comes first
	// When all were last woken, and when that was because something changed, so that planned times no longer hold.
	lastWake, lastChange uint64
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
		health:  o.Health,
		freed:   func() { r.wakeOne(integration) },
		changed: func(was, is Health) { r.healthChanged(integration, was, is) },
	}
	if l.health.Condition == "" {
		l.health.Condition = Untried
	}
	r.mu.Lock()
	known := r.links[integration] != nil
	r.links[integration] = &entry{link: l, fingerprint: fingerprint}
	r.mu.Unlock()
	r.wakeAll(integration, known)
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

// Begin is called when a submission is taken up. It forgets what the submission waited for. It returns whether something
// it waited for has changed since, and a mark for Wait.
func (r *Registry) Begin(submission Key) (woken bool, mark uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	woken = r.woken[submission]
	delete(r.woken, submission)
	for _, w := range r.waiters {
		w.busy.remove(submission)
		w.waiting.remove(submission)
	}
	return woken, r.clock
}

// Wait remembers that a submission waits for Integrations: busy ones for a free slot, the others for a change. What came
// between taking the mark and now is not missed.
func (r *Registry) Wait(submission Key, mark uint64, busy, waiting []Key) {
	r.mu.Lock()
	now, changed := false, false
	for _, key := range busy {
		w := r.waitersOf(key)
		w.busy.add(submission)
		now = now || w.lastWake > mark || (r.links[key] != nil && r.links[key].link.room())
		changed = changed || w.lastChange > mark
	}
	for _, key := range waiting {
		w := r.waitersOf(key)
		w.waiting.add(submission)
		now = now || w.lastWake > mark
		changed = changed || w.lastChange > mark
	}
	if changed {
		r.woken[submission] = true
	}
	wake := r.wake
	r.mu.Unlock()
	if now {
		wake([]Key{submission})
	}
}

// Wake wakes all that wait for something that is not an Integration. When it has changed, rather than been seen for the
// first time, planned times no longer hold.
func (r *Registry) Wake(key Key, changed bool) { r.wakeAll(key, changed) }

// Probe wakes one submission that waits for a system which refused us, when it is time to ask that system again.
func (r *Registry) Probe(integration Key) {
	link, _ := r.Get(integration)
	if link == nil {
		return
	}
	link.mu.Lock()
	due := link.probeDue()
	link.mu.Unlock()
	r.mu.Lock()
	w, wake := r.waitersOf(integration), r.wake
	key, ok := Key{}, false
	if due {
		key, ok = w.waiting.first()
	}
	r.mu.Unlock()
	if ok {
		wake([]Key{key})
	}
}

// Waiting counts the submissions that wait for an Integration.
func (r *Registry) Waiting(integration Key) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.waitersOf(integration)
	return w.busy.len() + w.waiting.len()
}

func (r *Registry) waitersOf(integration Key) *waiters {
	w := r.waiters[integration]
	if w == nil {
		w = &waiters{}
		r.waiters[integration] = w
	}
	return w
}

// healthChanged wakes those that wait when the system takes calls again, and tells whoever writes the Integration's
// status.
func (r *Registry) healthChanged(integration Key, was, is Health) {
	if was.stopped() && !is.stopped() {
		r.wakeAll(integration, true)
	}
	r.mu.Lock()
	changed := r.changed
	r.mu.Unlock()
	changed(integration)
}

// wakeAll wakes all that wait for an Integration. When it changed, their planned times no longer hold.
func (r *Registry) wakeAll(integration Key, changed bool) {
	r.mu.Lock()
	w := r.waitersOf(integration)
	r.clock++
	w.lastWake = r.clock
	keys := append(w.busy.drain(), w.waiting.drain()...)
	if changed {
		w.lastChange = r.clock
		for _, key := range keys {
			r.woken[key] = true
		}
	}
	wake := r.wake
	r.mu.Unlock()
	if len(keys) > 0 {
		wake(keys)
	}
}

// wakeOne wakes the submission that has waited longest for a slot. Its other stages keep their planned times.
func (r *Registry) wakeOne(integration Key) {
	r.mu.Lock()
	key, ok := r.waitersOf(integration).busy.first()
	wake := r.wake
	r.mu.Unlock()
	if ok {
		wake([]Key{key})
	}
}
