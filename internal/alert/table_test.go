package alert

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func incident(severity Severity, since time.Time, notes string) Incident {
	return Incident{
		Name: LinkFailing, Labels: map[string]string{"namespace": "web", "integration": "crm"}, Severity: severity, Since: since,
		Annotations: map[string]string{"summary": notes},
	}
}

// on lists what an Alertmanager would be told at a time: severity, since when, and until when, in seconds from noon.
func on(t *Table, at time.Time) [][3]any {
	posted, _ := t.Alerts(at)
	all := [][3]any{}
	for _, p := range posted {
		all = append(all, [3]any{p.Labels["severity"], int(p.StartsAt.Sub(noon).Seconds()), int(p.EndsAt.Sub(noon).Seconds())})
	}
	return all
}

func at(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

func TestTable(t *testing.T) {
	type step struct {
		at    int
		found []Incident
		want  [][3]any
		told  bool // somebody has to be told at once
	}
	warning := func(since int) []Incident { return []Incident{incident(Warning, at(since), "w")} }
	critical := func(since int) []Incident { return []Incident{incident(Critical, at(since), "c")} }
	tests := map[string]struct {
		reason string
		steps  []step
	}{
		"an incident from its beginning to its end": {
			reason: "it ends once it was over for two minutes; its end is told for five minutes more",
			steps: []step{
				{at: 0, found: warning(-40), told: true, want: [][3]any{{"warning", -40, 300}}},
				{at: 60, found: warning(-40), want: [][3]any{{"warning", -40, 360}}},
				{at: 120, want: [][3]any{{"warning", -40, 420}}},
				{at: 180, told: true, want: [][3]any{{"warning", -40, 180}}},
				{at: 400, want: [][3]any{{"warning", -40, 180}}},
				{at: 481, want: [][3]any{}},
			},
		},
		"a system that recovers and fails in turns": {
			reason: "one alert, from its first beginning",
			steps: []step{
				{at: 0, found: warning(-40), told: true, want: [][3]any{{"warning", -40, 300}}},
				{at: 60, want: [][3]any{{"warning", -40, 360}}},
				{at: 119, found: warning(80), want: [][3]any{{"warning", -40, 419}}},
			},
		},
		"it grows worse": {
			reason: "the milder alert ends in the same send as the other begins, and the severity does not fall again",
			steps: []step{
				{at: 0, found: warning(-40), told: true, want: [][3]any{{"warning", -40, 300}}},
				{at: 10, found: critical(-40), told: true, want: [][3]any{{"critical", -40, 310}, {"warning", -40, 10}}},
				{at: 20, found: warning(-40), want: [][3]any{{"critical", -40, 320}, {"warning", -40, 10}}},
			},
		},
		"it comes back": {
			reason: "what ended is not told as ended any more",
			steps: []step{
				{at: 0, found: warning(-40), told: true, want: [][3]any{{"warning", -40, 300}}},
				{at: 120, told: true, want: [][3]any{{"warning", -40, 120}}},
				{at: 150, found: warning(140), told: true, want: [][3]any{{"warning", 140, 450}}},
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			table := NewTable(DefaultConfig())
			for _, s := range tc.steps {
				_, changed := table.Alerts(at(s.at))
				table.Update(s.found, at(s.at))
				if diff := cmp.Diff(s.want, on(table, at(s.at))); diff != "" {
					t.Errorf("%s: at %d: %s", tc.reason, s.at, diff)
				}
				select {
				case <-changed:
					if !s.told {
						t.Errorf("%s: at %d nothing changed", tc.reason, s.at)
					}
				default:
					if s.told {
						t.Errorf("%s: at %d nobody is told", tc.reason, s.at)
					}
				}
			}
		})
	}
}

func TestLabels(t *testing.T) {
	config := DefaultConfig()
	config.Labels = map[string]string{"team": "web"}
	table := NewTable(config)
	table.Update([]Incident{incident(Warning, noon, "first")}, noon)
	before, _ := table.Alerts(noon)
	table.Update([]Incident{incident(Warning, noon, "second")}, noon.Add(time.Second))
	after, _ := table.Alerts(noon.Add(time.Second))
	want := map[string]string{
		"alertname": "ContactLinkFailing", "severity": "warning", "namespace": "web", "integration": "crm", "team": "web",
	}
	for _, posted := range [][]Posted{before, after} {
		if len(posted) != 1 || !cmp.Equal(want, posted[0].Labels) {
			t.Errorf("posted %v, want one with %v", posted, want)
		}
	}
	if before[0].Annotations["summary"] != "first" || after[0].Annotations["summary"] != "second" {
		t.Error("the annotations are not the newest")
	}
}
