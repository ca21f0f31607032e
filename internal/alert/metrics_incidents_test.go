package alert

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

func TestIncidentsAreMetrics(t *testing.T) {
	state := State{
		Integrations: []v1alpha1.Integration{integration("crm", "Failing", failing, time.Minute)},
		Pipelines: []v1alpha1.ContactPipeline{pipeline("trial"), pipeline("blog", func(p *v1alpha1.ContactPipeline) {
			p.Status.Conditions = []metav1.Condition{{
				Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonIntegrationNotFound, LastTransitionTime: ago(20 * time.Minute),
			}}
		})},
		Submissions: append(times(3, submission(time.Minute, "Active", time.Minute, waitingForCRM)),
			submission(time.Hour, "Held", time.Minute, "Deliverable Located Synced Conflict Stalled")),
	}
	var fails error
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(NewIncidents(func(context.Context, time.Time) ([]Incident, error) {
		return Compute(DefaultConfig(), state, noon), fails
	}, logr.Discard()))
	want := `
# HELP contact_operator_incident_submissions How many submissions an incident affects, 0 where that can't be told. There is a series for as long as the incident lasts.
# TYPE contact_operator_incident_submissions gauge
contact_operator_incident_submissions{alertname="ContactLinkFailing",class="Transient",integration="crm",namespace="web",pipeline="",severity="warning",stage="CRMSynced"} 3
contact_operator_incident_submissions{alertname="ContactPipelineMisconfigured",class="Config",integration="",namespace="web",pipeline="blog",severity="critical",stage=""} 0
contact_operator_incident_submissions{alertname="ContactSubmissionsStalled",class="Conflict",integration="",namespace="web",pipeline="trial",severity="warning",stage="MarketingSynced"} 1
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	fails = errors.New("the caches have not synced")
	if n, err := testutil.GatherAndCount(registry); n != 0 || err != nil {
		t.Errorf("%d series and error %v: what can't be told must not look as if all were well or fail the whole scrape", n, err)
	}
}
