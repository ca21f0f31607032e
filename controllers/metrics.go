package controllers

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/contact"
	"github.com/contact-operator/contact-operator/internal/link"
)

// Metrics of the operator. Labels are names of objects that administrators make, stages, reasons and error classes: never
// anything that a visitor sends.
type Metrics struct {
	results  *prometheus.CounterVec
	calls    *prometheus.HistogramVec
	erasures *prometheus.CounterVec
	expired  *prometheus.CounterVec
	late     *prometheus.CounterVec
	left     *prometheus.CounterVec
}

// NewMetrics makes the metrics and registers them, with gauges that are computed from the cache when they are read.
func NewMetrics(registry prometheus.Registerer, cache client.Reader, now func() time.Time) (*Metrics, error) {
	m := &Metrics{
		results: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "contact_operator_submissions_total",
			Help: "Submissions that came to an end, by how: Completed, Rejected or Stalled. One that a person sends round again counts again.",
		}, []string{"namespace", "pipeline", "result"}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:                            "contact_operator_link_call_duration_seconds",
			Help:                            "Calls to outside systems, by how they ended: Success, or an error class.",
			Buckets:                         []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
			NativeHistogramBucketFactor:     1.1,
			NativeHistogramMaxBucketNumber:  100,
			NativeHistogramMinResetDuration: time.Hour,
		}, []string{"namespace", "integration", "provider", "class"}),
		erasures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "contact_operator_erasures_total",
			Help: "People who were erased, by outcome: Erased, or Partial when a system may still hold the person.",
		}, []string{"namespace", "outcome"}),
		expired: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "contact_operator_submissions_expired_total",
			Help: "Submissions that were deleted at the end of their retention, by state.",
		}, []string{"namespace", "pipeline", "state"}),
		late: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "contact_operator_submissions_dropped_after_erasure_total",
			Help: "Submissions that were received before their person was erased, arrived later, and were deleted.",
		}, []string{"namespace", "pipeline"}),
		left: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "contact_operator_suppressions_found_total",
			Help: "People of whom a sweep found out that a marketing system keeps them unsubscribed.",
		}, []string{"namespace", "integration"}),
	}
	for _, c := range []prometheus.Collector{m.results, m.calls, m.erasures, m.expired, m.late, m.left, newBacklog(cache, now)} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Called notes a call of a link.
func (m *Metrics) Called(integration link.Key, provider, class string, took time.Duration) {
	m.calls.WithLabelValues(integration.Namespace, integration.Name, provider, class).Observe(took.Seconds())
}

// ended notes that a submission came to an end.
func (m *Metrics) ended(s *v1alpha1.ContactSubmission, result string) {
	m.results.WithLabelValues(s.Namespace, s.Spec.PipelineRef.Name, result).Inc()
}

// backlog counts, when it is read, what has not been completed. The cache holds just that.
type backlog struct {
	cache client.Reader
	now   func() time.Time

	submissions, waiting, oldest *prometheus.Desc
}

func newBacklog(cache client.Reader, now func() time.Time) *backlog {
	return &backlog{
		cache: cache, now: now,
		submissions: prometheus.NewDesc("contact_operator_submissions",
			"Submissions that are not completed, by state: Active ones can move by themselves, Held ones wait for a person.",
			[]string{"namespace", "pipeline", "state"}, nil),
		waiting: prometheus.NewDesc("contact_operator_stage_waiting",
			"Active submissions with this stage open, by the reason of its condition.",
			[]string{"namespace", "pipeline", "stage", "reason"}, nil),
		oldest: prometheus.NewDesc("contact_operator_stage_oldest_age_seconds",
			"Age of the oldest active submission with this stage open.",
			[]string{"namespace", "pipeline", "stage"}, nil),
	}
}

// Describe implements prometheus.Collector.
func (b *backlog) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- b.submissions
	descriptions <- b.waiting
	descriptions <- b.oldest
}

// Collect implements prometheus.Collector.
func (b *backlog) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var all v1alpha1.ContactSubmissionList
	if err := b.cache.List(ctx, &all, client.UnsafeDisableDeepCopy); err != nil {
		ctrl.Log.WithName("metrics").Error(err, "Submissions can't be counted; the gauges of the backlog are missing from this scrape")
		return
	}
	t := newTally()
	for i := range all.Items {
		t.add(&all.Items[i])
	}
	for k, n := range t.states {
		metrics <- prometheus.MustNewConstMetric(b.submissions, prometheus.GaugeValue, float64(n), k[0], k[1], k[2])
	}
	for k, n := range t.reasons {
		metrics <- prometheus.MustNewConstMetric(b.waiting, prometheus.GaugeValue, float64(n), k[0], k[1], k[2], k[3])
	}
	for k, since := range t.oldest {
		metrics <- prometheus.MustNewConstMetric(b.oldest, prometheus.GaugeValue, max(b.now().Sub(since).Seconds(), 0), k[0], k[1], k[2])
	}
}

// tally is what one look at the backlog counts.
type tally struct {
	states  map[[3]string]int       // namespace, pipeline, state
	reasons map[[4]string]int       // namespace, pipeline, stage, reason
	oldest  map[[3]string]time.Time // namespace, pipeline, stage
}

func newTally() *tally {
	return &tally{states: map[[3]string]int{}, reasons: map[[4]string]int{}, oldest: map[[3]string]time.Time{}}
}

func (t *tally) add(s *v1alpha1.ContactSubmission) {
	namespace, pipeline, state := s.Namespace, s.Spec.PipelineRef.Name, s.Status.State
	if state == "" {
		state = v1alpha1.StateActive
	}
	t.states[[3]string{namespace, pipeline, string(state)}]++
	if state != v1alpha1.StateActive {
		return
	}
	received := contact.ReceivedAt(s).Time
	for _, stage := range v1alpha1.Stages {
		reason := v1alpha1.ReasonPending
		if c := meta.FindStatusCondition(s.Status.Conditions, string(stage)); c != nil {
			if c.Status != metav1.ConditionUnknown {
				continue
			}
			reason = c.Reason
		}
		t.reasons[[4]string{namespace, pipeline, string(stage), reason}]++
		key := [3]string{namespace, pipeline, string(stage)}
		if since, known := t.oldest[key]; !known || received.Before(since) {
			t.oldest[key] = received
		}
	}
}
