// Package link guards the outside systems. A Link stands between the stages and one Integration's provider, shared by all
// pipelines that use it: it gives each call a deadline, keeps to the rate and the number of calls at a time that the system
// can take, holds calls back while the system fails, and lets records travel together where the system takes them so. The
// Registry holds the links, and wakes the submissions that wait for them in order, as calls can be made.
//
// A call is made at once or not at all: whoever can't make one now is told so and waits without holding a worker.
package link

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/tracing"
)

// Key names an object: an Integration, or a submission that waits for one.
type Key struct {
	Namespace, Name string
}

func (k Key) String() string { return k.Namespace + "/" + k.Name }

// Options of a link.
type Options struct {
	// UID of the Integration.
	UID string
	// Provider that the calls go to.
	Provider provider.Provider
	// Health to begin with: why there is no provider, or how the link last did as far as anybody remembers.
	Health Health
	// Suspended: no call is made.
	Suspended bool
	// Timeout is the deadline of one call.
	Timeout time.Duration
	// Concurrent is how many calls may be in flight at a time; 0 stands for 16.
	Concurrent int
	// Rate is how many calls the system takes in a time; nil: no limit.
	Rate *Rate
	// Circuit says when calls are held back.
	Circuit Circuit
	// Batch says how records travel together.
	Batch Batch
	// Observe is told of each call that was made, by its class ("Success", or that of its error); nil: nobody.
	Observe func(class string, took time.Duration)
	// Tracer follows the batches in which records travel that are followed; nil: nobody does.
	Tracer *tracing.Tracer
}

// withDefaults fills in the defaults of the API.
func (o Options) withDefaults() Options {
	o.Concurrent = cmp.Or(o.Concurrent, 16)
	c := &o.Circuit
	c.FailurePercent, c.MinimumCalls = cmp.Or(c.FailurePercent, 50), cmp.Or(c.MinimumCalls, 10)
	c.Window = cmp.Or(c.Window, 20*time.Second)
	c.OpenFor, c.MaxOpenFor = cmp.Or(c.OpenFor, 5*time.Second), cmp.Or(c.MaxOpenFor, time.Minute)
	c.ProbeSuccesses = cmp.Or(c.ProbeSuccesses, 3)
	if o.Provider.Batch != nil {
		o.Batch.Records = min(cmp.Or(o.Batch.Records, o.Provider.Batch.MaxBatch()), o.Provider.Batch.MaxBatch())
	}
	if o.Health.Condition == "" {
		o.Health.Condition = Untried
	}
	return o
}

const (
	// failingAfter is the number of failures in a row that makes a link Failing, where calls are too few for a share.
	failingAfter = 3
	// probeInterval is the time between two calls to a system that refused us, in case it was mended on its own side. After
	// a refusal that may be about one record only, the first probe comes sooner.
	probeInterval      = 5 * time.Minute
	firstProbeInterval = 5 * time.Second
	// firstPause is how long a system that asks for less, without saying for how long, is left alone; it doubles each time.
	firstPause = time.Second
	maxPause   = time.Minute
)

// Link is one Integration at run time. It is replaced, not changed, when the Integration or its Secrets change.
type Link struct {
	key     Key
	options Options
	now     provider.Clock
	gate    Gate
	events  events

	mu          sync.Mutex
	health      Health
	breaker     *breaker
	pace        *pace
	figures     figures
	inFlight    int
	failures    int // in a row
	refusals    int // in a row
	throttles   int // in a row
	opened      bool
	lastSuccess time.Time
	lastCall    time.Time
	nextProbe   time.Time // of a system that refused us
	probing     bool      // a system that refused us
	pausedUntil time.Time
	forming     *batch // takes more records
	timer       *time.Timer
	timerAt     time.Time
}

// events tell the Registry what happened. They are called without the link's lock.
type events struct {
	room      func() // a call can be made, perhaps
	changed   func() // health or circuit changed
	recovered func() // calls are made again that were held back: planned times no longer hold
}

// Gate says whether writes to outside systems may be made now: by when one that is begun now must have ended (zero: nothing
// bounds it), or, if opensAt lies ahead, that none may be begun before.
type Gate func(now time.Time) (deadline, opensAt time.Time)

