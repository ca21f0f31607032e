// Package status draws the way of a submission as a row of links, each with its health and what waits there, and names
// the weakest.
package status

import (
	"cmp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Report is what "status -o json" prints.
type Report struct {
	// Pipelines, by namespace and name.
	Pipelines []Pipeline `json:"pipelines"`
	// Weak lists the links that need a look, the weakest first. A system that serves several pipelines is one link here.
	Weak []Weak `json:"weak"`
}

// Pipeline is one row of links.
type Pipeline struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Missing: submissions name this pipeline, but it does not exist.
	Missing bool `json:"missing,omitempty"`
	// Suspended: all its submissions are parked.
	Suspended bool `json:"suspended,omitempty"`
	// Strict: each stage waits for the one before it.
	Strict bool `json:"strict,omitempty"`
	// Links in the order in which a submission takes them.
	Links []Link `json:"links"`
	// Waiting counts the submissions that are not through, each once.
	Waiting int `json:"waiting"`
	// Rejected and Stalled count those that wait for a person.
	Rejected int `json:"rejected"`
	Stalled  int `json:"stalled"`
}

// Link is one step of the way.
type Link struct {
	// Stage is intake, validation, location, crm or marketing: the names of a pipeline's fields.
	Stage string `json:"stage"`
	// Integration that serves it; "" when the pipeline does without, and for the intake.
	Integration string `json:"integration,omitempty"`
	// Health is the reason of the Integration's condition Ready, or one of the words below.
	Health string `json:"health"`
	// Message says what is wrong.
	Message string `json:"message,omitempty"`
	// Since is when the health became what it is.
	Since *time.Time `json:"since,omitempty"`
	// Waiting counts the submissions that wait here. One may wait at several links.
	Waiting int `json:"waiting"`
	// Oldest is when the oldest of them was received.
	Oldest *time.Time `json:"oldest,omitempty"`
}

// Words for the health of a link beside the reasons of an Integration.
const (
	healthNotUsed     = "NotUsed"     // the pipeline does without this stage
	healthNotChecked  = "NotChecked"  // the operator has not looked at the Integration yet
	healthNotPickedUp = "NotPickedUp" // the operator leaves new submissions lying
)

// Weak is a link that needs a look.
type Weak struct {
	Namespace string `json:"namespace"`
	// Name of the Integration, or what else is wrong: a pipeline, or the operator.
	Name string `json:"name"`
	// Serves lists the stages of the pipelines that it holds up, as "crm of trial".
	Serves  []string   `json:"serves,omitempty"`
	Health  string     `json:"health"`
	Message string     `json:"message,omitempty"`
	Since   *time.Time `json:"since,omitempty"`
	Waiting int        `json:"waiting"`
	Oldest  *time.Time `json:"oldest,omitempty"`
	// Advice says what to do, Command how to begin.
	Advice  string `json:"advice"`
	Command string `json:"command,omitempty"`

	severity severity
}

// add joins another link of the same system.
func (w *Weak) add(serves string, waiting int, oldest *time.Time) {
	if !slices.Contains(w.Serves, serves) {
		w.Serves = append(w.Serves, serves)
	}
	w.Waiting += waiting
	w.Oldest = earlier(w.Oldest, oldest)
}

func earlier(a, b *time.Time) *time.Time {
	switch {
	case a == nil:
		return b
	case b == nil || a.Before(*b):
		return a
	default:
		return b
	}
}

// rank sorts the weak links: the one that does most harm first.
func rank(a, b Weak) int {
	oldest := func(t *time.Time) int64 {
		if t == nil {
			return 1<<63 - 1
		}
		return t.UnixMicro()
	}
	return cmp.Or(
		cmp.Compare(b.severity, a.severity),
		cmp.Compare(b.Waiting, a.Waiting),
		cmp.Compare(oldest(a.Oldest), oldest(b.Oldest)),
		cmp.Compare(a.Namespace, b.Namespace),
		cmp.Compare(a.Name, b.Name),
	)
}

// weakOf finds the links of all rows that need a look.
func weakOf(rows []Pipeline, troubles map[types.NamespacedName]trouble) []Weak {
	type key struct {
		types.NamespacedName
		health string
	}
	found := map[key]*Weak{}
	note := func(name types.NamespacedName, what, serves string, l Link) {
		weight := severityOf(l.Health)
		if weight == fine {
			return
		}
		k := key{types.NamespacedName{Namespace: name.Namespace, Name: what}, l.Health}
		if found[k] == nil {
			text, command := advice(l, name)
			found[k] = &Weak{
				Namespace: name.Namespace, Name: what, Health: l.Health, Message: l.Message, Since: l.Since,
				Advice: text, Command: command, severity: weight,
			}
		}
		found[k].add(serves, l.Waiting, l.Oldest)
	}
	for _, row := range rows {
		name := types.NamespacedName{Namespace: row.Namespace, Name: row.Name}
		if t, bad := troubles[name]; bad {
			oldest := (*time.Time)(nil)
			for _, l := range row.Links {
				oldest = earlier(oldest, l.Oldest)
			}
			note(name, "ContactPipeline "+row.Name, "all of "+row.Name, Link{
				Health: t.reason, Message: t.message, Since: t.since, Waiting: row.Waiting, Oldest: oldest,
			})
		}
		for _, l := range row.Links {
			switch {
			case l.Stage == stageIntake:
				note(name, "the operator", "all of "+row.Name, l)
			case l.Integration != "":
				note(name, "Integration "+l.Integration, l.Stage+" of "+row.Name, l)
			}
		}
	}
	weak := make([]Weak, 0, len(found))
	for _, w := range found {
		slices.Sort(w.Serves)
		weak = append(weak, *w)
	}
	slices.SortFunc(weak, rank)
	return weak
}
