package tracing

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// StartBatch begins the call that some records travel in. It belongs to the trace of the first of their steps, and is linked
// with all of them, both ways.
func (t *Tracer) StartBatch(ctx context.Context, integration string, records int, steps []Step) (context.Context, Step) {
	if t == nil || len(steps) == 0 {
		return ctx, Step{}
	}
	links := make([]trace.Link, len(steps))
	for i, s := range steps {
		links[i] = trace.Link{SpanContext: s.span.SpanContext()}
	}
	ctx, span := t.tracer.Start(trace.ContextWithSpan(ctx, steps[0].span), "batch",
		trace.WithSpanKind(trace.SpanKindClient), trace.WithLinks(links...), trace.WithAttributes(attribute.Int("contact.records", records)))
	call := stepOf(span)
	if !call.Followed() {
		return ctx, call
	}
	call.integration(integration)
	for _, s := range steps {
		s.span.AddLink(trace.Link{SpanContext: span.SpanContext()})
	}
	return ctx, call
}
