package alert

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) metav1.Time { return metav1.NewTime(noon.Add(-d)) }

func integration(name, reason, message string, since time.Duration) v1alpha1.Integration {
	status := metav1.ConditionFalse
	if reason == v1alpha1.ReasonReady {
		status = metav1.ConditionTrue
	}
	return v1alpha1.Integration{
		ObjectMeta: metav1.ObjectMeta{Namespace: "web", Name: name},
		Status: v1alpha1.IntegrationStatus{Conditions: []metav1.Condition{
			{Type: v1alpha1.ConditionReady, Status: status, Reason: reason, Message: message, LastTransitionTime: ago(since)},
		}},
	}
}

func pipeline(name string, change ...func(*v1alpha1.ContactPipeline)) v1alpha1.ContactPipeline {
	stage := func(name string) *v1alpha1.IntegrationStage {
		return &v1alpha1.IntegrationStage{IntegrationRef: v1alpha1.LocalReference{Name: name}}
	}
	p := v1alpha1.ContactPipeline{
		ObjectMeta: metav1.ObjectMeta{Namespace: "web", Name: name},
		Spec: v1alpha1.ContactPipelineSpec{
			Validation: &v1alpha1.ValidationStage{IntegrationRef: v1alpha1.LocalReference{Name: "verifier"}},
			Location:   stage("locator"), CRM: stage("crm"), Marketing: stage("marketing"), AlertAfterSeconds: new(int32(3600)),
		},
	}
	for _, c := range change {
		c(&p)
	}
	return p
}

// submission of somebody whose data must be seen nowhere. Its conditions are reasons, in the order of the stages, then Ready.
func submission(age time.Duration, state v1alpha1.SubmissionState, since time.Duration, reasons string) v1alpha1.ContactSubmission {
	s := v1alpha1.ContactSubmission{
		ObjectMeta: metav1.ObjectMeta{Namespace: "web", Name: "q7secretname", CreationTimestamp: ago(age)},
		Spec: v1alpha1.ContactSubmissionSpec{
			PipelineRef: v1alpha1.LocalReference{Name: "trial"},
			Contact:     v1alpha1.ContactFields{Email: "ada@personal.example", Name: "Ada Personal", Phone: "+44 20 7946 0958"},
			Source:      v1alpha1.SubmissionSource{RemoteIP: "192.0.2.77"},
		},
		Status: v1alpha1.ContactSubmissionStatus{State: state, ContactName: "contacthash", Suggestion: "ada@suggested.example"},
	}
	types := []string{"Validated", "Located", "CRMSynced", "MarketingSynced", "Ready"}
	for i, reason := range strings.Fields(reasons) {
		status := metav1.ConditionUnknown
		switch reason {
		case "Deliverable", "Located", "Synced", "Completed":
			status = metav1.ConditionTrue
		case "InvalidData", "Conflict", "Role", "Disposable", "Skipped", "NotFound", "Rejected", "Stalled":
			status = metav1.ConditionFalse
		}
		s.Status.Conditions = append(s.Status.Conditions, metav1.Condition{
			Type: types[i], Status: status, Reason: reason, LastTransitionTime: ago(since),
		})
	}
	return s
}

func failedAt(s v1alpha1.ContactSubmission, stage v1alpha1.Stage, class v1alpha1.ErrorClass, message string, before time.Duration) v1alpha1.ContactSubmission {
	s.Status.Failures = append(s.Status.Failures, v1alpha1.StageFailure{Stage: stage, Class: class, Message: message, Time: ago(before)})
	return s
}

func times(n int, s v1alpha1.ContactSubmission) []v1alpha1.ContactSubmission {
	all := make([]v1alpha1.ContactSubmission, 0, n)
	for range n {
		all = append(all, *s.DeepCopy())
	}
	return all
}

// found is an incident in one line: name, severity, labels, and how many it affects.
func found(incidents []Incident) []string {
	lines := []string{}
	for _, i := range incidents {
		labels, _ := json.Marshal(i.Labels)
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s since %s %s", i.Name, i.Severity, labels, span(noon.Sub(i.Since)), i.Annotations[noteAffected])))
	}
	return lines
}

