package export

import (
	"bytes"
	"encoding/csv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

func ada() *v1alpha1.Contact {
	seen := metav1.NewTime(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	return &v1alpha1.Contact{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "id"},
		Spec: v1alpha1.ContactSpec{
			Email: "ada@example.com", Name: &v1alpha1.FieldValue{Value: "=cmd|' /C calc'!A1"}, Phone: &v1alpha1.FieldValue{Value: "+44 20"},
			Company:    &v1alpha1.FieldValue{Value: "Two\nLines, \"Ltd\""},
			Attributes: map[string]v1alpha1.FieldValue{"plan": {Value: "pro"}}, Channels: []string{"blog", "event"},
			Consent: &v1alpha1.ContactConsent{Marketing: v1alpha1.ConsentDenied, AnsweredAt: seen},
		},
		Status: v1alpha1.ContactStatus{
			Verdict: &v1alpha1.ContactVerdict{Result: "Deliverable"}, Location: &v1alpha1.ContactLocation{Country: "GB"},
			Syncs:       []v1alpha1.ContactSync{{Stage: v1alpha1.StageCRMSynced, State: v1alpha1.SyncStateSynced}},
			Submissions: new(int32(3)), FirstSeen: &seen, LastSeen: &seen,
		},
	}
}

func TestCSV(t *testing.T) {
	var out bytes.Buffer
	write, err := writer("csv", &out)
	if err != nil {
		t.Fatal(err)
	}
	if err := write(ada()); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"shop", "id", "ada@example.com", "'=cmd|' /C calc'!A1", "Two\nLines, \"Ltd\"", "'+44 20", "", "GB", "blog event", "Denied", "",
		"2026-11-23T12:00:00Z", "Deliverable", "Synced", "", "3", "2026-11-23T12:00:00Z", "2026-11-23T12:00:00Z", `{"plan":"pro"}`,
	}
	if diff := cmp.Diff([][]string{header, want}, rows); diff != "" {
		t.Error(diff)
	}
}

func TestJSONLines(t *testing.T) {
	var out bytes.Buffer
	write, err := writer("jsonl", &out)
	if err != nil {
		t.Fatal(err)
	}
	if err := write(ada()); err != nil {
		t.Fatal(err)
	}
	want := `{"namespace":"shop","id":"id","email":"ada@example.com","name":"=cmd|' /C calc'!A1","company":"Two\nLines, \"Ltd\"",` +
		`"phone":"+44 20","location":"GB","channels":["blog","event"],"consent":"Denied","consentAt":"2026-11-23T12:00:00Z",` +
		`"verdict":"Deliverable","crm":"Synced","submissions":3,"firstSeen":"2026-11-23T12:00:00Z","lastSeen":"2026-11-23T12:00:00Z",` +
		`"attributes":{"plan":"pro"}}` + "\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestUnknownOutput(t *testing.T) {
	if _, err := writer("xlsx", &bytes.Buffer{}); err == nil {
		t.Error("want an error")
	}
}
