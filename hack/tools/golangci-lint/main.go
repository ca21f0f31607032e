// Command golangci-lint is golangci-lint with the Kubernetes API linter compiled in.
//
// golangci-lint's module plugins exist only inside a binary that imports them; "golangci-lint custom" would clone and
// build one from the network on every machine. This main is the same thing with every version pinned in go.mod.
package main

import (
	"fmt"
	"os"
	"runtime/debug"

	"github.com/golangci/golangci-lint/v2/pkg/commands"
	"github.com/golangci/golangci-lint/v2/pkg/exitcodes"
	_ "sigs.k8s.io/kube-api-linter" // registers kubeapilinter
)

const linterModule = "github.com/golangci/golangci-lint/v2"

func main() {
	if err := commands.Execute(buildInfo()); err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "The command is terminated due to an error: %v\n", err)
		os.Exit(exitcodes.Failure)
	}
}

// buildInfo gives the version of the linter's module, not of this one: golangci-lint checks it against what the
// configuration asks for, and it is part of the key of the linter's cache.
func buildInfo() commands.BuildInfo {
	info := commands.BuildInfo{Version: "unknown", GoVersion: "unknown", Commit: "unknown", Date: "unknown"}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return info
	}
	info.GoVersion = build.GoVersion
	for _, dep := range build.Deps {
		if dep.Path == linterModule {
			info.Version = dep.Version
			info.Commit = dep.Sum
		}
	}
	return info
}
