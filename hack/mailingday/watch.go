package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/hack/chaos/system"
	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

// look is what there was to see at one time.
type look struct {
	at    time.Time
	stats map[server.Service]server.ServiceStats
}

// state is what an Integration said of itself, from a time on.
type state struct {
	at            time.Time
	ready, reason string
}

// watch looks at the system, remembers, and shows it.
type watch struct {
	system *system.System
	screen *screen
	day    *day

	mu     sync.Mutex
	looks  []look
	states []state // of the marketing system's Integration, one after the other
}

const (
	lookEvery = 50 * time.Millisecond
	showEvery = 500 * time.Millisecond
)

func (w *watch) run(ctx context.Context) error {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	shown := time.Time{}
	for {
		stats, err := w.system.Stats(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		w.mu.Lock()
		w.looks = append(w.looks, look{time.Now(), stats})
		w.mu.Unlock()
		if time.Since(shown) >= showEvery {
			shown = time.Now()
			if err := w.show(ctx, stats); err != nil && ctx.Err() == nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// mark notes the time of something that happens, and says it.
func (w *watch) mark(at *time.Time, what string) {
	w.mu.Lock()
	*at = time.Now()
	w.mu.Unlock()
	w.screen.say(fmt.Sprintf("%4.0f s  %s", time.Since(w.day.begun).Seconds(), what))
}

func (w *watch) show(ctx context.Context, stats map[server.Service]server.ServiceStats) error {
	var list v1alpha1.IntegrationList
	if err := w.system.Client.List(ctx, &list, client.InNamespace(namespace)); err != nil {
		return err
	}
	byName := map[string]*v1alpha1.Integration{}
	for i := range list.Items {
		byName[list.Items[i].Name] = &list.Items[i]
	}
	if m := byName["marketing"]; m != nil {
		w.remember(m)
	}
	lines := []string{bar(time.Since(w.day.begun), w.day.sender.Accepted(), w.day.posts)}
	lines = append(lines, heading())
	for _, service := range server.Services() {
		if i := byName[string(service)]; i != nil {
			lines = append(lines, row(i, stats[service], w.pace(service)))
		}
	}
	w.screen.show(lines)
	return nil
}

// remember keeps what an Integration says of itself, when it says something new.
func (w *watch) remember(i *v1alpha1.Integration) {
	c := meta.FindStatusCondition(i.Status.Conditions, v1alpha1.ConditionReady)
	if c == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.states); n == 0 || w.states[n-1].ready != string(c.Status) {
		w.states = append(w.states, state{time.Now(), string(c.Status), c.Reason})
	}
}

// pace is how many records a second a service took lately.
func (w *watch) pace(service server.Service) float64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	const back = 2 * time.Second
	last := w.looks[len(w.looks)-1]
	for i := len(w.looks) - 1; i >= 0; i-- {
		if first := w.looks[i]; last.at.Sub(first.at) >= back || i == 0 && last.at.After(first.at) {
			return float64(last.stats[service].Records-first.stats[service].Records) / last.at.Sub(first.at).Seconds()
		}
	}
	return 0
}

// at returns the first look from a time on, or the last one.
func (w *watch) at(t time.Time) look {
	for _, l := range w.looks {
		if !l.at.Before(t) {
			return l
		}
	}
	return w.looks[len(w.looks)-1]
}
