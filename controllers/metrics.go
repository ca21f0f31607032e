package controllers

import (
	"context"
	"errors"
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
	took     *prometheus.HistogramVec
	calls    *prometheus.HistogramVec
	erasures *prometheus.CounterVec
	expired  *prometheus.CounterVec
	late     *prometheus.CounterVec
	left     *prometheus.CounterVec
}

// LateAfter is how long a submission may take from its acceptance to its end: the objective that the rules in config/prometheus
// watch over. It is a bound of a bucket of the histogram, too.
const LateAfter = 5 * time.Minute

// ends are the values of the label result.
var ends = []string{v1alpha1.ReasonCompleted, v1alpha1.ReasonRejected, v1alpha1.ReasonStalled}

// NewMetrics makes the metrics and registers them, with gauges that are computed from the cache when they are read.
func NewMetrics(registry prometheus.Registerer, cache client.Reader, now func() time.Time) (*Metrics, error) {
	m := &Metrics{
		results: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "contact_operator_submissions_ended_total",
			Help: "Submissions that came to an end, by how: Completed, Rejected or Stalled. One that a person sends round again counts again.",
		}, []string{"namespace", "pipeline", "result"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "contact_operator_submission_duration_seconds",
			Help: "Time from the acceptance of a submission to its end, by how it ended. What ends after a person has asked for it is left out.",
			// To a day, as nothing is given up; LateAfter is among them.
			Buckets:                         []float64{.25, .5, 1, 2.5, 5, 10, 30, 60, 120, LateAfter.Seconds(), 600, 1800, 3600, 14400, 43200, 86400},
			NativeHistogramBucketFactor:     1.1,
			NativeHistogramMaxBucketNumber:  100,
			NativeHistogramMinResetDuration: time.Hour,
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
	for _, c := range []prometheus.Collector{m.results, m.took, m.calls, m.erasures, m.expired, m.late, m.left, newBacklog(cache, now)} {
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
func (m *Metrics) ended(s *v1alpha1.ContactSubmission, result string, now time.Time) {
	m.results.WithLabelValues(s.Namespace, s.Spec.PipelineRef.Name, result).Inc()
	if s.Status.LastHandledRetry == "" && s.Status.LastHandledAccept == "" {
		m.took.WithLabelValues(s.Namespace, s.Spec.PipelineRef.Name, result).Observe(max(now.Sub(contact.ReceivedAt(s).Time).Seconds(), 0))
	}
}

// expect makes the counters of a pipeline begin with 0: an increase from nothing to 1 would be none to Prometheus.
func (m *Metrics) expect(namespace, pipeline string) {
	for _, result := range ends {
		m.results.WithLabelValues(namespace, pipeline, result)
		m.took.WithLabelValues(namespace, pipeline, result)
	}
}

// backlog counts, when it is read, what has not been completed. The cache holds just that.
type backlog struct {
	cache client.Reader
	now   func() time.Time

	submissions, late, waiting, oldest, serves *prometheus.Desc
}

func newBacklog(cache client.Reader, now func() time.Time) *backlog {
	return &backlog{
		cache: cache, now: now,
		submissions: prometheus.NewDesc("contact_operator_submissions",
			"Submissions that are not completed, by state: Active ones can move by themselves, Held ones wait for a person.",
			[]string{"namespace", "pipeline", "state"}, nil),
		late: prometheus.NewDesc("contact_operator_submissions_late",
			"Active submissions that were accepted more than 300 seconds ago.",
			[]string{"namespace", "pipeline"}, nil),
		waiting: prometheus.NewDesc("contact_operator_stage_waiting",
			"Active submissions with this stage open, by the reason of its condition.",
			[]string{"namespace", "pipeline", "stage", "reason"}, nil),
		oldest: prometheus.NewDesc("contact_operator_stage_oldest_age_seconds",
			"Age of the oldest active submission with this stage open.",
			[]string{"namespace", "pipeline", "stage"}, nil),
		serves: prometheus.NewDesc("contact_operator_stage_integration_info",
			"Which Integration serves a stage of a pipeline; always 1.",
			[]string{"namespace", "pipeline", "stage", "integration"}, nil),
	}
}

// Describe implements prometheus.Collector.
func (b *backlog) Describe(descriptions chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{b.submissions, b.late, b.waiting, b.oldest, b.serves} {
		descriptions <- d
	}
}

// Collect implements prometheus.Collector.
func (b *backlog) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var (
		all       v1alpha1.ContactSubmissionList
		pipelines v1alpha1.ContactPipelineList
	)
	if err := errors.Join(
		b.cache.List(ctx, &all, client.UnsafeDisableDeepCopy), b.cache.List(ctx, &pipelines, client.UnsafeDisableDeepCopy),
	); err != nil {
		ctrl.Log.WithName("metrics").Error(err, "Submissions can't be counted; the gauges of the backlog are missing from this scrape")
		return
	}
	t := newTally(b.now())
	for i := range pipelines.Items {
		p := &pipelines.Items[i]
		t.late[[2]string{p.Namespace, p.Name}] = 0
		for _, u := range uses(p) {
			metrics <- prometheus.MustNewConstMetric(b.serves, prometheus.GaugeValue, 1, p.Namespace, p.Name, string(u.stage), u.integration)
		}
	}
	for i := range all.Items {
		t.add(&all.Items[i])
	}
	for k, n := range t.late {
		metrics <- prometheus.MustNewConstMetric(b.late, prometheus.GaugeValue, float64(n), k[0], k[1])
	}
	for k, n := range t.states {
		metrics <- prometheus.MustNewConstMetric(b.submissions, prometheus.GaugeValue, float64(n), k[0], k[1], k[2])
	}
	for k, n := range t.reasons {
		metrics <- prometheus.MustNewConstMetric(b.waiting, prometheus.GaugeValue, float64(n), k[0], k[1], k[2], k[3])
	}
	for k, since := range t.oldest {
		metrics <- prometheus.MustNewConstMetric(b.oldest, prometheus.GaugeValue, max(t.now.Sub(since).Seconds(), 0), k[0], k[1], k[2])
	}
}

// tally is what one look at the backlog counts.
type tally struct {
	now     time.Time
	late    map[[2]string]int       // namespace, pipeline
	states  map[[3]string]int       // namespace, pipeline, state
	reasons map[[4]string]int       // namespace, pipeline, stage, reason
	oldest  map[[3]string]time.Time // namespace, pipeline, stage
}

func newTally(now time.Time) *tally {
	return &tally{now: now, late: map[[2]string]int{}, states: map[[3]string]int{}, reasons: map[[4]string]int{}, oldest: map[[3]string]time.Time{}}
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
	if t.now.Sub(received) > LateAfter {
		t.late[[2]string{namespace, pipeline}]++
	}
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
