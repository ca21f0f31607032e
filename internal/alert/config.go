package alert

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

// Config says which alerts there are, from when on, and who is told.
type Config struct {
	// Alertmanagers are told of every alert, each of them: they share silences, not alerts.
	Alertmanagers []Alertmanager `json:"alertmanagers,omitempty"`
	// Labels are put on every alert, for routing: for example team or cluster.
	Labels map[string]string `json:"labels,omitempty"`
	// RunbookURL is what the links to the runbook begin with.
	RunbookURL string `json:"runbookURL,omitempty"`
	// EvaluateSeconds is the time between two looks at the state.
	EvaluateSeconds int `json:"evaluateSeconds,omitempty"`
	// ResendSeconds is the time between two sends while nothing changes.
	ResendSeconds int `json:"resendSeconds,omitempty"`
	// ValidSeconds is how long an alert lasts that nobody sends again: so long may the operator be away before Alertmanager
	// takes its alerts for ended.
	ValidSeconds int `json:"validSeconds,omitempty"`
	// KeepFiringSeconds is how long an incident has to be over before its alert ends, so that a system that recovers and fails in
	// turns makes one alert.
	KeepFiringSeconds int `json:"keepFiringSeconds,omitempty"`
	// Alerts by their names.
	Alerts Alerts `json:"alerts,omitzero"`
}

// Alertmanager is one peer.
type Alertmanager struct {
	// URL with the route prefix, if there is one: http://alertmanager-0.monitoring:9093
	URL string `json:"url"`
	// CAFile holds the certificates, PEM, that its certificate is checked with. Default: those of the system.
	CAFile string `json:"caFile,omitempty"`
	// BearerTokenFile holds a token for a proxy in front of it. This file and the next are read again for each call.
	BearerTokenFile string `json:"bearerTokenFile,omitempty"`
	// Username and PasswordFile are for basic authentication.
	Username     string `json:"username,omitempty"`
	PasswordFile string `json:"passwordFile,omitempty"`
}

// Alerts holds the thresholds of each alert.
type Alerts struct {
	LinkFailing           Rule `json:"ContactLinkFailing,omitzero"`
	LinkMisconfigured     Rule `json:"ContactLinkMisconfigured,omitzero"`
	PipelineMisconfigured Rule `json:"ContactPipelineMisconfigured,omitzero"`
	SubmissionsStalled    Rule `json:"ContactSubmissionsStalled,omitzero"`
	SubmissionsOverdue    Rule `json:"ContactSubmissionsOverdue,omitzero"`
	RejectionsSpike       Rule `json:"ContactRejectionsSpike,omitzero"`
	CanaryFailed          Rule `json:"ContactCanaryFailed,omitzero"`
	SpoolNotDraining      Rule `json:"ContactSpoolNotDraining,omitzero"`
	DeadLetters           Rule `json:"ContactDeadLetters,omitzero"`
	StorageNearlyFull     Rule `json:"ContactStorageNearlyFull,omitzero"`
}

// Rule is when something is an alert, and when it is critical.
type Rule struct {
	// Disabled switches the alert off.
	Disabled bool `json:"disabled,omitempty"`
	// AfterSeconds is how long it has to last.
	AfterSeconds int `json:"afterSeconds,omitempty"`
	// Count is how many have to be affected; percent of the quota for ContactStorageNearlyFull.
	Count int `json:"count,omitempty"`
	// CriticalAfterSeconds is how long it lasts when it becomes critical; 0: never by duration.
	CriticalAfterSeconds int `json:"criticalAfterSeconds,omitempty"`
	// CriticalCount is how many are affected when it becomes critical; 0: never by size.
	CriticalCount int `json:"criticalCount,omitempty"`
}

