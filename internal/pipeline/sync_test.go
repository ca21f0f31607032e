package pipeline

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/provider"
)

func TestDuplicateCostsNoCalls(t *testing.T) {
	w := newWorld()
	first, second := sent("a", 0), sent("b", 1)
	w.now = start.Add(2 * time.Second) // both are there when the first is processed
	w.pass(t, first, trial())
	w.takeCalls()
	w.pass(t, second, trial())
	if got, want := reasons(second), "Deliverable Located Unchanged Unchanged Completed"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := w.takeCalls(); got != "locator" { // it may come from elsewhere
		t.Errorf("called %q", got)
	}
	if *w.stored.Status.Submissions != 2 {
		t.Errorf("counted %d", *w.stored.Status.Submissions)
	}
}

func TestInterruptedPassIsFree(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.now = start.Add(time.Second)
	w.pass(t, s, trial())
	w.takeCalls()
	s.Status = v1alpha1.ContactSubmissionStatus{} // the Contact was written, the status was not
	w.pass(t, s, trial())
	if got := w.takeCalls(); got != "" {
		t.Errorf("called %q again", got)
	}
	if got, want := reasons(s), "Deliverable Located Unchanged Unchanged Completed"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if *w.stored.Status.Submissions != 1 {
		t.Errorf("counted %d", *w.stored.Status.Submissions)
	}
}

func TestLocationLateReopensWhatHadSynced(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.errs["locator"] = transient("no answer")
	out := w.pass(t, s, trial())
	w.takeCalls()
	delete(w.errs, "locator")
	w.now = out.NextAttempt
	w.pass(t, s, trial())
	if got := w.takeCalls(); got != "locator crm marketing" {
		t.Errorf("called %q: both systems should hear of the country", got)
	}
	if got, want := reasons(s), "Deliverable Located Synced Synced Completed"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLocationLateReachesAPersonWhomMarketingHolds(t *testing.T) {
	tests := map[string]struct {
		reason   string
		first    *v1alpha1.SubmissionConsent // of the submission that is located late
		receipt  provider.Receipt            // for it
		meantime bool                        // another one, of somebody who consents and can't be located, comes in between
		want     string
		calls    string
	}{
		"told by another": {
			"it had nothing to tell, but another submission has told the system of the person since",
			nil,
			provider.Receipt{},
			true, "Deliverable Located Synced Synced Completed", "locator crm marketing",
		},
		"suppressed": {
			"who has left the marketing system is never written to it again",
			&v1alpha1.SubmissionConsent{Marketing: v1alpha1.ConsentGranted},
			provider.Receipt{Suppressed: true},
			false,
			"Deliverable Located Suppressed Suppressed Completed", "locator crm", // here the CRM answers likewise, and is told
		},
		"told by nobody": {
			"whoever has not consented, and is not held, stays unknown",
			nil,
			provider.Receipt{},
			false, "Deliverable Located Synced NoConsent Completed", "locator crm",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w, late := newWorld(), sent("a", 0)
			late.Spec.Consent, w.receipt = tc.first, tc.receipt
			w.errs["locator"] = transient("no answer")
			out := w.pass(t, late, trial())
			delete(w.errs, "locator")
			if tc.meantime {
				w.country = ""
				w.pass(t, sent("b", 1), trial())
				w.country = "GB"
			}
			w.takeCalls()
			w.now = out.NextAttempt
			w.pass(t, late, trial())
			if got := w.takeCalls(); got != tc.calls {
				t.Errorf("%s: called %q, want %q", tc.reason, got, tc.calls)
			}
			if got := reasons(late); got != tc.want {
				t.Errorf("%s: got %s, want %s", tc.reason, got, tc.want)
			}
		})
	}
}

// The operator was killed between its call to the marketing system and the write that would have kept it; then somebody withdrew
// the consent before the first submission had its next turn.
func TestConsentWithdrawnAfterACrashReachesMarketing(t *testing.T) {
	w := newWorld()
	first, second := sent("a", 0), sent("b", 1)
	second.Spec.Consent.Marketing = v1alpha1.ConsentDenied
	w.now = start.Add(2 * time.Second)
	w.pass(t, second, trial())
	if got, want := reasons(second), "Deliverable Located Synced NoConsent Completed"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	w.takeCalls()
	untold := first.DeepCopy()
	w.pass(t, untold, trial())
	if got := w.takeCalls(); strings.Contains(got, "marketing") {
		t.Errorf("called %q: nobody has processed the first one, so the system has been told nothing", got)
	}
	w.pass(t, first, trial(), func(in *Input) { in.Doubtful = true })
	if got := w.takeCalls(); !strings.Contains(got, "marketing") {
		t.Errorf("called %q: the system may hold the person as subscribed, and is not told", got)
	}
	if w.stored.Spec.Consent.Marketing != v1alpha1.ConsentDenied {
		t.Error("the newest answer is no")
	}
}

