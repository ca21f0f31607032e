package intake

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// metrics of the intake. Labels are bounded: routes are patterns, and namespace and pipeline are given only when the
// pipeline exists.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	// submissions are what the objective of accepting is measured by.
	submissions *prometheus.CounterVec
	// pipelines lists those that are known, an error while none are; nil: none ever.
	pipelines func(context.Context) ([]v1alpha1.ContactPipeline, error)
	duration  *prometheus.HistogramVec
	inFlight  prometheus.Gauge
	refused   *prometheus.CounterVec
	sourceMetrics
	spoolMetrics
}

// How a request to keep a submission ended: values of the label result.
const (
	resultAccepted = "Accepted"
	resultRefused  = "Refused"
	resultFailed   = "Failed"
)

// Why a submission was sent back that is well-formed: values of the label reason.
const (
	refusedOrigin = "origin"
	refusedClient = "client_limit"
	refusedCap    = "pipeline_limit"
	refusedTrap   = "trap"
	// Of form tools.
	refusedSignature  = "signature"
	refusedSecret     = "secret"
	refusedUnreadable = "unreadable"
)

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "contact_intake_requests_total",
			Help: "Requests answered, by route, status code, and the pipeline where it exists.",
		}, []string{"route", "code", "namespace", "pipeline"}),
		submissions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "contact_intake_submissions_total",
			Help: "Requests to keep a submission, by how they ended: Accepted, Refused (the request is at fault: 4xx) or Failed (we are: 5xx), and the pipeline where it exists.",
		}, []string{"namespace", "pipeline", "result"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:                            "contact_intake_request_duration_seconds",
			Help:                            "Time from a request's headers to the end of its answer, by route and status code.",
			Buckets:                         []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20},
			NativeHistogramBucketFactor:     1.1,
			NativeHistogramMaxBucketNumber:  100,
			NativeHistogramMinResetDuration: time.Hour,
		}, []string{"route", "code"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "contact_intake_creates_in_flight",
			Help: "Creates that wait for the API server's answer now.",
		}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "contact_intake_refused_total",
			Help: "Submissions sent back for now, by pipeline and reason: origin, client_limit, pipeline_limit or trap (a field that people don't see was filled in); of form tools: signature, secret (it can't be checked) or unreadable.",
		}, []string{"namespace", "pipeline", "reason"}),
	}
	m.sourceMetrics = newSourceMetrics(m.registry)
	m.spoolMetrics = newSpoolMetrics(m.registry)
	m.expect("", "")
	m.registry.MustRegister(m.requests, m.submissions, m.duration, m.inFlight, m.refused,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) handler() http.Handler {
	all := promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		m.expectAll(r.Context())
		all.ServeHTTP(w, r)
	})
	return mux
}

// observe counts a request. keeps says that it was one to keep a submission.
func (m *metrics) observe(route string, rec *recorder, keeps bool, took time.Duration) {
	status := rec.status()
	code := strconv.Itoa(status)
	m.requests.WithLabelValues(route, code, rec.namespace, rec.pipeline).Inc()
	m.duration.WithLabelValues(route, code).Observe(took.Seconds())
	if !keeps {
		return
	}
	result := resultAccepted
	switch {
	case status == http.StatusNoContent:
		return // a form tool only tried whether somebody is here
	case status >= http.StatusInternalServerError:
		result = resultFailed
	case status >= http.StatusBadRequest:
		result = resultRefused
	}
	m.submissions.WithLabelValues(rec.namespace, rec.pipeline, result).Inc()
}

// expectAll is called before the metrics are read: a pipeline's counters are there as soon as it is known.
func (m *metrics) expectAll(ctx context.Context) {
	if m.pipelines == nil {
		return
	}
	all, err := m.pipelines(ctx)
	if err != nil {
		return // not known yet; the next reading shows them
	}
	for i := range all {
		m.expect(all[i].Namespace, all[i].Name)
	}
}

// expect makes the counters of a pipeline begin with 0: an increase from nothing to 1 would be none to Prometheus.
func (m *metrics) expect(namespace, pipeline string) {
	for _, result := range []string{resultAccepted, resultRefused, resultFailed} {
		m.submissions.WithLabelValues(namespace, pipeline, result)
	}
}

func (m *metrics) refuse(pipeline *v1alpha1.ContactPipeline, reason string) {
	m.refused.WithLabelValues(pipeline.Namespace, pipeline.Name, reason).Inc()
}