const (
	waitingForCRM = "Deliverable Located Retrying Synced Waiting"
	failing       = "the service reset the connection"
)

func TestCompute(t *testing.T) {
	suspended := func(p *v1alpha1.ContactPipeline) { p.Spec.Suspend = new(true) }
	withCanary := func(reason v1alpha1.CanaryReason, stage v1alpha1.Stage) func(*v1alpha1.ContactPipeline) {
		return func(p *v1alpha1.ContactPipeline) {
			p.Spec.Canary = &v1alpha1.CanarySpec{Email: "canary@personal.example"}
			p.Status.Canary = &v1alpha1.CanaryStatus{
				Submission: "q7canary", FailingSince: new(ago(2 * time.Minute)), Reason: reason, Stage: stage, CompletedTime: new(ago(9 * time.Minute)),
			}
		}
	}
	notReady := func(reason string, since time.Duration) func(*v1alpha1.ContactPipeline) {
		return func(p *v1alpha1.ContactPipeline) {
			p.Status.Conditions = []metav1.Condition{{Type: "Ready", Status: metav1.ConditionFalse, Reason: reason, LastTransitionTime: ago(since)}}
		}
	}
	const crm = `{"class":"Transient","integration":"crm","namespace":"web","stage":"CRMSynced"}`
	tests := map[string]struct {
		reason string
		state  State
		config func(*Config)
		want   []string
	}{
		"all is well": {
			reason: "a link that works and a submission under way are no alerts",
			state: State{
				Integrations: []v1alpha1.Integration{integration("crm", "Ready", "", time.Hour)}, Pipelines: []v1alpha1.ContactPipeline{pipeline("trial")},
				Submissions: times(3, submission(time.Minute, "Active", time.Minute, waitingForCRM)),
			},
			want: []string{},
		},
		"a link fails": {
			reason: "one alert, with what waits for it",
			state: State{
				Integrations: []v1alpha1.Integration{integration("crm", "Failing", failing, 5*time.Minute)}, Pipelines: []v1alpha1.ContactPipeline{pipeline("trial")},
				Submissions: times(12, submission(4*time.Minute, "Active", time.Minute, waitingForCRM)),
			},
			want: []string{"ContactLinkFailing warning " + crm + " since 5m0s 12"},
		},
		"it has only just begun to": {
			reason: "what passes within half a minute is not worth a person's time",
			state:  State{Integrations: []v1alpha1.Integration{integration("crm", "Failing", failing, 20*time.Second)}},
			want:   []string{},
		},
		"for long": {
			reason: "severity rises with duration",
			state: State{
				Integrations: []v1alpha1.Integration{integration("crm", "Failing", failing, 31*time.Minute)},
				Pipelines:    []v1alpha1.ContactPipeline{pipeline("trial")},
			},
			want: []string{"ContactLinkFailing critical " + crm + " since 31m0s"},
		},
		"for many": {
			reason: "and with size",
			state: State{
				Integrations: []v1alpha1.Integration{integration("crm", "Failing", failing, time.Minute)}, Pipelines: []v1alpha1.ContactPipeline{pipeline("trial")},
				Submissions: times(1000, submission(time.Minute, "Active", time.Minute, waitingForCRM)),
			},
			want: []string{"ContactLinkFailing critical " + crm + " since 1m0s 1000"},
		},
		"something waits for it that is overdue": {
			reason: "the cause is told, critically, and not the symptom a second time",
			state: State{
				Integrations: []v1alpha1.Integration{integration("crm", "Failing", failing, 5*time.Minute)}, Pipelines: []v1alpha1.ContactPipeline{pipeline("trial")},
				Submissions: times(2, submission(2*time.Hour, "Active", time.Minute, waitingForCRM)),
			},
			want: []string{"ContactLinkFailing critical " + crm + " since 5m0s 2"},
		},
		"its alert is switched off": {
			reason: "what nobody is told of explains nothing",
			state: State{
				Integrations: []v1alpha1.Integration{integration("crm", "Failing", failing, 5*time.Minute)}, Pipelines: []v1alpha1.ContactPipeline{pipeline("trial")},
				Submissions: times(2, submission(2*time.Hour, "Active", time.Minute, waitingForCRM)),
			},
			config: func(c *Config) { c.Alerts.LinkFailing.Disabled = true },
			want:   []string{`ContactSubmissionsOverdue warning {"namespace":"web","pipeline":"trial","stage":"CRMSynced"} since 1h0m 2`},
		},
		"credentials are refused": {
			reason: "that is the misconfigured alert and not the failing one",
			state: State{
				Integrations: []v1alpha1.Integration{integration("crm", "Unauthorized", "the service refuses the credentials (401)", time.Minute)},
				Pipelines:    []v1alpha1.ContactPipeline{pipeline("trial")},
				Submissions:  times(1, submission(time.Minute, "Active", time.Minute, "Deliverable Located Misconfigured Synced Waiting")),
			},
			want: []string{`ContactLinkMisconfigured warning {"class":"Auth","integration":"crm","namespace":"web","stage":"CRMSynced"} since 1m0s 1`},
		},
		"a Secret is missing": {
			reason: "critical after a quarter of an hour, as nobody else will mend it",
			state:  State{Integrations: []v1alpha1.Integration{integration("crm", "SecretNotFound", "Secret crm does not exist", time.Hour)}},
			want:   []string{`ContactLinkMisconfigured critical {"class":"Config","integration":"crm","namespace":"web"} since 1h0m`},
		},
		"an Integration is suspended": {
			reason: "as a person wanted; until what waits is overdue",
			state: State{
				Integrations: []v1alpha1.Integration{integration("crm", "Suspended", "", 5*time.Hour)}, Pipelines: []v1alpha1.ContactPipeline{pipeline("trial")},
				Submissions: times(1, submission(90*time.Minute, "Active", time.Minute, "Deliverable Located Parked Synced Waiting")),
			},
			want: []string{`ContactSubmissionsOverdue warning {"namespace":"web","pipeline":"trial","stage":"CRMSynced"} since 30m0s 1`},
		},
		"an Integration that serves two stages fails": {
			reason: "it has no one stage",
			state: State{
				Integrations: []v1alpha1.Integration{integration("crm", "Failing", failing, time.Minute)},
				Pipelines: []v1alpha1.ContactPipeline{pipeline("trial"), pipeline("blog", func(p *v1alpha1.ContactPipeline) {
					p.Spec.Marketing = p.Spec.CRM
				})},
			},
			want: []string{`ContactLinkFailing warning {"class":"Transient","integration":"crm","namespace":"web"} since 1m0s`},
		},
		"a pipeline names what does not exist": {
			reason: "one alert on the pipeline, none on what waits for it",
			state: State{
				Pipelines:   []v1alpha1.ContactPipeline{pipeline("trial", notReady("IntegrationNotFound", 20*time.Minute))},
				Submissions: times(2, submission(2*time.Hour, "Active", time.Minute, "Deliverable Located Misconfigured Synced Waiting")),
			},
			want: []string{`ContactPipelineMisconfigured critical {"class":"Config","namespace":"web","pipeline":"trial"} since 20m0s 2`},
		},
		"ten thousand are stalled": {
			reason: "one alert with their number",
			state: State{
				Pipelines:   []v1alpha1.ContactPipeline{pipeline("trial")},
				Submissions: times(10000, failedAt(submission(time.Hour, "Held", 10*time.Minute, "Deliverable Located InvalidData Synced Stalled"), "CRMSynced", "Invalid", "the service takes no such phone", time.Minute)),
			},
			want: []string{`ContactSubmissionsStalled critical {"class":"Invalid","namespace":"web","pipeline":"trial","stage":"CRMSynced"} since 10m0s 10000`},
		},
		"some stalled for other reasons": {
			reason: "each is mended in another way",
			state: State{
				Pipelines: []v1alpha1.ContactPipeline{pipeline("trial")},
				Submissions: append(times(1, submission(time.Hour, "Held", time.Minute, "Deliverable Located Synced Conflict Stalled")),
					submission(time.Hour, "Held", 2*time.Minute, "Held Pending Pending Pending Stalled")),
			},
			want: []string{
				`ContactSubmissionsStalled warning {"class":"Conflict","namespace":"web","pipeline":"trial","stage":"MarketingSynced"} since 1m0s 1`,
				`ContactSubmissionsStalled warning {"namespace":"web","pipeline":"trial","stage":"Validated"} since 2m0s 1`,
			},
		},
		"nothing was tried for hours": {
			reason: "the operator itself is stuck, or the pipeline suspended: the next stage is named",
			state: State{
				Pipelines:   []v1alpha1.ContactPipeline{pipeline("trial", suspended)},
				Submissions: times(2, submission(6*time.Hour, "", time.Minute, "")),
			},
			want: []string{`ContactSubmissionsOverdue critical {"namespace":"web","pipeline":"trial","stage":"Validated"} since 5h0m 2`},
		},
		"the pipeline was deleted": {
			reason: "its submissions are still somebody's business",
			state:  State{Submissions: times(1, submission(2*time.Hour, "Active", time.Minute, "Misconfigured Pending Pending Pending Waiting"))},
			want:   []string{`ContactSubmissionsOverdue warning {"namespace":"web","pipeline":"trial","stage":"Validated"} since 1h0m 1`},
		},
		"a pipeline's own patience": {
			reason: "alertAfterSeconds is what counts",
			state: State{
				Pipelines:   []v1alpha1.ContactPipeline{pipeline("trial", func(p *v1alpha1.ContactPipeline) { p.Spec.AlertAfterSeconds = new(int32(600)) })},
				Submissions: times(1, submission(11*time.Minute, "Active", time.Minute, waitingForCRM)),
			},
			want: []string{`ContactSubmissionsOverdue warning {"namespace":"web","pipeline":"trial","stage":"CRMSynced"} since 1m0s 1`},
		},
		"many rejections": {
			reason: "twenty in a quarter of an hour, with none before",
			state: State{
				Submissions: append(times(20, submission(time.Hour, "Held", 10*time.Minute, "Disposable Skipped Skipped Skipped Rejected")),
					times(3, submission(time.Hour, "Held", 48*time.Hour, "Role Skipped Skipped Skipped Rejected"))...),
			},
			want: []string{`ContactRejectionsSpike warning {"namespace":"web","pipeline":"trial","stage":"Validated"} since 10m0s 20`},
		},
		"as many rejections as always": {
			reason: "twenty in a quarter of an hour are usual here",
			state: State{
				Submissions: append(times(20, submission(time.Hour, "Held", 10*time.Minute, "Disposable Skipped Skipped Skipped Rejected")),
					times(2000, submission(24*time.Hour, "Held", 5*time.Hour, "Role Skipped Skipped Skipped Rejected"))...),
			},
			want: []string{},
		},
		"the canary is late": {
			reason: "and no link knows why",
			state:  State{Pipelines: []v1alpha1.ContactPipeline{pipeline("trial", withCanary(v1alpha1.CanaryLate, "CRMSynced"))}},
			want:   []string{`ContactCanaryFailed warning {"namespace":"web","pipeline":"trial"} since 2m0s`},
		},
		"the canary waits for a link that fails": {
			reason: "one incident, one alert",
			state: State{
				Integrations: []v1alpha1.Integration{integration("crm", "Failing", failing, 5*time.Minute)},
				Pipelines:    []v1alpha1.ContactPipeline{pipeline("trial", withCanary(v1alpha1.CanaryLate, "CRMSynced"))},
			},
			want: []string{"ContactLinkFailing warning " + crm + " since 5m0s"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			config := DefaultConfig()
			if tc.config != nil {
				tc.config(config)
			}
			incidents := Compute(config, tc.state, noon)
			if diff := cmp.Diff(tc.want, found(incidents)); diff != "" {
				t.Errorf("%s: %s", tc.reason, diff)
			}
			expectWellFormed(t, incidents)
		})
	}
}

