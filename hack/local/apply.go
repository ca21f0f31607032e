package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// kubectl runs kubectl as the administrator of the local cluster.
func (l *launcher) kubectl(ctx context.Context, stdin []byte, args ...string) ([]byte, error) {
	// Its own cache folder: what it learns of this cluster is of no use to others.
	args = append([]string{"--kubeconfig=" + l.path("kubeconfig"), "--cache-dir=" + l.path("kubectl-cache")}, args...)
	cmd := exec.CommandContext(ctx, filepath.Join(l.Assets, "kubectl"), args...) //nolint:gosec // our own arguments
	cmd.Stdin = bytes.NewReader(stdin)
	cmd.SysProcAttr = apart()
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return nil, fmt.Errorf("kubectl %s: %w\n%s", strings.Join(args[2:], " "), err, bytes.TrimSpace(exit.Stderr))
	}
	return out, err
}

// applyAll brings the resource types, the roles and the samples into the cluster, and returns the names of the samples as
// kind.group/name. What a person changed in a sample's own fields is set back; everything else stays.
func (l *launcher) applyAll(ctx context.Context) ([]string, error) {
	l.say("applying the resource types, the roles and the samples")
	types, err := l.apply(ctx, "config/crd", nil)
	if err != nil {
		return nil, err
	}
	// Before their first use: a resource of a type that is not yet served would be refused.
	established := append([]string{"wait", "--for=condition=Established", "--timeout=60s"}, types...)
	if _, err := l.kubectl(ctx, nil, established...); err != nil {
		return nil, err
	}
	if _, err := l.apply(ctx, "config/rbac", nil); err != nil {
		return nil, err
	}
	var samples []string
	for _, folder := range []string{"config/samples", "config/samples/builtin"} {
		names, err := l.apply(ctx, folder, func(manifest []byte) []byte { return l.toProviders(l.toSandbox(manifest)) })
		if err != nil {
			return nil, err
		}
		samples = append(samples, names...)
	}
	vendors, err := l.applyProviders(ctx)
	return append(samples, vendors...), err
}

// toSandbox points the URLs and the DNS resolver of the samples at the sandbox's addresses.
func (s settings) toSandbox(manifest []byte) []byte {
	text := string(manifest)
	for _, a := range defaultAddresses() {
		switch a.env {
		case envSandbox:
			text = strings.ReplaceAll(text, "http://"+a.value+"/", "http://"+reachable(s.addr(a.env))+"/")
		case envSandboxDNS:
			text = strings.ReplaceAll(text, "- "+a.value+"\n", "- "+reachable(s.addr(a.env))+"\n") // an item of a list
		}
	}
	return []byte(text)
}

// apply applies a kustomize folder of the repository, after change, and returns the names of what is in it.
func (l *launcher) apply(ctx context.Context, folder string, change func([]byte) []byte) ([]string, error) {
	manifest, err := l.kubectl(ctx, nil, "kustomize", filepath.Join(l.Root, folder))
	if err != nil {
		return nil, err
	}
	if change != nil {
		manifest = change(manifest)
	}
	return l.applyManifest(ctx, manifest)
}

// applyManifest applies some objects, and returns their names.
func (l *launcher) applyManifest(ctx context.Context, manifest []byte, flags ...string) ([]string, error) {
	args := append([]string{
		"apply", "--server-side", "--force-conflicts", "--field-manager=contact-operator-local", "--output=name", "--filename=-",
	}, flags...)
	out, err := l.kubectl(ctx, manifest, args...)
	if err != nil {
		return nil, err
	}
	return strings.Fields(string(out)), nil
}
