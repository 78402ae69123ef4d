#!/usr/bin/env bash
# Every suite, then the lints, then the sanitizers on what reads bytes from outside and on what threads share.
# A step that would begin too late for the machine's time, or is not done in it, is SKIPPED and counted.
# `make asan` and `make tsan` run the sanitizers on everything.
set -euo pipefail
cd "$(dirname "$0")/.."
lint_begins_max=$((50 * 60))  # seconds since the start
asan_begins_max=$((60 * 60))
tsan_begins_max=$((70 * 60))
ends_max=$((84 * 60))  # the machine gives 90 minutes
skipped=0

# step BEGINS_MAX NAME COMMAND...
step() {
  local begins_max="$1" name="$2"
  shift 2
  if ((SECONDS > begins_max)); then
    echo "SKIPPED $name: $((SECONDS / 60)) minutes have passed"
    skipped=$((skipped + 1))
    return
  fi
  echo "== $name"
  local status=0
  timeout $((ends_max - SECONDS)) "$@" || status=$?
  if ((status == 124)); then
    echo "SKIPPED $name: not done after $((SECONDS / 60)) minutes"
    skipped=$((skipped + 1))
    return
  fi
  return "$status"
}

tests=$(mktemp)
trap 'rm -f "$tests"' EXIT
make test 2>&1 | tee "$tests"
step "$lint_begins_max" "lint" make lint
step "$asan_begins_max" "address and undefined-behaviour sanitizers" \
  tools/sanitize.sh asan base net aws aws_client s3api
step "$tsan_begins_max" "thread sanitizer" tools/sanitize.sh tsan base net adapters_sqlite
echo "checks skipped for want of time: $skipped"
grep -E '^[0-9]+% tests passed|^Total Test time' "$tests"
