package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNumbers(t *testing.T) {
	for name, tc := range map[string]struct {
		list    string
		want    []int
		wantErr bool
	}{
		"one":         {list: "20", want: []int{20}},
		"several":     {list: "0, 20", want: []int{0, 20}},
		"negative":    {list: "-1", wantErr: true},
		"no number":   {list: "0,fast", wantErr: true},
		"a gap in it": {list: "0,,20", wantErr: true},
		"nothing":     {list: "", wantErr: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := numbers(tc.list)
			if (err != nil) != tc.wantErr {
				t.Fatalf("numbers(%q): %v, want an error: %t", tc.list, err, tc.wantErr)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" && !tc.wantErr {
				t.Error(diff)
			}
		})
	}
}

func TestMedian(t *testing.T) {
	for name, tc := range map[string]struct {
		values []float64
		want   float64
	}{
		"nothing":         {want: 0},
		"one":             {values: []float64{3}, want: 3},
		"odd, not sorted": {values: []float64{9, 1, 2}, want: 2},
		"even: the mean":  {values: []float64{4, 1, 9, 2}, want: 3},
	} {
		t.Run(name, func(t *testing.T) {
			if got := median(tc.values); got != tc.want {
				t.Errorf("median(%v) = %v, want %v", tc.values, got, tc.want)
			}
		})
	}
}

func TestMedianLeavesTheRoundsInOrder(t *testing.T) {
	rounds := []float64{3, 1, 2}
	median(rounds)
	if diff := cmp.Diff([]float64{3, 1, 2}, rounds); diff != "" {
		t.Error(diff)
	}
}

func TestQuantile(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(i + 1)
	}
	for name, tc := range map[string]struct {
		sorted []time.Duration
		q      float64
		want   time.Duration
	}{
		"of nothing":                     {q: .99, want: 0},
		"of one":                         {sorted: hundred[:1], q: .99, want: 1},
		"p50":                            {sorted: hundred, q: .5, want: 50},
		"p99: one in a hundred is worse": {sorted: hundred, q: .99, want: 99},
		"p99 of few is the worst":        {sorted: hundred[:10], q: .99, want: 10},
		"all":                            {sorted: hundred, q: 1, want: 100},
		"none":                           {sorted: hundred, q: 0, want: 1},
	} {
		t.Run(name, func(t *testing.T) {
			if got := quantile(tc.sorted, tc.q); got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
		})
	}
}

func TestNextLook(t *testing.T) {
	for name, tc := range map[string]struct {
		elapsed   time.Duration
		done, all float64
		want      time.Duration
	}{
		"nothing is done yet, so there is no pace": {elapsed: time.Second, done: 0, all: 100, want: seldom},
		"far from the end":                         {elapsed: 10 * time.Second, done: 10, all: 100, want: seldom},
		"half of what is left":                     {elapsed: 9900 * time.Millisecond, done: 99, all: 100, want: 50 * time.Millisecond},
		"nearly done: not too often":               {elapsed: time.Second, done: 999, all: 1000, want: often},
	} {
		t.Run(name, func(t *testing.T) {
			if got := nextLook(tc.elapsed, tc.done, tc.all); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestWorst(t *testing.T) {
	for name, tc := range map[string]struct {
		perSecond []int
		want      float64
	}{
		"the least":                           {perSecond: []int{5, 3, 4}, want: 3},
		"the rest of a second does not count": {perSecond: []int{5, 4, 6, 1}, want: 4},
		"nothing came in the last second":     {perSecond: []int{5, 4}, want: 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := worst(tc.perSecond, 3); got != tc.want {
				t.Errorf("worst(%v, 3) = %v, want %v", tc.perSecond, got, tc.want)
			}
		})
	}
}
