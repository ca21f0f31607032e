#!/usr/bin/env bash
# Finds the browser that the tests of the form need, or installs it on Debian and its kin. Prints its path.
# CHROMIUM names another one.
set -euo pipefail

find_browser() {
  if [ -n "${CHROMIUM:-}" ]; then
    command -v "$CHROMIUM"
    return
  fi
  local name
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" && return
  done
  return 1
}

find_browser && exit
if [ -n "${CHROMIUM:-}" ]; then
  echo "CHROMIUM is $CHROMIUM, and there is no such program." >&2
  exit 1
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "Chromium is missing. Install it with your system's package manager, or name one with CHROMIUM." >&2
  exit 1
fi
echo "Chromium is missing; installing it." >&2
{
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends chromium fonts-dejavu-core
} >&2
find_browser
