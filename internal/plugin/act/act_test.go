package act

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"
)

func TestCheckReason(t *testing.T) {
	for name, tc := range map[string]struct {
		reason, want string
		wantErr      bool
	}{
		"a reason":       {reason: " known customer ", want: "known customer"},
		"the longest":    {reason: strings.Repeat("ü", 256), want: strings.Repeat("ü", 256)},
		"too long":       {reason: strings.Repeat("a", 257), wantErr: true},
		"none":           {reason: "  ", wantErr: true},
		"several lines":  {reason: "a\nb", wantErr: true},
		"not in Unicode": {reason: "\xff", wantErr: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := checkReason(tc.reason)
			if got != tc.want || (err != nil) != tc.wantErr {
				t.Errorf("got %q and %v", got, err)
			}
		})
	}
}

func TestAcceptable(t *testing.T) {
	for name, tc := range map[string]struct {
		reason  string
		target  target
		wantErr bool
	}{
		"rejected":          {"", target{validated: "Role"}, false},
		"held":              {"no verdict was reached, and a person decides", target{validated: "Held"}, false},
		"not checked":       {"nobody accepts in advance", target{}, true},
		"deliverable":       {"there is nothing to accept", target{validated: "Deliverable"}, true},
		"retrying":          {"there is no verdict yet", target{validated: "Retrying"}, true},
		"for the same":      {"the operator acts on a reason once", target{validated: "Role", accepted: "known"}, true},
		"for another cause": {"", target{validated: "Role", accepted: "before"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			tc.target.NamespacedName = types.NamespacedName{Name: "x"}
			if err := acceptable(tc.target, "known"); (err != nil) != tc.wantErr {
				t.Errorf("%s: got %v", tc.reason, err)
			}
		})
	}
}
