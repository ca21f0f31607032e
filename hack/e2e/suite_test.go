// Package e2e runs the built binaries, brought up by the launcher of "make run", and speaks only HTTP and kubectl with them.
//
// It takes the binaries from the folder in E2E_BIN, by default the repository's bin, and builds nothing: "make test" does.
package e2e

import (
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestEndToEnd(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(2 * time.Minute)
	SetDefaultEventuallyPollingInterval(500 * time.Millisecond)
	RunSpecs(t, "End to end")
}
