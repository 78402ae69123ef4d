#!/bin/sh
# Runs the page's tests; without Chromium or the npm package it says SKIPPED and why (code 77).
#   usage: run.sh HOIST_BINARY FILE...
set -eu
cd "$(dirname "$0")"
chromium="${CHROMIUM:-/usr/bin/chromium}"
if [ ! -x "$chromium" ]; then
  echo "SKIPPED: $chromium is not installed (Debian package chromium)"
  exit 77
fi
if [ ! -d node_modules/playwright-core ]; then
  echo "SKIPPED: playwright-core is not installed (npm ci --prefix tests/acceptance/web)"
  exit 77
fi
export HOIST_BIN="$1"
shift
exec node --test "$@"
