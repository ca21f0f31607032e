// Package story tells in plain words what became of a submission, and where each thing known of a person came from.
package story

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/plugin/person"
	"github.com/contact-operator/contact-operator/internal/plugin/screen"
)

// teller writes a story.
type teller struct {
	strings.Builder
	style screen.Style
	now   time.Time
}

func (t *teller) line(format string, args ...any) { t.WriteString(fmt.Sprintf(format, args...) + "\n") }

// rows writes labelled facts under one another; those without a text are left out.
func (t *teller) rows(facts [][]string) {
	var kept [][]string
	for _, fact := range facts {
		if fact[1] != "" {
			kept = append(kept, append([]string{"  " + fact[0]}, fact[1:]...))
		}
	}
	t.WriteString(screen.Columns(kept))
}

// stageWords are the stages as people call them.
var stageWords = map[v1alpha1.Stage]string{
	v1alpha1.StageValidated:       "address",
	v1alpha1.StageLocated:         "country",
	v1alpha1.StageCRMSynced:       "CRM",
	v1alpha1.StageMarketingSynced: "marketing",
}

// idle are the reasons of a stage whose system was not asked.
var idle = map[string]bool{
	v1alpha1.ReasonNotConfigured: true, v1alpha1.ReasonSkipped: true, v1alpha1.ReasonPending: true,
}

// submission tells how far a submission has come. integrations give the health of the systems by name; it may be nil.
func (t *teller) submission(s *v1alpha1.ContactSubmission, p *v1alpha1.ContactPipeline, integrations map[string]*v1alpha1.Integration) {
	t.line("%s", t.style.Bold("Submission "+s.Name)+t.style.Dim("  in namespace "+s.Namespace))
	received := person.Received(s)
	fields := s.Spec.Contact
	from := screen.Safe(s.Spec.Source.Channel)
	if s.Spec.Source.Page != "" {
		from += " (" + screen.Safe(s.Spec.Source.Page) + ")"
	}
	facts := [][]string{
		{"pipeline", s.Spec.PipelineRef.Name},
		{"received", screen.Clock(received) + ", " + screen.Ago(received, t.now)},
		{"from", strings.TrimSpace(from)},
		{"e-mail", screen.Safe(fields.Email)},
		{"name", screen.Safe(fields.Name)},
		{"company", screen.Safe(fields.Company)},
		{"phone", screen.Safe(fields.Phone)},
		{"country", screen.Safe(fields.Country)},
	}
	for _, name := range slices.Sorted(maps.Keys(s.Spec.Attributes)) {
		facts = append(facts, []string{screen.Safe(name), screen.Safe(string(s.Spec.Attributes[name]))})
	}
	if c := s.Spec.Consent; c != nil {
		facts = append(facts, []string{"consent", consent(c.Marketing) + quoted(c.Statement)})
	}
	if s.Status.ContactName != "" {
		facts = append(facts, []string{"contact", s.Status.ContactName})
	}
	if s.Status.Suggestion != "" {
		facts = append(facts, []string{"meant", screen.Safe(s.Status.Suggestion) + "?"})
	}
	t.rows(facts)
	t.line("")
	t.line("%s", t.standing(s))
	if len(s.Status.Conditions) == 0 {
		return
	}
	t.line("")
	for _, stage := range v1alpha1.Stages {
		t.stage(s, stage, p, integrations)
	}
	t.requests(s)
}

// standing says in one sentence how a submission is.
func (t *teller) standing(s *v1alpha1.ContactSubmission) string {
	ready := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return t.style.Doubt("Waiting for the operator, which has not looked at it yet.")
	}
	since := " for " + screen.Span(t.now.Sub(ready.LastTransitionTime.Time))
	switch ready.Reason {
	case v1alpha1.ReasonCompleted:
		return t.style.Good("Completed") + " " + screen.Ago(ready.LastTransitionTime.Time, t.now) + ": nothing is left to do."
	case v1alpha1.ReasonRejected:
		return t.style.Bad("Rejected") + since + ": " + sentence(v1alpha1.Seen(ready.Message)) +
			"\nTo let it pass: kubectl contacts accept " + s.Name + " --reason '…'"
	case v1alpha1.ReasonStalled:
		return t.style.Bad("Stalled") + since + ": " + sentence(v1alpha1.Seen(ready.Message)) +
			"\nOnce what is below is mended: kubectl contacts retry " + s.Name
	case v1alpha1.ReasonWaiting:
		return t.style.Doubt("Waiting") + since + ": " + sentence(ready.Message) + " Nothing is lost; it goes on by itself."
	default:
		return t.style.Doubt("On its way") + since + ": " + sentence(ready.Message)
	}
}

