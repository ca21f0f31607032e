#!/usr/bin/env bash
# Fails when what is generated is out of date (CRDs, roles, DeepCopy methods, the API reference, go.mod and
# go.sum), or the linters complain. Called by "make verify". What it regenerates stays, ready to be committed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The work tree as git sees it, untracked files included, written as a tree object through an index of our own. So a
# work tree with uncommitted changes can be verified, too: only what generation changes counts.
snapshot() {
  local index
  index=$(mktemp)
  cp "$(git rev-parse --git-path index)" "$index"
  GIT_INDEX_FILE=$index git add --all .
  GIT_INDEX_FILE=$index git write-tree
  rm -f "$index"
}

make=${MAKE:-make}
before=$(snapshot)
"$make" --no-print-directory manifests generate tidy
after=$(snapshot)

failed=''
if ! git --no-pager diff --exit-code "$before" "$after"; then
  echo "verify: the files above are out of date. They have been brought up to date; commit them." >&2
  failed=yes
fi
"$make" --no-print-directory lint || failed=yes
[ -z "$failed" ] || exit 1
echo "verify: generated files and modules are up to date, and the linters have nothing to say."
