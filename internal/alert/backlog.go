package alert

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/contact"
)

// object names an Integration or a pipeline.
type object struct{ namespace, name string }

// place is where submissions of one pipeline are.
type place struct {
	pipeline object
	stage    v1alpha1.Stage
	class    v1alpha1.ErrorClass
}

// group is a number of submissions that have something in common.
type group struct {
	count, overdue int
	oldest         time.Time // when the oldest was received
	since          time.Time // when the first came into this state
	failure        *v1alpha1.StageFailure
	integration    string
}

// backlog is what the submissions that are not completed say, in one look at them.
type backlog struct {
	links     map[object]*group // what waits for an Integration
	pipelines map[object]*group // what waits because its pipeline names no usable Integration
	stalled   map[place]*group
	overdue   map[place]*group // without a class
	rejected  map[object]*rejections
}

// rejections of one pipeline.
type rejections struct {
	recent, before int // in the window, and in the day before it
	since          time.Time
	verdicts       map[string]int // of the recent ones
}

func look(s State, now time.Time) *backlog {
	b := &backlog{
		links: map[object]*group{}, pipelines: map[object]*group{}, stalled: map[place]*group{}, overdue: map[place]*group{},
		rejected: map[object]*rejections{},
	}
	pipelines := make(map[object]*v1alpha1.ContactPipeline, len(s.Pipelines))
	for i := range s.Pipelines {
		pipelines[object{s.Pipelines[i].Namespace, s.Pipelines[i].Name}] = &s.Pipelines[i]
	}
	for i := range s.Submissions {
		submission := &s.Submissions[i]
		name := object{submission.Namespace, submission.Spec.PipelineRef.Name}
		switch submission.Status.State {
		case v1alpha1.StateCompleted:
		case v1alpha1.StateHeld:
			b.held(submission, name, now)
		default:
			b.active(submission, name, pipelines[name], now)
		}
	}
	return b
}

func (b *backlog) active(s *v1alpha1.ContactSubmission, name object, p *v1alpha1.ContactPipeline, now time.Time) {
	received := contact.ReceivedAt(s).Time
	late := now.Sub(received) >= alertAfter(p)
	for _, stage := range blocking(s) {
		reason := ""
		if c := meta.FindStatusCondition(s.Status.Conditions, string(stage)); c != nil {
			reason = c.Reason
		}
		integration := served(p, stage)
		if reason != "" && reason != v1alpha1.ReasonPending && integration != "" {
			into(b.links, object{s.Namespace, integration}).add(s, stage, received, late)
		}
		if reason == v1alpha1.ReasonMisconfigured {
			into(b.pipelines, name).add(s, stage, received, late)
		}
		if late {
			g := into(b.overdue, place{pipeline: name, stage: stage})
			g.add(s, stage, received, late)
			g.integration = integration
			g.began(received.Add(alertAfter(p)))
		}
	}
}

// blocking lists the stages that hold a submission up: those that were tried and are still open, else the one that is next.
func blocking(s *v1alpha1.ContactSubmission) []v1alpha1.Stage {
	var tried []v1alpha1.Stage
	next := v1alpha1.Stage("")
	for _, stage := range v1alpha1.Stages {
		c := meta.FindStatusCondition(s.Status.Conditions, string(stage))
		if c != nil && c.Status != metav1.ConditionUnknown {
			continue
		}
		if c != nil && c.Reason != v1alpha1.ReasonPending && c.Reason != v1alpha1.ReasonHeld {
			tried = append(tried, stage)
		}
		if next == "" {
			next = stage
		}
	}
	if len(tried) == 0 && next != "" {
		return []v1alpha1.Stage{next}
	}
	return tried
}

func (b *backlog) held(s *v1alpha1.ContactSubmission, name object, now time.Time) {
	ready := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return
	}
	if ready.Reason == v1alpha1.ReasonRejected {
		b.reject(s, name, now.Sub(ready.LastTransitionTime.Time), ready.LastTransitionTime.Time)
		return
	}
	for i := range s.Status.Conditions {
		c := &s.Status.Conditions[i]
		var class v1alpha1.ErrorClass
		switch c.Reason {
		case v1alpha1.ReasonInvalidData:
			class = "Invalid"
		case v1alpha1.ReasonConflict:
			class = "Conflict"
		case v1alpha1.ReasonHeld:
		default:
			continue
		}
		stage := v1alpha1.Stage(c.Type)
		g := into(b.stalled, place{pipeline: name, stage: stage, class: class})
		g.add(s, stage, contact.ReceivedAt(s).Time, false)
		g.began(ready.LastTransitionTime.Time)
	}
}

func (b *backlog) reject(s *v1alpha1.ContactSubmission, name object, age time.Duration, at time.Time) {
	r := b.rejected[name]
	if r == nil {
		r = &rejections{verdicts: map[string]int{}}
		b.rejected[name] = r
	}
	switch {
	case age < spikeWindow:
		r.recent++
		if r.since.IsZero() || at.Before(r.since) {
			r.since = at
		}
		if c := meta.FindStatusCondition(s.Status.Conditions, string(v1alpha1.StageValidated)); c != nil {
			r.verdicts[c.Reason]++
		}
	case age < spikeWindow+spikeBaseline:
		r.before++
	}
}

func into[K comparable](groups map[K]*group, key K) *group {
	g := groups[key]
	if g == nil {
		g = &group{}
		groups[key] = g
	}
	return g
}

func (g *group) add(s *v1alpha1.ContactSubmission, stage v1alpha1.Stage, received time.Time, late bool) {
	g.count++
	if late {
		g.overdue++
	}
	if g.oldest.IsZero() || received.Before(g.oldest) {
		g.oldest = received
	}
	for i := range s.Status.Failures {
		f := &s.Status.Failures[i]
		if f.Stage == stage && (g.failure == nil || f.Time.After(g.failure.Time.Time)) {
			g.failure = f
		}
	}
}

func (g *group) began(at time.Time) {
	if g.since.IsZero() || at.Before(g.since) {
		g.since = at
	}
}

// alertAfter is how long a submission may take; for a pipeline that is missing, what is usual.
func alertAfter(p *v1alpha1.ContactPipeline) time.Duration {
	if p == nil || p.Spec.AlertAfterSeconds == nil {
		return time.Hour
	}
	return time.Duration(*p.Spec.AlertAfterSeconds) * time.Second
}

// served names the Integration that serves a stage, "" when there is none.
func served(p *v1alpha1.ContactPipeline, stage v1alpha1.Stage) string {
	if p == nil {
		return ""
	}
	if v := p.Spec.Validation; v != nil && stage == v1alpha1.StageValidated {
		return v.IntegrationRef.Name
	}
	of := map[v1alpha1.Stage]*v1alpha1.IntegrationStage{
		v1alpha1.StageLocated: p.Spec.Location, v1alpha1.StageCRMSynced: p.Spec.CRM, v1alpha1.StageMarketingSynced: p.Spec.Marketing,
	}[stage]
	if of == nil {
		return ""
	}
	return of.IntegrationRef.Name
}
