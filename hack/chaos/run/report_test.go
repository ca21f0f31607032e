package run

import (
	"strings"
	"testing"

	"github.com/contact-operator/contact-operator/hack/chaos/ledger"
	"github.com/contact-operator/contact-operator/hack/chaos/people"
	"github.com/contact-operator/contact-operator/hack/chaos/system"
)

func fine() Result {
	return Result{
		Seed: 1, Outcome: ledger.Outcome{Accepted: 10, Completed: 9, Rejected: 1},
		Memory: map[string]int64{system.Operator: 64 << 20, system.Intake: 32 << 20},
	}
}

func TestReportIsGoodOnlyWhenEverySeedIs(t *testing.T) {
	tests := map[string]struct {
		reason string
		spoil  func(*Result)
		want   bool
	}{
		"all is well":          {"ten accepted, ten outcomes", func(*Result) {}, true},
		"lost":                 {"one is gone", func(r *Result) { r.Lost = 1 }, false},
		"duplicated":           {"one is there twice", func(r *Result) { r.Duplicated = 1 }, false},
		"waiting":              {"one has no outcome", func(r *Result) { r.Waiting = 1 }, false},
		"a leak":               {"a name in a log", func(r *Result) { r.judge([]system.Leak{{File: "etcd.log", Line: "x"}}) }, false},
		"memory without end":   {"more than it may hold", func(r *Result) { r.Memory[system.Operator] = 1 << 40; r.judge(nil) }, false},
		"memory that none saw": {"nobody has looked", func(r *Result) { r.Memory = nil; r.judge(nil) }, false},
		"a good form refused": {"404 is for forms that don't exist", func(r *Result) {
			r.count([]*people.Sent{{Tries: []people.Try{{Status: 404}}}}, nil)
		}, false},
		"asked to come again": {"503 is an honest answer", func(r *Result) {
			r.count([]*people.Sent{{Tries: []people.Try{{Status: 503}}}}, nil)
		}, true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			spoilt := fine()
			tc.spoil(&spoilt)
			report := Report{Results: []Result{fine(), spoilt}}
			if got := report.Good(); got != tc.want {
				t.Errorf("%s: good is %t, want %t", tc.reason, got, tc.want)
			}
		})
	}
	if none := (&Report{}); none.Good() {
		t.Error("a report of no seed is good")
	}
}

func TestReportPrintsSumsAndComplaints(t *testing.T) {
	spoilt := fine()
	spoilt.Seed, spoilt.Lost, spoilt.Complaints = 2, 1, []string{"lost: one"}
	var text strings.Builder
	(&Report{Dir: "/kept", Results: []Result{fine(), spoilt}, Notes: []string{"no full disk"}}).Print(&text)
	var total []string
	for line := range strings.Lines(text.String()) {
		if fields := strings.Fields(line); len(fields) > 0 && fields[0] == "total" {
			total = fields
		}
	}
	// seed, accepted, no thanks, completed, rejected, stalled, waiting, lost
	if want := []string{"total", "20", "0", "18", "2", "0", "0", "1"}; len(total) < len(want) || strings.Join(total[:len(want)], " ") != strings.Join(want, " ") {
		t.Errorf("the sum is %v, want it to begin with %v", total, want)
	}
	for _, want := range []string{"seed 2: lost: one", "note: no full disk", "/kept/logs"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("it lacks %q:\n%s", want, text.String())
		}
	}
}
