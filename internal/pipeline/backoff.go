package pipeline

import (
	"time"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// A failed stage is tried again after a random time below a limit that doubles with each attempt, up to an hour, for as
// long as it takes. The least is a second, the unit that status keeps.
const (
	firstBackoff = 4 * time.Second
	maxBackoff   = time.Hour
)

func (p *pass) backoff(attempts int32) time.Duration {
	limit := maxBackoff
	if attempts < 20 { // beyond, the shift would overflow long after the cap
		limit = min(firstBackoff<<(attempts-1), maxBackoff)
	}
	return max(p.Jitter(limit), time.Second)
}

func failureOf(failures []v1alpha1.StageFailure, stage v1alpha1.Stage) *v1alpha1.StageFailure {
	for i := range failures {
		if failures[i].Stage == stage {
			return &failures[i]
		}
	}
	return nil
}

func totalAttempts(failures []v1alpha1.StageFailure) *int32 {
	var total int32
	for _, f := range failures {
		total += value(f.Attempts)
	}
	if total == 0 {
		return nil
	}
	return &total
}

func value(n *int32) int32 {
	if n == nil {
		return 0
	}
	return *n
}
