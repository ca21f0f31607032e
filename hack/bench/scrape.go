package main

import (
	"context"
	"fmt"
	"net/http"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// metrics are those of one process, by name.
type metrics map[string]*dto.MetricFamily

func scrape(ctx context.Context, c *http.Client, url string) (metrics, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept-Encoding", "identity") // packing it would cost the process that is measured
	response, err := c.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", url, response.Status)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	return parser.TextToMetricFamilies(response.Body)
}

// sum adds the counters and gauges of one name that have these labels.
func (m metrics) sum(name string, labels map[string]string) float64 {
	total := 0.0
	for _, metric := range m[name].GetMetric() {
		if hasLabels(metric, labels) {
			total += metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
		}
	}
	return total
}

func hasLabels(m *dto.Metric, want map[string]string) bool {
	found := 0
	for _, l := range m.GetLabel() {
		if value, asked := want[l.GetName()]; asked && value == l.GetValue() {
			found++
		}
	}
	return found == len(want)
}

// requests are those that kube-apiserver served for the project's own resources. Watches are not among them.
type requests struct{ writes, reads, contactGets float64 }

func requestsOf(m metrics) requests {
	count := func(labels map[string]string, verbs ...string) (n float64) {
		labels["group"] = v1alpha1.GroupVersion.Group
		for _, verb := range verbs {
			labels["verb"] = verb
			n += m.sum("apiserver_request_total", labels)
		}
		return n
	}
	return requests{
		writes:      count(map[string]string{}, "POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"),
		reads:       count(map[string]string{}, "GET", "LIST"),
		contactGets: count(map[string]string{"resource": "contacts"}, "GET"),
	}
}

func (r requests) since(before requests) requests {
	return requests{writes: r.writes - before.writes, reads: r.reads - before.reads, contactGets: r.contactGets - before.contactGets}
}

func (r requests) per(submissions int) requests {
	n := float64(submissions)
	return requests{writes: r.writes / n, reads: r.reads / n, contactGets: r.contactGets / n}
}
