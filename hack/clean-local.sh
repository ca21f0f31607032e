#!/usr/bin/env bash
# Empties the folder that "make run" keeps its state in: LOCAL_DIR, by default .local/ of this checkout.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
dir=${LOCAL_DIR:-.local}

[ -e "$dir" ] || {
  echo "$dir does not exist: nothing to clean."
  exit 0
}
# LOCAL_DIR can be set to anything, so look before deleting: the launcher leaves its lock in its folder.
if [ ! -f "$dir/lock" ]; then
  echo "$dir has no lock file, so it is not a folder of make run. Nothing was deleted." >&2
  exit 1
fi
if command -v flock >/dev/null && ! flock -n "$dir/lock" true; then
  echo "make run (process $(cat "$dir/lock")) is using $dir. Stop it first; nothing was deleted." >&2
  exit 1
fi
rm -rf -- "${dir:?}"
echo "Deleted $dir."
