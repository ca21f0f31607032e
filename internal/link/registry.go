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
	waits   map[Key][]Key        // what each submission waits for
	changes map[Key]map[Key]bool // what changed for submissions that have not been taken up since
	slots   map[Key]Key          // submissions that were woken for a slot, and of which link
	clock   uint64               // counts the wakes
	wake    func([]Key)          // enqueues submissions
	changed func(Key)            // enqueues an Integration
}

type entry struct {
	link        *Link
	fingerprint string
}

// waiters are the submissions that wait for one thing, each in the order of arrival.
type waiters struct {
	busy    queue // for a free slot
	waiting queue // for a change, or for a planned time if that comes first
	// When all were last woken, and when that was because something changed, so that planned times no longer hold.
	lastWake, lastChange uint64
}

// Waits are what a submission waits for.
type Waits struct {
	// Busy links: for a free slot.
	Busy []Key
	// Waiting: for a change of these.
	Waiting []Key
}

// NewRegistry makes a Registry. Until it is told whom to notify, nobody hears of anything.
func NewRegistry(now provider.Clock) *Registry {
	return &Registry{
		now: now, links: make(map[Key]*entry), waiters: make(map[Key]*waiters), waits: make(map[Key][]Key),
		changes: make(map[Key]map[Key]bool), slots: make(map[Key]Key),
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
// from. The link that it takes the place of is closed once its calls have ended.
func (r *Registry) Set(integration Key, fingerprint string, o Options) *Link {
	l := &Link{
		key: integration, options: o, now: r.now, slots: make(chan struct{}, maxInFlight),
		health:  o.Health,
		freed:   func() { r.slotFreed(integration) },
		changed: func(was, is Health) { r.healthChanged(integration, was, is) },
	}
	if l.health.Condition == "" {
		l.health.Condition = Untried
	}
	r.mu.Lock()
	before := r.links[integration]
	r.links[integration] = &entry{link: l, fingerprint: fingerprint}
	r.mu.Unlock()
	if before != nil {
		before.link.retire()
	}
	r.Wake(integration, before != nil)
	return l
}

// Remove takes the link of a deleted Integration away. Those that wait are woken, to learn why they wait.
func (r *Registry) Remove(integration Key) {
	r.mu.Lock()
	before := r.links[integration]
	delete(r.links, integration)
	r.mu.Unlock()
	if before != nil {
		before.link.retire()
		r.Wake(integration, true)
	}
}

// Begun is what a submission is told when it is taken up.
type Begun struct {
	changes map[Key]bool
	mark    uint64
}

// Changed tells whether something that the submission waited for has changed since it was last taken up.
func (b Begun) Changed(what Key) bool { return b.changes[what] }

// Begin is called when a submission is taken up. It forgets what the submission waited for.
func (r *Registry) Begin(submission Key) Begun {
	r.mu.Lock()
	b := Begun{changes: r.changes[submission], mark: r.clock}
	delete(r.changes, submission)
	for _, key := range r.waits[submission] {
		w := r.waitersOf(key)
		w.busy.remove(submission)
		w.waiting.remove(submission)
	}
	delete(r.waits, submission)
	integration, forSlot := r.slots[submission]
	delete(r.slots, submission)
	r.mu.Unlock()
	if forSlot {
		r.slotFreed(integration) // if it turns out not to need the slot, the next one must not wait for another call
	}
	return b
}

// Undo takes back a Begin: the pass could not be made, and the next one has to know what this one knew.
func (r *Registry) Undo(submission Key, b Begun) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key := range b.changes {
		r.noteChange(submission, key)
	}
}

// Wait remembers what a submission waits for. What came between Begin and now is not missed.
func (r *Registry) Wait(submission Key, b Begun, waits Waits) {
	r.mu.Lock()
	now := false
	note := func(key Key, w *waiters) {
		r.waits[submission] = append(r.waits[submission], key)
		now = now || w.lastWake > b.mark
		if w.lastChange > b.mark {
			r.noteChange(submission, key)
		}
	}
	for _, key := range waits.Busy {
		w := r.waitersOf(key)
		w.busy.add(submission)
		note(key, w)
		now = now || r.room(key)
	}
	for _, key := range waits.Waiting {
		w := r.waitersOf(key)
		w.waiting.add(submission)
		note(key, w)
	}
	wake := r.wake
	r.mu.Unlock()
	if now {
		wake([]Key{submission})
	}
}

// Wake wakes all that wait for something: an Integration, or whatever else has a Key. When it has changed, rather than been
// seen for the first time, planned times no longer hold.
func (r *Registry) Wake(what Key, changed bool) {
	r.mu.Lock()
	w := r.waitersOf(what)
	r.clock++
	w.lastWake = r.clock
	keys := append(w.busy.drain(), w.waiting.drain()...)
	if changed {
		w.lastChange = r.clock
		for _, key := range keys {
			r.noteChange(key, what)
		}
	}
	wake := r.wake
	r.mu.Unlock()
	if len(keys) > 0 {
		wake(keys)
	}
}

// Tick sees to it that nobody waits in vain: it wakes one submission when it is time to ask a system that refused us
// again, and one when there is a free slot.
func (r *Registry) Tick(integration Key) {
	link, _ := r.Get(integration)
	if link == nil {
		return
	}
	r.slotFreed(integration)
	link.mu.Lock()
	due := link.probeDue()
	link.mu.Unlock()
	if !due {
		return
	}
	r.mu.Lock()
	key, ok := r.waitersOf(integration).waiting.first()
	if ok {
		r.noteChange(key, integration) // its planned time, if it has one, was planned for a system that answers
	}
	wake := r.wake
	r.mu.Unlock()
	if ok {
		wake([]Key{key})
	}
}

// healthChanged wakes those that wait when the system takes calls again, and tells whoever writes the Integration's
// status.
func (r *Registry) healthChanged(integration Key, was, is Health) {
	if was.stopped() && !is.stopped() {
		r.Wake(integration, true)
	}
	r.mu.Lock()
	changed := r.changed
	r.mu.Unlock()
	changed(integration)
}

// slotFreed wakes the submission that has waited longest for a slot, when there is one. Its other stages keep their
// planned times.
func (r *Registry) slotFreed(integration Key) {
	r.mu.Lock()
	key, ok := Key{}, false
	if r.room(integration) {
		if key, ok = r.waitersOf(integration).busy.first(); ok {
			r.slots[key] = integration
		}
	}
	wake := r.wake
	r.mu.Unlock()
	if ok {
		wake([]Key{key})
	}
}

// room tells whether a link has a free slot. The caller holds mu.
func (r *Registry) room(integration Key) bool {
	e := r.links[integration]
	return e != nil && len(e.link.slots) < cap(e.link.slots)
}

// noteChange remembers that something changed for a submission. The caller holds mu.
func (r *Registry) noteChange(submission, what Key) {
	if r.changes[submission] == nil {
		r.changes[submission] = make(map[Key]bool)
	}
	r.changes[submission][what] = true
}

// waitersOf returns the waiters for something. The caller holds mu.
func (r *Registry) waitersOf(what Key) *waiters {
	w := r.waiters[what]
	if w == nil {
		w = &waiters{}
		r.waiters[what] = w
	}
	return w
}
