# Everything one does with Beckon. `make help` lists it. CI calls only these targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

SWIFT ?= swift
# Options of the build that every target shares, such as --jobs 2.
SWIFTFLAGS ?=
# The program carries Swift's library with it, as the container's does.
STATIC := --static-swift-stdlib -Xlinker -s
RELEASE_BUILD = $(SWIFT) build $(SWIFTFLAGS) $(STATIC) -c release --product
SOURCES := Sources Tests Package.swift
RELEASE := .build/release/beckon

.PHONY: help setup setup-test build build-lab run test lint format sanitize fuzz interop crash bench \
	screenshots docker clean names

help: ## Lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Installs what building and running need, if it is missing
	@Tests/setup.sh run

setup-test:
	@Tests/setup.sh test

build: setup ## Builds the program (release)
	$(RELEASE_BUILD) beckon

build-lab: setup ## Builds the demo and the simulators (release)
	$(RELEASE_BUILD) beckon-lab

run: build-lab ## Runs the demo: Beckon, a simulated authorization server, and a page to try them
	@exec $(RELEASE)-lab demo

test: setup-test lint ## Runs every test; the last line counts them
	@Tests/run-all.sh

lint: ## Checks style, shell scripts and the interface description
	@$(SWIFT) format lint --strict -r $(SOURCES)
	@Tests/lint.sh

format: ## Formats the sources
	$(SWIFT) format -i -r $(SOURCES)

sanitize: setup-test ## Runs the tests under the thread and the address sanitizer
	$(SWIFT) test $(SWIFTFLAGS) --disable-xctest --sanitize=thread --scratch-path .build/thread
	ASAN_OPTIONS=suppressions=$(CURDIR)/Tests/Sanitizers/address.txt \
	LSAN_OPTIONS=suppressions=$(CURDIR)/Tests/Sanitizers/leak.txt \
	$(SWIFT) test $(SWIFTFLAGS) --disable-xctest --sanitize=address --scratch-path .build/address

fuzz: setup-test ## Fuzzes the HTTP parser, canonical JSON, tokens and keys, and consents, a minute each
	Tests/Fuzz/run.sh 60

interop: setup-test ## Compares tokens, keys and localized texts with Python libraries
	@Tests/setup.sh interop
	.venv/interop/bin/python Tests/Interop/names.py --check
	BECKON_INTEROP=1 $(SWIFT) test $(SWIFTFLAGS) --disable-xctest --filter ForeignLibraryTests

names: ## Writes the names of countries and currencies into the catalogues, from iso-codes and Babel
	@Tests/setup.sh interop
	.venv/interop/bin/python Tests/Interop/names.py

crash: setup-test build build-lab ## Kills the service again and again and checks that nothing is lost
	BECKON=$(CURDIR)/$(RELEASE) python3 Tests/BlackBox/crash.py --rounds 20 --logins 200

bench: build ## Measures the service beside nginx, C and Go, and prints ratios
	@Tests/setup.sh bench
	$(SWIFT) build $(SWIFTFLAGS) -c release --product outbound-bench
	python3 Tests/Bench/bench.py

screenshots: setup-test build build-lab ## Takes pictures of the pages into .screenshots
	Tests/Browser/screenshots.sh

docker: ## Builds the container image
	docker build -f docker/Dockerfile -t beckon .

clean: ## Removes what was built
	rm -rf .build .screenshots .bench .fuzz .demo .venv
