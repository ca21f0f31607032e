#!/usr/bin/env bash
# Posts every row of a CSV file like fifty-contacts.csv to a pipeline, as a form would, and prints each answer.
#   config/samples/post-contacts.sh config/samples/fifty-contacts.csv
#   config/samples/post-contacts.sh config/samples/bad-addresses.csv http://127.0.0.1:8080/v1/contacts/newsletter/submissions
# Columns are found by the names in the first row: those of the form, plan (an attribute) and consent (to marketing mail).
set -euo pipefail
file=${1:?which CSV file?}
url=${2:-http://${INTAKE_ADDR:-127.0.0.1:8080}/v1/contacts/trial/submissions}

# Splits a record into the array fields. A field in quotes may hold commas and doubled quotes, but no line break.
split() {
  local line=$1 field='' quoted='' i c
  fields=()
  for ((i = 0; i < ${#line}; i++)); do
    c=${line:i:1}
    if [ "$c" = '"' ]; then
      if [ -n "$quoted" ] && [ "${line:i+1:1}" = '"' ]; then
        field+='"'
        i=$((i + 1))
      else
        [ -n "$quoted" ] && quoted='' || quoted=yes
      fi
    elif [ "$c" = , ] && [ -z "$quoted" ]; then
      fields+=("$field")
      field=''
    else
      field+=$c
    fi
  done
  fields+=("$field")
}

header=()
failed=0
while IFS= read -r line || [ -n "$line" ]; do
  line=${line%$'\r'}
  [ -n "$line" ] || continue
  split "$line"
  if [ ${#header[@]} -eq 0 ]; then
    header=("${fields[@]}")
    continue
  fi
  data=()
  for i in "${!header[@]}"; do
    name=${header[i]}
    case $name in
      plan) name=attributes.plan ;;
      consent) name=consent.marketing ;;
    esac
    data+=(--data-urlencode "$name=${fields[i]:-}")
  done
  curl -sS --fail-with-body "${data[@]}" "$url" || failed=$((failed + 1))
done <"$file"
[ "$failed" -eq 0 ] || { echo "$failed of the posts failed" >&2; exit 1; }
