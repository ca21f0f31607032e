#!/usr/bin/env bash
# Removes the CRDs, and with them every object of their kinds, from the current cluster. Called by "make uninstall" with
# the CRDs on standard input.
#
# Deleting a CRD deletes its objects, and deleting a Contact erases that person at the CRM and the marketing system when the
# operator runs. Nobody should get there by accident, so it asks for CONFIRM=delete-all-contacts while there is anything.
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
  echo "This cluster holds $count contacts and submissions. Uninstalling deletes all of them; while the operator runs, it also" >&2
  echo "erases these people at the CRM and the marketing system. If that is meant: make uninstall CONFIRM=delete-all-contacts" >&2
  exit 1
fi
exec "$kubectl" delete --ignore-not-found="${IGNORE_NOT_FOUND:-false}" -f -
