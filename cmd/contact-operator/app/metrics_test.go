package app

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/hack/metricsdoc"
)

// docs/metrics.md names every metric of the operator with its labels, and no other.
func TestMetricsAreDocumented(t *testing.T) {
	documented, err := metricsdoc.Read(filepath.Join("..", "..", "..", "docs", "metrics.md"), "contact_operator_")
	if err != nil {
		t.Fatal(err)
	}
	api := httptest.NewServer(discovery(t))
	defer api.Close()
	registry := prometheus.NewRegistry()
	if _, err := newManager(&rest.Config{Host: api.URL}, Options{
		MetricsAddr: "0", HealthAddr: "0", WritesInFlight: 1, Embedded: true, AlertmanagerURLs: []string{"http://alertmanager:9093"},
	}, registry); err != nil {
		t.Fatal(err)
	}
	for _, problem := range metricsdoc.Compare(documented, metricsdoc.Described(registry, "contact_operator_")) {
		t.Error(problem)
	}
}

// discovery answers what a manager asks before it starts: which of our kinds there are.
func discovery(t *testing.T) http.Handler {
	mux := http.NewServeMux()
	answer := func(path string, object any) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if err := json.NewEncoder(w).Encode(object); err != nil {
				t.Error(err)
			}
		})
	}
	version := v1alpha1.GroupVersion
	answer("/api", metav1.APIVersions{})
	answer("/apis", metav1.APIGroupList{Groups: []metav1.APIGroup{{
		Name: version.Group, Versions: []metav1.GroupVersionForDiscovery{{GroupVersion: version.String(), Version: version.Version}},
	}}})
	answer("/apis/"+version.String(), metav1.APIResourceList{GroupVersion: version.String(), APIResources: []metav1.APIResource{
		{Name: "contacts", Kind: "Contact", Namespaced: true}, {Name: "contactsubmissions", Kind: "ContactSubmission", Namespaced: true},
	}})
	return mux
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
