#!/bin/sh
# Formatting, our own rules, and a short list of clang-tidy checks that are errors.
set -eu
cd "$(dirname "$0")/.."
git ls-files '*.hpp' '*.cpp' | xargs clang-format-19 --dry-run --Werror
python3 tools/tidy/tidy.py
cmake --preset dev -Wno-dev >/dev/null
git ls-files 'src/*.cpp' | grep -v _test.cpp |
  xargs -P "$(nproc)" -n 4 clang-tidy-19 -p build/dev --quiet
