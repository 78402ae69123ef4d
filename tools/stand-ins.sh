#!/bin/sh
# tools/stand-ins.sh: servers that stand in for those of AWS, pinned, into build/stand-ins; called by `make test`.
# What cannot be had is left out, and the suites that need it are skipped with that reason.
#
#   ministack   PyPI, MIT: DynamoDB, SQS, S3 and more in one process
#   dynoxide    crates.io, MIT or Apache-2.0: DynamoDB. It takes minutes to compile, so only with
#               HOIST_TEST_DYNOXIDE=1, and where cargo is there.
#   versitygw   Go module, Apache-2.0: S3, which checks all that S3 checks. It takes minutes to compile, so only
#               with HOIST_TEST_VERSITYGW=1, and where go is there.
set -eu
cd "$(dirname "$0")/.."
folder=$PWD/build/stand-ins
ministack=1.5.33
dynoxide=3.2.0
versitygw=1.8.0
mkdir -p "$folder"

# installed NAME VERSION: is this very version there?
installed() {
  [ "$(cat "$folder/$1.version" 2>/dev/null)" = "$2" ]
}
left_out() {
  echo "SKIPPED: $1 $2 could not be installed from $3; the end of $folder/install.log says why"
}

if ! installed ministack "$ministack"; then
  if { python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet "ministack==$ministack"; } \
    >"$folder/install.log" 2>&1; then
    echo "$ministack" >"$folder/ministack.version"
  else
    left_out ministack "$ministack" PyPI
  fi
fi

if [ "${HOIST_TEST_DYNOXIDE:-}" != 1 ]; then
  : # its suite says that it is skipped
elif ! command -v cargo >/dev/null 2>&1; then
  echo "SKIPPED: dynoxide $dynoxide: no cargo on this machine"
elif ! installed dynoxide "$dynoxide"; then
  if cargo install dynoxide-rs --version "$dynoxide" --locked --no-default-features \
    --features native-sqlite,http-server,cli --root "$folder/dynoxide" >"$folder/install.log" 2>&1; then
    echo "$dynoxide" >"$folder/dynoxide.version"
  else
    left_out dynoxide "$dynoxide" crates.io
  fi
fi

if [ "${HOIST_TEST_VERSITYGW:-}" != 1 ]; then
  : # its suites say that they are skipped
elif ! command -v go >/dev/null 2>&1; then
  echo "SKIPPED: versitygw $versitygw: no go on this machine"
elif ! installed versitygw "$versitygw"; then
  module=github.com/versity/versitygw
  source=$(mktemp -d)
  printf 'module standin\ngo 1.24\nrequire %s v%s\n' "$module" "$versitygw" >"$source/go.mod"
  if (cd "$source" && GOFLAGS=-mod=mod go build -o "$folder/versitygw" "$module/cmd/versitygw") \
    >"$folder/install.log" 2>&1; then
    echo "$versitygw" >"$folder/versitygw.version"
  else
    left_out versitygw "$versitygw" "the Go module proxy"
  fi
  rm -rf "$source"
fi
