#!/usr/bin/env bash
# Finds the Alertmanager that the tests of the alerts and "make run" use, or installs it on Debian and its kin, without starting
# it as a service. Prints its path. ALERTMANAGER names another one.
# --find only looks, and fails when there is none.
set -euo pipefail

find_alertmanager() {
  if [ -n "${ALERTMANAGER:-}" ]; then
    command -v "$ALERTMANAGER"
    return
  fi
  local name
  for name in alertmanager prometheus-alertmanager; do
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
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "Alertmanager is missing. Install it with your system's package manager, or name one with ALERTMANAGER." >&2
  exit 1
fi
echo "Alertmanager is missing; installing it." >&2
# Packages start their services when they are installed, unless this file forbids it.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi
{
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends prometheus-alertmanager
  systemctl disable prometheus-alertmanager || true # nor at the next start of the machine
} >&2
find_alertmanager
