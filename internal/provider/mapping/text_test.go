package mapping

import (
	"math"
	"testing"
)

func TestText(t *testing.T) {
	t.Parallel()
	for want, v := range map[string]any{
		"as it is": "as it is", "true": true, "42": int64(42), "1.5": 1.5, "a;b;false": []any{"a", "b", false}, `{"n":1}`: map[string]any{"n": int64(1)},
	} {
		if got, err := Text(v); err != nil || got != want {
			t.Errorf("%v: got %q, %v; want %q", v, got, err, want)
		}
	}
	for _, v := range []any{math.Inf(1), []any{math.NaN()}} {
		if got, err := Text(v); err == nil {
			t.Errorf("%v has no form as a text: got %q", v, got)
		}
	}
}
