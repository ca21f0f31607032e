package tracing

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

var arrived = time.Date(2026, 11, 23, 10, 20, 30, 0, time.UTC)

// recording makes a Tracer, and what tells of the steps that have ended.
func recording(sampler sdktrace.Sampler) (*Tracer, *tracetest.SpanRecorder) {
	recorder := tracetest.NewSpanRecorder()
	return New(sdktrace.NewTracerProvider(sdktrace.WithSampler(sampler), sdktrace.WithSpanProcessor(recorder))), recorder
}

// always is what the library does without being told otherwise: whoever has a parent is followed as that is.
var always = sdktrace.ParentBased(sdktrace.AlwaysSample())

func attributes(span sdktrace.ReadOnlySpan) map[string]string {
	all := map[string]string{}
	for _, a := range span.Attributes() {
		all[string(a.Key)] = a.Value.String()
	}
	return all
}

func TestVisitorsDecideNothing(t *testing.T) {
	const theirs = "0af7651916cd43dd8448eb211c80319c"
	tests := map[string]struct {
		reason       string
		sampler      sdktrace.Sampler
		traceparent  string
		wantFollowed bool
		wantLinks    int
	}{
		"forced": {
			"a visitor can't make a submission be followed",
			sdktrace.ParentBased(sdktrace.TraceIDRatioBased(0)), "00-" + theirs + "-b7ad6b7169203331-01", false, 0,
		},
		"forbidden": {
			"nor keep it from being followed, and is found again by the link",
			always, "00-" + theirs + "-b7ad6b7169203331-00", true, 1,
		},
		"traced by the site": {"it is found again by the link", always, "00-" + theirs + "-b7ad6b7169203331-01", true, 1},
		"nonsense":           {"is left out", always, "ada@example.com", true, 0},
		"none":               {"most visitors say nothing", always, "", true, 0},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tracer, recorder := recording(tc.sampler)
			ctx, step := tracer.Accept(t.Context(), arrived, tc.traceparent, Submission{Namespace: "ns", Pipeline: "trial", Name: "abc"})
			_, inner := tracer.Start(ctx, "create")
			inner.End("Created", "")
			step.End("Accepted", "")
			kept := Traceparent(ctx)
			if (kept != "") != tc.wantFollowed || step.Followed() != tc.wantFollowed {
				t.Fatalf("%s: followed is %v, and %q goes with the submission", tc.reason, step.Followed(), kept)
			}
			if !tc.wantFollowed {
				if len(recorder.Ended()) > 0 {
					t.Errorf("%s: %d steps", tc.reason, len(recorder.Ended()))
				}
				return
			}
			root := recorder.Ended()[1]
			if root.Parent().IsValid() || strings.Contains(kept, theirs) || !strings.Contains(kept, root.SpanContext().SpanID().String()) {
				t.Errorf("%s: the trace is not our own: %s", tc.reason, kept)
			}
			if len(root.Links()) != tc.wantLinks || !root.StartTime().Equal(arrived) {
				t.Errorf("%s: %d links, begun at %s", tc.reason, len(root.Links()), root.StartTime())
			}
			for _, l := range root.Links() {
				if l.SpanContext.TraceID().String() != theirs || l.SpanContext.TraceState().Len() > 0 {
					t.Errorf("%s: linked with %v", tc.reason, l.SpanContext)
				}
			}
		})
	}
}

func TestOneTraceAcrossPrograms(t *testing.T) {
	intake, _ := recording(always)
	// Whatever the operator's sampler says of others: the intake has decided.
	operator, recorder := recording(sdktrace.ParentBased(sdktrace.NeverSample()))
	accepted, accept := intake.Accept(t.Context(), arrived, "", Submission{Name: "abc"})
	accept.End("Accepted", "")

	ctx := operator.Resume(t.Context(), Traceparent(accepted))
	if ID(ctx) != ID(accepted) || ID(ctx) == "" {
		t.Fatalf("the operator goes on with %q instead of %q", ID(ctx), ID(accepted))
	}
	_, step := operator.Start(ctx, "CRMSynced")
	step.Calls(Call{Namespace: "ns", Stage: "CRMSynced", Integration: "crm", Attempt: 3, Waited: time.Hour})
	step.End("Retrying", "Transient")
	span := recorder.Ended()[0]
	if got, want := span.Parent().SpanID(), trace.SpanContextFromContext(accepted).SpanID(); got != want {
		t.Errorf("its parent is %s, want %s", got, want)
	}
	want := map[string]string{
		"contact.namespace": "ns", "contact.stage": "CRMSynced", "contact.integration": "crm", "peer.service": "crm", "contact.attempt": "3",
		"contact.link_wait_ms": "3600000", "contact.outcome": "Retrying", "error.type": "Transient",
	}
	if got := attributes(span); !equal(got, want) || span.Status().Code != codes.Error {
		t.Errorf("it says %v, %v", got, span.Status())
	}
}

