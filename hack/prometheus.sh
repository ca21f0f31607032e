#!/usr/bin/env bash
# Finds the promtool and the Prometheus that the tests of the rules use, or unpacks them from the package of Debian and its kin
# into bin/: no rights are needed, and no daemon is started. Prints the path of the one that is asked for.
# PROMTOOL and PROMETHEUS name others.
#   hack/prometheus.sh [--find] promtool|prometheus
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

only_find=
if [ "${1:-}" = --find ]; then
  only_find=yes
  shift
fi
case "${1:-}" in
  promtool) variable=PROMTOOL named=${PROMTOOL:-} ;;
  prometheus) variable=PROMETHEUS named=${PROMETHEUS:-} ;;
  *)
    echo "usage: $0 [--find] promtool|prometheus" >&2
    exit 2
    ;;
esac

find_tool() {
  if [ -n "$named" ]; then
    command -v "$named"
    return
  fi
  command -v "$1" || command -v "$PWD/bin/$1"
}

find_tool "$1" && exit
if [ -n "$named" ]; then
  echo "$variable is $named, and there is no such program." >&2
  exit 1
fi
[ -z "$only_find" ] || exit 1
hack/unpack-debian.sh prometheus usr/bin/prometheus=bin/prometheus usr/bin/promtool=bin/promtool || {
  echo "$1 is missing. Install Prometheus with your system's package manager, or name $1 with $variable." >&2
  exit 1
}
find_tool "$1"
