package alert

import (
	"context"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
)

// incidents are what the rules find wrong at the moment when the metrics are read, for those who are told by Prometheus: so both
// ways tell the same story. Who pushes directly needs no rule for it.
type incidents struct {
	find func(ctx context.Context, now time.Time) ([]Incident, error)
	log  logr.Logger
	desc *prometheus.Desc
}

// incidentLabels identify an incident, as they do an alert.
var incidentLabels = []string{
	labelName, labelSeverity, labelNamespace, labelIntegration, labelPipeline, labelStage, labelClass,
}

// readWithin is how long a look may take: less than any scrape is given.
const readWithin = 5 * time.Second

// NewIncidents makes a collector of what find finds.
func NewIncidents(find func(ctx context.Context, now time.Time) ([]Incident, error), log logr.Logger) prometheus.Collector {
	return &incidents{find: find, log: log, desc: prometheus.NewDesc("contact_operator_incident_submissions",
		"How many submissions an incident affects, 0 where that can't be told. There is a series for as long as the incident lasts.",
		incidentLabels, nil)}
}

// Describe implements prometheus.Collector.
func (i *incidents) Describe(descriptions chan<- *prometheus.Desc) { descriptions <- i.desc }

// Collect implements prometheus.Collector.
func (i *incidents) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readWithin)
	defer cancel()
	found, err := i.find(ctx, time.Now())
	if err != nil {
		i.log.Error(err, "What is wrong can't be told; incidents are missing from this scrape")
		return
	}
	for _, incident := range found {
		values := []string{string(incident.Name), string(incident.Severity)}
		for _, label := range incidentLabels[2:] {
			values = append(values, incident.Labels[label])
		}
		metrics <- prometheus.MustNewConstMetric(i.desc, prometheus.GaugeValue, float64(incident.Affected), values...)
	}
}
