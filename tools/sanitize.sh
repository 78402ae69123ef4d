#!/bin/sh
# usage: sanitize.sh asan|tsan LIBRARY...   (base, net, adapters_sqlite, ...)
# Builds the unit and contract tests of these libraries under the sanitizer, and runs them.
set -eu
cd "$(dirname "$0")/.."
preset="$1"
shift
cmake --preset "$preset" -Wno-dev >/dev/null
targets=""
for library in "$@"; do targets="$targets hoist_${library}_test"; done
# shellcheck disable=SC2086  # a list
cmake --build "build/$preset" -j "${JOBS:-$(nproc)}" --target $targets
for target in $targets; do
  program=$(find "build/$preset/src" -name "$target" -type f)
  (cd "$(dirname "$program")" && "./$target" --gtest_brief=1)
done
