# Every target installs what it needs (tools/packages.txt) and works from a clean clone.
.PHONY: run build install lambda demo-tasks demo-events test infra bench lint format asan tsan fuzz help

JOBS ?= $(shell nproc)
DATA ?= hoist-data
LISTEN ?= 127.0.0.1:8080
OBJECTS_LISTEN ?= 127.0.0.1:9000
PREFIX ?= /usr/local
SHARE = $(DESTDIR)$(PREFIX)/share

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

run: build  ## install, build and serve everything from one process
	@tools/install.sh run
	@tools/clamav-signatures.sh || true
	build/release/hoist serve --data $(DATA) --listen $(LISTEN) --objects-listen $(OBJECTS_LISTEN)

build:  ## the release binary, build/release/hoist
	@tools/install.sh build
	@cmake --preset release -Wno-dev >/dev/null
	@cmake --build build/release -j $(JOBS)
	@ln -sf src/bin/hoist build/release/hoist

install: build  ## hoist, its manual page and completion, under PREFIX (default /usr/local)
	@install -D build/release/hoist $(DESTDIR)$(PREFIX)/bin/hoist
	@mkdir -p $(SHARE)/man/man1 $(SHARE)/bash-completion/completions $(SHARE)/zsh/site-functions \
	  $(SHARE)/fish/vendor_completions.d
	@build/release/hoist manual > $(SHARE)/man/man1/hoist.1
	@build/release/hoist completion bash > $(SHARE)/bash-completion/completions/hoist
	@build/release/hoist completion zsh > $(SHARE)/zsh/site-functions/_hoist
	@build/release/hoist completion fish > $(SHARE)/fish/vendor_completions.d/hoist.fish
	@echo "hoist is installed in $(DESTDIR)$(PREFIX)/bin"

lambda:  ## the functions of AWS Lambda: build/lambda/hoist-lambda.zip
	@tools/install.sh build
	@cmake --preset release -Wno-dev >/dev/null
	@cmake --build build/release -j $(JOBS) --target bootstrap
	@tools/lambda_zip.py build/release/src/bin/bootstrap build/lambda/hoist-lambda.zip

demo-tasks: lambda  ## ordered tasks through SQS and the functions, in a stand-in of AWS on this machine
	@tools/stand-ins.sh
	@scripts/demo_tasks.py build/lambda/hoist-lambda.zip

demo-events: lambda  ## the events API as a function with DynamoDB, in the same stand-in
	@tools/stand-ins.sh
	@scripts/demo_events.py build/lambda/hoist-lambda.zip

test:  ## every suite; the closing line counts them
	@tools/install.sh build run test infra
	@tools/test.sh

infra:  ## the AWS stacks, synthesised and proven without an account
	@tools/install.sh infra
	@tools/infra.sh

bench: build  ## side by side with peers on this machine
	@tools/install.sh run bench
	@cmake --preset release -DHOIST_BENCH=ON -Wno-dev >/dev/null
	@cmake --build build/release -j $(JOBS)
	bench/run

lint:  ## clang-format, clang-tidy and our own rules
	@tools/install.sh build test
	@tools/lint.sh

format:  ## formats every source file
	@tools/install.sh test
	@git ls-files '*.hpp' '*.cpp' | xargs clang-format-19 -i

asan tsan:  ## the C++ tests under sanitizers
	@tools/install.sh build run test
	@cmake --preset $@ -Wno-dev >/dev/null
	@cmake --build build/$@ -j $(JOBS)
	@cd build/$@ && ctest --output-on-failure -j $(JOBS) -LE 'acceptance|durability'

fuzz:  ## every fuzz target for FUZZ_SECONDS (default 60) each
	@tools/install.sh build test
	@tools/fuzz.sh
