#!/bin/sh
# Builds the development tree and runs every suite; called by `make test`.
set -eu
cd "$(dirname "$0")/.."
jobs="${JOBS:-$(nproc)}"
for folder in tests/acceptance/s3 tests/acceptance/web; do
  if [ -f "$folder/package-lock.json" ] && [ ! -d "$folder/node_modules" ]; then
    npm ci --prefix "$folder" --no-audit --no-fund --loglevel=error
  fi
done
tools/stand-ins.sh
cmake --preset dev -Wno-dev >/dev/null
cmake --build build/dev -j "$jobs"
cd build/dev
exec ctest --output-on-failure -j "$jobs"
