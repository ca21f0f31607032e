package otlp

import (
	"context"
	"sync"

	"github.com/go-logr/logr"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// teller tells once that traces can't be sent, and once that they can again: an outage of the collector is one line, not one
// for each batch.
type teller struct {
	next sdktrace.SpanExporter
	log  logr.Logger

	mu      sync.Mutex
	lost    int // steps since it fails
	failing bool
	told    bool // of a problem of the library's own
}

// ExportSpans implements sdktrace.SpanExporter. What went wrong has been told when it returns.
func (t *teller) ExportSpans(ctx context.Context, steps []sdktrace.ReadOnlySpan) error {
	err := t.next.ExportSpans(ctx, steps)
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case err != nil:
		t.lost += len(steps)
		if !t.failing {
			t.log.Error(nil, "Traces can't be sent; they are dropped until they can. Check the collector, and OTEL_EXPORTER_OTLP_ENDPOINT",
				"problem", bounded(err))
		}
	case t.failing:
		t.log.Info("Traces are sent again", "droppedSpans", t.lost)
		t.lost = 0
	}
	t.failing = err != nil
	return nil
}

// Shutdown implements sdktrace.SpanExporter.
func (t *teller) Shutdown(ctx context.Context) error { return t.next.Shutdown(ctx) }

// problem is for what the library reports by itself: a variable that it does not understand, spans that a collector refuses.
func (t *teller) problem(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.told {
		t.log.V(1).Info("OpenTelemetry reports a problem", "problem", bounded(err))
		return
	}
	t.told = true
	t.log.Error(nil, "OpenTelemetry reports a problem; what else it reports is logged at level debug", "problem", bounded(err))
}

// bounded cuts what a collector may have answered.
func bounded(err error) string {
	const most = 300
	if text := []rune(err.Error()); len(text) > most {
		return string(text[:most]) + " …"
	}
	return err.Error()
}
