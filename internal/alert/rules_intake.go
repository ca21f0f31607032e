package alert

import (
	"fmt"
	"time"
)

// IntakeState is what an intake knows of itself. It lies on its own disk, so each intake tells of its own.
type IntakeState struct {
	// Name of the intake: stable across restarts, as a StatefulSet's pods have it.
	Name string
	// Namespace of the intake.
	Namespace string
	// SpoolDir is the folder of its spool.
	SpoolDir string
	// Spooled submissions that wait for the API server, and when the oldest of them was accepted.
	Spooled       int
	OldestSpooled time.Time
	// DeadLetters that the API server refuses for good, and when the first of them was set aside.
	DeadLetters int
	OldestDead  time.Time
	// QuotaPercent is how much of etcd's quota is used, 0 when it is not known; QuotaSince since when it is as much as it is an
	// alert.
	QuotaPercent int
	QuotaSince   time.Time
}

// ComputeIntake says what is wrong with an intake.
func ComputeIntake(config *Config, s IntakeState, now time.Time) []Incident {
	r := &rules{config: config, now: now}
	labels := func() map[string]string { return map[string]string{labelNamespace: s.Namespace, labelIntake: s.Name} }
	if s.Spooled > 0 {
		r.add(SpoolNotDraining, config.rule(SpoolNotDraining).severity(s.OldestSpooled, now, s.Spooled), s.OldestSpooled, labels(), facts{
			summary: fmt.Sprintf("Intake %s keeps %s on its disk that the API server does not take, the oldest for %s",
				s.Name, submissions(s.Spooled), span(now.Sub(s.OldestSpooled))),
			description: "They are safe and go on by themselves. The intake answers 503 once its disk is full.",
			command:     fmt.Sprintf("kubectl -n %s logs %s --tail=50", s.Namespace, s.Name),
			affected:    s.Spooled, oldest: s.OldestSpooled,
		})
	}
	if s.DeadLetters > 0 {
		r.add(DeadLetters, config.rule(DeadLetters).severity(s.OldestDead, now, s.DeadLetters), s.OldestDead, labels(), facts{
			summary:     fmt.Sprintf("Intake %s has set aside %s that the API server refuses", s.Name, submissions(s.DeadLetters)),
			description: "They are kept on its disk, and nobody processes them before a person has looked. Its log says why each was refused.",
			command:     fmt.Sprintf("kubectl -n %s exec %s -- /contact-intake spool list --spool-dir=%s", s.Namespace, s.Name, s.SpoolDir),
			affected:    s.DeadLetters, oldest: s.OldestDead,
		})
	}
	if s.QuotaPercent > 0 {
		// The cluster has one etcd, however many intakes tell of it.
		r.add(StorageNearlyFull, config.rule(StorageNearlyFull).severity(s.QuotaSince, now, s.QuotaPercent), s.QuotaSince, map[string]string{}, facts{
			summary:     fmt.Sprintf("etcd has used %d %% of its quota; at 100 %% the whole cluster refuses every write", s.QuotaPercent),
			description: "Submissions then wait in the spools. Shorten the retention, defragment etcd, or raise its quota.",
			command:     "kubectl get --raw /metrics | grep apiserver_storage_size_bytes",
		})
	}
	return sorted(r.incidents)
}
