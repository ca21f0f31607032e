// Package link guards the outside systems. A Link stands between the stages and one Integration's provider: it gives each
// call a deadline, lets a bounded number through at a time, and stops at once when the Integration itself is at fault.
// The Registry holds the links and remembers which submission waits for which.
//
// Circuit breaking, rates, batching and draining belong here, too; a link has none of them yet.
package link

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// Key names an object: an Integration, or a submission that waits for one.
type Key struct {
	Namespace, Name string
}

func (k Key) String() string { return k.Namespace + "/" + k.Name }

// Condition says how a link does.
type Condition string

const (
	// Untried: no call has ended yet.
	Untried Condition = "Untried"
	// Healthy: the system answers.
	Healthy Condition = "Healthy"
	// Failing: the last calls failed for reasons that pass by themselves. Calls go on.
	Failing Condition = "Failing"
	// Unauthorized: the system refuses the credentials. No calls are made but a probe now and then.
	Unauthorized Condition = "Unauthorized"
	// Refused: the system says that the request itself is wrong. As Unauthorized.
	Refused Condition = "Refused"
	// InvalidSpec: there is no provider, because the configuration is wrong. No calls are made.
	InvalidSpec Condition = "InvalidSpec"
	// SecretNotFound: there is no provider, because a credential is missing. No calls are made.
	SecretNotFound Condition = "SecretNotFound"
)

// Health is how a link does.
type Health struct {
	Condition Condition
	// Message says what is wrong. Stable, nothing personal.
	Message string
}

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
	// Observe is told of each call that was made, by its class ("Success", or that of its error); nil: nobody.
	Observe func(class string, took time.Duration)
}

const (
	// maxInFlight bounds the calls of one link that run at a time, so that a hung system holds that many workers at most.
	maxInFlight = 16
	// slotPatience is how long a call waits for one of them to end, while the system answers. A healthy system frees a
	// slot in far less; to park the submission costs two API writes.
	slotPatience = 250 * time.Millisecond
	// failingAfter is the number of failures in a row that makes a link Failing.
	failingAfter = 3
	// probeInterval is the time between two calls to a system that refused us, in case it was mended on its own side. After
	// a refusal that may be about one record only, the first probe comes sooner.
	probeInterval      = 5 * time.Minute
	firstProbeInterval = 5 * time.Second
)

// Link is one Integration at run time. It is replaced, not changed, when the Integration or its Secrets change.
type Link struct {
	key     Key
	options Options
	now     provider.Clock
	slots   chan struct{}
	freed   func() // a slot is free
	changed func(was, is Health)

	mu          sync.Mutex
	health      Health
	failures    int // in a row
	refusals    int // in a row
	lastSuccess time.Time
	nextProbe   time.Time
	probing     bool
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

// NextProbe is when a system that refused us is asked again, zero when it did not.
func (l *Link) NextProbe() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.health.stopped() {
		return time.Time{}
	}
	return l.nextProbe
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

// Call runs a remote call with the link's deadline. It returns what the call returned, or a *provider.Wait without having
// made it.
func (l *Link) Call(ctx context.Context, call func(context.Context) error) (err error) {
	if err := l.Usable(); err != nil {
		return err
	}
	probe, err := l.admit()
	if err != nil {
		return err
	}
	if err := l.takeSlot(ctx); err != nil {
		l.withdraw(probe)
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, l.options.Timeout)
	err = errPanicked // stands when the call does not return
	began := l.now()
	defer func() {
		cancel()
		l.observe(err, l.now().Sub(began))
		<-l.slots
		if err != nil && ctx.Err() != nil {
			l.withdraw(probe) // we are stopping: that says nothing of the other side
		} else {
			l.settle(err, probe)
		}
		l.freed()
	}()
	err = call(bounded)
	return err
}

func (l *Link) observe(err error, took time.Duration) {
	if l.options.Observe == nil {
		return
	}
	class := "Success"
	if err != nil {
		class = string(provider.AsError(err).Class)
	}
	l.options.Observe(class, took)
}

var errPanicked = errors.New("the call panicked")

// admit lets a call through, unless the system has refused us: then one probe at a time, when it is due.
func (l *Link) admit() (probe bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.health.stopped() {
		return false, nil
	}
	if !l.probeDue() {
		return false, &provider.Wait{Misconfigured: true, Message: l.says("is stopped: " + l.health.Message)}
	}
	l.probing = true
	return true, nil
}

// probeDue tells whether a system that refused us should be asked again. The caller holds mu.
func (l *Link) probeDue() bool {
	return l.health.stopped() && !l.probing && !l.now().Before(l.nextProbe)
}

func (l *Link) takeSlot(ctx context.Context) error {
	select {
	case l.slots <- struct{}{}:
		return nil
	default:
	}
	busy := &provider.Wait{Busy: true, Message: l.says("has all its calls in flight")}
	if l.Health().Condition == Failing {
		return busy
	}
	patience := time.NewTimer(slotPatience)
	defer patience.Stop()
	select {
	case l.slots <- struct{}{}:
		return nil
	case <-patience.C:
		return busy
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *Link) withdraw(probe bool) {
	if probe {
		l.mu.Lock()
		l.probing = false
		l.mu.Unlock()
	}
}

// settle learns from how a call ended.
func (l *Link) settle(err error, probe bool) {
	l.mu.Lock()
	was := l.health
	if probe {
		l.probing = false
	}
	if err == nil {
		l.lastSuccess = l.now()
		l.succeeded()
	} else {
		l.failed(provider.AsError(err))
	}
	is := l.health
	l.mu.Unlock()
	if was != is {
		l.changed(was, is)
	}
}

func (l *Link) succeeded() {
	l.failures, l.refusals = 0, 0
	l.health = Health{Condition: Healthy}
}

func (l *Link) failed(failure *provider.Error) {
	switch failure.Class {
	case provider.Auth:
		l.stop(Unauthorized, failure.Message, probeInterval)
	case provider.Config:
		l.refusals++
		l.stop(Refused, failure.Message, min(firstProbeInterval<<min(l.refusals-1, 10), probeInterval))
	case provider.Invalid, provider.Conflict:
		l.succeeded() // it answered, about one record
	default:
		if l.failures++; l.failures >= failingAfter && l.health.Condition != Failing && !l.health.stopped() {
			l.health = Health{Condition: Failing, Message: failure.Message}
		}
	}
}

func (l *Link) stop(condition Condition, message string, probeAfter time.Duration) {
	l.health = Health{Condition: condition, Message: message}
	l.nextProbe = l.now().Add(probeAfter)
}

func (h Health) stopped() bool { return h.Condition == Unauthorized || h.Condition == Refused }

// retire closes the provider once the calls in flight have ended. It does not wait for them.
func (l *Link) retire() {
	if l.options.Provider.Close == nil {
		return
	}
	// A call never outlives its deadline, so neither does this wait.
	time.AfterFunc(l.options.Timeout+time.Second, l.options.Provider.Close)
}

func (l *Link) says(what string) string { return "Integration " + l.key.Name + " " + what }
