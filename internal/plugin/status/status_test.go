package status

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/plugin/screen"
)

var update = flag.Bool("update", false, "write the golden files")

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func pipeline(name string, change func(*v1alpha1.ContactPipelineSpec)) v1alpha1.ContactPipeline {
	ref := func(name string) v1alpha1.LocalReference { return v1alpha1.LocalReference{Name: name} }
	p := v1alpha1.ContactPipeline{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}, Spec: v1alpha1.ContactPipelineSpec{
		Validation: &v1alpha1.ValidationStage{IntegrationRef: ref("verifier")},
		Location:   &v1alpha1.IntegrationStage{IntegrationRef: ref("locator")},
		CRM:        &v1alpha1.IntegrationStage{IntegrationRef: ref("crm")},
		Marketing:  &v1alpha1.IntegrationStage{IntegrationRef: ref("marketing")},
	}}
	if change != nil {
		change(&p.Spec)
	}
	return p
}

func integration(name, reason, message string) v1alpha1.Integration {
	status := metav1.ConditionFalse
	if reason == v1alpha1.ReasonReady {
		status = metav1.ConditionTrue
	}
	return v1alpha1.Integration{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, Generation: 1},
		Status: v1alpha1.IntegrationStatus{Conditions: []metav1.Condition{{
			Type: v1alpha1.ConditionReady, Status: status, Reason: reason, Message: message, ObservedGeneration: 1,
			LastTransitionTime: metav1.NewTime(now.Add(-125 * time.Minute)),
		}}},
	}
}

func wellIntegrations() []v1alpha1.Integration {
	var all []v1alpha1.Integration
	for _, name := range []string{"verifier", "locator", "crm", "marketing"} {
		all = append(all, integration(name, v1alpha1.ReasonReady, ""))
	}
	return all
}

// submission has the reasons of its stages in order; "" is a condition that is not there.
func submission(pipeline string, age time.Duration, reasons ...string) *v1alpha1.ContactSubmission {
	s := &v1alpha1.ContactSubmission{ObjectMeta: metav1.ObjectMeta{
		Namespace: "shop", CreationTimestamp: metav1.NewTime(now.Add(-age)),
	}}
	s.Spec.PipelineRef.Name = pipeline
	for i, reason := range reasons {
		if reason == "" {
			continue
		}
		c := metav1.Condition{Type: string(v1alpha1.Stages[i]), Reason: reason, Status: metav1.ConditionUnknown}
		switch reason {
		case v1alpha1.ReasonDeliverable, v1alpha1.ReasonLocated, v1alpha1.ReasonSynced, v1alpha1.ReasonNotConfigured:
			c.Status = metav1.ConditionTrue
		case v1alpha1.ReasonNotFound:
			c.Status = metav1.ConditionFalse
		}
		s.Status.Conditions = append(s.Status.Conditions, c)
	}
	return s
}

func TestWaitsAt(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		s      *v1alpha1.ContactSubmission
		want   []int
	}{
		"new":             {"the operator has not picked it up", submission("p", 0), []int{0}},
		"gated":           {"the later ones wait for the first, not for their systems", submission("p", 0, "Retrying", "Pending", "Pending", "Pending"), []int{1}},
		"two systems":     {"it waits for both", submission("p", 0, "Deliverable", "Parked", "Retrying", "Synced"), []int{2, 3}},
		"strict order":    {"marketing's turn has not come", submission("p", 0, "Deliverable", "NotFound", "Throttled", "Pending"), []int{3}},
		"about to be":     {"the next stage is where it is", submission("p", 0, "Deliverable", "Pending", "Pending"), []int{2}},
		"misconfigured":   {"it waits until that is mended", submission("p", 0, "Misconfigured"), []int{1}},
		"half a status":   {"a condition that is missing is to come", submission("p", 0, "Deliverable", "Located"), []int{3}},
		"nothing to wait": {"all has ended", submission("p", 0, "Deliverable", "NotFound", "Synced", "Synced"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, waitsAt(tc.s)); diff != "" {
				t.Errorf("%s: %s", tc.reason, diff)
			}
		})
	}
}

