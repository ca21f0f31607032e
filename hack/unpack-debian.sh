#!/usr/bin/env bash
# Takes single programs out of a Debian package, without installing it: a package of a daemon would start the daemon. apt checks
# the package against the signed lists of the distribution.
#   hack/unpack-debian.sh PACKAGE FILE=TARGET...
set -euo pipefail

package=$1
shift
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
  echo "This system has no Debian packages." >&2
  exit 1
fi
echo "Unpacking the package $package." >&2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# apt downloads as a user of its own.
chmod 755 "$folder"
fetch() { (cd "$folder" && apt-get download -qq "$package" >&2); }
if ! fetch 2>/dev/null; then
  [ "$(id -u)" != 0 ] || apt-get update -qq >&2
  fetch
fi
dpkg-deb -x "$folder"/*.deb "$folder/root"
for pair in "$@"; do
  target=${pair#*=}
  mkdir -p "$(dirname "$target")"
  # Moved into place when it is whole: several tests may ask at a time.
  cp "$folder/root/${pair%%=*}" "$target.$$"
  mv "$target.$$" "$target"
done
