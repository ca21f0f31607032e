package link

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/tracing"
)

// Batch says how records travel together.
type Batch struct {
	// Records is the most in one call; 0 stands for what the provider takes, 1 sends each by itself.
	Records int
	// Linger is how long the first record waits for others.
	Linger time.Duration
}

func (o *Options) batches() bool { return o.Provider.Batch != nil && o.Batch.Records > 1 }

// batch is some records on their way, in one call. The first record's worker makes it.
type batch struct {
	requests []provider.Request
	steps    []tracing.Step // of those records that are followed
	keys     map[string]bool
	written  []provider.Written // once done
	full     chan struct{}
	done     chan struct{}
}

// seats is how many records a batch that is forming still takes. The caller holds the link's mu.
func (b *batch) seats(most int) int {
	if b == nil {
		return 0
	}
	return most - len(b.requests)
}

// Upsert writes a record, by itself or with others. It returns what the system answered for this one, or a *provider.Wait
// without having written it.
func (l *Link) Upsert(ctx context.Context, request provider.Request) (provider.Receipt, error) {
	if !l.options.batches() {
		var receipt provider.Receipt
		err := l.Write(ctx, func(ctx context.Context) (err error) {
			receipt, err = l.options.Provider.Upserter.Upsert(ctx, request)
			return err
		})
		return receipt, err
	}
	b, seat := l.join(ctx, request)
	if b != nil {
		select {
		case <-b.done:
			return b.written[seat].Receipt, b.written[seat].Err
		case <-ctx.Done():
			return provider.Receipt{}, ctx.Err()
		}
	}
	return l.lead(ctx, request)
}

// join takes a seat in the batch that is forming, if there is one.
func (l *Link) join(ctx context.Context, request provider.Request) (b *batch, seat int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b = l.forming
	if b == nil || b.keys[request.Key] { // two states of one record can't travel together
		return nil, 0
	}
	b.requests = append(b.requests, request)
	b.keys[request.Key] = true
	b.follow(ctx)
	if len(b.requests) == l.options.Batch.Records {
		l.forming = nil
		close(b.full)
	}
	return b, len(b.requests) - 1
}

// lead forms a batch, waits for others to join, and makes the call for all.
func (l *Link) lead(ctx context.Context, request provider.Request) (provider.Receipt, error) {
	deadline, err := l.passGate()
	if err != nil {
		return provider.Receipt{}, err
	}
	p, err := l.admit()
	if err != nil {
		return provider.Receipt{}, err
	}
	b := &batch{
		requests: []provider.Request{request}, keys: map[string]bool{request.Key: true},
		full: make(chan struct{}), done: make(chan struct{}),
	}
	b.follow(ctx)
	if !p.probe { // a probe travels alone
		l.form(ctx, b)
	}
	defer close(b.done)
	b.fail(errPanicked) // stands when the call does not return
	p.at = l.now()
	err = l.perform(ctx, p, deadline, func(ctx context.Context) (int, error) { return l.sendFollowed(ctx, b) })
	if err != nil && ctx.Err() != nil {
		b.fail(ctx.Err())
	}
	return b.written[0].Receipt, b.written[0].Err
}

// form lets others join until the batch is full or the time is up.
func (l *Link) form(ctx context.Context, b *batch) {
	l.mu.Lock()
	first := l.forming == nil
	if first {
		l.forming = b
	}
	l.mu.Unlock()
	if !first {
		return // another one is forming; this one has a key that is in it
	}
	l.events.room()
	timer := time.NewTimer(l.options.Batch.Linger)
	defer timer.Stop()
	select {
	case <-b.full:
	case <-timer.C:
	case <-ctx.Done():
	}
	l.mu.Lock()
	if l.forming == b {
		l.forming = nil
	}
	l.mu.Unlock()
}

func (b *batch) fail(err error) {
	b.written = make([]provider.Written, len(b.requests))
	for i := range b.written {
		b.written[i].Err = err
	}
}

// follow notes the step of a record that joins.
func (b *batch) follow(ctx context.Context) {
	if step := tracing.Current(ctx); step.Followed() {
		b.steps = append(b.steps, step)
	}
}

// sendFollowed is send, as a step of its own where one of the records is followed.
func (l *Link) sendFollowed(ctx context.Context, b *batch) (records int, err error) {
	ctx, step := l.options.Tracer.StartBatch(ctx, l.key.Name, len(b.requests), b.steps)
	if !step.Followed() {
		return l.send(ctx, b)
	}
	err = errPanicked // stands when the call does not return
	defer func() {
		class := classOf(err)
		step.End(cmp.Or(class, "Success"), class)
	}()
	records, err = l.send(ctx, b)
	return records, err
}

// send makes the call. Its error is about the system, not about one record; how each record fared is in written.
func (l *Link) send(ctx context.Context, b *batch) (records int, err error) {
	b.written, err = l.write(ctx, b.requests)
	if err != nil {
		b.fail(err)
		return 0, err
	}
	for _, w := range b.written {
		switch wait := (*provider.Wait)(nil); {
		case w.Err == nil:
			records++
		case errors.As(w.Err, &wait), aboutOneRecord(provider.AsError(w.Err)):
		default:
			err = w.Err
		}
	}
	if records > 0 {
		err = nil // it took some: it works
	}
	return records, err
}

// write writes some records. A batch that is refused whole is split, until it is known which records are at fault.
func (l *Link) write(ctx context.Context, requests []provider.Request) ([]provider.Written, error) {
	if len(requests) == 1 {
		receipt, err := l.options.Provider.Upserter.Upsert(ctx, requests[0])
		if err != nil && !aboutOneRecord(provider.AsError(err)) {
			return nil, err
		}
		return []provider.Written{{Receipt: receipt, Err: err}}, nil
	}
	written, err := l.options.Provider.Batch.UpsertBatch(ctx, requests)
	if err == nil && len(written) != len(requests) {
		return nil, provider.Errorf(provider.Transient, "the adapter tells of %d of %d records", len(written), len(requests))
	}
	if err == nil {
		return written, nil
	}
	switch provider.AsError(err).Class {
	case provider.Invalid, provider.Conflict:
		return l.split(ctx, requests, len(requests)/2)
	case provider.Config: // of the request, whatever the record? One alone tells.
		return l.split(ctx, requests, 1)
	default:
		return nil, err
	}
}

// split writes the records in two parts. When the first part fails for a reason that concerns them all, the second is not
// tried.
func (l *Link) split(ctx context.Context, requests []provider.Request, at int) ([]provider.Written, error) {
	var all []provider.Written
	for _, part := range [][]provider.Request{requests[:at], requests[at:]} {
		err := l.awaitRate(ctx)
		var written []provider.Written
		if err == nil {
			written, err = l.write(ctx, part)
		}
		if err != nil && len(all) == 0 {
			return nil, err
		}
		if err != nil { // those before were written; these have to come again
			written = make([]provider.Written, len(part))
			for i := range written {
				written[i].Err = err
			}
		}
		all = append(all, written...)
	}
	return all, nil
}

// awaitRate waits for the next call that the rate allows: the batch has its slot, and its deadline bounds the wait.
func (l *Link) awaitRate(ctx context.Context) error {
	for {
		l.mu.Lock()
		now := l.now()
		taken := l.pace.take(now)
		_, at := l.pace.available(now)
		l.mu.Unlock()
		if taken {
			return nil
		}
		if deadline, _ := ctx.Deadline(); deadline.Before(at) {
			return &provider.Wait{Busy: true, Brief: true, Message: l.says("has had as many calls as its rate allows")}
		}
		timer := time.NewTimer(at.Sub(now))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}
