package pipeline

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/provider"
)

func TestRetry(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.errs["crm"] = transient("connection reset")
	out := w.pass(t, s, trial())
	f := s.Status.Failures[0]
	if *f.Attempts != 1 || f.Integration != "crm" || f.Class != "Transient" || f.Message != "connection reset" || *s.Status.Attempts != 1 {
		t.Errorf("recorded %+v", f)
	}
	if want := start.Add(firstBackoff + time.Second); !out.NextAttempt.Equal(want) {
		t.Errorf("next attempt at %v, want %v", out.NextAttempt, want)
	}
	if diff := cmp.Diff([]string{"crm"}, out.Waiting); diff != "" {
		t.Error(diff)
	}
	w.takeCalls()

	w.now = start.Add(time.Second)
	w.pass(t, s, trial())
	if got := w.takeCalls(); got != "" {
		t.Errorf("called %q before its time", got)
	}
	w.now = out.NextAttempt
	out = w.pass(t, s, trial())
	if got := w.takeCalls(); got != "crm" || *s.Status.Attempts != 2 {
		t.Errorf("called %q, attempts %d", got, *s.Status.Attempts)
	}
	w.errs["crm"] = provider.Errorf(provider.Auth, "the credentials are refused")
	w.now = out.NextAttempt
	out = w.pass(t, s, trial())
	if *s.Status.Attempts != 2 || !out.NextAttempt.IsZero() {
		t.Errorf("a wrong credential spent an attempt: %d, next %v", *s.Status.Attempts, out.NextAttempt)
	}
	delete(w.errs, "crm")
	w.pass(t, s, trial(), changed("crm"))
	if got, want := reasons(s), "Deliverable Located Synced Synced Completed"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if f := s.Status.Failures[0]; f.NextAttemptTime != nil || *f.Attempts != 2 || f.Class != "Auth" {
		t.Errorf("the story of the failure is not kept: %+v", f)
	}
}

func TestRetryAfterIsAFloor(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.errs["crm"] = &provider.Error{Class: provider.Throttled, Message: "too many requests", RetryAfter: 20 * time.Minute}
	out := w.pass(t, s, trial(), func(in *Input) { in.Jitter = func(time.Duration) time.Duration { return 0 } })
	if earliest := start.Add(20 * time.Minute); out.NextAttempt.Before(earliest) {
		t.Errorf("next attempt at %v, before %v", out.NextAttempt, earliest)
	}
}

func TestBackoffIsBounded(t *testing.T) {
	longest := &pass{Input: Input{Jitter: func(maximum time.Duration) time.Duration { return maximum }}}
	shortest := &pass{Input: Input{Jitter: func(time.Duration) time.Duration { return 0 }}}
	for attempts := int32(1); attempts < 100; attempts++ {
		if d := longest.backoff(attempts); d < firstBackoff || d > maxBackoff {
			t.Errorf("attempt %d waits up to %v", attempts, d)
		}
		if d := shortest.backoff(attempts); d != time.Second {
			t.Errorf("attempt %d waits at least %v", attempts, d)
		}
	}
}

func TestUnknownIsVerifiedAgainThenAccepted(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.verdict = provider.Unknown
	out := w.pass(t, s, trial())
	if earliest := start.Add(time.Minute); out.NextAttempt.Before(earliest) {
		t.Errorf("verified again at %v, before %v", out.NextAttempt, earliest)
	}
	w.now = out.NextAttempt
	w.pass(t, s, trial())
	if got, want := reasons(s), "AcceptedUnknown Located Synced Synced Completed"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := w.takeCalls(); got != "verifier verifier locator crm marketing" {
		t.Errorf("called %q", got)
	}
}

func TestTransientErrorsAreNoUnknownVerdicts(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.errs["verifier"] = transient("no answer")
	for range 5 {
		w.now = w.pass(t, s, trial()).NextAttempt
	}
	delete(w.errs, "verifier")
	w.verdict = provider.Unknown
	w.pass(t, s, trial())
	if got, want := reasons(s), "Retrying Pending Pending Pending Waiting"; got != want {
		t.Errorf("got %s, want %s: the failed calls count as rechecks", got, want)
	}
}

