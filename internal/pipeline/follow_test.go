package pipeline

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/tracing"
)

// TestStagesAreFollowed: each stage that is taken is a step, in the words of status.
func TestStagesAreFollowed(t *testing.T) {
	recorder := tracetest.NewSpanRecorder()
	tracer := tracing.New(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)))
	ctx, accept := tracer.Accept(t.Context(), start, "", tracing.Submission{Name: "a"})
	accept.End("Accepted", "")
	w, s := newWorld(), sent("a", 0)
	take := func(in Input) map[string]string {
		t.Helper()
		before := len(recorder.Ended())
		in.Submission, in.Pipeline, in.Contact, in.Links, in.Tracer = s, trial(), w.stored, w.links, tracer
		in.Now = func() time.Time { return w.now }
		in.Jitter = func(maximum time.Duration) time.Duration { return maximum }
		in.Changed = func(string) bool { return false }
		out, err := Run(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		s.Status, w.stored = out.Status, out.Contact
		said := map[string]string{}
		for _, span := range recorder.Ended()[before:] {
			var all []string
			for _, a := range span.Attributes() {
				switch a.Key {
				case "contact.outcome", "contact.integration", "contact.attempt", "contact.link_wait_ms", "error.type":
					all = append(all, a.Value.String())
				}
			}
			said[span.Name()] = strings.Join(all, " ")
			if strings.Contains(said[span.Name()], "ada") || span.SpanContext().TraceID().String() != tracing.ID(ctx) {
				t.Errorf("%s: %s", span.Name(), said[span.Name()])
			}
		}
		return said
	}
	expect := func(when string, got, want map[string]string) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", when, diff)
		}
	}

	w.errs["crm"], w.panics = transient("the service answered with status 503"), "marketing"
	expect("a CRM that fails, and an adapter that panics", take(Input{}), map[string]string{
		"Validated": "1 verifier Deliverable", "Located": "1 locator Located",
		"CRMSynced": "1 crm Retrying Transient", "MarketingSynced": "1 marketing Retrying Transient",
	})
	w.now = w.now.Add(time.Hour)
	w.panics, w.errs["crm"] = "", nil
	w.refuse["marketing"] = &provider.Wait{Busy: true, Message: "Integration marketing fails"}
	expect("the second try, and an open circuit", take(Input{}), map[string]string{
		"CRMSynced": "2 crm Synced", "MarketingSynced": "2 marketing Parked",
	})
	parked := w.now
	w.now = w.now.Add(time.Minute)
	w.refuse = map[string]*provider.Wait{}
	expect("called by its link", take(Input{ParkedSince: parked, CalledBy: func(integration string) bool { return integration == "marketing" }}), map[string]string{
		"MarketingSynced": "2 marketing 60000 Synced",
	})
}

// TestNotFollowingCostsNothing: neither with tracing off, nor for a submission that is not followed.
func TestNotFollowingCostsNothing(t *testing.T) {
	on := tracing.New(sdktrace.NewTracerProvider())
	for name, tracer := range map[string]*tracing.Tracer{"off": nil, "not followed": on} {
		p := &pass{Input: Input{Submission: sent("a", 0), Pipeline: trial(), Tracer: tracer}}
		o := done("crm", v1alpha1.ReasonSynced, "")
		ctx := t.Context()
		if got := testing.AllocsPerRun(100, func() {
			_, step := p.follow(ctx, v1alpha1.StageCRMSynced)
			endOf(step, &o)
		}); got > 0 {
			t.Errorf("%s: %v allocations", name, got)
		}
	}
}
