package app

import (
	"cmp"
	"context"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/internal/alert"
	"github.com/contact-operator/contact-operator/internal/canary"
)

// addAlerts makes a metric of what is wrong, and the leader tell Alertmanager, if there is one.
func addAlerts(mgr ctrl.Manager, o Options, registry prometheus.Registerer, recorder events.EventRecorder) error {
	config, err := alert.Load(o.AlertConfig, o.AlertmanagerURLs)
	if err != nil {
		return err
	}
	log := ctrl.Log.WithName("alerts")
	cache := mgr.GetCache()
	find := func(ctx context.Context, now time.Time) ([]alert.Incident, error) {
		state, err := alert.Read(ctx, cache)
		return alert.Compute(config, state, now), err
	}
	if err := registry.Register(alert.NewIncidents(find, log)); err != nil {
		return err
	}
	if len(config.Alertmanagers) == 0 {
		return nil
	}
	table := alert.NewTable(config)
	metrics, err := alert.NewMetrics(registry, "contact_operator", table)
	if err != nil {
		return err
	}
	self := selfReference()
	sender, err := alert.NewSender(config, table, metrics, func(n alert.Notice) {
		if n.Outcome == alert.Sent {
			log.Info("An Alertmanager takes alerts again", "peer", n.Peer)
			recorder.Eventf(self, nil, corev1.EventTypeNormal, "AlertmanagerReached", "Alert", "Alertmanager %s takes alerts again", n.Peer)
			return
		}
		log.Error(nil, "An Alertmanager can't be told of alerts; it is tried again, and the others are told", "peer", n.Peer, "reason", n.Message)
		recorder.Eventf(self, nil, corev1.EventTypeWarning, "Alertmanager"+string(n.Outcome), "Alert",
			"Alertmanager %s can't be told of alerts: %s", n.Peer, n.Message)
	})
	if err != nil {
		return err
	}
	return mgr.Add(&alert.Watch{
		Find: find, Interval: time.Duration(config.EvaluateSeconds) * time.Second, Table: table, Sender: sender, Log: log,
	})
}

// selfReference is what events about the operator itself are on: its Pod, as the downward API names it, else the namespace
// "default".
func selfReference() client.Object {
	name, namespace := os.Getenv("POD_NAME"), os.Getenv("POD_NAMESPACE")
	if name == "" || namespace == "" {
		return &corev1.Namespace{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: metav1.ObjectMeta{Name: metav1.NamespaceDefault},
		}
	}
	return &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace, UID: types.UID(os.Getenv("POD_UID"))},
	}
}

// addCanaries makes the leader send the pipelines' canaries. Without the intake's address, none is sent.
func addCanaries(mgr ctrl.Manager, o Options) error {
	if o.IntakeURL == "" {
		return nil
	}
	door, err := canary.NewDoor(o.IntakeURL)
	if err != nil {
		return err
	}
	return mgr.Add(&canary.Runner{
		Cache: mgr.GetCache(), Direct: mgr.GetAPIReader(), Client: mgr.GetClient(), Door: door,
		Interval: cmp.Or(o.CanaryInterval, 2*time.Second), Log: ctrl.Log.WithName("canary"),
	})
}
