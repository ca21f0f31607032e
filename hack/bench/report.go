package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// figure is one measured value.
type figure struct {
	Part string `json:"part"`
	At   string `json:"at"` // under which circumstances
	What string `json:"what"`
	Unit string `json:"unit,omitempty"`
	// Value is the median of the Rounds.
	Value  float64   `json:"value"`
	Rounds []float64 `json:"rounds"`
	Goal   goal      `json:"goal,omitzero"`
	// Met tells whether the goal is met; nil when there is none.
	Met *bool `json:"met,omitempty"`
}

// goal is what a figure should be; the zero value is none.
type goal struct {
	AtLeast *float64 `json:"atLeast,omitempty"`
	AtMost  *float64 `json:"atMost,omitempty"`
}

// The goals.
var (
	ratioGoal  = goal{AtLeast: new(.85)}
	acceptGoal = goal{AtMost: new(60.0)}    // milliseconds
	burstGoal  = goal{AtLeast: new(5000.0)} // a second
)

func (g goal) String() string {
	switch {
	case g.AtLeast != nil:
		return fmt.Sprintf("at least %g", *g.AtLeast)
	case g.AtMost != nil:
		return fmt.Sprintf("at most %g", *g.AtMost)
	default:
		return ""
	}
}

func (g goal) met(value float64) *bool {
	switch {
	case g.AtLeast != nil:
		return new(value >= *g.AtLeast)
	case g.AtMost != nil:
		return new(value <= *g.AtMost)
	default:
		return nil
	}
}

// report gathers the figures, and what they depend on.
type report struct {
	Date        string   `json:"date"`
	Platform    string   `json:"platform"`
	CPUs        int      `json:"cpus"`
	Go          string   `json:"go"`
	Submissions int      `json:"submissions"` // in one round of ratio and accept
	Clients     int      `json:"clients"`
	Rounds      int      `json:"rounds"`
	Figures     []figure `json:"figures"`
}

func newReport(o options) *report {
	return &report{
		Date: time.Now().UTC().Format(time.DateOnly), Platform: runtime.GOOS + "/" + runtime.GOARCH, CPUs: runtime.NumCPU(), Go: runtime.Version(),
		Submissions: o.submissions, Clients: o.clients, Rounds: o.rounds, Figures: []figure{},
	}
}

func (r *report) add(f figure) {
	f.Value = median(f.Rounds)
	f.Met = f.Goal.met(f.Value)
	r.Figures = append(r.Figures, f)
}

// print prints the figures as one table.
func (r *report) print(to io.Writer) {
	if len(r.Figures) == 0 {
		return
	}
	fmt.Fprintf(to, "\n%s, %s, %d CPUs, %s; rounds of %d submissions from %d senders\n\n", r.Date, r.Platform, r.CPUs, r.Go, r.Submissions, r.Clients)
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "PART\tAT\tWHAT\tMEASURED\tROUNDS\tGOAL\t\n")
	for _, f := range r.Figures {
		verdict := ""
		switch {
		case f.Met == nil:
		case *f.Met:
			verdict = "met"
		default:
			verdict = "NOT MET"
		}
		rounds := ""
		if len(f.Rounds) > 1 { // else it is the same value again
			rounds = strings.Join(texts(f.Rounds), " ")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", f.Part, f.At, f.What, strings.TrimSpace(short(f.Value)+" "+f.Unit), rounds, f.Goal, verdict)
	}
	_ = w.Flush()
}

func texts(values []float64) []string {
	var all []string
	for _, v := range values {
		all = append(all, short(v))
	}
	return all
}

// short prints a value with three digits or so.
func short(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

func (r *report) write(file string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(data, '\n'), 0o600)
}
