package link

import (
	"sync"
	"testing"
	"testing/synctest"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/tracing"
)

// TestBatchIsFollowed: of four records that travel together, three are followed; the one that makes the call is not.
func TestBatchIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		recorder := tracetest.NewSpanRecorder()
		tracer := tracing.New(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)))
		r, _ := newRegistry()
		s := &system{refuse: map[string]error{"c": classed(provider.Invalid)}}
		l := r.Set(crm, "1", batching(s, Options{Tracer: tracer}))
		var all sync.WaitGroup
		for i, key := range []string{"a", "b", "c", "d"} {
			all.Go(func() {
				ctx, step := t.Context(), tracing.Step{}
				if i > 0 {
					ctx, _ = tracer.Accept(ctx, firstReceived, "", tracing.Submission{Name: key})
					ctx, step = tracer.Start(ctx, key)
				}
				_, err := l.Upsert(ctx, provider.Request{Key: key})
				step.End("Done", classOf(err))
			})
			synctest.Wait()
		}
		all.Wait()
		if len(s.calls) != 1 {
			t.Fatalf("calls: %v", s.calls)
		}
		byName := map[string]sdktrace.ReadOnlySpan{}
		for _, span := range recorder.Ended() {
			byName[span.Name()] = span
		}
		batch := byName["batch"]
		if batch == nil || len(batch.Links()) != 3 || len(byName) != 4 {
			t.Fatalf("got %v", byName)
		}
		for _, name := range []string{"b", "c", "d"} {
			if links := byName[name].Links(); len(links) != 1 || !links[0].SpanContext.Equal(batch.SpanContext()) {
				t.Errorf("%s is linked with %v", name, links)
			}
		}
		if batch.Status().Code != 0 {
			t.Errorf("one bad record is no failure of the call: %v", batch.Status())
		}
	})
}
