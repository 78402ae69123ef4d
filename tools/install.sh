#!/bin/sh
# tools/install.sh GROUP...: installs the Debian packages of these groups (tools/packages.txt).
# Asks for nothing and touches nothing when all of them are there.
set -eu
list="$(dirname "$0")/packages.txt"
wanted=""
for group in "$@"; do
  wanted="$wanted $(awk -v g="$group" '$1 == g { print $2 }' "$list")"
done

missing=""
for package in $wanted; do
  # Node may come from elsewhere than Debian: what counts is that the command is there.
  case "$package" in
    nodejs) command -v node >/dev/null 2>&1 && continue ;;
    npm) command -v npm >/dev/null 2>&1 && continue ;;
  esac
  status=$(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null || true)
  [ "${status%?}" = "ii" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=""
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null 2>&1 || {
    echo "These packages are missing and need root to install:$missing" >&2
    exit 1
  }
  as_root="sudo"
fi
echo "Installing:$missing"
# Services of these packages must not start by themselves: Hoist starts its own, privately.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
  $as_root chmod 755 "$policy"
  trap '$as_root rm -f "$policy"' EXIT
fi
$as_root apt-get update -q
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