func TestChangedPipelineIsTriedAtOnce(t *testing.T) {
	w, s, p := newWorld(), sent("a", 0), trial()
	w.errs["crm"] = transient("no answer")
	w.pass(t, s, p)
	w.takeCalls()
	p.Spec.CRM.IntegrationRef.Name = "marketing" // another system takes over
	w.pass(t, s, p)
	if got := w.takeCalls(); got != "marketing" {
		t.Errorf("called %q", got)
	}
}

func TestWaitingPlansNothing(t *testing.T) {
	tests := map[string]func(*world, *v1alpha1.ContactPipeline) *v1alpha1.ContactPipeline{
		"Integration suspended": func(w *world, p *v1alpha1.ContactPipeline) *v1alpha1.ContactPipeline {
			w.refuse["crm"] = &provider.Wait{Message: "suspended"}
			return p
		},
		"Integration deleted": func(w *world, p *v1alpha1.ContactPipeline) *v1alpha1.ContactPipeline {
			w.missing["crm"] = true
			return p
		},
		"pipeline suspended": func(_ *world, p *v1alpha1.ContactPipeline) *v1alpha1.ContactPipeline {
			p.Spec.Suspend = new(true)
			return p
		},
		"pipeline deleted": func(*world, *v1alpha1.ContactPipeline) *v1alpha1.ContactPipeline { return nil },
	}
	for name, wait := range tests {
		t.Run(name, func(t *testing.T) {
			w, s, p := newWorld(), sent("a", 0), trial()
			w.errs["crm"] = transient("no answer")
			out := w.pass(t, s, p)
			p = wait(w, p)
			w.now = out.NextAttempt
			for range 3 {
				if out = w.pass(t, s, p); !out.NextAttempt.IsZero() {
					t.Errorf("planned for %v", out.NextAttempt)
				}
				w.now = w.now.Add(time.Minute)
			}
		})
	}
}

func TestBackoffGrowsBesideRetryAfter(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.errs["crm"] = &provider.Error{Class: provider.Transient, Message: "503", RetryAfter: time.Second}
	var last time.Duration
	for range 8 {
		next := w.pass(t, s, trial()).NextAttempt
		if d := next.Sub(w.now); d <= last {
			t.Errorf("waits %v after %v", d, last)
		} else {
			last = d
		}
		w.now = next
	}
}

func TestChangeOfOneIntegrationLeavesOtherPlansAlone(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.errs["marketing"] = &provider.Error{Class: provider.Throttled, Message: "429", RetryAfter: 30 * time.Minute}
	w.errs["crm"] = provider.Errorf(provider.Auth, "the credentials are refused")
	w.pass(t, s, trial())
	w.takeCalls()
	delete(w.errs, "crm")
	w.pass(t, s, trial(), changed("crm"))
	if got := w.takeCalls(); got != "crm" {
		t.Errorf("called %q", got)
	}
}

func TestChangeDoesNotHurryRechecks(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.verdict = provider.Unknown
	w.pass(t, s, trial())
	w.takeCalls()
	w.pass(t, s, trial(), changed("verifier"))
	if got := w.takeCalls(); got != "" {
		t.Errorf("called %q before its time", got)
	}
}

func TestPoisonousRecordIsToldFromAWrongConfiguration(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.errs["crm"] = provider.Errorf(provider.Config, "404")
	w.pass(t, s, trial())
	w.now = start.Add(time.Minute)
	w.pass(t, s, trial())
	if got, want := reasons(s), "Deliverable Located Misconfigured Synced Waiting"; got != want {
		t.Errorf("nobody else has been taken since, yet got %s", got)
	}
	w.lastSuccess = start.Add(90 * time.Second)
	w.now = start.Add(2 * time.Minute)
	w.pass(t, s, trial())
	if got, want := reasons(s), "Deliverable Located InvalidData Synced Stalled"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
