package app

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"

	"github.com/contact-operator/contact-operator/hack/metricsdoc"
)

// docs/metrics.md names every metric of the operator with its labels, and no other.
func TestMetricsAreDocumented(t *testing.T) {
	documented, err := metricsdoc.Read(filepath.Join("..", "..", "..", "docs", "metrics.md"), "contact_operator_")
	if err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	if _, err := newManager(&rest.Config{Host: "http://127.0.0.1:1"}, Options{
		MetricsAddr: "0", HealthAddr: "0", WritesInFlight: 1, Embedded: true, AlertmanagerURLs: []string{"http://alertmanager:9093"},
	}, registry); err != nil {
		t.Fatal(err)
	}
	for _, problem := range metricsdoc.Compare(documented, metricsdoc.Described(registry, "contact_operator_")) {
		t.Error(problem)
	}
}

func TestCertificateOfTheMetrics(t *testing.T) {
	tests := map[string]struct {
		reason  string
		options Options
		want    string
	}{
		"a key alone":         {"half of it is a mistake", Options{MetricsSecure: true, MetricsKeyFile: "x"}, "--metrics-tls-cert-file"},
		"files that are gone": {"a certificate of our own would look as if all were well", Options{MetricsSecure: true, MetricsCertFile: "x", MetricsKeyFile: "y"}, "no such file"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if _, _, err := metricsOptions(tc.options); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q: %s", err, tc.want, tc.reason)
			}
		})
	}
}
