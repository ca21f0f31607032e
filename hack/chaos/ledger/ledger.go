// Package ledger holds a run to its promises: each accepted submission has exactly one outcome, and every system ends with
// exactly what the accepted submissions, in the order in which they were received, say.
//
// Its model of a person is a few lines of its own. It shares no code with the operator.
package ledger

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/hack/chaos/people"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

// Input is all that there is to see after a run.
type Input struct {
	People      []*people.Person
	Sent        []*people.Sent
	Submissions []v1alpha1.ContactSubmission
	Contacts    []v1alpha1.Contact
	CRM         []server.Record
	Marketing   []server.Record
}

// Outcome is what has become of the accepted submissions.
type Outcome struct {
	Accepted, Completed, Rejected, Stalled, Waiting int
	// Lost: accepted, and not there, or not what was sent.
	Lost int
	// Duplicated: more submissions than were sent, more Contacts or records than one of an address.
	Duplicated int
	// Wrong: everything else that is not as it must be.
	Wrong int
	// Unanswered tries left nobody thanked, yet their submissions are there. They count as if they had been accepted.
	Unanswered int
	// Complaints say what is wrong, the first of each kind in full.
	Complaints []string
}

// Good says whether every promise was kept.
func (o *Outcome) Good() bool {
	return o.Lost == 0 && o.Duplicated == 0 && o.Wrong == 0 && o.Waiting == 0
}

type auditor struct {
	Input
	o         Outcome
	byName    map[string]*v1alpha1.ContactSubmission
	byTag     map[string][]*v1alpha1.ContactSubmission
	sentByTag map[string][]*people.Sent
}

// Audit compares what was promised with what there is.
func Audit(in Input) Outcome {
	a := &auditor{
		Input: in, byName: map[string]*v1alpha1.ContactSubmission{}, byTag: map[string][]*v1alpha1.ContactSubmission{},
		sentByTag: map[string][]*people.Sent{},
	}
	for i := range in.Submissions {
		s := &in.Submissions[i]
		a.byName[s.Name] = s
		tag := string(s.Spec.Attributes[people.TagAttribute])
		a.byTag[tag] = append(a.byTag[tag], s)
	}
	for _, s := range in.Sent {
		a.sentByTag[s.Payload.Tag()] = append(a.sentByTag[s.Payload.Tag()], s)
	}
	a.promises()
	a.replays()
	a.surplus()
	a.outcomes()
	a.people()
	return a.o
}

func (a *auditor) lost(format string, args ...any) { a.o.Lost++; a.complain("lost: "+format, args...) }

func (a *auditor) duplicated(format string, args ...any) {
	a.o.Duplicated++
	a.complain("duplicated: "+format, args...)
}

func (a *auditor) wrong(format string, args ...any) {
	a.o.Wrong++
	a.complain("wrong: "+format, args...)
}

// complain keeps some of the complaints; the counts tell of all.
func (a *auditor) complain(format string, args ...any) {
	const kept = 20
	if len(a.o.Complaints) < kept {
		a.o.Complaints = append(a.o.Complaints, fmt.Sprintf(format, args...))
	}
}

// promises checks that all that was accepted is there, and is what was sent.
func (a *auditor) promises() {
	checked := map[string]bool{}
	for _, s := range a.Sent {
		id := s.ID()
		if id == "" || checked[id] {
			continue
		}
		checked[id] = true
		a.o.Accepted++
		stored := a.byName[id]
		if stored == nil {
			a.lost("submission %s (%s) was accepted at %s and is not there", id, s.Payload.Tag(), s.Tries[len(s.Tries)-1].Ended.Format(time.TimeOnly))
			continue
		}
		if why := differs(stored, s); why != "" {
			a.lost("submission %s (%s) is not what was sent: %s", id, s.Payload.Tag(), why)
		}
	}
}

// differs says in what a stored submission is not what was sent.
func differs(stored *v1alpha1.ContactSubmission, s *people.Sent) string {
	p, c := s.Payload, stored.Spec.Contact
	for what, pair := range map[string][2]string{
		"email": {strings.TrimSpace(p.Email), c.Email}, "name": {p.Name, c.Name}, "company": {p.Company, c.Company},
		"phone": {strings.TrimSpace(p.Phone), c.Phone}, "country": {p.Country, c.Country}, "channel": {p.Channel, stored.Spec.Source.Channel},
		"plan": {p.Attributes["plan"], string(stored.Spec.Attributes["plan"])}, "pipeline": {s.Pipeline(), stored.Spec.PipelineRef.Name},
		"consent": {answered(p), consented(stored)},
	} {
		if pair[0] != pair[1] {
			return what + " differs"
		}
	}
	return ""
}