func TestComputeIntake(t *testing.T) {
	base := IntakeState{Name: "contact-intake-0", Namespace: "contact-operator-system"}
	tests := map[string]struct {
		reason string
		change func(*IntakeState)
		want   []string
	}{
		"all is well": {reason: "nothing to tell", change: func(*IntakeState) {}, want: []string{}},
		"a short burst": {
			reason: "that is what the spool is for",
			change: func(s *IntakeState) { s.Spooled, s.OldestSpooled = 900, noon.Add(-30*time.Second) }, want: []string{},
		},
		"the spool does not drain": {
			reason: "what lies there for more than a minute",
			change: func(s *IntakeState) { s.Spooled, s.OldestSpooled = 7, noon.Add(-2*time.Minute) },
			want:   []string{`ContactSpoolNotDraining warning {"intake":"contact-intake-0","namespace":"contact-operator-system"} since 2m0s 7`},
		},
		"dead letters": {
			reason: "one is enough",
			change: func(s *IntakeState) { s.DeadLetters, s.OldestDead = 1, noon },
			want:   []string{`ContactDeadLetters warning {"intake":"contact-intake-0","namespace":"contact-operator-system"} since 0s 1`},
		},
		"etcd fills up": {
			reason: "the cluster's business, not this intake's",
			change: func(s *IntakeState) { s.QuotaPercent, s.QuotaSince = 91, noon.Add(-time.Minute) },
			want:   []string{`ContactStorageNearlyFull critical {} since 1m0s`},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := base
			tc.change(&s)
			incidents := ComputeIntake(DefaultConfig(), s, noon)
			if diff := cmp.Diff(tc.want, found(incidents)); diff != "" {
				t.Errorf("%s: %s", tc.reason, diff)
			}
			expectWellFormed(t, incidents)
		})
	}
}

