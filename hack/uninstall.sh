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

# To delete a Contact means to erase the person at the CRM and the marketing system: that is what its finalizer is for.
# Uninstalling is not meant to do that, and could not without the operator, so the finalizers go first.
if [ "$("$kubectl" get crd contacts.contact-operator.io --ignore-not-found -o name)" ]; then
  if [ "$("$kubectl" get deployments --all-namespaces -l app.kubernetes.io/name=contact-operator -o name | wc -l)" -gt 0 ]; then
    echo "The operator is still deployed: it would take the deletion of the contacts for a wish to erase the people everywhere." >&2
    echo "Run make undeploy first." >&2
    exit 1
  fi
  "$kubectl" get contacts.contact-operator.io --all-namespaces \
    -o 'go-template={{range .items}}{{if .metadata.finalizers}}{{.metadata.namespace}} {{.metadata.name}}{{"\n"}}{{end}}{{end}}' |
    xargs -r -P 4 -L 1 sh -c '"$0" patch contacts.contact-operator.io --type=merge -p "{\"metadata\":{\"finalizers\":null}}" -n "$1" "$2" >/dev/null' "$kubectl"
fi
exec "$kubectl" delete --ignore-not-found="${IGNORE_NOT_FOUND:-false}" -f -
