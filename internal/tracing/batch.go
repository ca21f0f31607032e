package tracing

import (
	"context"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// Batch is the call that some records travel in.
type Batch struct {
	Step
	records  []Step
	statuses *statuses
}

// StartBatch begins it. It belongs to the trace of the first of the records' steps, and is linked with all of them, both ways.
func (t *Tracer) StartBatch(ctx context.Context, integration string, records int, steps []Step) (context.Context, Batch) {
	if t == nil || len(steps) == 0 {
		return ctx, Batch{}
	}
	links := make([]trace.Link, len(steps))
	for i, s := range steps {
		links[i] = trace.Link{SpanContext: s.span.SpanContext()}
	}
	ctx, span := t.tracer.Start(trace.ContextWithSpan(ctx, steps[0].span), "batch",
		trace.WithSpanKind(trace.SpanKindClient), trace.WithLinks(links...), trace.WithAttributes(attribute.Int("contact.records", records)))
	b := Batch{Step: stepOf(span), records: steps, statuses: &statuses{}}
	if !b.Followed() {
		return ctx, Batch{}
	}
	b.integration(integration)
	for _, s := range steps {
		s.span.AddLink(trace.Link{SpanContext: span.SpanContext()})
	}
	return context.WithValue(ctx, statusesKey{}, b.statuses), b
}

// End ends it. What was answered is noted on the records' steps, too, unless the batch was split: then nobody can tell whose
// answer it was.
func (b Batch) End(outcome, failure string) {
	if !b.Followed() {
		return
	}
	if status, only := b.statuses.only(); only {
		for _, s := range b.records {
			s.answered(status)
		}
	}
	b.Step.End(outcome, failure)
}

type statusesKey struct{}

// statuses are what the calls of one batch were answered with.
type statuses struct {
	mu  sync.Mutex
	all []int
}

func (s *statuses) add(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, status)
}

func (s *statuses) only() (int, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) != 1 {
		return 0, false
	}
	return s.all[0], true
}
