package alert

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// link looks at one Integration.
func (r *rules) link(i *v1alpha1.Integration) {
	ready := meta.FindStatusCondition(i.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.Status != metav1.ConditionFalse {
		return
	}
	key := object{i.Namespace, i.Name}
	waiting := r.waiting(i)
	f := facts{
		affected: waiting.count, oldest: waiting.oldest, failure: waiting.failure, drain: i.Status.DrainSeconds,
		command: fmt.Sprintf("kubectl -n %s describe integration %s", i.Namespace, i.Name),
	}
	if i.Status.NextProbeTime != nil {
		f.nextProbe = i.Status.NextProbeTime.Time
	}
	since := ready.LastTransitionTime.Time
	name, class := LinkMisconfigured, "Config"
	switch ready.Reason {
	case v1alpha1.ReasonFailing:
		name, class = LinkFailing, "Transient"
		f.summary = fmt.Sprintf("Integration %s has been failing for %s; %s", i.Name, span(r.now.Sub(since)), waitFor(waiting.count))
		f.description = "Last seen: " + v1alpha1.Seen(ready.Message) + ". Nothing is lost: what waits goes on by itself when the system answers again."
	case v1alpha1.ReasonUnauthorized:
		class = "Auth"
		f.summary = fmt.Sprintf("Integration %s: the system refuses its credentials; %s", i.Name, waitFor(waiting.count))
		f.description = "Last seen: " + v1alpha1.Seen(ready.Message) + ". It does not pass by itself: put valid credentials into its Secret, and what waits goes on at once."
	case v1alpha1.ReasonRefused:
		f.summary = fmt.Sprintf("Integration %s: the system says that its requests are wrong; %s", i.Name, waitFor(waiting.count))
		f.description = "Last seen: " + v1alpha1.Seen(ready.Message) + ". It does not pass by itself: mend the Integration's spec, or the system, and what waits goes on at once."
	case v1alpha1.ReasonInvalidSpec, v1alpha1.ReasonSecretNotFound:
		f.summary = fmt.Sprintf("Integration %s can't be used as it is; %s", i.Name, waitFor(waiting.count))
		f.description = v1alpha1.Seen(ready.Message) + ". Mend that, and what waits goes on at once."
	default:
		return // suspended, as a person wanted
	}
	severity := r.config.rule(name).severity(since, r.now, waiting.count)
	if severity == Warning && waiting.overdue > 0 {
		severity = Critical
	}
	r.broken[key] = r.add(name, severity, since, map[string]string{
		labelNamespace: i.Namespace, labelIntegration: i.Name, labelStage: string(r.stageOf(i.Namespace, i.Name)), labelClass: class,
	}, f)
}

// waiting is what waits for an Integration: as the submissions say, or its status, whichever knows of more.
func (r *rules) waiting(i *v1alpha1.Integration) group {
	var waiting group
	if g := r.backlog.links[object{i.Namespace, i.Name}]; g != nil {
		waiting = *g
	}
	if n := i.Status.Waiting; n != nil {
		waiting.count = max(waiting.count, int(*n))
	}
	if t := i.Status.OldestWaitingSince; t != nil && (waiting.oldest.IsZero() || t.Time.Before(waiting.oldest)) {
		waiting.oldest = t.Time
	}
	return waiting
}

func waitFor(n int) string {
	if n == 1 {
		return "1 submission waits for it"
	}
	return fmt.Sprintf("%d submissions wait for it", n)
}

// pipeline looks at one ContactPipeline.
func (r *rules) pipeline(p *v1alpha1.ContactPipeline) {
	ready := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.Status != metav1.ConditionFalse ||
		(ready.Reason != v1alpha1.ReasonIntegrationNotFound && ready.Reason != v1alpha1.ReasonIntegrationUnsuited) {
		return
	}
	key := object{p.Namespace, p.Name}
	var waiting group
	if g := r.backlog.pipelines[key]; g != nil {
		waiting = *g
	}
	since := ready.LastTransitionTime.Time
	r.misconfigured[key] = r.add(PipelineMisconfigured, r.config.rule(PipelineMisconfigured).severity(since, r.now, waiting.count), since,
		map[string]string{labelNamespace: p.Namespace, labelPipeline: p.Name, labelClass: "Config"},
		facts{
			summary:     fmt.Sprintf("ContactPipeline %s names an Integration that it can't use; %s", p.Name, waitForThat(waiting.count)),
			description: v1alpha1.Seen(ready.Message) + ". Create the Integration, or name another one in the pipeline.",
			command:     fmt.Sprintf("kubectl -n %s describe contactpipeline %s", p.Namespace, p.Name),
			affected:    waiting.count, oldest: waiting.oldest, failure: waiting.failure,
		})
}

func waitForThat(n int) string {
	if n == 1 {
		return "1 submission waits for that"
	}
	return fmt.Sprintf("%d submissions wait for that", n)
}

// canary looks at one pipeline's canary.
func (r *rules) canary(p *v1alpha1.ContactPipeline) {
	c := p.Status.Canary
	if p.Spec.Canary == nil || c == nil || c.FailingSince == nil {
		return
	}
	if c.Stage != "" && r.broken[object{p.Namespace, served(p, c.Stage)}] || r.misconfigured[object{p.Namespace, p.Name}] {
		return
	}
	why := map[v1alpha1.CanaryReason]string{
		v1alpha1.CanaryNotAccepted: "the intake does not take it",
		v1alpha1.CanaryLate:        "it takes longer than it may",
		v1alpha1.CanaryRejected:    "its address is rejected",
		v1alpha1.CanaryStalled:     "a system refuses its record",
		v1alpha1.CanaryLost:        "it was accepted and is gone",
	}[c.Reason]
	since := c.FailingSince.Time
	f := facts{
		summary:     fmt.Sprintf("The canary of ContactPipeline %s does not get through: %s", p.Name, why),
		description: "A made-up submission is sent through the pipeline again and again. What happens to it may happen to everybody.",
		command:     fmt.Sprintf("kubectl -n %s describe contactpipeline %s", p.Namespace, p.Name),
	}
	if c.CompletedTime != nil {
		f.description += " The last one that got through was seen " + c.CompletedTime.UTC().Format(time.RFC3339) + "."
	}
	r.add(CanaryFailed, r.config.rule(CanaryFailed).severity(since, r.now, 1), since,
		map[string]string{labelNamespace: p.Namespace, labelPipeline: p.Name}, f)
}
