package tracing

import (
	"context"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Traceparent is what goes with a submission so that its trace goes on elsewhere, in the form of the W3C; "" when it is not
// followed.
func Traceparent(ctx context.Context) string {
	at := trace.SpanContextFromContext(ctx)
	if !at.IsValid() || !at.IsSampled() {
		return ""
	}
	return "00-" + at.TraceID().String() + "-" + at.SpanID().String() + "-01"
}

// Resume goes on with the trace of a submission that was accepted elsewhere. Without a traceparent it is not followed: the
// intake has decided so.
func (t *Tracer) Resume(ctx context.Context, traceparent string) context.Context {
	if t == nil || traceparent == "" {
		return ctx
	}
	at := parse(traceparent)
	if !at.IsValid() || !at.IsSampled() {
		return ctx
	}
	return trace.ContextWithRemoteSpanContext(ctx, at)
}

// parse reads a traceparent. What is none gives an invalid context. A tracestate is never taken: it is free text.
func parse(traceparent string) trace.SpanContext {
	if traceparent == "" {
		return trace.SpanContext{}
	}
	ctx := propagation.TraceContext{}.Extract(context.Background(), header(traceparent))
	return trace.SpanContextFromContext(ctx)
}

// header has a traceparent and nothing else.
type header string

var _ propagation.TextMapCarrier = header("")

func (h header) Get(key string) string {
	if key == "traceparent" {
		return string(h)
	}
	return ""
}

func (header) Set(string, string) {}

func (header) Keys() []string { return []string{"traceparent"} }
