package story

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/plugin/person"
	"github.com/contact-operator/contact-operator/internal/plugin/screen"
)

var update = flag.Bool("update", false, "write the golden files")

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) metav1.Time { return metav1.NewTime(now.Add(-d)) }

func microAgo(d time.Duration) metav1.MicroTime { return metav1.NewMicroTime(now.Add(-d)) }

func condition(kind, reason, message string, status metav1.ConditionStatus, age time.Duration) metav1.Condition {
	return metav1.Condition{Type: kind, Reason: reason, Message: message, Status: status, LastTransitionTime: ago(age)}
}

func submission() *v1alpha1.ContactSubmission {
	received := microAgo(2 * time.Hour)
	return &v1alpha1.ContactSubmission{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "k3jfu2m5x7c4wq6ynzt5arb2de", CreationTimestamp: ago(2 * time.Hour)},
		Spec: v1alpha1.ContactSubmissionSpec{
			PipelineRef: v1alpha1.LocalReference{Name: "trial"},
			Contact:     v1alpha1.ContactFields{Email: "Ada@Example.com", Name: "Ada \x1b[31mExample", Country: "GB"},
			Attributes:  map[string]v1alpha1.AttributeValue{"plan": "pro", "event": "Fair"},
			Source:      v1alpha1.SubmissionSource{Channel: "trial-download", Page: "https://example.com/trial", ReceivedAt: &received},
			Consent:     &v1alpha1.SubmissionConsent{Marketing: v1alpha1.ConsentGranted, Statement: "Send me news."},
		},
	}
}

func trial() *v1alpha1.ContactPipeline {
	ref := func(name string) v1alpha1.LocalReference { return v1alpha1.LocalReference{Name: name} }
	return &v1alpha1.ContactPipeline{Spec: v1alpha1.ContactPipelineSpec{
		Validation: &v1alpha1.ValidationStage{IntegrationRef: ref("verifier")},
		Location:   &v1alpha1.IntegrationStage{IntegrationRef: ref("locator")},
		CRM:        &v1alpha1.IntegrationStage{IntegrationRef: ref("crm")},
		Marketing:  &v1alpha1.IntegrationStage{IntegrationRef: ref("marketing")},
	}}
}

func TestSubmission(t *testing.T) {
	inUTC(t)
	next := metav1.NewTime(now.Add(12 * time.Minute))
	crm := map[string]*v1alpha1.Integration{"crm": {Status: v1alpha1.IntegrationStatus{Conditions: []metav1.Condition{
		condition(v1alpha1.ConditionReady, v1alpha1.ReasonFailing, "connection refused", metav1.ConditionFalse, time.Hour),
	}}}}
	for name, change := range map[string]func(*v1alpha1.ContactSubmission){
		"new": func(*v1alpha1.ContactSubmission) {},
		"waiting": func(s *v1alpha1.ContactSubmission) {
			s.Annotations = map[string]string{v1alpha1.AnnotationRetry: "2026-11-23T11:59:59Z"}
			s.Status = v1alpha1.ContactSubmissionStatus{
				State: v1alpha1.StateActive, ContactName: "contact-of-ada",
				Conditions: []metav1.Condition{
					condition("Validated", v1alpha1.ReasonDeliverable, "", metav1.ConditionTrue, 2*time.Hour),
					condition("Located", v1alpha1.ReasonNotConfigured, "", metav1.ConditionTrue, 2*time.Hour),
					condition("CRMSynced", v1alpha1.ReasonRetrying, "Integration crm: connection refused", metav1.ConditionUnknown, 2*time.Hour),
					condition("MarketingSynced", v1alpha1.ReasonPending, "waits for CRMSynced", metav1.ConditionUnknown, 2*time.Hour),
					condition(v1alpha1.ConditionReady, v1alpha1.ReasonWaiting, "CRMSynced is Retrying", metav1.ConditionUnknown, 2*time.Hour),
				},
				Failures: []v1alpha1.StageFailure{{
					Stage: v1alpha1.StageCRMSynced, Integration: "crm", Class: "Transient", Message: "connection refused",
					Time: ago(3 * time.Minute), Attempts: new(int32(4)), NextAttemptTime: &next,
				}},
			}
		},
		"rejected": func(s *v1alpha1.ContactSubmission) {
			s.Status = v1alpha1.ContactSubmissionStatus{
				State: v1alpha1.StateHeld, ContactName: "contact-of-ada", Suggestion: "ada@example.org",
				Conditions: []metav1.Condition{
					condition("Validated", v1alpha1.ReasonDisposable, "", metav1.ConditionFalse, time.Hour),
					condition("Located", v1alpha1.ReasonSkipped, "Validated ended with Disposable", metav1.ConditionFalse, time.Hour),
					condition(v1alpha1.ConditionReady, v1alpha1.ReasonRejected, "the address is Disposable, which the pipeline rejects", metav1.ConditionFalse, time.Hour),
				},
			}
		},
		"completed": func(s *v1alpha1.ContactSubmission) {
			s.Annotations = map[string]string{v1alpha1.AnnotationAccept: "known customer"}
			s.Status = v1alpha1.ContactSubmissionStatus{
				State: v1alpha1.StateCompleted, ContactName: "contact-of-ada",
				Conditions: []metav1.Condition{
					condition("Validated", v1alpha1.ReasonAccepted, "the address is Role, which a person has accepted", metav1.ConditionTrue, time.Hour),
					condition("Located", v1alpha1.ReasonNotFound, "", metav1.ConditionFalse, time.Hour),
					condition("CRMSynced", v1alpha1.ReasonSynced, "", metav1.ConditionTrue, time.Hour),
					condition("MarketingSynced", v1alpha1.ReasonUnchanged, "", metav1.ConditionTrue, time.Hour),
					condition(v1alpha1.ConditionReady, v1alpha1.ReasonCompleted, "", metav1.ConditionTrue, time.Hour),
				},
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := submission()
			change(s)
			told := &teller{style: screen.Style{}, now: now}
			told.submission(s, trial(), crm)
			golden(t, "submission-"+name, told.String())
		})
	}
}

