package controllers

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/contact-operator/contact-operator/internal/link"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// data is what a provider answers from.
type data provider.Data

func (d data) Look()               {}
func (d data) Data() provider.Data { return provider.Data(d) }

func TestLinkGauges(t *testing.T) {
	start := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	now := func() time.Time { return start }
	links := link.NewRegistry(now, nil)
	key := func(name string) link.Key { return link.Key{Namespace: "contacts", Name: name} }
	links.Set(key("crm"), "1", link.Options{Timeout: time.Minute})
	marketing := links.Set(key("marketing"), "1", link.Options{Timeout: time.Minute, Concurrent: 8})
	for range 10 {
		_ = marketing.Call(t.Context(), func(context.Context) error { return provider.Errorf(provider.Transient, "reset") })
	}
	links.Wait(key("submission"), links.Begin(key("submission")), link.Waits{
		Parked: []link.Key{key("marketing")}, Received: start.Add(-time.Hour),
	})
	links.Set(key("locator"), "1", link.Options{Timeout: time.Minute, Provider: provider.Provider{Data: data{
		Built: start.Add(-time.Hour), Fault: provider.DataUnreadable, Message: "it is torn",
	}}})
	registry := prometheus.NewRegistry()
	registry.MustRegister(NewLinkGauges(links, now))
	want := `
# HELP contact_operator_link_calls_in_flight Calls to a link's system that have not ended.
# TYPE contact_operator_link_calls_in_flight gauge
contact_operator_link_calls_in_flight{integration="crm",namespace="contacts"} 0
contact_operator_link_calls_in_flight{integration="locator",namespace="contacts"} 0
contact_operator_link_calls_in_flight{integration="marketing",namespace="contacts"} 0
# HELP contact_operator_link_calls_in_flight_limit How many calls a link makes at a time now: fewer while its system recovers.
# TYPE contact_operator_link_calls_in_flight_limit gauge
contact_operator_link_calls_in_flight_limit{integration="crm",namespace="contacts"} 16
contact_operator_link_calls_in_flight_limit{integration="locator",namespace="contacts"} 16
contact_operator_link_calls_in_flight_limit{integration="marketing",namespace="contacts"} 4
# HELP contact_operator_link_circuit_state 1 for the state that a link's circuit breaker is in: Closed, Open or HalfOpen.
# TYPE contact_operator_link_circuit_state gauge
contact_operator_link_circuit_state{integration="crm",namespace="contacts",state="Closed"} 1
contact_operator_link_circuit_state{integration="crm",namespace="contacts",state="HalfOpen"} 0
contact_operator_link_circuit_state{integration="crm",namespace="contacts",state="Open"} 0
contact_operator_link_circuit_state{integration="locator",namespace="contacts",state="Closed"} 1
contact_operator_link_circuit_state{integration="locator",namespace="contacts",state="HalfOpen"} 0
contact_operator_link_circuit_state{integration="locator",namespace="contacts",state="Open"} 0
contact_operator_link_circuit_state{integration="marketing",namespace="contacts",state="Closed"} 0
contact_operator_link_circuit_state{integration="marketing",namespace="contacts",state="HalfOpen"} 0
contact_operator_link_circuit_state{integration="marketing",namespace="contacts",state="Open"} 1
# HELP contact_operator_link_data_age_seconds Age of the data that a link's provider answers from.
# TYPE contact_operator_link_data_age_seconds gauge
contact_operator_link_data_age_seconds{integration="locator",namespace="contacts"} 3600
# HELP contact_operator_link_data_current 1 while the data that a link's provider answers from is new enough, 0 when it is old or a newer one can't be used.
# TYPE contact_operator_link_data_current gauge
contact_operator_link_data_current{integration="locator",namespace="contacts"} 0
# HELP contact_operator_link_oldest_age_seconds Age of the oldest submission that waits for a link.
# TYPE contact_operator_link_oldest_age_seconds gauge
contact_operator_link_oldest_age_seconds{integration="crm",namespace="contacts"} 0
contact_operator_link_oldest_age_seconds{integration="locator",namespace="contacts"} 0
contact_operator_link_oldest_age_seconds{integration="marketing",namespace="contacts"} 3600
# HELP contact_operator_link_up 1 while a link works or nothing is known against it, 0 while it fails, is refused or can't be used.
# TYPE contact_operator_link_up gauge
contact_operator_link_up{integration="crm",namespace="contacts"} 1
contact_operator_link_up{integration="locator",namespace="contacts"} 1
contact_operator_link_up{integration="marketing",namespace="contacts"} 0
# HELP contact_operator_link_waiting Submissions that wait for a link.
# TYPE contact_operator_link_waiting gauge
contact_operator_link_waiting{integration="crm",namespace="contacts"} 0
contact_operator_link_waiting{integration="locator",namespace="contacts"} 0
contact_operator_link_waiting{integration="marketing",namespace="contacts"} 1
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	problems, err := testutil.GatherAndLint(registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
}
