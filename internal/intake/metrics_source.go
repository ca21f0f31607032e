package intake

import "github.com/prometheus/client_golang/prometheus"

// sourceMetrics are those of form tools, of captchas, and of the Secrets that both need.
type sourceMetrics struct {
	sourceNoAddress *prometheus.CounterVec
	sourceCut       *prometheus.CounterVec
	suspected       *prometheus.CounterVec
	secretsUnusable prometheus.Gauge
}

func newSourceMetrics(registry prometheus.Registerer) sourceMetrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m := sourceMetrics{
		sourceNoAddress: counter("contact_intake_source_no_address_total",
			"Posts of form tools in which no e-mail address was found; they are kept.", "namespace", "pipeline"),
		sourceCut: counter("contact_intake_source_cut_total",
			"Posts of form tools that were too long for a submission; their end is not kept.", "namespace", "pipeline"),
		suspected: counter("contact_intake_suspected_total",
			"Submissions that were kept with a suspicion, by pipeline and suspicion: CaptchaFailed, CaptchaMissing, CaptchaUnchecked or CaptchaWithoutScript.",
			"namespace", "pipeline", "suspicion"),
		secretsUnusable: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "contact_intake_secrets_unusable", Help: "Secrets that pipelines name and that can't be used now.",
		}),
	}
	registry.MustRegister(m.sourceNoAddress, m.sourceCut, m.suspected, m.secretsUnusable)
	return m
}