func equal(a, b map[string]string) bool {
	for key, v := range a {
		if b[key] != v {
			return false
		}
	}
	return len(a) == len(b)
}

func TestOnlyWhatTheIntakeFollowsIsFollowed(t *testing.T) {
	tracer, recorder := recording(sdktrace.AlwaysSample())
	for _, traceparent := range []string{
		"", "x", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", "00-00000000000000000000000000000000-0000000000000000-01",
	} {
		ctx := tracer.Resume(t.Context(), traceparent)
		_, step := tracer.Start(ctx, "Validated")
		step.End("Deliverable", "")
		if step.Followed() || ID(ctx) != "" || len(recorder.Ended()) > 0 {
			t.Errorf("%q is followed", traceparent)
		}
	}
}

func TestBatchIsLinkedBothWays(t *testing.T) {
	tracer, recorder := recording(always)
	var steps []Step
	for range 3 {
		ctx, _ := tracer.Accept(t.Context(), arrived, "", Submission{})
		_, step := tracer.Start(ctx, "CRMSynced")
		steps = append(steps, step)
	}
	_, call := tracer.StartBatch(t.Context(), "crm", 5, steps)
	call.End("Success", "")
	for _, s := range steps {
		s.End("Synced", "")
	}
	ended := recorder.Ended()
	batch, records := ended[0], ended[1:]
	if batch.SpanContext().TraceID() != records[0].SpanContext().TraceID() || attributes(batch)["contact.records"] != "5" {
		t.Errorf("the batch is in the trace of nobody, or says %v", attributes(batch))
	}
	for i, r := range records {
		there := slices.ContainsFunc(batch.Links(), func(l sdktrace.Link) bool { return l.SpanContext.Equal(r.SpanContext()) })
		back := len(r.Links()) == 1 && r.Links()[0].SpanContext.Equal(batch.SpanContext())
		if !there || !back {
			t.Errorf("record %d: linked from the batch: %v, to it: %v", i, there, back)
		}
	}
}

// TestStatusOfABatch: each record gets the answer of the call that it travelled in, if there was one call only.
func TestStatusOfABatch(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	defer server.Close()
	for calls, want := range []string{"", "418", ""} {
		tracer, recorder := recording(always)
		ctx, _ := tracer.Accept(t.Context(), arrived, "", Submission{})
		_, record := tracer.Start(ctx, "CRMSynced")
		ctx, batch := tracer.StartBatch(t.Context(), "crm", 1, []Step{record})
		for range calls {
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := tracer.Client(&http.Client{}).Do(request)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
		}
		batch.End("Success", "")
		record.End("Synced", "")
		if got := attributes(recorder.Ended()[1])["http.response.status_code"]; got != want {
			t.Errorf("%d calls: the record has %q, want %q", calls, got, want)
		}
	}
}

func TestStatusOfTheAnswerIsNoted(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.Header.Get("Traceparent"))+len(r.Header.Get("Tracestate")) > 0 {
			t.Error("an outside system is told of the trace")
		}
		w.WriteHeader(http.StatusTeapot)
	}))
	defer server.Close()
	tracer, recorder := recording(always)
	ctx, _ := tracer.Accept(t.Context(), arrived, "", Submission{})
	ctx, step := tracer.Start(ctx, "CRMSynced")
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, server.URL+"/contacts/ada@example.com", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := tracer.Client(&http.Client{}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	step.End("InvalidData", "Invalid")
	got := attributes(recorder.Ended()[0])
	if got["http.response.status_code"] != "418" {
		t.Errorf("it says %v", got)
	}
	for key, v := range got {
		if strings.Contains(v, "ada") {
			t.Errorf("%s is personal", key)
		}
	}
}

