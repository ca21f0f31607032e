//go:build tools

// Package controlplane pins, as a Go module, the control-plane binaries that the project is run and tested on.
// assets.sh compiles them; nothing imports this package.
package controlplane

import (
	_ "go.etcd.io/etcd/server/v3"
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kubectl"
)