func ada() *v1alpha1.Contact {
	origin := v1alpha1.Origin{Submission: "first", Time: microAgo(48 * time.Hour)}
	field := func(value string) *v1alpha1.FieldValue { return &v1alpha1.FieldValue{Value: value, Origin: origin} }
	first, last := ago(48*time.Hour), ago(2*time.Hour)
	return &v1alpha1.Contact{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "contact-of-ada"},
		Spec: v1alpha1.ContactSpec{
			Email: "ada@example.com", Name: field("Ada Example"), Phone: field("+44 20 7946 0958"),
			Attributes: map[string]v1alpha1.FieldValue{"plan": {Value: "pro", Origin: v1alpha1.Origin{Submission: "second", Time: microAgo(2 * time.Hour)}}},
			Channels:   []string{"blog", "trial-download"},
			Consent:    &v1alpha1.ContactConsent{Marketing: v1alpha1.ConsentDenied, Origin: origin},
		},
		Status: v1alpha1.ContactStatus{
			Verdict:  &v1alpha1.ContactVerdict{Result: "Deliverable", Integration: "verifier", Time: microAgo(2 * time.Hour), Evidence: "mx", Mailbox: v1alpha1.MailboxFree},
			Location: &v1alpha1.ContactLocation{Country: "GB", Integration: "locator", Source: "Declared", Disagreement: "IP=FR", Phone: "+442079460958", FoundAt: ago(2 * time.Hour)},
			Syncs: []v1alpha1.ContactSync{
				{Stage: v1alpha1.StageCRMSynced, Integration: "crm", State: v1alpha1.SyncStateSynced, RemoteID: "crm-7", Time: ago(time.Hour)},
				{Stage: v1alpha1.StageMarketingSynced, Integration: "marketing", State: v1alpha1.SyncStateSuppressed, Time: ago(time.Hour)},
			},
			Submissions: new(int32(2)), FirstSeen: &first, LastSeen: &last,
		},
	}
}

func TestPerson(t *testing.T) {
	inUTC(t)
	receipt := &v1alpha1.ErasureReceipt{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "contact-of-ada"},
		Spec: v1alpha1.ErasureReceiptSpec{
			ErasedAt: microAgo(time.Hour), ExpiresAt: metav1.NewTime(now.Add(30 * 24 * time.Hour)), Outcome: v1alpha1.ErasurePartial,
			Submissions: new(int32(2)), Systems: []v1alpha1.SystemErasure{
				{Stage: v1alpha1.StageCRMSynced, Integration: "crm", ErasureResult: v1alpha1.ErasureResult{
					Result: v1alpha1.SystemErased, Kept: "backups, for 30 days", Time: ago(time.Hour),
				}},
				{Stage: v1alpha1.StageMarketingSynced, Integration: "marketing", ErasureResult: v1alpha1.ErasureResult{
					Result: v1alpha1.SystemNotSupported, Time: ago(time.Hour),
				}},
			},
		},
	}
	for name, p := range map[string]*person.Person{
		"known":  {Namespace: "shop", ContactName: "contact-of-ada", Contact: ada(), Submissions: []v1alpha1.ContactSubmission{*submission()}},
		"erased": {Namespace: "shop", ContactName: "contact-of-ada", Receipt: receipt},
	} {
		t.Run(name, func(t *testing.T) {
			told := &teller{style: screen.Style{}, now: now}
			told.person(p)
			golden(t, "person-"+name, told.String())
		})
	}
}

// inUTC fixes the zone that times are shown in, for one test.
func inUTC(t *testing.T) {
	zone := time.Local
	time.Local = time.UTC
	t.Cleanup(func() { time.Local = zone })
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