func (t *teller) stage(
	s *v1alpha1.ContactSubmission, stage v1alpha1.Stage, p *v1alpha1.ContactPipeline, integrations map[string]*v1alpha1.Integration,
) {
	condition := meta.FindStatusCondition(s.Status.Conditions, string(stage))
	if condition == nil {
		t.line("%s", t.style.Dim("  · "+stageWords[stage]+": its turn has not come"))
		return
	}
	mark, paint := "✓", t.style.Good
	switch {
	case idle[condition.Reason], condition.Reason == v1alpha1.ReasonNotFound:
		mark, paint = "·", t.style.Dim
	case condition.Status == metav1.ConditionFalse:
		mark, paint = "✗", t.style.Bad
	case condition.Status == metav1.ConditionUnknown:
		mark, paint = "…", t.style.Doubt
	}
	integration := integrationOf(p, stage)
	by := ""
	if integration != "" && !idle[condition.Reason] {
		by = " by " + integration
	}
	text := stageWords[stage] + ": " + condition.Reason + by
	t.line("  %s  %s", paint(mark+" "+text), t.style.Dim(screen.Ago(condition.LastTransitionTime.Time, t.now)))
	if condition.Message != "" {
		t.line("      %s", screen.Safe(condition.Message))
	}
	t.failure(s, stage, condition)
	if i := integrations[integration]; i != nil && condition.Status == metav1.ConditionUnknown {
		if ready := meta.FindStatusCondition(i.Status.Conditions, v1alpha1.ConditionReady); ready != nil && ready.Status != metav1.ConditionTrue {
			t.line("      Integration %s is %s for %s: %s", integration, ready.Reason,
				screen.Span(t.now.Sub(ready.LastTransitionTime.Time)), screen.Safe(v1alpha1.Seen(ready.Message)))
		}
	}
}

// failure tells of the last failure of a stage, also when the stage has recovered from it since.
func (t *teller) failure(s *v1alpha1.ContactSubmission, stage v1alpha1.Stage, condition *metav1.Condition) {
	for _, f := range s.Status.Failures {
		if f.Stage != stage {
			continue
		}
		attempts := 1
		if f.Attempts != nil {
			attempts = int(*f.Attempts)
		}
		what := screen.Count(attempts, "attempt") + " failed, the last " + screen.Ago(f.Time.Time, t.now)
		if f.Integration != "" {
			what += " at " + f.Integration
		}
		what += " (" + string(f.Class) + ")"
		if f.Message != "" && !strings.HasSuffix(condition.Message, f.Message) {
			what += ": " + screen.Safe(f.Message)
		}
		t.line("      %s", what)
		if f.NextAttemptTime != nil && condition.Status == metav1.ConditionUnknown {
			t.line("      next try %s, %s", screen.In(f.NextAttemptTime.Time, t.now), screen.Clock(f.NextAttemptTime.Time))
		}
	}
}

// requests tells what people have asked for that the operator has not acted on yet.
func (t *teller) requests(s *v1alpha1.ContactSubmission) {
	if asked := s.Annotations[v1alpha1.AnnotationRetry]; asked != "" && asked != s.Status.LastHandledRetry {
		t.line("\n  A retry was asked for at %s; the operator has not acted on it yet.", screen.Safe(asked))
	}
	if reason := s.Annotations[v1alpha1.AnnotationAccept]; reason != "" {
		t.line("\n  Accepted by a person: %s", screen.Safe(reason))
	}
}

func integrationOf(p *v1alpha1.ContactPipeline, stage v1alpha1.Stage) string {
	if p == nil {
		return ""
	}
	used := map[v1alpha1.Stage]*v1alpha1.IntegrationStage{
		v1alpha1.StageLocated: p.Spec.Location, v1alpha1.StageCRMSynced: p.Spec.CRM, v1alpha1.StageMarketingSynced: p.Spec.Marketing,
	}[stage]
	switch {
	case stage == v1alpha1.StageValidated && p.Spec.Validation != nil:
		return p.Spec.Validation.IntegrationRef.Name
	case used != nil:
		return used.IntegrationRef.Name
	}
	return ""
}

func consent(c v1alpha1.Consent) string {
	if c == v1alpha1.ConsentGranted {
		return "granted"
	}
	return "denied"
}

func quoted(text string) string {
	if text == "" {
		return ""
	}
	return ": “" + screen.Safe(text) + "”"
}

// sentence ends a message of a condition as a sentence.
func sentence(message string) string {
	message = screen.Safe(message)
	if message == "" {
		return "no more is known."
	}
	return message + "."
}
