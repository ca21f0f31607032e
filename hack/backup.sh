#!/usr/bin/env bash
# Writes every object of contact-operator.io in the current cluster into a folder, for hack/restore.sh.
#   hack/backup.sh /backups/2026-11-23
# The files hold personal data, unencrypted. Secrets and ConfigMaps that Integrations name are not in it.
set -euo pipefail
dir=${1:?"where to? Name a folder that does not exist yet"}
kubectl=${KUBECTL:-kubectl}
umask 077

mkdir -p "$(dirname "$dir")"
mkdir "$dir"

# The order matters, as this is no snapshot of one moment. A submission is completed only after its Contact has been written.
# So with submissions first, what is completed in the backup is in a Contact of the backup. Receipts come last, so that nobody
# who was erased meanwhile comes back.
for kind in integrations contactpipelines contactsubmissions contacts erasurereceipts; do
  "$kubectl" get "$kind.contact-operator.io" --all-namespaces -o yaml > "$dir/$kind.yaml"
  echo "$kind: $(grep -c '^- apiVersion: ' "$dir/$kind.yaml" || true)"
done
