package intake

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/go-logr/logr"

	"github.com/contact-operator/contact-operator/internal/alert"
	"github.com/contact-operator/contact-operator/internal/intake/spool"
)

// ownNamespace is where Kubernetes tells a Pod its namespace.
const ownNamespace = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// newAlerts prepares a part that tells Alertmanager of what only this intake knows: what is on its disk. It returns nil when
// nobody is to be told.
func newAlerts(o Options, front *front, m *metrics, log logr.Logger) (func(context.Context) error, error) {
	config, err := alert.Load(o.AlertConfig, o.AlertmanagerURLs)
	if err != nil || len(config.Alertmanagers) == 0 {
		return nil, err
	}
	self, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("the machine has no name, which alerts need: %w", err)
	}
	namespace, _ := os.ReadFile(ownNamespace) // there is none outside of a cluster
	log = log.WithName("alerts")
	table := alert.NewTable(config)
	metrics, err := alert.NewMetrics(m.registry, "contact_intake", table)
	if err != nil {
		return nil, err
	}
	sender, err := alert.NewSender(config, table, metrics, func(n alert.Notice) {
		if n.Outcome == alert.Sent {
			log.Info("an Alertmanager takes alerts again", "peer", n.Peer)
			return
		}
		log.Error(nil, "an Alertmanager can't be told of alerts; it is tried again, and the others are told", "peer", n.Peer, "reason", n.Message)
	})
	if err != nil {
		return nil, err
	}
	facts := &alertFacts{
		name: self, namespace: strings.TrimSpace(string(namespace)), dir: o.SpoolDir,
		figures: front.store.Figures, percent: front.pressure.percent.Load, threshold: int64(config.Alerts.StorageNearlyFull.Count),
	}
	watch := &alert.Watch{
		Find: func(_ context.Context, now time.Time) ([]alert.Incident, error) {
			return alert.ComputeIntake(config, facts.now(now), now), nil
		},
		Interval: time.Duration(config.EvaluateSeconds) * time.Second, Table: table, Sender: sender, Log: log,
	}
	return watch.Start, nil
}

// alertFacts gathers what alerts are computed from, and remembers since when.
type alertFacts struct {
	name, namespace, dir string
	figures              func() spool.Figures
	percent              func() int64
	threshold            int64

	deadSince, fullSince time.Time
}

func (f *alertFacts) now(now time.Time) alert.IntakeState {
	figures, dead, percent := f.figures(), 0, f.percent()
	for _, n := range figures.Dead {
		dead += n
	}
	since(&f.deadSince, dead > 0, now)
	since(&f.fullSince, percent >= f.threshold, now)
	return alert.IntakeState{
		Name: f.name, Namespace: f.namespace, SpoolDir: f.dir,
		Spooled: int(figures.Pending), OldestSpooled: figures.OldestReceivedAt,
		DeadLetters: dead, OldestDead: f.deadSince, QuotaPercent: int(percent), QuotaSince: f.fullSince,
	}
}

// since notes when something began that is so now.
func since(began *time.Time, is bool, now time.Time) {
	switch {
	case !is:
		*began = time.Time{}
	case began.IsZero():
		*began = now
	}
}
