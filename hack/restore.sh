#!/usr/bin/env bash
# Brings what hack/backup.sh wrote into the current cluster. The CRDs must be there, and the operator must not run:
#   kubectl -n contact-operator-system scale deployment/contact-operator --replicas=0
#   hack/restore.sh /backups/2026-11-23
# Namespaces that are missing are made. What is there already is left as it is, so this can be called again after an error.
set -euo pipefail
dir=${1:?"from where? Name the folder that hack/backup.sh has written"}
kubectl=${KUBECTL:-kubectl}
say() { echo "restore: $*" >&2; }

for kind in integrations contactpipelines erasurereceipts contacts contactsubmissions; do
  [ -r "$dir/$kind.yaml" ] || { say "$dir/$kind.yaml is missing"; exit 1; }
done
replicas=$("$kubectl" -n contact-operator-system get deployment contact-operator --ignore-not-found -o 'jsonpath={.status.replicas}')
if [ "${replicas:-0}" -gt 0 ]; then
  say "the operator runs, and would work on what is only half there. Stop it first:"
  say "  kubectl -n contact-operator-system scale deployment/contact-operator --replicas=0"
  exit 1
fi
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# show prints fields of the objects in a file, by a Go template.
show() {
  grep -q '^- apiVersion: ' "$1" || return 0 # an empty list
  "$kubectl" create --dry-run=client -f "$1" -o "go-template=$2{{\"\\n\"}}"
}

# create makes the objects of a file. "kubectl apply" would copy them, personal data and all, into an annotation.
create() {
  : > "$work/created"; : > "$work/errors"
  if grep -q '^- apiVersion: ' "$2"; then
    "$kubectl" create -f "$2" > "$work/created" 2> "$work/errors" || true
  fi
  if grep -v '(AlreadyExists)' "$work/errors" >&2; then
    say "not all $1 could be created; those that were are there. Mend the cause and call this again."
    exit 1
  fi
  echo "$1: $(wc -l < "$work/created") created, $(wc -l < "$work/errors") were there already"
}

for kind in integrations contactpipelines erasurereceipts contacts contactsubmissions; do
  show "$dir/$kind.yaml" '{{.metadata.namespace}}'
done | sort -u | while read -r namespace; do
  "$kubectl" get namespace "$namespace" > /dev/null 2>&1 || "$kubectl" create namespace "$namespace"
done

create integrations "$dir/integrations.yaml"
create contactpipelines "$dir/contactpipelines.yaml"
create erasurereceipts "$dir/erasurereceipts.yaml"

# A Contact keeps the UID of each Integration that it was written to. The Integrations have new ones now, and an erasure would
# take them for other systems. Values of people are indented deeper than these lines, so none is mistaken for one.
template='{{.metadata.namespace}}/{{.metadata.name}} {{.metadata.uid}}'
show "$dir/integrations.yaml" "$template" | sort > "$work/before"
"$kubectl" get integrations.contact-operator.io --all-namespaces -o "go-template={{range .items}}$template{{\"\\n\"}}{{end}}" |
  sort > "$work/now"
join "$work/before" "$work/now" | while read -r _ before now; do
  echo "s/^      integrationUID: $before\$/      integrationUID: $now/"
done > "$work/uids.sed"
sed -f "$work/uids.sed" "$dir/contacts.yaml" > "$work/contacts.yaml"
create contacts "$work/contacts.yaml"

# The status of a submission is a resource of its own: without it, each would be processed again.
create contactsubmissions "$dir/contactsubmissions.yaml"
if grep -q '^- apiVersion: ' "$dir/contactsubmissions.yaml"; then
  sed -e '/^    uid: /d' -e '/^    resourceVersion: /d' "$dir/contactsubmissions.yaml" |
    "$kubectl" replace --subresource=status -f - | wc -l | xargs echo "status of contactsubmissions:"
fi

# Who was being erased as the backup was made, and who was erased since, as a receipt says, is erased again.
show "$work/contacts.yaml" '{{if .metadata.deletionTimestamp}}{{.metadata.namespace}} {{.metadata.name}}{{end}}' > "$work/erase"
"$kubectl" get erasurereceipts.contact-operator.io --all-namespaces \
  -o 'go-template={{range .items}}{{.metadata.namespace}}/{{.metadata.name}} {{.spec.erasedAt}}{{"\n"}}{{end}}' | sort > "$work/erased"
show "$work/contacts.yaml" '{{.metadata.namespace}}/{{.metadata.name}} {{.status.firstSeen}}' | sort > "$work/seen"
join "$work/erased" "$work/seen" | awk '{ sub(/Z$/, "", $2); sub(/Z$/, "", $3) } $3 < $2 { split($1, at, "/"); print at[1], at[2] }' >> "$work/erase"
grep . "$work/erase" | sort -u | while read -r namespace name; do
  "$kubectl" -n "$namespace" delete --wait=false --ignore-not-found "contacts.contact-operator.io/$name"
done || true

echo "Restored. Bring Secrets and ConfigMaps that the Integrations name, then start the operator:"
echo "  kubectl -n contact-operator-system scale deployment/contact-operator --replicas=2"
