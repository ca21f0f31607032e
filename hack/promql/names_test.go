package promql

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNames(t *testing.T) {
	tests := map[string][]string{
		`up`:                                    {"up"},
		`max by (namespace) (up{job="a"}) == 0`: {"up"},
		`sum(rate(a_total{x=~"b_c(}",y!='d'}[5m]))`:                                              {"a_total"},
		`sum(a) by (x) / on (y) group_left (z) b:c:d`:                                            {"a", "b:c:d"},
		`histogram_quantile(0.95, sum by (le) (rate(a_bucket[5m]) and on (n, i) b_info{s="T"}))`: {"a_bucket", "b_info"},
		`a or (b unless c) or vector(0)`:                                                         {"a", "b", "c"},
		`label_replace(a > 1e3, "x", "$1", "y", "(.+)")`:                                         {"a"},
		"a # and b\n+ c offset 5m > bool Inf":                                                    {"a", "c"},
		`{job="x"}`:                                                                              nil,
	}
	for expr, want := range tests {
		if diff := cmp.Diff(want, Names(expr)); diff != "" {
			t.Errorf("%s: %s", expr, diff)
		}
	}
}