func newLink(key Key, o Options, now provider.Clock, gate Gate, e events) *Link {
	o = o.withDefaults()
	l := &Link{
		key: key, options: o, now: now, gate: gate, events: e,
		health: o.Health, breaker: newBreaker(o.Circuit), pace: newPace(o.Concurrent, o.Rate),
	}
	if o.Health.Condition == Failing { // from before a restart: one probe finds out whether it still does
		l.opened = true
		l.breaker.counts.Open()
		l.breaker.retryAt = now()
	}
	return l
}

// UID of the Integration.
func (l *Link) UID() string { return l.options.UID }

// Provider has the ports that the Integration offers.
func (l *Link) Provider() provider.Provider { return l.options.Provider }

// Health is how the link does now.
func (l *Link) Health() Health {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.health
}

// LastSuccess is when the system last took a call, zero when it has not yet.
func (l *Link) LastSuccess() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lastSuccess
}

// Usable returns a *provider.Wait when no call can be made, whatever the call.
func (l *Link) Usable() error {
	switch h := l.options.Health; {
	case h.Condition == InvalidSpec, h.Condition == SecretNotFound:
		return &provider.Wait{Misconfigured: true, Message: l.says("can't be used: " + h.Message)}
	case l.options.Suspended:
		return &provider.Wait{Message: l.says("is suspended")}
	default:
		return nil
	}
}

// Call runs a remote call that changes nothing, with the link's deadline. It returns what the call returned, or a
// *provider.Wait without having made it.
func (l *Link) Call(ctx context.Context, call func(context.Context) error) error {
	p, err := l.admit()
	if err != nil {
		return err
	}
	return l.perform(ctx, p, time.Time{}, func(ctx context.Context) (int, error) { return 1, call(ctx) })
}

// Write is Call for a call that changes something: it keeps to the Gate, too.
func (l *Link) Write(ctx context.Context, call func(context.Context) error) error {
	deadline, err := l.passGate()
	if err != nil {
		return err
	}
	p, err := l.admit()
	if err != nil {
		return err
	}
	return l.perform(ctx, p, deadline, func(ctx context.Context) (int, error) { return 1, call(ctx) })
}

func (l *Link) passGate() (deadline time.Time, err error) {
	if l.gate == nil {
		return time.Time{}, nil
	}
	now := l.now()
	deadline, opensAt := l.gate(now)
	if opensAt.After(now) {
		return time.Time{}, &provider.Wait{Busy: true, Brief: true, Message: l.says("is not written to while another operator may still be at work")}
	}
	return deadline, nil
}

// perform makes a call that was admitted, and learns from how it ended. The call returns how many records the system took.
func (l *Link) perform(ctx context.Context, p permit, deadline time.Time, call func(context.Context) (int, error)) (err error) {
	bounded, cancel := context.WithTimeout(ctx, l.options.Timeout)
	if !deadline.IsZero() {
		bounded, cancel = both(cancel)(context.WithDeadline(bounded, deadline))
	}
	err = errPanicked // stands when the call does not return
	records := 0
	defer func() {
		cancel()
		took := l.now().Sub(p.at)
		if wait := (*provider.Wait)(nil); err != nil && (ctx.Err() != nil || errors.As(err, &wait)) {
			l.release(p) // we are stopping, or made no call after all: that says nothing of the other side
			return
		}
		l.observe(err, took)
		l.settle(err, p, took, records)
	}()
	records, err = call(bounded)
	return err
}

// both cancels two contexts.
func both(first context.CancelFunc) func(context.Context, context.CancelFunc) (context.Context, context.CancelFunc) {
	return func(ctx context.Context, second context.CancelFunc) (context.Context, context.CancelFunc) {
		return ctx, func() { second(); first() }
	}
}

func (l *Link) observe(err error, took time.Duration) {
	if l.options.Observe != nil {
		l.options.Observe(cmp.Or(classOf(err), "Success"), took)
	}
}

// classOf is the class of a failure, "" of none.
func classOf(err error) string {
	if err == nil {
		return ""
	}
	return string(provider.AsError(err).Class)
}

var errPanicked = errors.New("the call panicked")

// retire closes the provider once the calls in flight have ended. It does not wait for them.
func (l *Link) retire() {
	l.mu.Lock()
	if l.timer != nil {
		l.timer.Stop()
	}
	l.mu.Unlock()
	if l.options.Provider.Close == nil {
		return
	}
	// A call never outlives its deadline, nor a batch its linger, so neither does this wait.
	time.AfterFunc(l.options.Timeout+l.options.Batch.Linger+time.Second, l.options.Provider.Close)
}

func (l *Link) says(what string) string { return "Integration " + l.key.Name + " " + what }
