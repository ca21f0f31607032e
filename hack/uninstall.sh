#!/usr/bin/env bash
# Removes the CRDs, and with them every object of their kinds, from the current cluster. Called by "make uninstall" with
# the CRDs on standard input.
#
# Deleting a CRD deletes its objects, and nothing brings them back. Nobody should get there by accident, so it asks for
# CONFIRM=delete-all-contacts while there is anything.
set -euo pipefail
kubectl=${KUBECTL:-kubectl}

count=0
for kind in contacts contactsubmissions; do
  crd=$("$kubectl" get crd "$kind.contact-operator.io" --ignore-not-found -o name)
  [ -n "$crd" ] || continue
  n=$("$kubectl" get "$kind.contact-operator.io" --all-namespaces -o name | wc -l)
  count=$((count + n))
done
if [ "$count" -gt 0 ] && [ "${CONFIRM:-}" != delete-all-contacts ]; then
  echo "This cluster holds $count contacts and submissions, and uninstalling deletes every one of them." >&2
  echo "If that is meant: make uninstall CONFIRM=delete-all-contacts" >&2
  exit 1
fi
exec "$kubectl" delete --ignore-not-found="${IGNORE_NOT_FOUND:-false}" -f -
