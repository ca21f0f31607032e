package intake

import (
	"errors"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/tracing"
)

// commit makes a submission durable. Where it is followed, its trace begins with its request, and goes with the object.
func (h *Handler) commit(w http.ResponseWriter, r *http.Request, s *v1alpha1.ContactSubmission) error {
	about := tracing.Submission{Namespace: s.Namespace, Pipeline: s.Spec.PipelineRef.Name, Name: s.Name, Source: s.Spec.Source.Via}
	ctx, step := h.tracer.Accept(r.Context(), h.begun(w), r.Header.Get("Traceparent"), about)
	keepTrace(s, tracing.Traceparent(ctx))
	if err := h.committer.Commit(ctx, s); err != nil {
		step.End("NotAccepted", failureOf(err))
		return err
	}
	step.End("Accepted", "")
	if log := h.log.V(1); log.Enabled() {
		tracing.Logger(ctx, log).Info("submission accepted", "namespace", s.Namespace, "pipeline", about.Pipeline, "id", s.Name)
	}
	return nil
}

// begun is when a request began.
func (h *Handler) begun(w http.ResponseWriter) time.Time {
	if rec, ok := w.(*recorder); ok {
		return rec.start
	}
	return h.now()
}

// keepTrace puts the trace that a submission belongs to on its object. It is the only annotation that the intake sets.
func keepTrace(s *v1alpha1.ContactSubmission, traceparent string) {
	if traceparent != "" {
		s.Annotations = map[string]string{v1alpha1.AnnotationTraceparent: traceparent}
	}
}

// outcomeOf says in words for a trace how a create ended.
func outcomeOf(err error) (outcome, failure string) {
	switch {
	case err == nil:
		return "Created", ""
	case apierrors.IsAlreadyExists(err):
		return "AlreadyExists", ""
	}
	return "NotCreated", failureOf(err)
}

// failureOf is the API server's reason: one of a few words. Its message may repeat what was sent.
func failureOf(err error) string {
	if committed(err) {
		return ""
	}
	var status apierrors.APIStatus
	if errors.As(err, &status) && status.Status().Reason != "" {
		return string(status.Status().Reason)
	}
	return "Unavailable"
}

// spooled ends the step of a submission that went into the spool, or did not.
func spooled(step tracing.Step, reason string, err error) {
	step.Spooled(reason)
	if err != nil {
		step.End("NotSpooled", "NotSpooled")
		return
	}
	step.End("Spooled", "")
}
