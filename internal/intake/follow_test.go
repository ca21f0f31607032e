package intake

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/tracing"
)

func recordingTracer() (*tracing.Tracer, *tracetest.SpanRecorder) {
	recorder := tracetest.NewSpanRecorder()
	return tracing.New(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))), recorder
}

// toldBy is what the steps that have ended say, in order, as "name: words". What it is given must not be in any of them.
func toldBy(t *testing.T, recorder *tracetest.SpanRecorder, personal ...string) []string {
	t.Helper()
	var all []string
	for _, span := range recorder.Ended() {
		text := span.Name() + ":"
		for _, a := range span.Attributes() {
			text += " " + a.Value.String()
		}
		all = append(all, text)
		for _, p := range personal {
			if strings.Contains(text, p) || strings.Contains(span.Status().Description, p) {
				t.Errorf("a step holds %q: %s", p, text)
			}
		}
	}
	return all
}

// TestTraceGoesWithTheObject: from the form and from a program, but not with what is sent back.
func TestTraceGoesWithTheObject(t *testing.T) {
	const theirs = "0af7651916cd43dd8448eb211c80319c"
	cases := map[string]struct {
		reason  string
		request *http.Request
		want    bool
	}{
		"a program":       {"is followed", request(aName, contentTy, asJSON), true},
		"a form":          {"is followed", request(minForm, contentTy, asForm), true},
		"one that traces": {"is in our trace, not in its own", request(aName, contentTy, asJSON, "Traceparent", "00-"+theirs+"-b7ad6b7169203331-01"), true},
		"refused":         {"makes no trace: there may be any number of them", request(`{"email":""}`, contentTy, asJSON), false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			committer := &fakeCommitter{}
			h := testHandler(fakePipelines{}, committer)
			var recorder *tracetest.SpanRecorder
			h.tracer, recorder = recordingTracer()
			h.ServeHTTP(httptest.NewRecorder(), tc.request)
			if !tc.want {
				if len(recorder.Started()) > 0 {
					t.Errorf("%s: %v", tc.reason, toldBy(t, recorder))
				}
				return
			}
			s := committer.kept[0]
			if diff := cmp.Diff([]string{"accept: ns trial " + s.Name + " Accepted"}, toldBy(t, recorder, "ada")); diff != "" {
				t.Fatalf("%s: %s", tc.reason, diff)
			}
			at := recorder.Ended()[0].SpanContext()
			want := map[string]string{v1alpha1.AnnotationTraceparent: "00-" + at.TraceID().String() + "-" + at.SpanID().String() + "-01"}
			if diff := cmp.Diff(want, s.Annotations); diff != "" || at.TraceID().String() == theirs {
				t.Errorf("%s: %s", tc.reason, diff)
			}
		})
	}
}

// TestTraceGoesThroughTheSpool: what is replayed is in the trace that its accept began, and its object says so.
func TestTraceGoesThroughTheSpool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, answering(errUnreachable))
		defer b.close()
		var recorder *tracetest.SpanRecorder
		b.direct.tracer, recorder = recordingTracer()
		s := testSubmission()
		s.Name = "n"
		ctx, accept := b.direct.tracer.Accept(t.Context(), time.Now(), "", tracing.Submission{Name: "n"})
		traceparent := tracing.Traceparent(ctx)
		keepTrace(s, traceparent)
		if err := b.Commit(ctx, s); err != nil {
			t.Fatal(err)
		}
		accept.End("Accepted", "")
		b.create.Store(new(createFunc(storeIt)))
		b.drain(time.Minute)
		want := []string{
			"create: NotCreated Unavailable", "spool: away Spooled", "accept:   n Accepted", "create: Created", "replay: kept",
		}
		if diff := cmp.Diff(want, toldBy(t, recorder, secret)); diff != "" {
			t.Error(diff)
		}
		for _, span := range recorder.Ended() {
			if span.SpanContext().TraceID().String() != tracing.ID(ctx) {
				t.Errorf("%s is in another trace", span.Name())
			}
		}
		var object v1alpha1.ContactSubmission
		if err := b.api.Get(t.Context(), client.ObjectKey{Namespace: "ns", Name: "n"}, &object); err != nil {
			t.Fatal(err)
		}
		if got := object.Annotations[v1alpha1.AnnotationTraceparent]; got != traceparent {
			t.Errorf("the object says %q, want %q", got, traceparent)
		}
	})
}
