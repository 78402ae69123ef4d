#!/bin/sh
# tools/infra.sh: the infrastructure, proven without an account; called by `make infra` and `make
# test`. npm parts are mandatory. What comes from PyPI is skipped, with a reason, where it cannot be
# had; the closing line counts both.
set -eu
cd "$(dirname "$0")/.."
home=$PWD
tools=$home/build/infra
mkdir -p "$tools"

# The CDK wants Node 20; Debian 12 has 18. A newer one comes from npm then, into build/.
major=$(node -p 'process.versions.node.split(".")[0]')
if [ "$major" -lt 20 ]; then
  [ -x "$tools/node_modules/node/bin/node" ] ||
    npm install --prefix "$tools" --no-save --no-audit --no-fund --loglevel=error node@22.23.3
  PATH=$tools/node_modules/node/bin:$PATH
  export PATH
fi

cd infrastructure
stamp=node_modules/.installed
if [ ! -f "$stamp" ] || [ package-lock.json -nt "$stamp" ]; then
  npm ci --no-audit --no-fund --loglevel=error
  touch "$stamp"
fi

log=$tools/tests.log
status=0
npm run --silent assemblies
node --test --test-reporter=tap build/test/*.test.js >"$log" || status=1
sed -n 's/^not ok [0-9]* - /FAILED: /p' "$log"
[ "$status" -eq 0 ] || grep -A 30 '^not ok' "$log"
count() { sed -n "s/^# $1 //p" "$log"; }
passed=$(count pass)
failed=$(count fail)
skipped=$(count skipped)
sed -n 's/^ok [0-9]* - \(.*\) # SKIP \(.*\)/SKIPPED: \1: \2/p' "$log"

check() {
  name=$1
  shift
  if "$@" >"$tools/check.log" 2>&1; then
    passed=$((passed + 1))
  else
    cat "$tools/check.log"
    echo "FAILED: $name"
    failed=$((failed + 1))
    status=1
  fi
}
skip() {
  echo "SKIPPED: $1"
  skipped=$((skipped + 1))
}

# The command of the README, sealed as well where the machine lets us.
seal=""
for flags in -n -rn; do
  if unshare $flags true 2>/dev/null; then
    seal="unshare $flags"
    break
  fi
done
empty=$tools/home
mkdir -p "$empty"
# shellcheck disable=SC2086
check "cdk synth -c environment=prod" env -i PATH="$PATH" HOME="$empty" $seal \
  node node_modules/aws-cdk/bin/cdk synth --all --strict --quiet --no-notices --output "$tools/cdk.out" \
  -c environment=prod
check "eslint" node node_modules/eslint/bin/eslint.js .
check "prettier" node node_modules/prettier/bin/prettier.cjs --check .

lint=$tools/venv/bin/cfn-lint
if [ ! -x "$lint" ]; then
  python3 -m venv "$tools/venv" >"$tools/check.log" 2>&1 &&
    "$tools/venv/bin/pip" install --quiet cfn-lint==1.58.0 >"$tools/check.log" 2>&1 || true
fi
if [ -x "$lint" ]; then
  # W3005 and W3010 are notes about how the CDK writes. Two templates are left to the validator of
  # the CDK: this version of cfn-lint does not know all block types of a region switch plan, nor an
  # output of another region within Fn::Split.
  check "cfn-lint sam/template.yaml" "$lint" -r us-east-1 -t "$home/sam/template.yaml"
  # The stacks of the second region are the same code as those of the first.
  templates=$(ls "$tools"/cdk.out/*.template.json | grep -v -e RegionControl -e RegionRecords -e '-b.template')
  # shellcheck disable=SC2086
  check "cfn-lint of the stacks" "$lint" --ignore-checks W3005 W3010 \
    --non-zero-exit-code error -r us-east-1 -t $templates
else
  skip "cfn-lint sam/template.yaml: cfn-lint 1.58.0 could not be installed from PyPI"
  skip "cfn-lint of the stacks: cfn-lint 1.58.0 could not be installed from PyPI"
fi

ministack=$tools/venv/bin/ministack
if [ -x "$lint" ] && [ ! -x "$ministack" ]; then
  "$tools/venv/bin/pip" install --quiet ministack==1.5.33 boto3==1.43.106 >"$tools/check.log" 2>&1 || true
fi
# The program as `make lambda` or the tests' own build have packed it; the newest.
# shellcheck disable=SC2012
archive=$(ls -t "$home"/build/lambda/hoist-lambda.zip "$home"/build/*/tests/acceptance/function/hoist-lambda.zip \
  2>/dev/null | head -n 1)

# deployed STACKS [ZIP]
deployed() {
  name="the $1 stacks are deployed into a stand-in, and their paths run"
  script=deployed/$1.py
  shift
  if [ -x "$ministack" ]; then
    check "$name" "$tools/venv/bin/python" "$script" "$ministack" "$tools/cdk.out" "$@"
    sed -n '/^not shown/,$p' "$tools/check.log"
  else
    skip "$name: ministack 1.5.33 could not be installed from PyPI"
  fi
}
deployed events
if [ -n "$archive" ]; then
  deployed tasks "$archive"
else
  skip "the tasks stacks are deployed into a stand-in: there is no hoist-lambda.zip; make lambda packs it"
fi

# A venv of its own: it pins other versions of what cfn-lint needs.
sam=$(command -v sam || echo "$tools/sam/bin/sam")
if [ ! -x "$sam" ]; then
  python3 -m venv "$tools/sam" >"$tools/check.log" 2>&1 &&
    "$tools/sam/bin/pip" install --quiet aws-sam-cli==1.170.0 >"$tools/check.log" 2>&1 || true
fi
if [ -x "$sam" ]; then
  # shellcheck disable=SC2086
  check "sam validate --lint" env -i PATH="$PATH" HOME="$empty" SAM_CLI_TELEMETRY=0 $seal \
    "$sam" validate --lint --template "$home/sam/template.yaml"
else
  skip "sam validate --lint: aws-sam-cli 1.170.0 could not be installed from PyPI"
fi

echo "infra: $passed passed, $failed failed, $skipped skipped"
exit "$status"