func TestDraw(t *testing.T) {
	held := func(reason string) *v1alpha1.ContactSubmission {
		s := submission("trial", time.Hour, "Role")
		s.Status.Conditions = append(s.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionReady, Reason: reason})
		return s
	}
	suspended := true
	for name, tc := range map[string]struct {
		pipelines    []v1alpha1.ContactPipeline
		integrations []v1alpha1.Integration
		waiting      []*v1alpha1.ContactSubmission
		held         []*v1alpha1.ContactSubmission
		wantWeakest  string
	}{
		"well": {
			pipelines: []v1alpha1.ContactPipeline{pipeline("trial", nil)}, integrations: wellIntegrations(),
			waiting: []*v1alpha1.ContactSubmission{submission("trial", 3*time.Second)},
		},
		"one-sick-system": {
			pipelines: []v1alpha1.ContactPipeline{
				pipeline("newsletter", func(s *v1alpha1.ContactPipelineSpec) { s.Location = nil }),
				pipeline("trial", func(s *v1alpha1.ContactPipelineSpec) { s.Order = v1alpha1.OrderStrict }),
			},
			integrations: append(wellIntegrations()[:2],
				integration("crm", v1alpha1.ReasonFailing, "the service answered with status 503 (Service Unavailable)"),
				integration("marketing", v1alpha1.ReasonSuspended, "spec.suspend is set: submissions wait")),
			waiting: []*v1alpha1.ContactSubmission{
				submission("trial", 2*time.Hour, "Deliverable", "Located", "Retrying", "Pending"),
				submission("trial", time.Hour, "Deliverable", "Located", "Parked", "Pending"),
				submission("newsletter", 30*time.Minute, "Deliverable", "NotConfigured", "Parked", "Parked"),
			},
			held:        []*v1alpha1.ContactSubmission{held(v1alpha1.ReasonRejected), held(v1alpha1.ReasonStalled), held(v1alpha1.ReasonStalled)},
			wantWeakest: "Integration crm",
		},
		"operator-down": {
			pipelines:    []v1alpha1.ContactPipeline{pipeline("trial", nil)},
			integrations: append(wellIntegrations()[:3], integration("marketing", v1alpha1.ReasonUnauthorized, "the service refuses the credentials (401)")),
			waiting:      []*v1alpha1.ContactSubmission{submission("trial", 10*time.Minute), submission("trial", time.Minute)},
			wantWeakest:  "the operator",
		},
		"missing-and-long-names": {
			pipelines: []v1alpha1.ContactPipeline{
				pipeline("trial", func(s *v1alpha1.ContactPipelineSpec) {
					s.CRM.IntegrationRef.Name = "the-crm-of-the-northern-branch-office"
				}),
				pipeline("webinar", func(s *v1alpha1.ContactPipelineSpec) { s.Suspend = &suspended }),
			},
			integrations: wellIntegrations()[:2],
			waiting: []*v1alpha1.ContactSubmission{
				submission("gone", time.Hour, "Misconfigured"), submission("gone", time.Hour, "Misconfigured"),
				submission("trial", time.Minute, "Deliverable", "Located", "Misconfigured", "Synced"),
			},
			wantWeakest: "ContactPipeline gone",
		},
		"nothing": {},
	} {
		t.Run(name, func(t *testing.T) {
			counts := newTally()
			for _, s := range tc.waiting {
				counts.waiting(s)
			}
			for _, s := range tc.held {
				counts.held(s)
			}
			report := counts.report(tc.pipelines, tc.integrations, now)
			got := draw(report, screen.Style{}, now, false)
			golden(t, name, got)
			weakest := ""
			if len(report.Weak) > 0 {
				weakest = report.Weak[0].Name
			}
			if weakest != tc.wantWeakest {
				t.Errorf("the weakest is %q, want %q", weakest, tc.wantWeakest)
			}
			for _, line := range bytes.Split([]byte(got), []byte("\n")) {
				if width := screen.Width(string(line)); width > 100 {
					t.Errorf("a line is %d columns wide: %s", width, line)
				}
			}
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; go test -update writes it anew):\n%s", path, diff)
	}
}
