package controllers

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/link"
)

func TestBacklogIsCountedWhenItIsRead(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	sent := func(name string, minutes int, state v1alpha1.SubmissionState, conditions ...metav1.Condition) *v1alpha1.ContactSubmission {
		return &v1alpha1.ContactSubmission{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: "contacts", Name: name, CreationTimestamp: metav1.NewTime(start.Add(time.Duration(minutes) * time.Minute)),
			},
			Spec:   v1alpha1.ContactSubmissionSpec{PipelineRef: v1alpha1.LocalReference{Name: "trial"}},
			Status: v1alpha1.ContactSubmissionStatus{State: state, Conditions: conditions},
		}
	}
	condition := func(stage v1alpha1.Stage, status metav1.ConditionStatus, reason string) metav1.Condition {
		return metav1.Condition{Type: string(stage), Status: status, Reason: reason}
	}
	retrying := []metav1.Condition{
		condition(v1alpha1.StageValidated, metav1.ConditionTrue, v1alpha1.ReasonDeliverable),
		condition(v1alpha1.StageLocated, metav1.ConditionTrue, v1alpha1.ReasonLocated),
		condition(v1alpha1.StageCRMSynced, metav1.ConditionUnknown, v1alpha1.ReasonRetrying),
		condition(v1alpha1.StageMarketingSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced),
	}
	cache := fake.NewClientBuilder().WithScheme(scheme).WithObjects(
		sent("new", 50, ""),
		sent("a", 10, v1alpha1.StateActive, retrying...), sent("b", 20, v1alpha1.StateActive, retrying...),
		sent("held", 0, v1alpha1.StateHeld), sent("just", 58, ""),
		&v1alpha1.ContactPipeline{
			ObjectMeta: metav1.ObjectMeta{Namespace: "contacts", Name: "idle"},
			Spec:       v1alpha1.ContactPipelineSpec{CRM: &v1alpha1.IntegrationStage{IntegrationRef: v1alpha1.LocalReference{Name: "crm"}}},
		},
	).Build()
	registry := prometheus.NewRegistry()
	metrics, err := NewMetrics(registry, cache, func() time.Time { return start.Add(time.Hour) })
	if err != nil {
		t.Fatal(err)
	}
	want := `
# HELP contact_operator_stage_integration_info Which Integration serves a stage of a pipeline; always 1.
# TYPE contact_operator_stage_integration_info gauge
contact_operator_stage_integration_info{integration="crm",namespace="contacts",pipeline="idle",stage="CRMSynced"} 1
# HELP contact_operator_stage_oldest_age_seconds Age of the oldest active submission with this stage open.
# TYPE contact_operator_stage_oldest_age_seconds gauge
contact_operator_stage_oldest_age_seconds{namespace="contacts",pipeline="trial",stage="CRMSynced"} 3000
contact_operator_stage_oldest_age_seconds{namespace="contacts",pipeline="trial",stage="Located"} 600
contact_operator_stage_oldest_age_seconds{namespace="contacts",pipeline="trial",stage="MarketingSynced"} 600
contact_operator_stage_oldest_age_seconds{namespace="contacts",pipeline="trial",stage="Validated"} 600
# HELP contact_operator_stage_waiting Active submissions with this stage open, by the reason of its condition.
# TYPE contact_operator_stage_waiting gauge
contact_operator_stage_waiting{namespace="contacts",pipeline="trial",reason="Pending",stage="CRMSynced"} 2
contact_operator_stage_waiting{namespace="contacts",pipeline="trial",reason="Pending",stage="Located"} 2
contact_operator_stage_waiting{namespace="contacts",pipeline="trial",reason="Pending",stage="MarketingSynced"} 2
contact_operator_stage_waiting{namespace="contacts",pipeline="trial",reason="Pending",stage="Validated"} 2
contact_operator_stage_waiting{namespace="contacts",pipeline="trial",reason="Retrying",stage="CRMSynced"} 2
# HELP contact_operator_submissions Submissions that are not completed, by state: Active ones can move by themselves, Held ones wait for a person.
# TYPE contact_operator_submissions gauge
contact_operator_submissions{namespace="contacts",pipeline="trial",state="Active"} 4
contact_operator_submissions{namespace="contacts",pipeline="trial",state="Held"} 1
# HELP contact_operator_submissions_late Active submissions that were accepted more than 300 seconds ago.
# TYPE contact_operator_submissions_late gauge
contact_operator_submissions_late{namespace="contacts",pipeline="idle"} 0
contact_operator_submissions_late{namespace="contacts",pipeline="trial"} 3
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "contact_operator_submissions",
		"contact_operator_stage_waiting", "contact_operator_stage_oldest_age_seconds", "contact_operator_submissions_late",
		"contact_operator_stage_integration_info"); err != nil {
		t.Error(err)
	}
	metrics.Called(link.Key{Namespace: "contacts", Name: "crm"}, "HTTP", "Transient", time.Second)
	metrics.expect("contacts", "trial")
	metrics.ended(sent("done", 0, v1alpha1.StateCompleted), v1alpha1.ReasonCompleted, start.Add(LateAfter))
	metrics.ended(sent("slow", 0, v1alpha1.StateCompleted), v1alpha1.ReasonCompleted, start.Add(LateAfter+time.Second))
	again := sent("again", 0, v1alpha1.StateCompleted)
	again.Status.LastHandledRetry = "asked"
	metrics.ended(again, v1alpha1.ReasonCompleted, start.Add(24*time.Hour))
	if diff := cmp.Diff(durations{within: 1, all: 2}, durationsOf(t, registry), cmp.AllowUnexported(durations{})); diff != "" {
		t.Errorf("a person's own delay is not the system's: %s", diff)
	}
	problems, err := testutil.GatherAndLint(registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
}

// durations of completed submissions: how many there are, and how many within LateAfter.
type durations struct{ within, all uint64 }

func durationsOf(t *testing.T, registry *prometheus.Registry) (d durations) {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "contact_operator_submission_duration_seconds" {
			continue
		}
		if len(f.GetMetric()) != len(ends) {
			t.Errorf("%d series, want one from the start for each end", len(f.GetMetric()))
		}
		for _, m := range f.GetMetric() {
			d.all += m.GetHistogram().GetSampleCount()
			for _, b := range m.GetHistogram().GetBucket() {
				if b.GetUpperBound() == LateAfter.Seconds() {
					d.within += b.GetCumulativeCount()
				}
			}
		}
	}
	return d
}
