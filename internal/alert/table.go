package alert

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Table keeps the incidents that are on, and for a while those that have ended. It decides when an alert begins and ends; it
// sends nothing.
//
// A process that starts knows nothing of alerts that its predecessor sent. Those that are still right, it finds again by
// itself. Those that ended in between are sent by nobody any more, and so end by themselves in Alertmanager: every alert is sent
// with an end, validSeconds ahead, which each send moves on.
type Table struct {
	config *Config

	mu      sync.Mutex
	on      map[string]*entry // by the incident's key
	ended   map[string]Posted // by all labels
	changed chan struct{}     // closed and replaced when somebody has to be told
}

// entry is an incident that is on.
type entry struct {
	Incident
	seen time.Time // when it was last found
}

// Posted is an alert as Alertmanager takes it.
type Posted struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations,omitempty"`
	StartsAt    time.Time         `json:"startsAt"`
	EndsAt      time.Time         `json:"endsAt"`
}

// NewTable makes an empty one.
func NewTable(config *Config) *Table {
	return &Table{config: config, on: map[string]*entry{}, ended: map[string]Posted{}, changed: make(chan struct{})}
}

// Update takes over what is found wrong now.
func (t *Table) Update(found []Incident, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	changed := false
	for _, incident := range found {
		key := incident.key()
		was := t.on[key]
		switch {
		case was == nil:
			changed = true
		case incident.Severity.worse(was.Severity):
			// Severity is a label, so this is another alert to Alertmanager: the one before ends in the same send.
			t.end(was, now)
			changed = true
		default:
			incident.Severity = was.Severity
		}
		if was != nil && was.Since.Before(incident.Since) {
			incident.Since = was.Since
		}
		t.on[key] = &entry{Incident: incident, seen: now}
		delete(t.ended, canonical(t.labels(&incident)))
	}
	for key, e := range t.on {
		if e.seen.Equal(now) || now.Sub(e.seen) < seconds(t.config.KeepFiringSeconds) {
			continue
		}
		t.end(e, now)
		delete(t.on, key)
		changed = true
	}
	maps.DeleteFunc(t.ended, func(_ string, p Posted) bool { return now.Sub(p.EndsAt) > seconds(t.config.ValidSeconds) })
	if changed {
		close(t.changed)
		t.changed = make(chan struct{})
	}
}

func (t *Table) end(e *entry, now time.Time) {
	labels := t.labels(&e.Incident)
	t.ended[canonical(labels)] = Posted{Labels: labels, Annotations: e.Annotations, StartsAt: e.Since.UTC(), EndsAt: now.UTC()}
}

// labels of an incident, all of them.
func (t *Table) labels(i *Incident) map[string]string {
	labels := map[string]string{}
	maps.Copy(labels, t.config.Labels)
	maps.Copy(labels, i.Labels)
	labels[labelName], labels[labelSeverity] = string(i.Name), string(i.Severity)
	return labels
}

// Alerts returns everything that an Alertmanager should know now, and what is closed when that changes.
func (t *Table) Alerts(now time.Time) ([]Posted, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := make([]Posted, 0, len(t.on)+len(t.ended))
	for _, e := range t.on {
		all = append(all, Posted{
			Labels: t.labels(&e.Incident), Annotations: e.Annotations, StartsAt: e.Since.UTC(),
			EndsAt: now.Add(seconds(t.config.ValidSeconds)).UTC(),
		})
	}
	for _, p := range t.ended {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b Posted) int { return strings.Compare(canonical(a.Labels), canonical(b.Labels)) })
	return all, t.changed
}

// firing counts the alerts that are on.
func (t *Table) firing() map[[2]string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	counts := map[[2]string]int{}
	for _, e := range t.on {
		counts[[2]string{string(e.Name), string(e.Severity)}]++
	}
	return counts
}
