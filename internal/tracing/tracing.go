// Package tracing follows a submission on its way: through the intake, with the resource, through the operator to the last
// outside system. What a step may tell is fixed here, so that nothing personal gets into a trace: there is no way to give a
// step an attribute of another name, or the text of an error.
//
// A step is ended when it ends. A submission that waits for an hour is a trace over an hour, in which nothing is open
// meanwhile; where it belongs to is kept with the resource.
package tracing

import (
	"context"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

const scope = "github.com/contact-operator/contact-operator"

// Tracer begins steps. A nil one follows nothing and costs nothing: not one allocation.
type Tracer struct{ tracer trace.Tracer }

// New makes a Tracer whose steps go to a provider, which decides what is followed.
func New(provider trace.TracerProvider) *Tracer {
	return &Tracer{tracer: provider.Tracer(scope)}
}

// Submission is whom a step is about.
type Submission struct {
	Namespace, Pipeline, Name string
	// Source is the form tool that delivered it, "" for the form and the JSON contract.
	Source string
}

// Accept begins the trace of a submission that arrived at a time. Whether it is followed is decided here, by the provider's
// sampler, and nowhere else.
//
// The intake is public. What a request says of a trace is not believed: it can't make a submission be followed, and can't
// put it into a trace of its sender's choice. It becomes a link, so that a site that traces itself finds its visitors again.
func (t *Tracer) Accept(ctx context.Context, at time.Time, traceparent string, s Submission) (context.Context, Step) {
	if t == nil {
		return ctx, Step{}
	}
	options := []trace.SpanStartOption{
		trace.WithNewRoot(), trace.WithTimestamp(at), trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(
			attribute.String("contact.namespace", s.Namespace), attribute.String("contact.pipeline", s.Pipeline),
			attribute.String("contact.submission", s.Name),
		),
	}
	if s.Source != "" {
		options = append(options, trace.WithAttributes(attribute.String("contact.source", s.Source)))
	}
	if from := parse(traceparent); from.IsValid() {
		options = append(options, trace.WithLinks(trace.Link{SpanContext: from}))
	}
	ctx, span := t.tracer.Start(ctx, "accept", options...)
	return ctx, stepOf(span)
}

// Start begins a step of the submission that ctx belongs to, if that is followed.
func (t *Tracer) Start(ctx context.Context, name string) (context.Context, Step) {
	if t == nil || !followed(ctx) {
		return ctx, Step{}
	}
	ctx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient))
	return ctx, stepOf(span)
}

// Step is a step that is followed. The zero Step is one that is not: all that it is told, it forgets.
type Step struct{ span trace.Span }

func stepOf(span trace.Span) Step {
	if !span.IsRecording() {
		return Step{}
	}
	return Step{span: span}
}

// Current is the step that ctx belongs to.
func Current(ctx context.Context) Step {
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		return Step{span: span}
	}
	return Step{}
}

// Followed tells whether anything comes of telling the step something.
func (s Step) Followed() bool { return s.span != nil }

// Call is a stage that is taken.
type Call struct {
	Namespace, Stage, Integration string
	// Attempt is 1 for the first try.
	Attempt int
	// Waited is how long the submission has waited for the Integration's link.
	Waited time.Duration
}

// Calls tells what a step calls.
func (s Step) Calls(c Call) {
	if s.span == nil {
		return
	}
	s.span.SetAttributes(
		attribute.String("contact.namespace", c.Namespace), attribute.String("contact.stage", c.Stage), attribute.Int("contact.attempt", c.Attempt),
	)
	s.integration(c.Integration)
	if c.Waited > 0 {
		s.span.SetAttributes(attribute.Int64("contact.link_wait_ms", c.Waited.Milliseconds()))
	}
}

func (s Step) integration(name string) {
	if name != "" { // peer.service is what draws the system into a map of services
		s.span.SetAttributes(attribute.String("contact.integration", name), attribute.String("peer.service", name))
	}
}

// Spooled tells why a submission goes into the spool.
func (s Step) Spooled(reason string) {
	if s.span != nil {
		s.span.SetAttributes(attribute.String("contact.spool_reason", reason))
	}
}

// End ends a step. The outcome is one of a few words; so is the failure, "" when there was none.
func (s Step) End(outcome, failure string) {
	if s.span == nil {
		return
	}
	s.span.SetAttributes(attribute.String("contact.outcome", outcome))
	if failure != "" {
		s.span.SetAttributes(attribute.String("error.type", failure))
		s.span.SetStatus(codes.Error, failure)
	}
	s.span.End()
}

// ID is the id of the trace that ctx belongs to, "" when nothing is followed.
func ID(ctx context.Context) string {
	if !followed(ctx) {
		return ""
	}
	return trace.SpanContextFromContext(ctx).TraceID().String()
}

// Logger adds the id of the trace to what is logged about a submission that is followed.
func Logger(ctx context.Context, log logr.Logger) logr.Logger {
	if id := ID(ctx); id != "" {
		return log.WithValues("traceID", id)
	}
	return log
}

func followed(ctx context.Context) bool { return trace.SpanContextFromContext(ctx).IsSampled() }