func answered(p *people.Payload) string {
	switch {
	case p.Consent == nil:
		return ""
	case p.Consent.Marketing:
		return string(v1alpha1.ConsentGranted)
	default:
		return string(v1alpha1.ConsentDenied)
	}
}

func consented(s *v1alpha1.ContactSubmission) string {
	if s.Spec.Consent == nil {
		return ""
	}
	return string(s.Spec.Consent.Marketing)
}

// replays checks that the same content under the same key always got the same name.
func (a *auditor) replays() {
	type post struct{ tag, key string }
	ids := map[post]string{}
	for _, s := range a.Sent {
		id, p := s.ID(), post{s.Payload.Tag(), s.Key}
		if id == "" || s.Key == "" {
			continue
		}
		if first, seen := ids[p]; seen && first != id {
			a.duplicated("%s was sent twice under one key, and got the names %s and %s", p.tag, first, id)
		}
		ids[p] = id
	}
}

// surplus checks that nothing is there that nobody sent. A try that got no answer may have left a submission: one at most.
func (a *auditor) surplus() {
	for tag, stored := range a.byTag {
		accepted := map[string]bool{}
		open := 0                     // tries without a key that may have left one each
		openKeys := map[string]bool{} // keys whose post may have left one
		begun, ended := time.Time{}, time.Time{}
		for _, s := range a.sentByTag[tag] {
			for _, t := range s.Tries {
				if begun.IsZero() || t.Begun.Before(begun) {
					begun = t.Begun
				}
				if t.Ended.After(ended) {
					ended = t.Ended
				}
				switch {
				case t.Accepted():
				case s.Key == "":
					open++
				case s.ID() == "":
					openKeys[s.Key] = true
				}
			}
			if id := s.ID(); id != "" {
				accepted[id] = true
				delete(openKeys, s.Key)
			}
		}
		for _, s := range a.sentByTag[tag] {
			if s.ID() != "" {
				delete(openKeys, s.Key) // another post under this key was accepted: they are one
			}
		}
		extra := 0
		for _, s := range stored {
			if !accepted[s.Name] {
				extra++
			}
			// The clocks are one: this machine's.
			if at := s.Spec.Source.ReceivedAt; at == nil || at.Time.Before(begun.Add(-time.Millisecond)) || at.After(ended) {
				a.wrong("submission %s (%s) says it was received at %v, but was sent between %s and %s", s.Name, tag, at, begun, ended)
			}
		}
		a.o.Unanswered += min(extra, open+len(openKeys))
		if extra > open+len(openKeys) {
			a.duplicated("of %s there are %d submissions that nobody was thanked for, and %d tries that got no answer", tag, extra, open+len(openKeys))
		}
	}
}

// outcomes counts how the submissions have ended, and checks that each has ended as the model says.
func (a *auditor) outcomes() {
	kinds := map[string]people.Kind{}
	for _, s := range a.Sent {
		kinds[s.Payload.Tag()] = s.Person.Kind
	}
	for _, s := range a.byName {
		ended := EndOf(s)
		want := v1alpha1.ReasonCompleted
		switch kinds[string(s.Spec.Attributes[people.TagAttribute])] {
		case people.Refused:
			want = v1alpha1.ReasonRejected
		case people.Conflicting:
			want = v1alpha1.ReasonStalled
		case people.Ordinary, people.Subscriber:
		}
		switch ended {
		case v1alpha1.ReasonCompleted:
			a.o.Completed++
		case v1alpha1.ReasonRejected:
			a.o.Rejected++
		case v1alpha1.ReasonStalled:
			a.o.Stalled++
		default:
			a.o.Waiting++
			a.complain("waiting: submission %s (%s): %s", s.Name, s.Spec.Attributes[people.TagAttribute], where(s))
			continue
		}
		if ended != want {
			a.wrong("submission %s (%s) ended %s, not %s: %s", s.Name, s.Spec.Attributes[people.TagAttribute], ended, want, where(s))
		}
	}
}

// EndOf is how a submission has ended: the reason of its Ready when it is Completed or Held, "" while it can move.
func EndOf(s *v1alpha1.ContactSubmission) string {
	ready := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || (s.Status.State != v1alpha1.StateCompleted && s.Status.State != v1alpha1.StateHeld) {
		return ""
	}
	return ready.Reason
}

// where tells the stages of a submission.
func where(s *v1alpha1.ContactSubmission) string {
	var parts []string
	for _, c := range s.Status.Conditions {
		parts = append(parts, c.Type+"="+c.Reason)
	}
	for _, f := range s.Status.Failures {
		parts = append(parts, fmt.Sprintf("%s failed last: %s %q, next %v", f.Stage, f.Class, f.Message, f.NextAttemptTime))
	}
	if len(parts) == 0 {
		return "the operator has not looked at it"
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}
