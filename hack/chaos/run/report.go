package run

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/contact-operator/contact-operator/hack/chaos/ledger"
	"github.com/contact-operator/contact-operator/hack/chaos/people"
	"github.com/contact-operator/contact-operator/hack/chaos/system"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

// Result is what became of one seed.
type Result struct {
	Seed uint64
	ledger.Outcome
	// Posts that were sent, and Tries that got no thanks.
	Posts, Thankless int
	// Calls to the services, and Faults that they met.
	Calls, Faults int
	// WorstAccept is the longest that a sender waited for thanks, in one try.
	WorstAccept time.Duration
	// Recovery is the time from the last fault until nothing moved any more.
	Recovery time.Duration
	// Memory is the most that a part held.
	Memory map[string]int64
	Took   time.Duration
}

func (r *Result) count(sent []*people.Sent, stats map[server.Service]server.ServiceStats) {
	r.Posts = len(sent)
	odd := map[int]int{}
	for _, s := range sent {
		for _, t := range s.Tries {
			if t.Odd() {
				odd[t.Status]++
			}
			if !t.Accepted() {
				r.Thankless++
				continue
			}
			r.WorstAccept = max(r.WorstAccept, t.Ended.Sub(t.Begun))
		}
	}
	for status, n := range odd {
		r.Wrong++
		r.Complaints = append(r.Complaints, fmt.Sprintf("wrong: the intake answered %d to %d good tries", status, n))
	}
	for _, s := range stats {
		r.Calls += s.Calls - s.HealthChecks
		r.Faults += s.Faults
	}
}

// judge adds what the ledger does not see.
func (r *Result) judge(leaks []system.Leak) {
	for i, l := range leaks {
		r.Wrong++
		if i < 5 {
			r.Complaints = append(r.Complaints, fmt.Sprintf("personal: %s holds personal data: %s", l.File, l.Line))
		}
	}
	for part, limit := range memoryLimits() {
		if r.Memory[part] == 0 || r.Memory[part] > limit {
			r.Wrong++
			r.Complaints = append(r.Complaints, fmt.Sprintf("memory: %s held %d MiB, and may hold %d", part, r.Memory[part]>>20, limit>>20))
		}
	}
}

func (r *Result) line() string {
	verdict := "good"
	if !r.Good() {
		verdict = "FAILED"
	}
	return fmt.Sprintf("seed %d: %s in %.0f s; %d accepted, at rest %.1f s after the last fault",
		r.Seed, verdict, r.Took.Seconds(), r.Accepted, r.Recovery.Seconds())
}

// Report is what became of all seeds.
type Report struct {
	// Dir is where the logs are, "" when they were not kept.
	Dir     string
	Results []Result
	Notes   []string
}

// Good says whether every check of every seed was met.
func (r *Report) Good() bool {
	for i := range r.Results {
		if !r.Results[i].Good() {
			return false
		}
	}
	return len(r.Results) > 0
}

// Print prints the table.
func (r *Report) Print(out io.Writer) {
	if len(r.Results) == 0 {
		return
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\t\n", args...) }
	say("\nseed\taccepted\tno thanks\tcompleted\trejected\tstalled\twaiting\tlost\tduplicated\twrong\tcalls/sub.\tfaults met\tworst accept\trecovery\toperator\tintake")
	total := Result{Memory: map[string]int64{}}
	for i := range r.Results {
		s := &r.Results[i]
		say("%d%s", s.Seed, s.columns())
		total.add(s)
	}
	say("total%s", total.columns())
	_ = w.Flush()
	for i := range r.Results {
		for _, c := range r.Results[i].Complaints {
			_, _ = fmt.Fprintf(out, "seed %d: %s\n", r.Results[i].Seed, strings.ReplaceAll(c, "\n", "\n    "))
		}
	}
	for _, n := range r.Notes {
		_, _ = fmt.Fprintln(out, "note:", n)
	}
	if r.Dir != "" {
		_, _ = fmt.Fprintf(out, "the logs and what happened when: %s/logs, %s/chaos\n", r.Dir, r.Dir)
	}
}

func (r *Result) columns() string {
	calls := 0.0
	if n := r.Accepted + r.Unanswered; n > 0 {
		calls = float64(r.Calls) / float64(n)
	}
	return fmt.Sprintf("\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%.2f\t%d\t%d ms\t%.1f s\t%d MiB\t%d MiB",
		r.Accepted, r.Thankless, r.Completed, r.Rejected, r.Stalled, r.Waiting, r.Lost, r.Duplicated, r.Wrong, calls, r.Faults,
		r.WorstAccept.Milliseconds(), r.Recovery.Seconds(), r.Memory[system.Operator]>>20, r.Memory[system.Intake]>>20)
}

// add sums what can be summed, and takes the worst of the rest.
func (r *Result) add(s *Result) {
	for to, from := range map[*int]int{
		&r.Accepted: s.Accepted, &r.Completed: s.Completed, &r.Rejected: s.Rejected, &r.Stalled: s.Stalled, &r.Waiting: s.Waiting,
		&r.Lost: s.Lost, &r.Duplicated: s.Duplicated, &r.Wrong: s.Wrong, &r.Unanswered: s.Unanswered, &r.Thankless: s.Thankless,
		&r.Calls: s.Calls, &r.Faults: s.Faults, &r.Posts: s.Posts,
	} {
		*to += from
	}
	r.WorstAccept, r.Recovery = max(r.WorstAccept, s.WorstAccept), max(r.Recovery, s.Recovery)
	for _, part := range slices.Collect(maps.Keys(s.Memory)) {
		r.Memory[part] = max(r.Memory[part], s.Memory[part])
	}
}
