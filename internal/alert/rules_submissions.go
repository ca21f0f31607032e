package alert

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// stalled looks at what needs a person.
func (r *rules) stalled() {
	for at, g := range r.backlog.stalled {
		why := "no verdict was reached on their addresses, and the pipeline leaves the decision to a person"
		mend := "Accept each with kubectl contacts accept NAME --reason WHY, or leave it."
		switch at.class {
		case "Invalid":
			why, mend = "the system will not take their records as they are", "Mend what the description of each says, then kubectl contacts retry NAME."
		case "Conflict":
			why, mend = "other records stand in the way in the system", "Mend those in the system, then kubectl contacts retry NAME."
		}
		subject := "submissions of ContactPipeline " + at.pipeline.name + " need a person"
		if g.count == 1 {
			subject = "submission of ContactPipeline " + at.pipeline.name + " needs a person"
		}
		r.add(SubmissionsStalled, r.config.rule(SubmissionsStalled).severity(g.since, r.now, g.count), g.since,
			map[string]string{
				labelNamespace: at.pipeline.namespace, labelPipeline: at.pipeline.name, labelStage: string(at.stage), labelClass: string(at.class),
			},
			facts{
				summary:     fmt.Sprintf("%d %s at %s", g.count, subject, at.stage),
				description: "They stopped because " + why + ". " + mend + " They never expire.",
				command:     listOf(at.pipeline, "Held"),
				affected:    g.count, oldest: g.oldest, failure: g.failure,
			})
	}
}

// overdue looks at what takes too long for no reason that another alert gives.
func (r *rules) overdue() {
	for at, g := range r.backlog.overdue {
		if r.broken[object{at.pipeline.namespace, g.integration}] || r.misconfigured[at.pipeline] {
			continue
		}
		r.add(SubmissionsOverdue, r.config.rule(SubmissionsOverdue).severity(g.since, r.now, g.count), g.since,
			map[string]string{labelNamespace: at.pipeline.namespace, labelPipeline: at.pipeline.name, labelStage: string(at.stage)},
			facts{
				summary: fmt.Sprintf("%s of ContactPipeline %s overdue at %s, the oldest received %s ago",
					submissions(g.count), at.pipeline.name, at.stage, span(r.now.Sub(g.oldest))),
				description: "They are kept and go on as soon as they can. " + r.whyOverdue(at, g),
				command:     listOf(at.pipeline, "Active") + " --sort-by=.metadata.creationTimestamp",
				affected:    g.count, oldest: g.oldest, failure: g.failure,
			})
	}
}

func (r *rules) whyOverdue(at place, g *group) string {
	for i := range r.state.Pipelines {
		p := &r.state.Pipelines[i]
		if p.Namespace == at.pipeline.namespace && p.Name == at.pipeline.name {
			if p.Spec.Suspend != nil && *p.Spec.Suspend {
				return "ContactPipeline " + p.Name + " is suspended."
			}
			for j := range r.state.Integrations {
				in := &r.state.Integrations[j]
				if in.Namespace == p.Namespace && in.Name == g.integration && in.Spec.Suspend != nil && *in.Spec.Suspend {
					return "Integration " + in.Name + " is suspended."
				}
			}
			return "Neither the pipeline nor Integration " + g.integration + " tells why: look at the submissions and at the operator's log."
		}
	}
	return "ContactPipeline " + at.pipeline.name + " does not exist."
}

// spikes looks for pipelines that reject many more than usual.
func (r *rules) spikes() {
	rule := r.config.rule(RejectionsSpike)
	for name, seen := range r.backlog.rejected {
		usual := float64(seen.before) * float64(spikeWindow) / float64(spikeBaseline)
		if seen.recent == 0 || float64(seen.recent) < spikeFactor*usual {
			continue
		}
		var verdicts []string
		for _, verdict := range slices.Sorted(maps.Keys(seen.verdicts)) {
			verdicts = append(verdicts, fmt.Sprintf("%s %d", verdict, seen.verdicts[verdict]))
		}
		r.add(RejectionsSpike, rule.severity(seen.since, r.now, seen.recent), seen.since,
			map[string]string{labelNamespace: name.namespace, labelPipeline: name.name, labelStage: "Validated"},
			facts{
				summary: fmt.Sprintf("ContactPipeline %s rejected %s in a quarter of an hour; usual are %.1f",
					name.name, submissions(seen.recent), usual),
				description: "By verdict: " + strings.Join(verdicts, ", ") +
					". Either somebody fills the form with made-up addresses, or the verifier has changed its mind. They are kept; a person can accept them.",
				command:  listOf(name, "Held"),
				affected: seen.recent,
			})
	}
}

func listOf(pipeline object, state string) string {
	return fmt.Sprintf("kubectl -n %s get csub --field-selector status.state=%s,spec.pipelineRef.name=%s", pipeline.namespace, state, pipeline.name)
}
