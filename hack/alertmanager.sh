#!/usr/bin/env bash
# Finds the Alertmanager that the tests of the alerts and "make run" use, or unpacks it from the package of Debian and its kin
# into bin/: no rights are needed, and no daemon is started. Prints its path. ALERTMANAGER names another one.
# --find only looks, and fails when there is none.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

find_alertmanager() {
  if [ -n "${ALERTMANAGER:-}" ]; then
    command -v "$ALERTMANAGER"
    return
  fi
  local name
  for name in alertmanager prometheus-alertmanager "$PWD/bin/alertmanager"; do
    command -v "$name" && return
  done
  return 1
}

find_alertmanager && exit
if [ -n "${ALERTMANAGER:-}" ]; then
  echo "ALERTMANAGER is $ALERTMANAGER, and there is no such program." >&2
  exit 1
fi
[ "${1:-}" != --find ] || exit 1
hack/unpack-debian.sh prometheus-alertmanager usr/bin/prometheus-alertmanager=bin/alertmanager || {
  echo "Alertmanager is missing. Install it with your system's package manager, or name one with ALERTMANAGER." >&2
  exit 1
}
find_alertmanager
