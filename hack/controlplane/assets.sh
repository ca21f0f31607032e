#!/usr/bin/env bash
# Finds the control-plane binaries (kube-apiserver, etcd, kubectl), makes them if need be, and prints their folder.
#
# Looked for in this order:
#   1. $KUBEBUILDER_ASSETS, when set: used as it is, and an error when something is missing there.
#   2. the cache, keyed by version and platform: $XDG_CACHE_HOME/contact-operator (default ~/.cache/contact-operator).
#   3. a download by setup-envtest, given $SETUP_ENVTEST_SECONDS (default 20; 0 skips it).
#   4. a build from the Go modules that go.mod beside this file pins.
#
# Only the folder goes to standard output; everything meant for people goes to standard error.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
say() { printf '%s\n' "$*" >&2; }

complete() { # complete DIR: every binary is there and executable
  local b
  for b in kube-apiserver etcd kubectl; do [ -x "$1/$b" ] || return 1; done
}

if [ -n "${KUBEBUILDER_ASSETS:-}" ]; then
  complete "$KUBEBUILDER_ASSETS" || {
    say "KUBEBUILDER_ASSETS is $KUBEBUILDER_ASSETS, but kube-apiserver, etcd or kubectl is missing there."
    say "Unset it to let this script find or build them, or point it at a complete folder."
    exit 1
  }
  cd "$KUBEBUILDER_ASSETS" && pwd
  exit 0
fi

version_of() { awk -v m="$1" '$1 == m && $2 != "=>" { print $2; exit }' "$here/go.mod"; }
k8s=$(version_of k8s.io/kubernetes)
etcd=$(version_of go.etcd.io/etcd/server/v3)
platform="$(go env GOOS)-$(go env GOARCH)"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/contact-operator/controlplane/kubernetes-$k8s-etcd-$etcd-$platform"

if complete "$cache"; then
  echo "$cache"
  exit 0
fi
mkdir -p "$(dirname "$cache")"

# Two checkouts may get here at once: the second waits, then finds the first one's work.
exec 9>"$cache.lock"
if ! flock -n 9; then
  say "Another process is preparing the control-plane binaries; waiting for it."
  flock 9
fi
if complete "$cache"; then
  echo "$cache"
  exit 0
fi

work=$(mktemp -d "$cache.XXXXXX")
trap 'rm -rf "$work"' EXIT

limit=${SETUP_ENVTEST_SECONDS:-20}
if [ "$limit" -gt 0 ]; then
  say "Control-plane binaries $k8s are not in the cache; asking setup-envtest for them (at most ${limit}s)."
  # Compiled first, so that the limit is spent on the download alone.
  if tool=$(cd "$root/hack/tools" && go tool -n setup-envtest 2>/dev/null) &&
    got=$(timeout "$limit" "$tool" use "${k8s#v}" --bin-dir "$work/envtest" -p path 2>/dev/null) && complete "$got"; then
    mv "$got" "$work/bin"
  else
    say "setup-envtest could not download them (no way to its server, or no such version)."
  fi
fi

if [ ! -d "$work/bin" ]; then
  say "Building kube-apiserver, kubectl and etcd from their Go modules. This happens once per version:"
  say "about ten minutes on two cores, most of it for kube-apiserver. The result is kept in"
  say "  $cache"
  IFS=. read -r major minor _ <<<"${k8s#v}"
  flags="-s -w -X k8s.io/component-base/version.gitVersion=$k8s"
  flags="$flags -X k8s.io/component-base/version.gitMajor=$major -X k8s.io/component-base/version.gitMinor=$minor"
  flags="$flags -X k8s.io/component-base/version.gitTreeState=clean"
  build() { # build NAME PACKAGE
    local start=$SECONDS
    say "  building $1 ..."
    (cd "$here" && CGO_ENABLED=0 go build -trimpath -ldflags "$flags" -o "$work/bin/$1" "$2") || {
      say "Building $1 failed. The Go module proxy must be reachable (see 'go env GOPROXY'); then run this again:"
      say "what is already compiled is kept in Go's build cache."
      exit 1
    }
    say "  built $1 in $((SECONDS - start))s"
  }
  mkdir -p "$work/bin"
  build etcd go.etcd.io/etcd/server/v3
  build kubectl k8s.io/kubernetes/cmd/kubectl
  build kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver
fi

rm -rf "$cache"
mv "$work/bin" "$cache" # a rename: the folder is there whole, or not at all
echo "$cache"
