package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func sample() *report {
	r := newReport(options{submissions: 3000, clients: 64, rounds: 3})
	r.add(figure{Part: partRatio, At: "here", What: "ratio", Rounds: []float64{.9, .7, .8}, Goal: ratioGoal})
	r.add(figure{Part: partAccept, At: "here", What: "accepted, p99", Unit: "ms", Rounds: []float64{60}, Goal: acceptGoal})
	r.add(figure{Part: partMemory, At: "there", What: "peak", Unit: "MiB", Rounds: []float64{123.4}})
	return r
}

func TestPrint(t *testing.T) {
	var out bytes.Buffer
	sample().print(&out)
	_, table, found := strings.Cut(out.String(), "PART")
	if !found {
		t.Fatalf("there is no table in %q", out.String())
	}
	var rows [][]string
	for line := range strings.Lines(table) {
		rows = append(rows, strings.Fields(line))
	}
	want := [][]string{
		{"AT", "WHAT", "MEASURED", "ROUNDS", "GOAL"},
		strings.Fields("ratio here ratio 0.80 0.90 0.70 0.80 at least 0.85 NOT MET"),
		strings.Fields("accept here accepted, p99 60.0 ms at most 60 met"),
		strings.Fields("memory there peak 123 MiB"),
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
}

func TestNoFiguresNoTable(t *testing.T) {
	var out bytes.Buffer
	newReport(options{}).print(&out)
	if out.Len() > 0 {
		t.Errorf("printed %q of nothing", out.String())
	}
}

func TestWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bench.json")
	if err := sample().write(file); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var got report
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample(), &got); diff != "" {
		t.Error(diff)
	}
}

func TestMet(t *testing.T) {
	for name, tc := range map[string]struct {
		goal  goal
		value float64
		want  *bool
	}{
		"no goal":             {value: 1},
		"at least, just":      {goal: burstGoal, value: 5000, want: new(true)},
		"at least, not quite": {goal: burstGoal, value: 4999, want: new(false)},
		"at most, just":       {goal: acceptGoal, value: 60, want: new(true)},
		"at most, over":       {goal: acceptGoal, value: 60.1, want: new(false)},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tc.goal.met(tc.value)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
