package metricsdoc

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
)

const document = `
| metric | type | labels | what it tells |
| --- | --- | --- | --- |
| ` + "`x_calls_total`" + ` | counter | b, a | calls |
| ` + "`x_gone`" + ` | gauge | | what is no more |
| ` + "`x_queue`" + ` | gauge | queue | what waits |
| ` + "`y_other`" + ` | gauge | | another program's |

Beside them ` + "`go_*` and `workqueue_*`" + `.
`

func TestCompare(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.md")
	if err := os.WriteFile(path, []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	documented, err := Read(path, "x_")
	if err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		prometheus.NewCounterVec(prometheus.CounterOpts{Name: "x_calls_total", Help: `{a, "b"}`}, []string{"a"}),
		prometheus.NewGauge(prometheus.GaugeOpts{Name: "x_queue", Help: "y", ConstLabels: prometheus.Labels{"queue": "one"}}),
		prometheus.NewGauge(prometheus.GaugeOpts{Name: "x_new"}), prometheus.NewGauge(prometheus.GaugeOpts{Name: "z"}),
	)
	want := []string{
		"x_calls_total has the labels [a], in docs/metrics.md [a b]",
		"x_new is exported, and is not in docs/metrics.md",
		"x_gone is in docs/metrics.md, and is not exported",
	}
	if diff := cmp.Diff(want, Compare(documented, Described(registry, "x_"))); diff != "" {
		t.Error(diff)
	}
	want = []string{"x_calls_total is a gauge, in docs/metrics.md a counter"}
	delete(documented, "x_gone")
	scraped := map[string]Metric{"x_calls_total": {"gauge", []string{"a", "b"}}, "x_queue": {"gauge", []string{"queue"}}}
	if diff := cmp.Diff(want, Compare(documented, scraped)); diff != "" {
		t.Error(diff)
	}
	prefixes, err := Others(path)
	if diff := cmp.Diff([]string{"go_", "workqueue_"}, prefixes); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
