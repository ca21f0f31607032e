package controllers

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/tools/events"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// What goes wrong with a provider's data is a condition for as long as it lasts, and an event once.
func TestReportData(t *testing.T) {
	t.Parallel()
	built := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	recorder := events.NewFakeRecorder(10)
	r := &IntegrationReconciler{Recorder: recorder}
	integration := &v1alpha1.Integration{}
	for _, step := range []struct {
		reason        string
		data          *provider.Data
		wantCondition string // status reason message
		wantEvent     string // its beginning
	}{
		{"there is no data to speak of", nil, "", ""},
		{"all is well: nothing to tell", &provider.Data{Built: built}, "True Current made on 2026-11-02", ""},
		{"it has gone wrong", &provider.Data{Built: built, Fault: provider.DataUnreadable, Message: "it is torn"}, "False Unreadable it is torn", "Warning Unreadable it is torn"},
		{"it has been told", &provider.Data{Built: built, Fault: provider.DataUnreadable, Message: "it is torn"}, "False Unreadable it is torn", ""},
		{"it has gone wrong otherwise", &provider.Data{Built: built, Fault: provider.DataMissing, Message: "it is gone"}, "False Missing it is gone", "Warning Missing it is gone"},
		{"it is mended", &provider.Data{Built: built.Add(24 * time.Hour)}, "True Current made on 2026-11-03", "Normal Current made on 2026-11-03"},
		{"a newer one is nothing to tell", &provider.Data{Built: built.Add(48 * time.Hour)}, "True Current made on 2026-11-04", ""},
		{"another provider has none", nil, "", ""},
	} {
		r.reportData(integration, step.data)()
		got := ""
		if c := meta.FindStatusCondition(integration.Status.Conditions, v1alpha1.ConditionDataCurrent); c != nil {
			got = string(c.Status) + " " + c.Reason + " " + c.Message
		}
		if got != step.wantCondition {
			t.Errorf("%s: condition %q, want %q", step.reason, got, step.wantCondition)
		}
		event := ""
		select {
		case event = <-recorder.Events:
		default:
		}
		if (event == "") != (step.wantEvent == "") || !strings.HasPrefix(event, step.wantEvent) {
			t.Errorf("%s: event %q, want %q", step.reason, event, step.wantEvent)
		}
	}
}
