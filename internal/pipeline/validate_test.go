package pipeline

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// frugal is a pipeline that uses a verdict again for a day, and looks at an Unknown one again after an hour, twice.
func frugal(change ...func(*v1alpha1.ValidationStage)) *v1alpha1.ContactPipeline {
	p := trial()
	p.Spec = v1alpha1.ContactPipelineSpec{Validation: p.Spec.Validation}
	v := p.Spec.Validation
	v.VerdictSeconds, v.UnknownRecheckSeconds, v.UnknownRechecks = new(int32(86400)), new(int32(3600)), new(int32(2))
	for _, c := range change {
		c(v)
	}
	return p
}

func verdictAt(result provider.Verdict, at time.Time) *v1alpha1.ContactVerdict {
	return &v1alpha1.ContactVerdict{
		Result: v1alpha1.Verdict(result), Integration: "verifier", Time: metav1.NewMicroTime(at), Evidence: "mx", Mailbox: v1alpha1.MailboxOwn,
	}
}

func earlier(v *v1alpha1.ContactVerdict) func(*Input) { return func(in *Input) { in.Earlier = v } }

// at moves the clock, and returns a submission that is received then.
func (w *world) at(name string, after time.Duration) *v1alpha1.ContactSubmission {
	w.now = start.Add(after)
	return sent(name, int(after/time.Second))
}

// A validation costs money: how often the service is asked about an address that comes again and again.
func TestWhatIsKnownIsNotAskedAgain(t *testing.T) {
	accepts := func(v *v1alpha1.ValidationStage) { v.Role = v1alpha1.VerdictAccept }
	holds := func(v *v1alpha1.ValidationStage) { v.Unknown = v1alpha1.UnknownHold }
	never := func(v *v1alpha1.ValidationStage) { v.VerdictSeconds = new(int32(0)) }
	cases := map[string]struct {
		reason    string
		verdict   provider.Verdict // of the service
		pipeline  *v1alpha1.ContactPipeline
		onContact *v1alpha1.ContactVerdict
		earlier   *v1alpha1.ContactVerdict
		after     time.Duration // since the known verdict
		wantCalls string
		want      string // Validated and Ready
	}{
		"deliverable": {
			"it still holds", "Undeliverable", frugal(), verdictAt("Deliverable", start), nil, 24 * time.Hour,
			"", "Deliverable Completed",
		},
		"deliverable, expired": {
			"one call", "Deliverable", frugal(), verdictAt("Deliverable", start), nil, 24*time.Hour + time.Second,
			"verifier", "Deliverable Completed",
		},
		"never used again": {
			"the pipeline says so", "Deliverable", frugal(never), verdictAt("Deliverable", start), nil, time.Second,
			"verifier", "Deliverable Completed",
		},
		"accepted": {
			"the policy is applied to what is known", "Deliverable", frugal(accepts), verdictAt("Role", start), nil, time.Hour,
			"", "Accepted Completed",
		},
		"rejected now": {
			"the policy may have changed since", "Deliverable", frugal(), verdictAt("Role", start), nil, time.Hour,
			"", "Role Rejected",
		},
		"refused before": {
			"what made no Contact is known all the same", "Deliverable", frugal(), nil, verdictAt("Undeliverable", start), time.Hour,
			"", "Undeliverable Rejected",
		},
		"refused before, expired": {
			"a mailbox may have been made since", "Deliverable", frugal(), nil, verdictAt("Undeliverable", start), 25 * time.Hour,
			"verifier", "Deliverable Completed",
		},
		"refused before, newer than the Contact's": {
			"the newest counts", "Deliverable", frugal(), verdictAt("Deliverable", start.Add(-time.Hour)), verdictAt("Undeliverable", start), time.Hour,
			"", "Undeliverable Rejected",
		},
		"unknown": {
			"it was looked at often enough, and not long ago: accepted at once", "Deliverable", frugal(), verdictAt("Unknown", start), nil, 59 * time.Minute,
			"", "AcceptedUnknown Completed",
		},
		"unknown, some time ago": {
			"worth another look", "Deliverable", frugal(), verdictAt("Unknown", start), nil, time.Hour,
			"verifier", "Deliverable Completed",
		},
		"unknown, and still": {
			"then it is looked at slowly again", "Unknown", frugal(), verdictAt("Unknown", start), nil, time.Hour,
			"verifier", "Retrying Waiting",
		},
		"unknown, never used again": {
			"the pipeline says so", "Unknown", frugal(never), verdictAt("Unknown", start), nil, time.Second,
			"verifier", "Retrying Waiting",
		},
		"held before": {
			"nobody has decided yet, and there is nothing new", "Deliverable", frugal(holds), nil, verdictAt("Unknown", start), time.Minute,
			"", "Held Stalled",
		},
		"held before, some time ago": {
			"worth another look", "Deliverable", frugal(holds), nil, verdictAt("Unknown", start), time.Hour,
			"verifier", "Deliverable Completed",
		},
		"of another Integration": {
			"it may know better", "Deliverable", frugal(func(v *v1alpha1.ValidationStage) { v.IntegrationRef.Name = "verifier" }),
			func() *v1alpha1.ContactVerdict { v := verdictAt("Role", start); v.Integration = "builtin"; return v }(), nil, time.Hour,
			"verifier", "Deliverable Completed",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			if tc.onContact != nil {
				w.pass(t, sent("first", -86400*2), frugal())
				w.stored.Status.Verdict = tc.onContact
				w.takeCalls()
			}
			w.verdict = tc.verdict
			s := w.at("again", tc.after)
			w.pass(t, s, tc.pipeline, earlier(tc.earlier))
			if got := w.takeCalls(); got != tc.wantCalls {
				t.Errorf("%s: called %q, want %q", tc.reason, got, tc.wantCalls)
			}
			if got := validatedAndReady(s); got != tc.want {
				t.Errorf("%s: got %s, want %s", tc.reason, got, tc.want)
			}
		})
	}
}

