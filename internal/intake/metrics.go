package intake

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics of the intake. Labels are bounded: routes are patterns, and namespace and pipeline are given only when the
// pipeline exists.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "contact_intake_requests_total",
			Help: "Requests answered, by route, status code, and the pipeline where it exists.",
		}, []string{"route", "code", "namespace", "pipeline"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "contact_intake_request_duration_seconds",
			Help:    "Time from a request's headers to the end of its answer, by route and status code.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20},
		}, []string{"route", "code"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "contact_intake_creates_in_flight",
			Help: "Creates that wait for the API server's answer now.",
		}),
	}
	m.registry.MustRegister(m.requests, m.duration, m.inFlight,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	return mux
}

func (m *metrics) observe(route string, rec *recorder, took time.Duration) {
	code := strconv.Itoa(rec.status())
	m.requests.WithLabelValues(route, code, rec.namespace, rec.pipeline).Inc()
	m.duration.WithLabelValues(route, code).Observe(took.Seconds())
}