func TestLogNamesTheTrace(t *testing.T) {
	tracer, _ := recording(always)
	ctx, _ := tracer.Accept(t.Context(), arrived, "", Submission{})
	if Logger(t.Context(), logr.Discard()) != logr.Discard() {
		t.Error("what is not followed has a trace")
	}
	sink := &values{}
	Logger(ctx, logr.New(sink))
	if len(sink.pairs) != 2 || sink.pairs[0] != "traceID" || sink.pairs[1] != ID(ctx) {
		t.Errorf("got %v", sink.pairs)
	}
}

// values keeps what a logger is given.
type values struct {
	logr.LogSink
	pairs []any
}

func (*values) Init(logr.RuntimeInfo) {}

func (v *values) WithValues(pairs ...any) logr.LogSink {
	v.pairs = pairs
	return v
}

// way takes a submission the whole way, as the programs do.
func way(ctx context.Context, tracer *Tracer, err error) string {
	accepted, accept := tracer.Accept(ctx, arrived, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", Submission{Namespace: "ns", Pipeline: "trial", Name: "abc"})
	_, spool := tracer.Start(accepted, "spool")
	spool.Spooled("away")
	spool.End("Spooled", "")
	kept := Traceparent(accepted)
	accept.End("Accepted", "")

	ctx = tracer.Resume(ctx, kept)
	id := ID(ctx)
	called, step := tracer.Start(ctx, "CRMSynced")
	step.Calls(Call{Namespace: "ns", Stage: "CRMSynced", Integration: "crm", Attempt: 1, Waited: time.Hour})
	if Current(called).Followed() {
		_, batch := tracer.StartBatch(called, "crm", 2, []Step{Current(called)})
		batch.End("Success", "")
	}
	if err != nil {
		step.End("Retrying", "Transient")
	}
	return id
}

// TestOffCostsNothing: not one allocation, all the way.
func TestOffCostsNothing(t *testing.T) {
	var off *Tracer
	ctx, failure := t.Context(), errors.New("away")
	log := logr.Discard()
	if got := testing.AllocsPerRun(100, func() {
		if way(ctx, off, failure) != "" {
			t.Error("it is on")
		}
		log = Logger(ctx, log)
	}); got > 0 {
		t.Errorf("%v allocations", got)
	}
	client := &http.Client{}
	if off.Client(client) != client {
		t.Error("calls go through one layer more")
	}
	on, _ := recording(always)
	if got := testing.AllocsPerRun(100, func() { way(ctx, on, failure) }); got == 0 {
		t.Error("following costs nothing either: this test measures nothing")
	}
}

func BenchmarkWay(b *testing.B) {
	on := New(sdktrace.NewTracerProvider(sdktrace.WithSampler(always)))
	never := New(sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample())))
	for name, tracer := range map[string]*Tracer{"off": nil, "not sampled": never, "sampled": on} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				way(b.Context(), tracer, nil)
			}
		})
	}
}

// TestAttributesAreFew: whoever adds one has to think of what it may hold.
func TestAttributesAreFew(t *testing.T) {
	tracer, recorder := recording(always)
	ctx, accept := tracer.Accept(t.Context(), arrived, "", Submission{Namespace: "ns", Pipeline: "trial", Name: "abc", Source: "typeform"})
	accept.End("Accepted", "")
	way(ctx, tracer, errors.New("ada@example.com is away"))
	known := []attribute.Key{
		"contact.namespace", "contact.pipeline", "contact.submission", "contact.source", "contact.stage", "contact.integration", "peer.service",
		"contact.attempt", "contact.link_wait_ms", "contact.spool_reason", "contact.records", "contact.outcome", "error.type",
	}
	for _, span := range recorder.Ended() {
		for _, a := range span.Attributes() {
			if !slices.Contains(known, a.Key) {
				t.Errorf("%s has %s", span.Name(), a.Key)
			}
		}
		if len(span.Events()) > 0 {
			t.Errorf("%s has events, whose texts nobody has looked at", span.Name())
		}
	}
}
