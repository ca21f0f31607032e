package intake

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/contact-operator/contact-operator/internal/intake/spool"
)

// spoolMetrics are those of the spool, of what leads to it, and of every queue.
type spoolMetrics struct {
	spooled       *prometheus.CounterVec
	notSpooled    prometheus.Counter
	drained       *prometheus.CounterVec
	pace, blocked prometheus.Gauge
	commits       *prometheus.CounterVec
	commitSeconds prometheus.Histogram
	commitEntries prometheus.Histogram
	heldBack      *prometheus.GaugeVec
	unfinished    prometheus.Gauge
	etcdBytes     prometheus.Gauge
	etcdShare     prometheus.Gauge
	etcdUnread    prometheus.Counter
}

func newSpoolMetrics(registry prometheus.Registerer) spoolMetrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	m := spoolMetrics{
		spooled: counter("contact_intake_spooled_total", "Submissions that went into the spool, by reason: slow, saturated, refused, away, budget or quota.", "reason"),
		notSpooled: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "contact_intake_spool_refusals_total", Help: "Submissions that the spool should have taken and did not: it was full, or its disk is not well.",
		}),
		drained: counter("contact_intake_drained_total", "Tries to hand an entry of the spool to the API server, by result: kept, dead_letter, busy, away, blocked or unauthorized.", "result"),
		pace:    gauge("contact_intake_drain_pace", "How many entries of the spool may be handed over at once now."),
		blocked: gauge("contact_intake_drain_blocked_namespaces", "Namespaces whose entries wait in the spool until an administrator has mended something: rights, a quota, a policy, the CRDs."),
		commits: counter("contact_intake_spool_commits_total", "Transactions of the spool, by result: ok or failed.", "result"),
		commitSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "contact_intake_spool_commit_duration_seconds", Help: "How long a transaction of the spool took, the sync to the disk included.",
			Buckets:                     []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
			NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100, NativeHistogramMinResetDuration: time.Hour,
		}),
		commitEntries: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "contact_intake_spool_commit_entries", Help: "How many entries a transaction of the spool added.",
			Buckets: []float64{0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024},
		}),
		heldBack: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "contact_intake_held_back", Help: "1 while submissions wait in the spool although the API server would take them, by reason: budget or quota.",
		}, []string{"reason"}),
		unfinished: gauge("contact_intake_unfinished_submissions", "Unfinished submissions, as the pipelines' status says."),
		etcdBytes:  gauge("contact_intake_etcd_bytes", "Size of etcd's database, as the API server says. 0 until it has been read."),
		etcdShare:  gauge("contact_intake_etcd_quota_used_ratio", "That size as a share of --etcd-quota-bytes. From 0.8 on, submissions wait in the spool."),
		etcdUnread: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "contact_intake_etcd_size_failures_total", Help: "Times when the size of etcd could not be read.",
		}),
	}
	for _, reason := range spoolReasons {
		m.spooled.WithLabelValues(reason)
	}
	for _, j := range judgements {
		m.drained.WithLabelValues(string(j))
	}
	for _, reason := range []string{spooledBudget, spooledQuota} {
		m.heldBack.WithLabelValues(reason)
	}
	registry.MustRegister(m.spooled, m.notSpooled, m.drained, m.pace, m.blocked, m.commits, m.commitSeconds, m.commitEntries,
		m.heldBack, m.unfinished, m.etcdBytes, m.etcdShare, m.etcdUnread)
	return m
}

// committedBatch counts a transaction of the spool.
func (m *metrics) committedBatch(entries int, took time.Duration, err error) {
	result := "ok"
	if err != nil {
		result = "failed"
	}
	m.commits.WithLabelValues(result).Inc()
	m.commitSeconds.Observe(took.Seconds())
	m.commitEntries.Observe(float64(entries))
}

// spoolCollector reads the spool's figures when it is asked.
type spoolCollector struct {
	store *spool.Store
	now   func() time.Time
}

var (
	describeSpool = func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	spoolEntries  = describeSpool("contact_intake_spool_entries", "Entries that wait in the spool.")
	spoolOldest   = describeSpool("contact_intake_spool_oldest_age_seconds", "Age of the oldest of them; 0 when there is none.")
	spoolBytes    = describeSpool("contact_intake_spool_bytes", "Bytes of the spool's file that are in use.")
	spoolLimit    = describeSpool("contact_intake_spool_limit_bytes", "The limit of that file, --spool-max-bytes. New entries are refused from seven eighths of it.")
	spoolWritable = describeSpool("contact_intake_spool_writable", "1 while the spool takes entries, 0 while it is full or its disk is not well.")
	spoolDead     = describeSpool("contact_intake_spool_dead_letters", "Dead letters, by reason: invalid, too_large, corrupt, newer_version or no_key.", "reason")
	spoolAside    = describeSpool("contact_intake_spool_set_aside_total", "Damaged files that were set aside since the start.")
)

func (c spoolCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{spoolEntries, spoolOldest, spoolBytes, spoolLimit, spoolWritable, spoolDead, spoolAside} {
		out <- d
	}
}

func (c spoolCollector) Collect(out chan<- prometheus.Metric) {
	f := c.store.Figures()
	age, writable := 0.0, 1.0
	if !f.OldestReceivedAt.IsZero() {
		age = max(c.now().Sub(f.OldestReceivedAt).Seconds(), 0)
	}
	if f.Problem != "" {
		writable = 0
	}
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	gauge(spoolEntries, float64(f.Pending))
	gauge(spoolOldest, age)
	gauge(spoolBytes, float64(f.UsedBytes))
	gauge(spoolLimit, float64(f.LimitBytes))
	gauge(spoolWritable, writable)
	for _, reason := range spool.Reasons {
		gauge(spoolDead, float64(f.Dead[reason]), reason)
	}
	out <- prometheus.MustNewConstMetric(spoolAside, prometheus.CounterValue, float64(f.SetAside))
}

// queue is something bounded that things wait in.
type queue struct {
	name   string
	length func() int
	limit  int
}

// watchQueues makes the length and the limit of each queue a metric.
func (m *metrics) watchQueues(queues ...queue) {
	for _, q := range queues {
		labels := prometheus.Labels{"queue": q.name}
		m.registry.MustRegister(
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{
				Name: "contact_intake_queue_length", ConstLabels: labels,
				Help: "How much is in each queue: requests (being served), creates (in flight at the API server), waiting_creates (those and what waits for a slot), " +
					"contact_reads (in flight or waiting), spool_commits (waiting for the spool's disk).",
			}, func() float64 { return float64(q.length()) }),
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{
				Name: "contact_intake_queue_limit", ConstLabels: labels, Help: "The limit of each queue.",
			}, func() float64 { return float64(q.limit) }),
		)
	}
}
