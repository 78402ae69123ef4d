#!/bin/sh
# Runs every fuzz target; a crash leaves its input in build/fuzz and fails.
set -eu
cd "$(dirname "$0")/.."
seconds="${FUZZ_SECONDS:-60}"
cmake --preset fuzz -Wno-dev >/dev/null
cmake --build build/fuzz -j "$(nproc)" --target fuzz_all
for seeds in tests/fuzz/seeds/*/; do
  name=$(basename "$seeds")
  corpus="build/fuzz/corpus/$name"
  mkdir -p "$corpus"
  echo "== fuzz $name for ${seconds}s"
  "build/fuzz/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="build/fuzz/$name-" -print_final_stats=1 "$corpus" "$seeds" 2>&1 | tail -n 12
done