// What the first submission's pass told the systems was not written down. The second brought back what the Contact knew that they
// held, so it told them nothing; the first one's next pass has to.
func TestWhatWasNotWrittenDownIsToldAgain(t *testing.T) {
	w := newWorld()
	w.pass(t, sent("a", 0), trial())
	lost, newest := sent("b", 1), sent("c", 2)
	w.takeCalls()
	w.pass(t, newest, trial())
	if got := w.takeCalls(); got != "locator" {
		t.Errorf("called %q: the same again needs no call", got)
	}
	copied := lost.DeepCopy()
	w.pass(t, lost, trial())
	if got := w.takeCalls(); got != "locator" {
		t.Errorf("called %q: without a doubt, it has nothing to tell", got)
	}
	w.pass(t, copied, trial(), func(in *Input) { in.Doubtful = true })
	if got := w.takeCalls(); got != "locator crm marketing" {
		t.Errorf("called %q: the systems may hold what the pass before has told them", got)
	}
}

// The marketing system did not answer to the first submission, and may have taken it all the same.
func TestWhatWasNotAnsweredIsToldAgain(t *testing.T) {
	w := newWorld()
	w.pass(t, sent("a", 0), trial())
	second := sent("b", 1)
	second.Spec.Contact.Name = "Ada King"
	w.errs["marketing"] = transient("no answer")
	out := w.pass(t, second, trial())
	delete(w.errs, "marketing")
	third := sent("c", 2)
	third.Spec.Contact.Name = sent("a", 0).Spec.Contact.Name
	w.pass(t, third, trial())
	w.takeCalls()
	w.now = out.NextAttempt
	w.pass(t, second, trial())
	if got := w.takeCalls(); got != "marketing" {
		t.Errorf("called %q: marketing may hold the name that the second submission gave", got)
	}
}

func TestConsentWithdrawnReachesMarketing(t *testing.T) {
	w := newWorld()
	w.pass(t, sent("a", 0), trial())
	w.takeCalls()
	second := sent("b", 1)
	second.Spec.Consent.Marketing = v1alpha1.ConsentDenied
	w.now = start.Add(2 * time.Second)
	w.pass(t, second, trial())
	if got := w.takeCalls(); !strings.Contains(got, "marketing") {
		t.Errorf("called %q: the system that holds the person is not told", got)
	}
}

func TestHashTellsApart(t *testing.T) {
	base := provider.Request{Key: "k", Payload: []byte("p"), RemoteID: "1"}
	same := base
	same.RemoteID = "2"
	if Hash("u", base) != Hash("u", same) {
		t.Error("the remote id is no content")
	}
	seen := map[string]string{}
	for _, c := range []struct{ uid, key, payload string }{{"u", "k", "p"}, {"uk", "", "p"}, {"u", "kp", ""}, {"v", "k", "p"}} {
		h := Hash(c.uid, provider.Request{Key: c.key, Payload: []byte(c.payload)})
		if other, clash := seen[h]; clash {
			t.Errorf("%v and %s have one hash", c, other)
		}
		seen[h] = fmt.Sprint(c)
	}
}

func TestLocationFoundInALostPassStillReachesTheSystems(t *testing.T) {
	w, s := newWorld(), sent("a", 0)
	w.errs["locator"] = transient("no answer")
	w.now = w.pass(t, s, trial()).NextAttempt
	before := s.Status.DeepCopy()
	delete(w.errs, "locator")
	w.errs["crm"] = transient("reset")
	w.pass(t, s, trial())
	s.Status = *before // the Contact was written, the status was not
	delete(w.errs, "crm")
	w.takeCalls()
	w.pass(t, s, trial())
	if got := w.takeCalls(); got != "crm" {
		t.Errorf("called %q: the CRM never hears of the country", got)
	}
}

func TestConsentWithdrawnAfterAnAnswerWasLost(t *testing.T) {
	w := newWorld()
	w.errs["marketing"] = transient("no answer") // it may have subscribed the person all the same
	w.pass(t, sent("a", 0), trial())
	delete(w.errs, "marketing")
	w.takeCalls()
	second := sent("b", 1)
	second.Spec.Consent.Marketing = v1alpha1.ConsentDenied
	w.pass(t, second, trial())
	if got := w.takeCalls(); !strings.Contains(got, "marketing") {
		t.Errorf("called %q: marketing may keep the person subscribed", got)
	}
}

func TestRefusedWriteLeavesNoTrace(t *testing.T) {
	w := newWorld()
	w.errs["marketing"] = provider.Errorf(provider.Throttled, "429")
	w.pass(t, sent("a", 0), trial())
	if held := w.stored.Status.Syncs; len(held) != 1 || held[0].Stage != v1alpha1.StageCRMSynced {
		t.Errorf("got %+v", held)
	}
}

