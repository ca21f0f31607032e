package status

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// The links by the names of a pipeline's fields, and the conditions that tell of them.
const stageIntake = "intake"

var stages = []struct {
	name      string
	condition v1alpha1.Stage
	field     func(*v1alpha1.ContactPipelineSpec) string
}{
	{stageIntake, "", nil},
	{"validation", v1alpha1.StageValidated, func(s *v1alpha1.ContactPipelineSpec) string {
		if s.Validation == nil {
			return ""
		}
		return s.Validation.IntegrationRef.Name
	}},
	{"location", v1alpha1.StageLocated, integrationOf(func(s *v1alpha1.ContactPipelineSpec) *v1alpha1.IntegrationStage { return s.Location })},
	{"crm", v1alpha1.StageCRMSynced, integrationOf(func(s *v1alpha1.ContactPipelineSpec) *v1alpha1.IntegrationStage { return s.CRM })},
	{"marketing", v1alpha1.StageMarketingSynced, integrationOf(func(s *v1alpha1.ContactPipelineSpec) *v1alpha1.IntegrationStage { return s.Marketing })},
}

func integrationOf(stage func(*v1alpha1.ContactPipelineSpec) *v1alpha1.IntegrationStage) func(*v1alpha1.ContactPipelineSpec) string {
	return func(s *v1alpha1.ContactPipelineSpec) string {
		if used := stage(s); used != nil {
			return used.IntegrationRef.Name
		}
		return ""
	}
}

// pickUpTime is how long a new submission may lie before that is told as a fault: long enough for a backlog to be worked
// off in front of it.
const pickUpTime = 2 * time.Minute

// tally counts submissions by pipeline and link, in memory that depends on the number of pipelines alone.
type tally struct {
	pipelines map[types.NamespacedName]*count
}

type count struct {
	waiting, rejected, stalled int
	// lying is when the oldest came that nobody has picked up, without what is imported: that gives way to others.
	lying *time.Time
	at    [5]struct {
		waiting int
		oldest  *time.Time
	}
}

func newTally() *tally { return &tally{pipelines: map[types.NamespacedName]*count{}} }

func (t *tally) of(s *v1alpha1.ContactSubmission) *count {
	name := types.NamespacedName{Namespace: s.Namespace, Name: s.Spec.PipelineRef.Name}
	if t.pipelines[name] == nil {
		t.pipelines[name] = &count{}
	}
	return t.pipelines[name]
}

// waiting counts a submission that is not through.
func (t *tally) waiting(s *v1alpha1.ContactSubmission) {
	c := t.of(s)
	c.waiting++
	since := received(s)
	if len(s.Status.Conditions) == 0 && s.Annotations[v1alpha1.AnnotationPriority] != v1alpha1.PriorityLow {
		c.lying = earlier(c.lying, &since)
	}
	for _, i := range waitsAt(s) {
		c.at[i].waiting++
		c.at[i].oldest = earlier(c.at[i].oldest, &since)
	}
}

// held counts a submission that waits for a person.
func (t *tally) held(s *v1alpha1.ContactSubmission) {
	ready := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady)
	if ready != nil && ready.Reason == v1alpha1.ReasonStalled {
		t.of(s).stalled++
	} else {
		t.of(s).rejected++
	}
}

func received(s *v1alpha1.ContactSubmission) time.Time {
	// What was imported may have been received years ago; it waits here since it was created.
	return s.CreationTimestamp.Time
}

// waitsAt returns the links that a submission waits at: each that has failed or is parked, else the first whose turn has
// not come, and the intake as long as the operator has not picked it up.
func waitsAt(s *v1alpha1.ContactSubmission) []int {
	if len(s.Status.Conditions) == 0 {
		return []int{0}
	}
	var at []int
	next := -1
	for i := 1; i < len(stages); i++ {
		c := meta.FindStatusCondition(s.Status.Conditions, string(stages[i].condition))
		switch {
		case c == nil, c.Reason == v1alpha1.ReasonPending:
			if next < 0 {
				next = i
			}
		case c.Status == metav1.ConditionUnknown:
			at = append(at, i)
		}
	}
	if len(at) == 0 && next >= 0 {
		at = append(at, next)
	}
	return at
}

// trouble is what is wrong with a pipeline as a whole.
type trouble struct {
	reason, message string
	since           *time.Time
}

