package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/contact-operator/contact-operator/hack/chaos/run"
)

// A short version of "make chaos": one seed, five faults, on the built binaries.
func TestNothingIsLostWhenEverythingBreaks(t *testing.T) {
	bin := os.Getenv("E2E_BIN")
	if bin == "" {
		bin = filepath.Join("..", "..", "bin")
	}
	bin, err := filepath.Abs(bin)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(bin, "local")); err != nil {
		t.Fatalf("the binaries are not built: %v; run make binaries, or set E2E_BIN to their folder", err)
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	report, err := run.Run(t.Context(), run.Options{
		First: 1, Seeds: 1, Posts: 150, Duration: 15 * time.Second, QuietLimit: 3 * time.Minute, Short: true,
		Bin: bin, Root: root, Assets: os.Getenv("KUBEBUILDER_ASSETS"), Out: t.Output(),
	})
	if report != nil {
		report.Print(t.Output())
	}
	if err != nil {
		t.Fatal(err)
	}
	if !report.Good() {
		t.Error("a check failed; what is said above names it")
	}
}