func TestVerdictIsUsedAgainUntilItExpires(t *testing.T) {
	w, p := newWorld(), trial()
	p.Spec.Validation.VerdictSeconds = new(int32(3600))
	w.pass(t, sent("a", 0), p)
	w.takeCalls()
	w.now = start.Add(30 * time.Minute)
	w.pass(t, sent("b", 1800), p)
	if got := w.takeCalls(); strings.Contains(got, "verifier") {
		t.Errorf("called %q: the verdict still holds", got)
	}
	if v := w.stored.Status.Verdict; !v.Time.Time.Equal(start) || v.Evidence != "mx" || v.Mailbox != v1alpha1.MailboxOwn {
		t.Errorf("using a verdict again changes it: %+v", v)
	}
	w.now = start.Add(2 * time.Hour)
	w.pass(t, sent("c", 7200), p)
	if got := w.takeCalls(); !strings.Contains(got, "verifier") {
		t.Errorf("called %q: the verdict has expired", got)
	}
}

func TestRemoteIDOfAnotherSystemIsNotUsed(t *testing.T) {
	w := newWorld()
	w.receipt.RemoteID = "51"
	w.pass(t, sent("a", 0), trial())
	held := w.stored.Status.Syncs[0]
	if held.RemoteID != "51" || held.IntegrationUID != "uid-crm" {
		t.Errorf("got %+v", held)
	}
	w.stored.Status.Syncs[0].IntegrationUID, w.stored.Status.Syncs[0].Hash = "another", "another"
	w.receipt.RemoteID = ""
	w.pass(t, sent("b", 1), trial())
	if got := w.stored.Status.Syncs[0].RemoteID; got != "" {
		t.Errorf("kept the id %q of another system", got)
	}
}

// TestWaitingForASlotIsNotWorthAWrite, unless it lasts, or there is more to tell.
func TestWaitingForASlotIsNotWorthAWrite(t *testing.T) {
	busy := &provider.Wait{Busy: true, Brief: true, Message: "all calls in flight"}
	outage := &provider.Wait{Busy: true, Message: "fails"}
	tests := map[string]struct {
		refuse, then map[string]*provider.Wait
		parked       time.Duration // how long it has waited already
		wantReasons  string
		wantParked   string
	}{
		"at the first stage": {
			refuse: map[string]*provider.Wait{"verifier": busy}, wantReasons: "- - - - -", wantParked: "verifier",
		},
		"at the first stage, for long": {
			refuse: map[string]*provider.Wait{"verifier": busy}, parked: briefly,
			wantReasons: "Parked Pending Pending Pending Waiting", wantParked: "verifier",
		},
		"at the first stage, in an outage": {
			refuse:      map[string]*provider.Wait{"verifier": outage},
			wantReasons: "Parked Pending Pending Pending Waiting", wantParked: "verifier",
		},
		"after another stage": {
			refuse:      map[string]*provider.Wait{"crm": busy},
			wantReasons: "Deliverable Located Parked Synced Waiting", wantParked: "crm",
		},
		"in the drain after an outage": {
			refuse: map[string]*provider.Wait{"crm": outage}, then: map[string]*provider.Wait{"crm": busy},
			wantReasons: "Deliverable Located Parked Synced Waiting", wantParked: "crm",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w, s := newWorld(), sent("a", 0)
			w.refuse = tc.refuse
			out := w.pass(t, s, trial(), func(in *Input) {
				if tc.parked > 0 {
					in.ParkedSince = start.Add(-tc.parked)
				}
			})
			if tc.then != nil {
				before := s.Status.DeepCopy()
				w.refuse, w.now = tc.then, start.Add(time.Minute)
				out = w.pass(t, s, trial())
				if diff := cmp.Diff(before, &s.Status); diff != "" {
					t.Errorf("the second wait is written down, too:\n%s", diff)
				}
			}
			if got := reasons(s); got != tc.wantReasons {
				t.Errorf("reasons %q, want %q", got, tc.wantReasons)
			}
			if got := strings.Join(out.Parked, " "); got != tc.wantParked {
				t.Errorf("parked at %q, want %q", got, tc.wantParked)
			}
			if tc.wantReasons == "- - - - -" && !out.NextAttempt.Equal(start.Add(briefly)) {
				t.Errorf("looks again at %v, want the time by which the wait is worth a write", out.NextAttempt)
			}
		})
	}
}

func TestCanaryIsCheckedAndWrittenEachTime(t *testing.T) {
	w := newWorld()
	p := trial()
	p.Spec.Canary = &v1alpha1.CanarySpec{Email: " Ada@Example.com "}
	declines := func(s *v1alpha1.ContactSubmission) *v1alpha1.ContactSubmission {
		s.Spec.Consent = &v1alpha1.SubmissionConsent{Marketing: v1alpha1.ConsentDenied}
		return s
	}
	first, second := declines(sent("a", 0)), declines(sent("b", 60))
	w.now = start.Add(time.Second)
	w.pass(t, first, p)
	w.takeCalls()
	w.now = start.Add(61 * time.Second)
	w.pass(t, second, p)
	if got := w.takeCalls(); got != "verifier locator crm" {
		t.Errorf("called %q: what was found out before proves nothing of now", got)
	}
	if got, want := reasons(second), "Deliverable Located Synced NoConsent Completed"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	second.Status = v1alpha1.ContactSubmissionStatus{} // the Contact was written, the status was not
	w.pass(t, second, p)
	if got := w.takeCalls(); got != "" {
		t.Errorf("called %q: the same canary is not sent twice", got)
	}
}
