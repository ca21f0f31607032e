package intake

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// What is first seen as 1 has not increased, to Prometheus.
func TestCountersOfAPipelineBeginWithZero(t *testing.T) {
	t.Parallel()
	m, known := newMetrics(), false
	trial := v1alpha1.ContactPipeline{}
	trial.Namespace, trial.Name = "contacts", "trial"
	m.pipelines = func(context.Context) ([]v1alpha1.ContactPipeline, error) {
		if !known {
			return nil, errNotSynced
		}
		return []v1alpha1.ContactPipeline{trial}, nil
	}
	read := func() string {
		w := httptest.NewRecorder()
		m.handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
		return w.Body.String()
	}
	const zero = `contact_intake_submissions_total{namespace="contacts",pipeline="trial",result="Accepted"} 0`
	if strings.Contains(read(), `pipeline="trial"`) {
		t.Error("a pipeline is counted before it is known")
	}
	known = true
	if got := read(); !strings.Contains(got, zero) {
		t.Errorf("want %s in:\n%s", zero, got)
	}
}
