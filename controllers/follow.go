package controllers

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/tracing"
)

// follow goes on with the trace that the intake has begun, and has the log name it.
func (r *SubmissionReconciler) follow(ctx context.Context, s *v1alpha1.ContactSubmission) context.Context {
	if r.Tracer == nil {
		return ctx
	}
	ctx = r.Tracer.Resume(ctx, s.Annotations[v1alpha1.AnnotationTraceparent])
	if tracing.ID(ctx) == "" {
		return ctx
	}
	return ctrl.LoggerInto(ctx, tracing.Logger(ctx, ctrl.LoggerFrom(ctx)))
}

// writeOutcome says in words for a trace how a write to the API server ended. The reason is one of a few words; the message
// may repeat what was written.
func writeOutcome(err error) (outcome, failure string) {
	if err == nil {
		return "Written", ""
	}
	if reason := string(apierrors.ReasonForError(err)); reason != "" {
		return "NotWritten", reason
	}
	return "NotWritten", "Unavailable"
}
