package alert

import (
	"time"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// What counts as usual for rejections, and the window that is compared with it.
const (
	spikeWindow   = 15 * time.Minute
	spikeBaseline = 24 * time.Hour
	// spikeFactor is how many times more than usual is a spike.
	spikeFactor = 4
)

// rules compute incidents. What an alert on a link explains makes no second one.
type rules struct {
	config    *Config
	state     State
	backlog   *backlog
	now       time.Time
	incidents []Incident

	broken        map[object]bool // Integrations that an alert tells of
	misconfigured map[object]bool // pipelines likewise
}

// Compute says what is wrong. It depends on its arguments alone.
func Compute(config *Config, state State, now time.Time) []Incident {
	r := &rules{
		config: config, state: state, backlog: look(state, now), now: now,
		broken: map[object]bool{}, misconfigured: map[object]bool{},
	}
	for i := range state.Integrations {
		r.link(&state.Integrations[i])
	}
	for i := range state.Pipelines {
		r.pipeline(&state.Pipelines[i])
	}
	r.stalled()
	r.overdue()
	r.spikes()
	for i := range state.Pipelines {
		r.canary(&state.Pipelines[i])
	}
	return sorted(r.incidents)
}

// add notes an incident, unless it is no alert yet, and tells whether it did.
func (r *rules) add(name Name, severity Severity, since time.Time, labels map[string]string, f facts) bool {
	if severity == "" {
		return false
	}
	for key, value := range labels {
		if value == "" {
			delete(labels, key)
		}
	}
	r.incidents = append(r.incidents, Incident{
		Name: name, Labels: labels, Severity: severity, Since: since, Affected: f.affected,
		Annotations: f.annotations(r.config, name, since, r.now),
	})
	return true
}

// stageOf is the stage that an Integration serves, "" when it serves none or several.
func (r *rules) stageOf(namespace, integration string) v1alpha1.Stage {
	only := v1alpha1.Stage("")
	for i := range r.state.Pipelines {
		p := &r.state.Pipelines[i]
		for _, stage := range v1alpha1.Stages {
			if p.Namespace != namespace || served(p, stage) != integration {
				continue
			}
			if only != "" && only != stage {
				return ""
			}
			only = stage
		}
	}
	return only
}