// report joins the counts with the pipelines and the health of their Integrations.
func (t *tally) report(pipelines []v1alpha1.ContactPipeline, integrations []v1alpha1.Integration, now time.Time) Report {
	known := map[types.NamespacedName]*v1alpha1.Integration{}
	for i := range integrations {
		known[types.NamespacedName{Namespace: integrations[i].Namespace, Name: integrations[i].Name}] = &integrations[i]
	}
	rows := []Pipeline{}
	troubles := map[types.NamespacedName]trouble{}
	seen := map[types.NamespacedName]bool{}
	for i := range pipelines {
		p := &pipelines[i]
		name := types.NamespacedName{Namespace: p.Namespace, Name: p.Name}
		seen[name] = true
		rows = append(rows, t.row(p, known, now))
		if bad, is := troubleOf(p); is {
			troubles[name] = bad
		}
	}
	for name := range t.pipelines {
		if seen[name] {
			continue
		}
		row := t.row(&v1alpha1.ContactPipeline{ObjectMeta: metav1.ObjectMeta{Namespace: name.Namespace, Name: name.Name}}, known, now)
		row.Missing = true
		rows = append(rows, row)
		troubles[name] = trouble{reason: healthPipelineMissing, message: "submissions name this pipeline, but it does not exist"}
	}
	slices.SortFunc(rows, func(a, b Pipeline) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return Report{Pipelines: rows, Weak: weakOf(rows, troubles)}
}

func (t *tally) row(p *v1alpha1.ContactPipeline, known map[types.NamespacedName]*v1alpha1.Integration, now time.Time) Pipeline {
	row := Pipeline{Namespace: p.Namespace, Name: p.Name, Strict: p.Spec.Order == v1alpha1.OrderStrict, Suspended: suspended(p)}
	c := t.pipelines[types.NamespacedName{Namespace: p.Namespace, Name: p.Name}]
	if c == nil {
		c = &count{}
	}
	row.Waiting, row.Rejected, row.Stalled = c.waiting, c.rejected, c.stalled
	for i, stage := range stages {
		l := Link{Stage: stage.name, Waiting: c.at[i].waiting, Oldest: c.at[i].oldest}
		if stage.field == nil {
			l.Health, l.Message = intakeHealth(c.lying, now)
		} else {
			l.Integration = stage.field(&p.Spec)
			health(&l, known[types.NamespacedName{Namespace: p.Namespace, Name: l.Integration}])
		}
		row.Links = append(row.Links, l)
	}
	return row
}

func intakeHealth(lying *time.Time, now time.Time) (health, message string) {
	if lying == nil || now.Sub(*lying) < pickUpTime {
		return v1alpha1.ReasonReady, ""
	}
	return healthNotPickedUp, fmt.Sprintf("new submissions have been lying for more than %.0f minutes", pickUpTime.Minutes())
}

// health fills in how the Integration of a link is.
func health(l *Link, integration *v1alpha1.Integration) {
	switch {
	case l.Integration == "":
		l.Health = healthNotUsed
		return
	case integration == nil:
		l.Health, l.Message = v1alpha1.ReasonIntegrationNotFound, "Integration "+l.Integration+" does not exist"
		return
	}
	ready := meta.FindStatusCondition(integration.Status.Conditions, v1alpha1.ConditionReady)
	switch {
	case ready == nil || ready.ObservedGeneration < integration.Generation:
		l.Health, l.Message = healthNotChecked, "the operator has not looked at its present form"
	default:
		since := ready.LastTransitionTime.Time
		l.Health, l.Message, l.Since = ready.Reason, v1alpha1.Seen(ready.Message), &since
	}
}

// troubleOf says what is wrong with a pipeline beyond its Integrations.
func troubleOf(p *v1alpha1.ContactPipeline) (trouble, bool) {
	if suspended(p) {
		return trouble{reason: v1alpha1.ReasonSuspended, message: "spec.suspend is set: submissions wait"}, true
	}
	ready := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady)
	if ready != nil && ready.Reason == v1alpha1.ReasonIntegrationUnsuited {
		since := ready.LastTransitionTime.Time
		return trouble{reason: ready.Reason, message: v1alpha1.Seen(ready.Message), since: &since}, true
	}
	return trouble{}, false
}

func suspended(p *v1alpha1.ContactPipeline) bool { return p.Spec.Suspend != nil && *p.Spec.Suspend }
