package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// measureRatio measures how many submissions a second the system completes, beside how many the bare loop does.
func (c *contest) measureRatio(ctx context.Context, r *report) error {
	for _, latency := range c.latencies {
		if err := c.slow(ctx, latency); err != nil {
			return err
		}
		var turns []turn
		for i := range c.rounds {
			one, err := c.turn(ctx, i%2 == 0)
			if err != nil {
				return err
			}
			say("%s: bare loop %.0f a second, system %.0f a second", at(latency), one.bareRate, one.rate)
			turns = append(turns, one)
		}
		r.addTurns(at(latency), turns)
	}
	r.addPeaks("bare loop", peaksMiB(c.plain.processes()))
	r.addPeaks("system", peaksMiB(c.system.processes()))
	return nil
}

// turn is what one turn of the bare loop and one of the system came to.
type turn struct {
	bareRate, rate float64            // completed a second
	bareCPU, cpu   map[string]float64 // milliseconds per submission, by process
	requests       requests           // per submission
}

// turn lets the bare loop and the system take the same number of submissions. Who begins changes from turn to turn, so
// that a machine that becomes slower favours nobody.
func (c *contest) turn(ctx context.Context, bareFirst bool) (turn, error) {
	var t turn
	sides := []func(context.Context, *turn) error{c.bareTurn, c.systemTurn}
	if !bareFirst {
		slices.Reverse(sides)
	}
	for _, side := range sides {
		if err := side(ctx, &t); err != nil {
			return t, err
		}
	}
	return t, nil
}

func (c *contest) bareTurn(ctx context.Context, t *turn) error {
	processes := c.plain.processes()
	before := cpuSeconds(processes)
	took, err := c.bare.run(ctx, c.clients, c.people(c.submissions))
	if err != nil {
		return fmt.Errorf("the bare loop: %w", err)
	}
	t.bareCPU = used(before, cpuSeconds(processes), c.submissions)
	t.bareRate = float64(c.submissions) / took.Seconds()
	return nil
}

func (c *contest) systemTurn(ctx context.Context, t *turn) error {
	processes := c.system.processes()
	asked, err := c.system.requests(ctx)
	if err != nil {
		return err
	}
	before := cpuSeconds(processes)
	sent, err := c.sendAll(ctx, c.submissions)
	if err != nil {
		return err
	}
	t.cpu = used(before, cpuSeconds(processes), c.submissions)
	t.rate = float64(c.submissions) / sent.completed.Seconds()
	all, err := c.system.requests(ctx)
	t.requests = all.since(asked).per(c.submissions)
	return err
}

// addTurns adds the figures of one latency.
func (r *report) addTurns(at string, turns []turn) {
	add := func(what, unit string, g goal, value func(turn) float64) {
		r.add(figure{Part: partRatio, At: at, What: what, Unit: unit, Goal: g, Rounds: each(turns, value)})
	}
	add("completed a second, bare loop", "", goal{}, func(t turn) float64 { return t.bareRate })
	add("completed a second, system", "", goal{}, func(t turn) float64 { return t.rate })
	add("ratio, system to bare loop", "", ratioGoal, func(t turn) float64 { return t.rate / t.bareRate })
	add("API writes per submission", "", goal{}, func(t turn) float64 { return t.requests.writes })
	add("API reads per submission", "", goal{}, func(t turn) float64 { return t.requests.reads })
	add("of these, GET of a Contact", "", goal{}, func(t turn) float64 { return t.requests.contactGets })
	for _, name := range slices.Sorted(maps.Keys(turns[0].bareCPU)) {
		add("CPU per submission, bare loop: "+name, "ms", goal{}, func(t turn) float64 { return t.bareCPU[name] })
	}
	add("CPU per submission, bare loop: all", "ms", goal{}, func(t turn) float64 { return total(t.bareCPU) })
	for _, name := range slices.Sorted(maps.Keys(turns[0].cpu)) {
		add("CPU per submission, system: "+name, "ms", goal{}, func(t turn) float64 { return t.cpu[name] })
	}
	add("CPU per submission, system: all", "ms", goal{}, func(t turn) float64 { return total(t.cpu) })
}

func (r *report) addPeaks(side string, peaks map[string]float64) {
	for _, name := range slices.Sorted(maps.Keys(peaks)) {
		r.add(figure{Part: partRatio, At: "all of these", What: "peak memory, " + side + ": " + name, Unit: "MiB", Rounds: []float64{peaks[name]}})
	}
}

func each[T any](rounds []T, value func(T) float64) []float64 {
	var all []float64
	for _, one := range rounds {
		all = append(all, value(one))
	}
	return all
}