// expectWellFormed checks what holds for every alert: a summary, a command, a link to an entry that exists, and nothing of what
// people have sent.
func expectWellFormed(t *testing.T, incidents []Incident) {
	t.Helper()
	for _, i := range incidents {
		for _, note := range []string{noteSummary, noteDescription, noteCommand, noteRunbook, noteSince} {
			if i.Annotations[note] == "" {
				t.Errorf("%s has no %s", i.Name, note)
			}
		}
		if len(i.Labels) > 4 {
			t.Errorf("%s has many labels: %v", i.Name, i.Labels)
		}
	}
	whole, err := json.Marshal(incidents)
	if err != nil {
		t.Fatal(err)
	}
	for _, personal := range []string{"personal", "ada@", "Ada", "7946", "192.0.2", "contacthash", "q7secretname", "suggested"} {
		if strings.Contains(string(whole), personal) {
			t.Errorf("%s is in an alert: %s", personal, whole)
		}
	}
}

func TestFacts(t *testing.T) {
	i := integration("crm", "Failing", failing, 5*time.Minute)
	i.Status.Waiting, i.Status.DrainSeconds = new(int32(40)), new(int32(95))
	i.Status.NextProbeTime = new(metav1.NewTime(noon.Add(20 * time.Second)))
	i.Status.OldestWaitingSince = new(ago(26 * time.Hour))
	s := failedAt(submission(time.Minute, "Active", time.Minute, waitingForCRM), "CRMSynced", "Transient", failing, 10*time.Second)
	incidents := Compute(DefaultConfig(), State{
		Integrations: []v1alpha1.Integration{i}, Pipelines: []v1alpha1.ContactPipeline{pipeline("trial")}, Submissions: times(1, s),
	}, noon)
	if len(incidents) != 1 {
		t.Fatalf("found %v", found(incidents))
	}
	want := map[string]string{
		"summary":     "Integration crm has been failing for 5m0s; 40 submissions wait for it",
		"description": "Last seen: the service reset the connection. Nothing is lost: what waits goes on by itself when the system answers again.",
		"command":     "kubectl -n web describe integration crm",
		"runbook_url": "https://github.com/contact-operator/contact-operator/blob/main/docs/runbook/ContactLinkFailing.md",
		"affected":    "40", "oldest_age": "1d2h", "since": "2026-11-02T11:55:00Z",
		"last_failure": "2026-11-02T11:59:50Z Transient: the service reset the connection",
		"next_probe":   "2026-11-02T12:00:20Z", "estimated_drain": "1m35s",
	}
	if diff := cmp.Diff(want, incidents[0].Annotations); diff != "" {
		t.Error(diff)
	}
}

func TestEveryAlertHasThresholds(t *testing.T) {
	for _, name := range Names {
		if DefaultConfig().rule(name) == (Rule{Disabled: true}) {
			t.Errorf("%s has no thresholds", name)
		}
	}
}
