package link

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// Registry holds the links, and the submissions that wait for them. It is safe for concurrent use.
type Registry struct {
	now  provider.Clock
	gate Gate

	mu       sync.Mutex
	links    map[Key]*entry
	waiters  map[Key]*waiters
	waits    map[Key][]Key        // what each submission waits for
	changes  map[Key]map[Key]bool // what changed for submissions that have not been taken up since
	calledBy map[Key][]Key        // links that have called a submission which has not come yet
	since    map[Key]time.Time    // when a submission began to wait for its link
	clock    uint64               // counts the wakes
	wake     func([]Key)          // enqueues submissions
	changed  func(Key)            // enqueues an Integration
}

type entry struct {
	link        *Link
	fingerprint string
}

// waiters are the submissions that wait for one thing.
type waiters struct {
	parked  queue // until the link can take their call
	waiting queue // for a change, or for a planned time if that comes first
	called  int   // by the link, and not come yet
	// When all were last woken, and when that was because something changed, so that planned times no longer hold.
	lastWake, lastChange uint64
}

// Waits are what a submission waits for.
type Waits struct {
	// Parked: Integrations whose link calls the submission as soon as it can take its call.
	Parked []Key
	// Waiting: for a change of these, or a planned time.
	Waiting []Key
	// Received is when the submission was received: the oldest is called first.
	Received time.Time
	// Low: it is in no hurry; others are called before it.
	Low bool
}

