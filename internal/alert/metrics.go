package alert

import (
	"github.com/prometheus/client_golang/prometheus"
)

// Metrics of the alerts. The label peer is an Alertmanager's host and port.
type Metrics struct {
	up     *prometheus.GaugeVec
	sends  *prometheus.CounterVec
	firing *firing
}

// NewMetrics makes the metrics and registers them; their names begin with prefix, contact_operator or contact_intake.
func NewMetrics(registry prometheus.Registerer, prefix string, table *Table) (*Metrics, error) {
	m := &Metrics{
		up: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: prefix + "_alertmanager_up",
			Help: "Whether the last send to this Alertmanager succeeded: 1 or 0.",
		}, []string{"peer"}),
		sends: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: prefix + "_alertmanager_sends_total",
			Help: "Sends to this Alertmanager by how they ended: Sent, Unreachable, Unauthorized or Refused.",
		}, []string{"peer", "outcome"}),
		firing: &firing{table: table, desc: prometheus.NewDesc(prefix+"_alerts_firing",
			"Alerts that are on now, by name and severity.", []string{"alertname", "severity"}, nil)},
	}
	for _, c := range []prometheus.Collector{m.up, m.sends, m.firing} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *Metrics) sent(peer string, outcome Outcome) {
	m.sends.WithLabelValues(peer, string(outcome)).Inc()
	up := 0.0
	if outcome == Sent {
		up = 1
	}
	m.up.WithLabelValues(peer).Set(up)
}

// firing counts the alerts when it is read.
type firing struct {
	table *Table
	desc  *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (f *firing) Describe(descriptions chan<- *prometheus.Desc) { descriptions <- f.desc }

// Collect implements prometheus.Collector.
func (f *firing) Collect(metrics chan<- prometheus.Metric) {
	for k, n := range f.table.firing() {
		metrics <- prometheus.MustNewConstMetric(f.desc, prometheus.GaugeValue, float64(n), k[0], k[1])
	}
}
