package mapping

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNamesIfNew(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		reason string
		name   string
		values map[string]any
		want   map[string]any
	}{
		"a last name":             {"nothing is missing", "Ada Lovelace", map[string]any{"last": "Lovelace"}, nil},
		"one word":                {"it is the last name, and not the first as well", "Ada", map[string]any{"first": "Ada"}, map[string]any{"last": "Ada", "first": nil}},
		"one word, first unknown": {"the first name is somebody else's to fill", "Ada", map[string]any{"first": "Augusta"}, map[string]any{"last": "Ada"}},
		"a mapping without it":    {"the name tells it all the same", "Ada Lovelace", map[string]any{}, map[string]any{"last": "Lovelace"}},
		"no name":                 {"then a placeholder", " ", map[string]any{}, map[string]any{"last": "?"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want, NamesIfNew(tc.name, tc.values, "first", "last", "?")); diff != "" {
				t.Errorf("%s:\n%s", tc.reason, diff)
			}
		})
	}
}
