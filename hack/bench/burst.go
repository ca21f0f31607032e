package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/time/rate"
)

const burstTime = 10 * time.Second

// measureBurst measures how many submissions a second are accepted when there are more than the API server can take. The
// system is a fresh one, and is thrown away with what it did not come to.
func measureBurst(ctx context.Context, o options, r *report) error {
	say("starting a system for the burst")
	s, err := start(ctx, o.world, nil)
	defer s.stop()
	if err != nil {
		return err
	}
	t := traffic{addr: s.addresses[envIntake], senders: o.clients}
	if o.burstRate > 0 {
		t.limit = rate.NewLimiter(rate.Limit(o.burstRate), o.burstRate/10+1)
	}
	if _, err := t.send(ctx, (&people{round: "warm-upp", most: warmUp}).body); err != nil {
		return err
	}
	spooledBefore, err := s.spooled(ctx)
	if err != nil {
		return err
	}
	say("sending for %s", burstTime)
	processes := s.processes()
	before := cpuSeconds(processes)
	begun := time.Now()
	all := &people{round: "burst---"}
	got, err := t.send(ctx, func() ([]byte, bool) {
		if time.Since(begun) > burstTime {
			return nil, false
		}
		return all.body()
	})
	if err != nil {
		return err
	}
	if got.accepted() == 0 {
		return errors.New("the intake accepted nothing of the burst; run it with \"make run\" and look into its log")
	}
	cpu := used(before, cpuSeconds(processes), got.accepted())
	spooled, err := s.spooled(ctx)
	if err != nil {
		return err
	}
	at := fmt.Sprintf("%.0f seconds, %d senders", burstTime.Seconds(), o.clients)
	add := func(what, unit string, g goal, value float64) {
		r.add(figure{Part: partBurst, At: at, What: what, Unit: unit, Rounds: []float64{value}, Goal: g})
	}
	add("accepted a second", "", burstGoal, float64(got.accepted())/got.took.Seconds())
	add("accepted in the worst second", "", goal{}, worst(got.perSecond, int(burstTime.Seconds())))
	latency := spansOf(got.latencies)
	add("accepted, p50", "ms", goal{}, latency.p50)
	add("accepted, p99", "ms", goal{}, latency.p99)
	add("not accepted", "", goal{}, float64(got.refused))
	add("share that went through the spool", "%", goal{}, 100*(spooled-spooledBefore)/float64(got.accepted()))
	for _, name := range slices.Sorted(maps.Keys(cpu)) {
		add("CPU per accepted submission: "+name, "ms", goal{}, cpu[name])
	}
	if peak, known := peaksMiB(processes)[intakePart]; known {
		add("peak memory: "+intakePart, "MiB", goal{}, peak)
	}
	return nil
}

// worst is the least of the first n seconds.
func worst(perSecond []int, n int) float64 {
	if len(perSecond) < n {
		return 0 // nothing was accepted at the end
	}
	return float64(slices.Min(perSecond[:n]))
}
