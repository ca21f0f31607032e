package controllers

import (
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/contact-operator/contact-operator/internal/link"
)

// statusInterval is the least time between two writes of figures into one object's status.
const statusInterval = 10 * time.Second

// statusPace remembers when the status of which object was last written.
type statusPace struct {
	mu   sync.Mutex
	last map[link.Key]time.Time
}

// wait is how long the next write has to wait.
func (p *statusPace) wait(key link.Key, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	last, known := p.last[key]
	if !known {
		return 0
	}
	return max(0, min(statusInterval, last.Add(statusInterval).Sub(now)))
}

func (p *statusPace) wrote(key link.Key, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last == nil {
		p.last = make(map[link.Key]time.Time)
	}
	p.last[key] = now
}

func (p *statusPace) forget(key link.Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.last, key)
}

// rounded is a figure for a status, nil for none: its two first digits, so that it does not change all the time.
func rounded[N int | int64](n N) *int32 {
	if n <= 0 {
		return nil
	}
	unit := N(1)
	for n/unit >= 100 {
		unit *= 10
	}
	n = min((n+unit/2)/unit*unit, 2_000_000_000)
	return new(int32(n)) //nolint:gosec // bounded in the line above
}

// timeOf is a time for a status, nil for none.
func timeOf(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	return new(metav1.NewTime(t.Truncate(time.Second)))
}
