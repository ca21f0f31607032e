package pipeline

import (
	"fmt"
	"strings"
	"testing"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/provider"
)

func asks(key, text string) func(*v1alpha1.ContactSubmission) {
	return func(s *v1alpha1.ContactSubmission) { s.Annotations = map[string]string{key: text} }
}

func TestAccept(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.verdict = provider.Role
	asks(v1alpha1.AnnotationAccept, "in advance")(s)
	w.pass(t, s, trial())
	if got, want := reasons(s), "Role Skipped Skipped Skipped Rejected"; got != want {
		t.Fatalf("accepted in advance: %s", got)
	}
	if !Asked(s) {
		t.Fatal("the request does not count after the rejection")
	}
	w.takeCalls()
	w.pass(t, s, trial())
	if got, want := reasons(s), "Accepted Located Synced Synced Completed"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := w.takeCalls(); got != "locator crm marketing" {
		t.Errorf("called %q", got)
	}
	if strings.Contains(fmt.Sprint(s.Status, w.stored), "in advance") {
		t.Error("the reason is copied")
	}
	if Asked(s) {
		t.Error("the request is acted on twice")
	}
	long := sent("b", 0)
	long.Status = *s.Status.DeepCopy()
	asks(v1alpha1.AnnotationAccept, strings.Repeat("x", 257))(long)
	if Asked(long) {
		t.Error("an endless reason counts")
	}
}

func TestRetryOnRequest(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.errs["crm"] = provider.Errorf(provider.Invalid, "422")
	w.pass(t, s, trial())
	w.takeCalls()
	if Asked(s) {
		t.Error("nobody asked")
	}
	delete(w.errs, "crm")
	asks(v1alpha1.AnnotationRetry, "2026-11-02T10:00:00Z")(s)
	w.pass(t, s, trial())
	if got, want := reasons(s), "Deliverable Located Synced Synced Completed"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := w.takeCalls(); got != "crm marketing" { // marketing holds it already, but a person asks
		t.Errorf("called %q", got)
	}
	if Asked(s) {
		t.Error("the request is acted on twice")
	}
	if *w.stored.Status.Submissions != 1 {
		t.Errorf("counted %d", *w.stored.Status.Submissions)
	}
}

func TestRetryOfARejectedOneAsksAgain(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.verdict = provider.Undeliverable
	w.pass(t, s, trial())
	w.verdict = provider.Deliverable
	asks(v1alpha1.AnnotationRetry, "1")(s)
	w.pass(t, s, trial())
	if got, want := reasons(s), "Deliverable Located Synced Synced Completed"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRequestOutlivesASuspendedPipeline(t *testing.T) {
	w, s, p := newWorld(), sent("a", 0), trial()
	w.verdict = provider.Role
	w.pass(t, s, p)
	asks(v1alpha1.AnnotationAccept, "known to sales")(s)
	p.Spec.Suspend = new(true)
	w.pass(t, s, p)
	if got, want := reasons(s), "Role Skipped Skipped Skipped Rejected"; got != want || !Asked(s) {
		t.Errorf("got %s, asked %v: the request is lost", got, Asked(s))
	}
	p.Spec.Suspend = nil
	w.pass(t, s, p)
	if got, want := reasons(s), "Accepted Located Synced Synced Completed"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRetryOnRequestOutlivesAFailure(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.pass(t, s, trial())
	asks(v1alpha1.AnnotationRetry, "1")(s)
	w.errs["crm"] = transient("no answer")
	out := w.pass(t, s, trial())
	delete(w.errs, "crm")
	w.takeCalls()
	w.now = out.NextAttempt
	w.pass(t, s, trial())
	if got := w.takeCalls(); got != "crm" {
		t.Errorf("called %q: the CRM is not written to again", got)
	}
}