func validatedAndReady(s *v1alpha1.ContactSubmission) string {
	byType := map[string]string{}
	for _, c := range s.Status.Conditions {
		byType[c.Type] = c.Reason
	}
	return byType[string(v1alpha1.StageValidated)] + " " + byType[v1alpha1.ConditionReady]
}

// An address without a verdict is looked at once, then again so often as the pipeline says, each time no sooner than it says, and
// is never rejected for it.
func TestUnknownIsLookedAtSlowlyAndWithinBounds(t *testing.T) {
	for action, want := range map[v1alpha1.UnknownAction]string{
		v1alpha1.UnknownAccept: "AcceptedUnknown Completed", v1alpha1.UnknownHold: "Held Stalled",
	} {
		t.Run(string(action), func(t *testing.T) {
			w, s := newWorld(), sent("a", 0)
			w.verdict = provider.Unknown
			p := frugal(func(v *v1alpha1.ValidationStage) { v.Unknown = action })
			asked := 0
			for range 10 {
				out := w.pass(t, s, p)
				if w.takeCalls() != "" {
					asked++
				}
				if out.NextAttempt.IsZero() {
					break
				}
				if wait := out.NextAttempt.Sub(w.now); wait < time.Hour || wait > 2*time.Hour {
					t.Errorf("looked at again after %v", wait)
				}
				w.now = out.NextAttempt.Add(-time.Second)
				w.pass(t, s, p)
				if got := w.takeCalls(); got != "" {
					t.Error("looked at before its time")
				}
				w.now = out.NextAttempt
			}
			if c := s.Status.Failures[0]; c.Message != noVerdict || *c.Attempts != 2 {
				t.Errorf("recorded %+v", c)
			}
			if got := validatedAndReady(s); asked != 3 || got != want {
				t.Errorf("asked %d times, then %s; want 3, %s", asked, got, want)
			}
			kept := s.Status.Verdict
			if action == v1alpha1.UnknownAccept {
				kept = w.stored.Status.Verdict
			}
			if diff := cmp.Diff(verdictAt("Unknown", w.now), kept); diff != "" {
				t.Errorf("what is kept of it: %s", diff)
			}
			w.now = w.now.Add(time.Minute)
			again := sent("b", int(w.now.Sub(start)/time.Second))
			w.pass(t, again, p, earlier(s.Status.Verdict))
			if got := validatedAndReady(again); w.takeCalls() != "" || got != want {
				t.Errorf("the next submission: %s", got)
			}
		})
	}
}

// A rejected submission tells what it was rejected for, and keeps that to itself unless there is a Contact.
func TestEvidenceOfARejection(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.verdict = provider.Role
	out := w.pass(t, s, frugal())
	if diff := cmp.Diff(verdictAt("Role", start), s.Status.Verdict); diff != "" || out.Contact != nil {
		t.Errorf("Contact %v, verdict %s", out.Contact, diff)
	}
	if c := s.Status.Conditions[0]; c.Type != string(v1alpha1.StageValidated) || c.Message != "mx" {
		t.Errorf("the condition does not say why: %+v", c)
	}
	w.now = start.Add(time.Hour)
	asks(v1alpha1.AnnotationAccept, "known to sales")(s)
	w.pass(t, s, frugal())
	if diff := cmp.Diff(verdictAt("Role", start), w.stored.Status.Verdict); diff != "" || s.Status.Verdict != nil {
		t.Errorf("accepted: still on the submission %v, on the Contact %s", s.Status.Verdict, diff)
	}
}

func TestContactLearnsOfARejection(t *testing.T) {
	w := newWorld()
	w.pass(t, sent("a", 0), frugal())
	before := w.stored.DeepCopy()
	w.verdict = provider.Undeliverable
	s := w.at("b", 48*time.Hour)
	s.Spec.Contact.Name = "Somebody Else"
	w.pass(t, s, frugal())
	if got := validatedAndReady(s); got != "Undeliverable Rejected" {
		t.Fatalf("got %s", got)
	}
	before.Status.Verdict = verdictAt("Undeliverable", w.now)
	if diff := cmp.Diff(before, w.stored); diff != "" {
		t.Errorf("a rejected submission changes more than the verdict: %s", diff)
	}
	w.takeCalls()
	again := w.at("c", 49*time.Hour)
	w.pass(t, again, frugal())
	if got := w.takeCalls(); got != "" || validatedAndReady(again) != "Undeliverable Rejected" {
		t.Errorf("called %q for what is known; %s", got, validatedAndReady(again))
	}
	asks(v1alpha1.AnnotationRetry, "1")(again)
	w.verdict = provider.Deliverable
	w.pass(t, again, frugal())
	if got := w.takeCalls(); got != "verifier" || validatedAndReady(again) != "Deliverable Completed" || again.Status.Verdict != nil {
		t.Errorf("a person asks: called %q, %s, kept %v", got, validatedAndReady(again), again.Status.Verdict)
	}
}