// severity of what began at since and affects so many; "" when it is no alert yet.
func (r Rule) severity(since, now time.Time, affected int) Severity {
	lasts := now.Sub(since)
	switch {
	case r.Disabled, lasts < seconds(r.AfterSeconds), affected < r.Count:
		return ""
	case r.CriticalAfterSeconds > 0 && lasts >= seconds(r.CriticalAfterSeconds),
		r.CriticalCount > 0 && affected >= r.CriticalCount:
		return Critical
	default:
		return Warning
	}
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// DefaultConfig is what a file changes.
func DefaultConfig() *Config {
	return &Config{
		RunbookURL:      "https://github.com/contact-operator/contact-operator/blob/main/docs/runbook",
		EvaluateSeconds: 5, ResendSeconds: 30, ValidSeconds: 300, KeepFiringSeconds: 120,
		Alerts: Alerts{
			LinkFailing:           Rule{AfterSeconds: 30, CriticalAfterSeconds: 1800, CriticalCount: 1000},
			LinkMisconfigured:     Rule{CriticalAfterSeconds: 900, CriticalCount: 100},
			PipelineMisconfigured: Rule{AfterSeconds: 30, CriticalAfterSeconds: 900},
			SubmissionsStalled:    Rule{Count: 1, CriticalCount: 100},
			SubmissionsOverdue:    Rule{Count: 1, CriticalAfterSeconds: 14400, CriticalCount: 1000},
			RejectionsSpike:       Rule{Count: 20, CriticalCount: 1000},
			CanaryFailed:          Rule{CriticalAfterSeconds: 1800},
			SpoolNotDraining:      Rule{AfterSeconds: 60, CriticalAfterSeconds: 1800, CriticalCount: 100000},
			DeadLetters:           Rule{Count: 1, CriticalCount: 100},
			StorageNearlyFull:     Rule{Count: 75, CriticalCount: 90},
		},
	}
}

// Load reads the file, if one is named, and adds Alertmanagers given by their URL alone.
func Load(file string, urls []string) (*Config, error) {
	c := DefaultConfig()
	if file != "" {
		content, err := os.ReadFile(file) //nolint:gosec // the administrator names it
		if err != nil {
			return nil, fmt.Errorf("--alert-config: %w", err)
		}
		if err := yaml.UnmarshalStrict(content, c); err != nil {
			return nil, fmt.Errorf("--alert-config: %s: %w", file, err)
		}
	}
	for _, u := range urls {
		c.Alertmanagers = append(c.Alertmanagers, Alertmanager{URL: u})
	}
	return c, c.validate()
}

// labelName is what every Alertmanager takes.
var validLabel = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

func (c *Config) validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("alerts: "+format, args...)) }
	seen := map[string]bool{}
	for _, a := range c.Alertmanagers {
		u, err := url.Parse(a.URL)
		switch {
		case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
			bad("an Alertmanager's address is not like http://alertmanager-0.monitoring:9093 or https://...")
			continue
		case u.User != nil || u.RawQuery != "" || u.Fragment != "":
			bad("the address of %s holds more than host and path: give credentials as username and passwordFile", u.Host)
		case seen[peerName(u)]:
			bad("%s is named twice", peerName(u))
		case a.BearerTokenFile != "" && a.Username != "":
			bad("%s has both a bearer token and a user name: give one", u.Host)
		case (a.Username == "") != (a.PasswordFile == ""):
			bad("%s needs both username and passwordFile", u.Host)
		}
		seen[peerName(u)] = true
	}
	reserved := []string{
		labelName, labelSeverity, labelNamespace, labelIntegration, labelPipeline, labelStage, labelClass, labelIntake,
	}
	for name := range c.Labels {
		if !validLabel.MatchString(name) || slices.Contains(reserved, name) {
			bad("label %q can't be added: it must be of letters, digits and _, and not one of %s", name, strings.Join(reserved, ", "))
		}
	}
	if u, err := url.Parse(c.RunbookURL); err != nil || u.Host == "" {
		bad("runbookURL %q is no address", c.RunbookURL)
	}
	if c.EvaluateSeconds < 1 || c.ResendSeconds < 1 || c.KeepFiringSeconds < 0 {
		bad("evaluateSeconds and resendSeconds must be 1 or more, keepFiringSeconds 0 or more")
	}
	if c.ValidSeconds < 4*c.ResendSeconds {
		bad("validSeconds (%d) must be at least four times resendSeconds (%d), or a lost send ends alerts", c.ValidSeconds, c.ResendSeconds)
	}
	return errors.Join(errs...)
}

// rule of an alert.
func (c *Config) rule(name Name) Rule {
	switch a := c.Alerts; name {
	case LinkFailing:
		return a.LinkFailing
	case LinkMisconfigured:
		return a.LinkMisconfigured
	case PipelineMisconfigured:
		return a.PipelineMisconfigured
	case SubmissionsStalled:
		return a.SubmissionsStalled
	case SubmissionsOverdue:
		return a.SubmissionsOverdue
	case RejectionsSpike:
		return a.RejectionsSpike
	case CanaryFailed:
		return a.CanaryFailed
	case SpoolNotDraining:
		return a.SpoolNotDraining
	case DeadLetters:
		return a.DeadLetters
	case StorageNearlyFull:
		return a.StorageNearlyFull
	default:
		return Rule{Disabled: true}
	}
}

func (c *Config) runbook(name Name) string {
	return strings.TrimSuffix(c.RunbookURL, "/") + "/" + string(name) + ".md"
}