// NewRegistry makes a Registry. Until it is told whom to notify, nobody hears of anything. The gate may be nil.
func NewRegistry(now provider.Clock, gate Gate) *Registry {
	return &Registry{
		now: now, gate: gate, links: make(map[Key]*entry), waiters: make(map[Key]*waiters), waits: make(map[Key][]Key),
		changes: make(map[Key]map[Key]bool), calledBy: make(map[Key][]Key), since: make(map[Key]time.Time),
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

// Set puts a link in place, which calls those that wait for its Integration as it can take them. The fingerprint stands for
// all that it was made from. The link that it takes the place of is closed once its calls have ended.
func (r *Registry) Set(integration Key, fingerprint string, o Options) *Link {
	l := newLink(integration, o, r.now, r.gate, events{
		room:      func() { r.dispatch(integration) },
		changed:   func() { r.tell(integration) },
		recovered: func() { r.recovered(integration) },
	})
	r.mu.Lock()
	before := r.links[integration]
	r.links[integration] = &entry{link: l, fingerprint: fingerprint}
	r.mu.Unlock()
	if before == nil {
		r.open(integration, false)
		return l
	}
	before.link.retire()
	r.mu.Lock()
	if w := r.waitersOf(integration); len(w.parked.at)+len(w.waiting.at) > 0 {
		l.mu.Lock()
		l.pace.restart() // whatever has waited comes at once
		l.mu.Unlock()
	}
	r.mu.Unlock()
	r.open(integration, true)
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
	called  []Key
	since   time.Time
	mark    uint64
}

// Since is when the submission began to wait for its link, zero when it did not: since it was last taken up, it has done
// nothing else.
func (b Begun) Since() time.Time { return b.since }

// CalledBy tells whether it was a link that ended the wait, and called the submission.
func (b Begun) CalledBy(integration Key) bool { return slices.Contains(b.called, integration) }

// Changed tells whether something that the submission waited for has changed since it was last taken up.
func (b Begun) Changed(what Key) bool { return b.changes[what] }

// Begin is called when a submission is taken up. It forgets what the submission waited for. Done must follow.
func (r *Registry) Begin(submission Key) Begun {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := Begun{changes: r.changes[submission], called: r.calledBy[submission], since: r.since[submission], mark: r.clock}
	delete(r.changes, submission)
	delete(r.since, submission)
	delete(r.calledBy, submission)
	for _, key := range b.called {
		r.waitersOf(key).called--
	}
	for _, key := range r.waits[submission] {
		w := r.waitersOf(key)
		w.parked.remove(submission)
		w.waiting.remove(submission)
	}
	delete(r.waits, submission)
	return b
}

// Done ends what Begin began: if the submission was called and turned out not to need the call, another one must not wait
// for it.
func (r *Registry) Done(b Begun) {
	for _, key := range b.called {
		r.dispatch(key)
	}
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
	p := place{submission: submission, received: waits.Received, low: waits.Low}
	r.mu.Lock()
	now := false
	var parked []Key
	for _, key := range waits.Parked {
		w := r.waitersOf(key)
		w.parked.add(p)
		r.waits[submission] = append(r.waits[submission], key)
		if w.lastChange > b.mark || b.changes[key] { // one that was turned away has not acted on the change yet
			r.noteChange(submission, key)
		}
		parked = append(parked, key)
	}
	if len(parked) > 0 {
		r.since[submission] = cmp.Or(b.since, r.now())
	}
	for _, key := range waits.Waiting {
		w := r.waitersOf(key)
		r.waits[submission] = append(r.waits[submission], key)
		changed := w.lastChange > b.mark
		if changed {
			r.noteChange(submission, key)
		}
		if w.parked.at[submission] != nil {
			continue // another stage waits for the same link
		}
		if r.links[key] != nil && changed { // its link has recovered, or is another one: it calls in order
			w.parked.add(p)
			parked = append(parked, key)
			continue
		}
		w.waiting.add(p)
		now = now || w.lastWake > b.mark
	}
	wake := r.wake
	r.mu.Unlock()
	if now {
		wake([]Key{submission})
	}
	for _, key := range parked {
		r.dispatch(key)
	}
}

// Wake wakes all that wait for something. When it has changed, rather than been seen for the first time, planned times no
// longer hold.
func (r *Registry) Wake(what Key, changed bool) {
	r.mu.Lock()
	w := r.waitersOf(what)
	r.clock++
	w.lastWake = r.clock
	if changed {
		w.lastChange = r.clock
	}
	var keys []Key
	for _, p := range append(w.parked.drain(), w.waiting.drain()...) {
		if changed {
			r.noteChange(p.submission, what)
		}
		keys = append(keys, p.submission)
	}
	wake := r.wake
	r.mu.Unlock()
	if len(keys) > 0 {
		wake(keys)
	}
}

// open has a link call all that wait for it, one after the other. When the Integration has changed, or its system takes
// calls again, planned times no longer hold.
func (r *Registry) open(integration Key, changed bool) {
	r.mu.Lock()
	if e := r.links[integration]; e == nil || e.link.Usable() != nil {
		r.mu.Unlock()
		return
	}
	w := r.waitersOf(integration)
	r.clock++
	if changed {
		w.lastChange = r.clock
	}
	for _, p := range append(w.parked.drain(), w.waiting.drain()...) {
		if changed {
			r.noteChange(p.submission, integration)
		}
		w.parked.add(p)
	}
	r.mu.Unlock()
	r.dispatch(integration)
}

func (r *Registry) recovered(integration Key) { r.open(integration, true) }

// tell tells whoever writes the Integration's status.
func (r *Registry) tell(integration Key) {
	r.mu.Lock()
	changed := r.changed
	r.mu.Unlock()
	changed(integration)
}

// dispatch calls as many of those that wait as the link can take now.
func (r *Registry) dispatch(integration Key) {
	r.mu.Lock()
	var keys []Key
	if e := r.links[integration]; e != nil {
		w := r.waitersOf(integration)
		if len(w.parked.at)+len(w.waiting.at) > 0 {
			room, probe := e.link.room()
			for n := room - w.called; n > 0; n-- {
				key, ok := r.next(w, integration, probe)
				if !ok {
					break
				}
				w.called++
				r.calledBy[key] = append(r.calledBy[key], integration)
				keys = append(keys, key)
			}
		}
	}
	wake := r.wake
	r.mu.Unlock()
	if len(keys) > 0 {
		wake(keys)
	}
}

// next takes the one out that is called next. To find out whether a system takes calls again, one that waits for its
// planned time will do: that was planned for a system that answers. The caller holds mu.
func (r *Registry) next(w *waiters, integration Key, probe bool) (Key, bool) {
	p, ok := w.parked.first()
	if !ok && probe {
		if p, ok = w.waiting.first(); ok {
			r.noteChange(p.submission, integration)
		}
	}
	return p.submission, ok
}

// Tick sees to it that nobody waits in vain, and that an incident ends although no call comes.
func (r *Registry) Tick(integration Key) {
	link, _ := r.Get(integration)
	if link == nil {
		return
	}
	link.mu.Lock()
	link.endIncident(link.now())
	link.mu.Unlock()
	r.dispatch(integration)
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
