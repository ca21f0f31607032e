package mapping

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTyped(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)
	cases := map[string]struct {
		kind   Kind
		value  any
		want   any
		wantOK bool
	}{
		"a text":                  {AsText, "x", "x", true},
		"a number as text":        {AsText, int64(42), "42", true},
		"a list as text":          {AsText, []any{"a", "b"}, "a;b", true},
		"an attribute as bool":    {AsBool, "true", true, true},
		"a bool":                  {AsBool, false, false, true},
		"yes is no bool":          {AsBool, "yes", false, false},
		"an attribute as whole":   {AsWhole, "12", int64(12), true},
		"a fraction is not whole": {AsWhole, 1.5, int64(0), false},
		"a number from JSON":      {AsWhole, json.Number("9007199254740993"), int64(9007199254740993), true},
		"an attribute as number":  {AsNumber, "1.5", 1.5, true},
		"a number":                {AsNumber, 2.0, 2.0, true},
		"infinity is no number":   {AsNumber, "Inf", nil, false},
		"words are no number":     {AsNumber, "a dozen", 0.0, false},
		"a time":                  {AsTime, "2026-11-05T13:00:00+01:00", noon, true},
		"a date":                  {AsTime, "2026-11-05", noon.Add(-12 * time.Hour), true},
		"another way to write it": {AsTime, "5.11.2026", nil, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := Typed(tc.kind, tc.value)
			if diff := cmp.Diff(tc.want, got); diff != "" && tc.wantOK || ok != tc.wantOK {
				t.Errorf("ok %v, want %v:\n%s", ok, tc.wantOK, diff)
			}
		})
	}
}
