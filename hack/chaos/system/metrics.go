package system

import (
	"context"
	"fmt"
	"io"
	"net/http"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"k8s.io/client-go/rest"
)

// Writes is how many times the API server was asked to change a submission or a Contact since its start, replays and refused
// ones included. After a restart of the API server it begins anew.
func (s *System) Writes(ctx context.Context) (int, error) {
	c, err := rest.HTTPClientFor(s.kube)
	if err != nil {
		return 0, err
	}
	families, err := scrape(ctx, c, s.kube.Host+"/metrics")
	if err != nil {
		return 0, err
	}
	reads := map[string]bool{"GET": true, "LIST": true, "WATCH": true, "WATCHLIST": true, "CONNECT": true}
	writes := 0.0
	for _, m := range families["apiserver_request_total"].GetMetric() {
		l := labels(m)
		if l["group"] == "contact-operator.io" && !reads[l["verb"]] && (l["resource"] == "contactsubmissions" || l["resource"] == "contacts") {
			writes += m.GetCounter().GetValue()
		}
	}
	return int(writes), nil
}

// IntakeMetric sums a metric of the intake over its labels. A metric that is not there is 0.
func (s *System) IntakeMetric(ctx context.Context, name string) (float64, error) {
	families, err := scrape(ctx, http.DefaultClient, "http://"+s.addresses["INTAKE_METRICS_ADDR"]+"/metrics")
	if err != nil {
		return 0, err
	}
	sum := 0.0
	for _, m := range families[name].GetMetric() {
		sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue()
	}
	return sum, nil
}

func scrape(ctx context.Context, c *http.Client, url string) (map[string]*dto.MetricFamily, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := c.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		_, _ = io.Copy(io.Discard, resp.Body)
		return nil, fmt.Errorf("%s answers %s", url, resp.Status)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	return parser.TextToMetricFamilies(resp.Body)
}

func labels(m *dto.Metric) map[string]string {
	l := map[string]string{}
	for _, pair := range m.GetLabel() {
		l[pair.GetName()] = pair.GetValue()
	}
	return l
}
