package alert

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// Name is the label alertname. Each has an entry of the same name in docs/runbook.
type Name string

// The alerts.
const (
	// LinkFailing: calls of an Integration fail for reasons that pass by themselves.
	LinkFailing Name = "ContactLinkFailing"
	// LinkMisconfigured: an Integration's credentials or settings are wrong; a person has to mend them.
	LinkMisconfigured Name = "ContactLinkMisconfigured"
	// PipelineMisconfigured: a ContactPipeline names an Integration that is missing or does not suit.
	PipelineMisconfigured Name = "ContactPipelineMisconfigured"
	// SubmissionsStalled: submissions can't move any more without a person.
	SubmissionsStalled Name = "ContactSubmissionsStalled"
	// SubmissionsOverdue: submissions take longer than their pipeline's alertAfterSeconds, and no other alert says why.
	SubmissionsOverdue Name = "ContactSubmissionsOverdue"
	// RejectionsSpike: many more addresses are rejected than usual.
	RejectionsSpike Name = "ContactRejectionsSpike"
	// CanaryFailed: a pipeline's made-up submission does not get through, and no other alert says why.
	CanaryFailed Name = "ContactCanaryFailed"
	// SpoolNotDraining: an intake's spool holds submissions that the API server does not take.
	SpoolNotDraining Name = "ContactSpoolNotDraining"
	// DeadLetters: an intake has set submissions aside that the API server refuses for good.
	DeadLetters Name = "ContactDeadLetters"
	// StorageNearlyFull: etcd comes close to its quota, at which it refuses every write.
	StorageNearlyFull Name = "ContactStorageNearlyFull"
)

// Names lists every alert.
var Names = []Name{
	LinkFailing, LinkMisconfigured, PipelineMisconfigured, SubmissionsStalled, SubmissionsOverdue, RejectionsSpike, CanaryFailed,
	SpoolNotDraining, DeadLetters, StorageNearlyFull,
}

// Severity is how soon a person is needed.
type Severity string

// Severities, the lower first.
const (
	// Warning: look at it today.
	Warning Severity = "warning"
	// Critical: look at it now.
	Critical Severity = "critical"
)

func (s Severity) worse(than Severity) bool { return s == Critical && than == Warning }

// Labels of an alert, besides the configured ones. They identify the incident, so they are few and hold nothing that changes
// while it lasts; and nothing personal.
const (
	labelName        = "alertname"
	labelSeverity    = "severity"
	labelNamespace   = "namespace"
	labelIntegration = "integration"
	labelPipeline    = "pipeline"
	labelStage       = "stage"
	labelClass       = "class"
	labelIntake      = "intake"
)

// Annotations of an alert: what changes while it lasts.
const (
	noteSummary     = "summary"
	noteDescription = "description"
	noteRunbook     = "runbook_url"
	noteCommand     = "command"
	noteAffected    = "affected"
	noteOldest      = "oldest_age"
	noteSince       = "since"
	noteLastFailure = "last_failure"
	noteNextProbe   = "next_probe"
	noteDrain       = "estimated_drain"
)

// Incident is one thing that is wrong.
type Incident struct {
	Name Name
	// Labels identify it, with Name.
	Labels map[string]string
	// Severity now. While it lasts, an incident's severity never falls.
	Severity Severity
	// Since is when it began: the same after a restart.
	Since time.Time
	// Affected is how many submissions it affects, as far as that is known.
	Affected int
	// Annotations say what is known of it now.
	Annotations map[string]string
}

// key identifies an incident.
func (i *Incident) key() string { return string(i.Name) + "\xff" + canonical(i.Labels) }

func canonical(labels map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		b.WriteString(name + "\xff" + labels[name] + "\xff")
	}
	return b.String()
}

// facts are what the rules note of an incident. Those that are not known are left out.
type facts struct {
	summary, description, command string
	affected                      int
	oldest                        time.Time
	failure                       *v1alpha1.StageFailure
	nextProbe                     time.Time
	drain                         *int32
}

func (f facts) annotations(c *Config, name Name, since, now time.Time) map[string]string {
	notes := map[string]string{
		noteSummary: f.summary, noteDescription: f.description, noteCommand: f.command,
		noteRunbook: c.runbook(name), noteSince: since.UTC().Format(time.RFC3339),
	}
	if f.affected > 0 {
		notes[noteAffected] = fmt.Sprint(f.affected)
	}
	if !f.oldest.IsZero() {
		notes[noteOldest] = span(now.Sub(f.oldest))
	}
	if f.failure != nil {
		notes[noteLastFailure] = strings.TrimSuffix(fmt.Sprintf("%s %s: %s",
			f.failure.Time.UTC().Format(time.RFC3339), f.failure.Class, f.failure.Message), ": ")
	}
	if f.nextProbe.After(now) {
		notes[noteNextProbe] = f.nextProbe.UTC().Format(time.RFC3339)
	}
	if f.drain != nil {
		notes[noteDrain] = span(time.Duration(*f.drain) * time.Second)
	}
	maps.DeleteFunc(notes, func(_, v string) bool { return v == "" })
	return notes
}

// span is a duration in the two largest units that it has.
func span(d time.Duration) string {
	d = max(d, 0)
	days, hours, minutes, seconds := int(d.Hours())/24, int(d.Hours())%24, int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case days > 0:
		return fmt.Sprintf("%dd%dh", days, hours)
	case hours > 0:
		return fmt.Sprintf("%dh%dm", hours, minutes)
	case minutes > 0:
		return fmt.Sprintf("%dm%ds", minutes, seconds)
	default:
		return fmt.Sprintf("%ds", seconds)
	}
}

// submissions is a number of them: "1 submission", "12 submissions".
func submissions(n int) string {
	if n == 1 {
		return "1 submission"
	}
	return fmt.Sprintf("%d submissions", n)
}

// sorted puts incidents into an order that does not depend on that of maps.
func sorted(all []Incident) []Incident {
	slices.SortFunc(all, func(a, b Incident) int { return cmp.Compare(a.key(), b.key()) })
	return all
}
