package rules

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Test is what a test is to Tool: a *testing.T, or what GinkgoT returns.
type Test interface {
	Helper()
	Context() context.Context
	Skip(reason ...any)
	Fatal(reason ...any)
}

// Tool is the path of a real promtool or prometheus: the installed one, or one that hack/prometheus.sh unpacks. Where there is none to
// be had, the test is skipped, but in continuous integration it fails.
func Tool(t Test, root, name string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), filepath.Join(root, "hack", "prometheus.sh"), name).Output() //nolint:gosec // of this repository
	if err == nil {
		return strings.TrimSpace(string(out))
	}
	why := "no " + name + " to test with: hack/prometheus.sh says why"
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		why += ": " + strings.TrimSpace(string(exit.Stderr))
	}
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
	return ""
}
