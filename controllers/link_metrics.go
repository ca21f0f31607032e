package controllers

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/contact-operator/contact-operator/internal/link"
)

// linkGauges tell, when they are read, how each link does.
type linkGauges struct {
	registry *link.Registry
	now      func() time.Time

	up, circuit, waiting, oldest, inFlight, limit, dataCurrent, dataAge *prometheus.Desc
}

// NewLinkGauges makes gauges of the links of a registry.
func NewLinkGauges(registry *link.Registry, now func() time.Time) prometheus.Collector {
	labels := []string{"namespace", "integration"}
	describe := func(name, help string, more ...string) *prometheus.Desc {
		return prometheus.NewDesc("contact_operator_link_"+name, help, append(labels, more...), nil)
	}
	return &linkGauges{
		registry: registry, now: now,
		up:       describe("up", "1 while a link works or nothing is known against it, 0 while it fails, is refused or can't be used."),
		circuit:  describe("circuit_state", "1 for the state that a link's circuit breaker is in: Closed, Open or HalfOpen.", "state"),
		waiting:  describe("waiting", "Submissions that wait for a link."),
		oldest:   describe("oldest_age_seconds", "Age of the oldest submission that waits for a link."),
		inFlight: describe("calls_in_flight", "Calls to a link's system that have not ended."),
		limit:    describe("calls_in_flight_limit", "How many calls a link makes at a time now: fewer while its system recovers."),

		dataCurrent: describe("data_current", "1 while the data that a link's provider answers from is new enough, 0 when it is old or a newer one can't be used."),
		dataAge:     describe("data_age_seconds", "Age of the data that a link's provider answers from."),
	}
}

// Describe implements prometheus.Collector.
func (g *linkGauges) Describe(descriptions chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		g.up, g.circuit, g.waiting, g.oldest, g.inFlight, g.limit, g.dataCurrent, g.dataAge,
	} {
		descriptions <- d
	}
}

// Collect implements prometheus.Collector.
func (g *linkGauges) Collect(metrics chan<- prometheus.Metric) {
	for _, key := range g.registry.Keys() {
		s, there := g.registry.Snapshot(key)
		if !there {
			continue
		}
		gauge := func(d *prometheus.Desc, value float64, more ...string) {
			metrics <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, append([]string{key.Namespace, key.Name}, more...)...)
		}
		works := s.Health.Condition == link.Healthy || s.Health.Condition == link.Untried
		gauge(g.up, oneIf(works))
		for _, state := range []link.CircuitState{link.Closed, link.Open, link.HalfOpen} {
			gauge(g.circuit, oneIf(s.Circuit == state), string(state))
		}
		gauge(g.waiting, float64(s.Waiting))
		age := 0.0
		if !s.Oldest.IsZero() {
			age = max(g.now().Sub(s.Oldest).Seconds(), 0)
		}
		gauge(g.oldest, age)
		gauge(g.inFlight, float64(s.InFlight))
		gauge(g.limit, float64(s.Limit))
		if s.Data != nil {
			gauge(g.dataCurrent, oneIf(s.Data.Fault == ""))
			if !s.Data.Built.IsZero() {
				gauge(g.dataAge, max(g.now().Sub(s.Data.Built).Seconds(), 0))
			}
		}
	}
}

func oneIf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
