#!/usr/bin/env bash
# Finds the control-plane binaries (kube-apiserver, etcd, kubectl), makes them if need be, and prints their folder.
#
#   assets.sh                print the folder
#   assets.sh --link PATH    print nothing; make PATH a link to its kubectl
#
# Looked for in this order:
#   1. $KUBEBUILDER_ASSETS, when set: used as it is, and an error when something is missing there.
#   2. bin/k8s/<version>-<os>-<arch> of this checkout, where setup-envtest puts them when told to use bin/.
#   3. the cache, keyed by version and platform: $XDG_CACHE_HOME/contact-operator (default ~/.cache/contact-operator).
#   4. a download by setup-envtest, given $SETUP_ENVTEST_SECONDS (default 20; 0 skips it).
#   5. a build from the Go modules that go.mod beside this file pins.
# What 4 and 5 bring is kept in the cache.
#
# Only the folder goes to standard output; everything meant for people goes to standard error.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
child='' work=''

say() { printf '%s\n' "$@" >&2; }
die() {
  say "$@"
  exit 1
}

link=''
case "${1:-}" in
'') ;;
--link)
  link=${2:?"--link needs a path"}
  [[ $link == /* ]] || link=$PWD/$link # a build changes the folder
  ;;
*) die "usage: assets.sh [--link PATH]" ;;
esac

complete() { # complete DIR: every binary is there and executable
  local b
  for b in kube-apiserver etcd kubectl; do [ -f "$1/$b" ] && [ -x "$1/$b" ] || return 1; done
}

found() { # found DIR: the end, when all is well
  if [ -n "$link" ]; then
    mkdir -p "$(dirname "$link")" && ln -sf "$1/kubectl" "$link"
  else
    printf '%s\n' "$1"
  fi
  exit 0
}

# Whatever takes long runs in the background and is waited for: bash acts on a signal while it waits for a background
# process, but not while one runs in the foreground. So stopping this script stops the build, too.
await() { # await COMMAND...
  local rc=0
  "$@" &
  child=$!
  wait "$child" || rc=$?
  child=''
  return "$rc"
}
cleanup() {
  [ -z "$child" ] || kill "$child" 2>/dev/null || true
  [ -z "$work" ] || rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

if [ -n "${KUBEBUILDER_ASSETS:-}" ]; then
  complete "$KUBEBUILDER_ASSETS" ||
    die "KUBEBUILDER_ASSETS is $KUBEBUILDER_ASSETS, but kube-apiserver, etcd or kubectl is missing there." \
      "Unset it to let this script find or build them, or point it at a complete folder."
  found "$(cd "$KUBEBUILDER_ASSETS" && pwd)"
fi

command -v go >/dev/null || die "go is not on the PATH. Install Go (the version that go.mod names, or newer) and run this again."

version_of() { awk -v m="$1" '$1 == m && $2 != "=>" { print $2; exit }' "$here/go.mod"; }
k8s=$(version_of k8s.io/kubernetes)
etcd=$(version_of go.etcd.io/etcd/server/v3)
# Of the machine, not of GOOS and GOARCH: these binaries run here.
os=$(go env GOHOSTOS) arch=$(go env GOHOSTARCH)

local_store="$root/bin/k8s/${k8s#v}-$os-$arch"
complete "$local_store" && found "$local_store"

[ -n "${XDG_CACHE_HOME:-}${HOME:-}" ] || die "Neither XDG_CACHE_HOME nor HOME is set: there is no place to keep the binaries."
cache="${XDG_CACHE_HOME:-$HOME/.cache}/contact-operator/controlplane/kubernetes-$k8s-etcd-$etcd-$os-$arch"
complete "$cache" && found "$cache"
mkdir -p "$(dirname "$cache")"

# Two checkouts may get here at once: the second waits, then finds the first one's work. Where there is no flock (macOS)
# both do the work, and the first to finish wins.
if command -v flock >/dev/null; then
  exec 9>"$cache.lock"
  if ! flock -n 9; then
    say "Another process is preparing the control-plane binaries (it holds $cache.lock); waiting for it."
    await flock 9
  fi
  complete "$cache" && found "$cache"
  rm -rf "$cache".tmp.* # of runs that were killed: whoever holds the lock is alone
fi
work=$(mktemp -d "$cache.tmp.XXXXXX")

download() { # into $work/bin, within the limit
  local tool
  # Compiled first, so that the limit is spent on the download alone.
  say "Control-plane binaries $k8s are not in the cache; preparing setup-envtest to ask for them."
  tool=$(cd "$root/hack/tools" && GOOS='' GOARCH='' go tool -n setup-envtest) || return 1
  say "  downloading (given up after ${limit}s) ..."
  await within "$limit" "$tool" use "${k8s#v}" --os "$os" --arch "$arch" --bin-dir "$work" -p path >"$work/path" 2>"$work/error" || {
    sed 's/^/  setup-envtest: /' "$work/error" >&2
    return 1
  }
  complete "$(cat "$work/path")" && mv "$(cat "$work/path")" "$work/bin"
}

within() { # within SECONDS COMMAND...: like timeout(1), which macOS lacks
  local seconds=$1 pid watch rc=0
  shift
  "$@" &
  pid=$!
  (sleep "$seconds" && kill "$pid") >/dev/null 2>&1 &
  watch=$!
  trap 'kill "$pid" "$watch" 2>/dev/null; exit 143' TERM
  wait "$pid" || rc=$?
  kill "$watch" 2>/dev/null || true
  return "$rc"
}

build() { # build NAME PACKAGE, into $work/bin
  local start=$SECONDS
  say "  building $1 ..."
  cd "$here"
  await env CGO_ENABLED=0 GOOS="$os" GOARCH="$arch" go build -trimpath -ldflags "$flags" -o "$work/bin/$1" "$2" ||
    die "Building $1 failed; the lines above say why. The Go module proxy must be reachable (see 'go env GOPROXY')." \
      "Then run this again: what is already compiled is kept in Go's build cache."
  say "  built $1 in $((SECONDS - start))s"
}

limit=${SETUP_ENVTEST_SECONDS:-20}
case "$limit" in '' | *[!0-9]*) die "SETUP_ENVTEST_SECONDS is '$limit'; it must be a whole number of seconds (0 skips the download)." ;; esac
if [ "$limit" -gt 0 ] && ! download; then
  say "  no download: setup-envtest could not reach its server, or was too slow."
fi

if [ ! -d "$work/bin" ]; then
  say "Building kube-apiserver, kubectl and etcd from their Go modules. This happens once per version and takes about" \
    "ten minutes on two cores, most of it for kube-apiserver. The result is kept in"
  say "  $cache"
  IFS=. read -r major minor _ <<<"${k8s#v}"
  version=k8s.io/component-base/version
  # kubectl and client libraries read these; without them "kubectl version" fails.
  flags="-s -w -X $version.gitVersion=$k8s -X $version.gitMajor=$major -X $version.gitMinor=$minor -X $version.gitTreeState=clean"
  build etcd go.etcd.io/etcd/server/v3
  build kubectl k8s.io/kubernetes/cmd/kubectl
  build kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver
fi

# A rename: the folder is there whole, or not at all.
if ! complete "$cache"; then
  rm -rf "$cache"
  mv "$work/bin" "$cache"
fi
found "$cache"
