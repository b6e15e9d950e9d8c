# All tasks. `make help` lists them. CI calls only these targets.

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
# Tells the benchmark that the program is what this builds.
BUILT := $(RELEASE).built

.PHONY: help setup setup-test build build-lab run test lint format sanitize fuzz interop crash chaos bench \
	screenshots docker clean names install deb

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what building and running need, if missing
	@Tests/setup.sh run

setup-test:
	@Tests/setup.sh test

build: setup ## Build the service (release)
	$(RELEASE_BUILD) beckon
	@touch $(BUILT)

build-lab: setup ## Build the demo and the simulators (release)
	$(RELEASE_BUILD) beckon-lab

run: build-lab ## Run the demo: Beckon, a simulated authorization server, and a page to try them
	@exec $(RELEASE)-lab demo

test: setup-test lint ## Run every test; the last line counts them
	@Tests/run-all.sh

lint: ## Check style, scripts and the interface descriptions
	@$(SWIFT) format lint --strict -r $(SOURCES)
	@Tests/lint.sh

format: ## Format the sources
	$(SWIFT) format -i -r $(SOURCES)

# One target of tests at a time: under a sanitizer all of them together take longer than the limit
# of a test.
sanitize: setup-test ## Run the tests with the thread and address sanitizers
	export ASAN_OPTIONS=suppressions=$(CURDIR)/Tests/Sanitizers/address.txt \
		LSAN_OPTIONS=suppressions=$(CURDIR)/Tests/Sanitizers/leak.txt; \
	for sanitizer in thread address; do \
		options="--sanitize=$$sanitizer --scratch-path .build/$$sanitizer"; \
		$(SWIFT) build $(SWIFTFLAGS) --build-tests $$options; \
		for target in $(notdir $(wildcard Tests/*Tests)); do \
			$(SWIFT) test $(SWIFTFLAGS) --skip-build --disable-xctest $$options \
				--filter "^$$target\."; \
		done; \
	done

fuzz: setup-test ## Fuzz what reads the input of peers, and the routes of the whole service, one minute each; count what every input costs
	Tests/Fuzz/run.sh 60
	Tests/HotLoop/test.sh ""

interop: setup-test build ## Compare tokens, keys, passkeys, messages, texts and metrics with other programs, serve them, and scan our TLS
	@Tests/setup.sh interop
	BECKON=$(CURDIR)/$(RELEASE) python3 Tests/Interop/metrics.py
	.venv/interop/bin/python Tests/Interop/names.py --check
	BECKON_INTEROP=1 $(SWIFT) test $(SWIFTFLAGS) --disable-xctest --filter ForeignLibraryTests
	$(SWIFT) build $(SWIFTFLAGS) --product beckon
	.venv/interop/bin/python Tests/Interop/tls.py .build/debug/beckon
	.venv/interop/bin/python Tests/Interop/tokens.py .build/debug/beckon
	.venv/interop/bin/python Tests/Interop/sign_in.py .build/debug/beckon
	.venv/interop/bin/python Tests/Interop/api.py .build/debug/beckon
	for peers in push apps webhooks evidence devices; do \
		.venv/interop/bin/python Tests/Interop/$$peers.py .build/debug/beckon; \
	done
	.venv/webauthn/bin/python Tests/Interop/passkeys.py .build/debug/beckon

names: ## Update the names of countries and currencies in the catalogues, from iso-codes and Babel
	@Tests/setup.sh interop
	.venv/interop/bin/python Tests/Interop/names.py

crash: setup-test build build-lab ## Kill the service repeatedly, run commands beside it, change its audit: nothing is lost or missed
	BECKON=$(CURDIR)/$(RELEASE) python3 Tests/BlackBox/crash.py --rounds 20 --logins 200 \
		--storm 600 --rate 2000
	cd Tests/BlackBox && BECKON=$(CURDIR)/$(RELEASE) BECKON_EDITS=10000 \
		python3 -B -m unittest test_audit

# KILLS=20 is what the tests do. SEED=N does a run again.
KILLS ?= 1000
chaos: setup-test build build-lab ## Kill, stop and cut off three replicas and their PostgreSQL, set their clocks: nothing is lost or done twice
	BECKON=$(CURDIR)/$(RELEASE) python3 -B Tests/Chaos/chaos.py --kills $(KILLS) $(if $(SEED),--seed $(SEED))

bench: build ## Measure the service beside nginx, C and Go, and print ratios
	@Tests/setup.sh bench
	$(RELEASE_BUILD) outbound-bench
	$(RELEASE_BUILD) store-bench
	python3 Tests/Bench/bench.py

screenshots: setup-test build build-lab ## Save pictures of the pages to .screenshots
	Tests/Browser/screenshots.sh

# What `install` installs and `deb` packs.
PROGRAM ?= $(RELEASE)
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
DOC = $(DESTDIR)$(PREFIX)/share/doc/beckon

install: ## Install the built service and its systemd unit below DESTDIR
	@test -x "$(PROGRAM)" || { echo "Run make build first." >&2; exit 1; }
	install -D -m 0755 "$(PROGRAM)" "$(DESTDIR)$(PREFIX)/bin/beckon"
	install -d "$(DESTDIR)$(PREFIX)/lib/systemd/system"
	sed 's|/usr/|$(PREFIX)/|g; s|/etc/beckon|$(SYSCONFDIR)/beckon|g' docker/debian/beckon.service \
		> "$(DESTDIR)$(PREFIX)/lib/systemd/system/beckon.service"
	chmod 0644 "$(DESTDIR)$(PREFIX)/lib/systemd/system/beckon.service"
	install -D -m 0644 docker/debian/beckon.sysusers "$(DESTDIR)$(PREFIX)/lib/sysusers.d/beckon.conf"
	install -d -m 0750 "$(DESTDIR)$(SYSCONFDIR)/beckon"
	test -e "$(DESTDIR)$(SYSCONFDIR)/beckon/beckon.json5" \
		|| install -m 0640 Config/beckon.json5 "$(DESTDIR)$(SYSCONFDIR)/beckon/beckon.json5"
	install -d "$(DOC)"
	install -m 0644 README.md ARCHITECTURE.md CHANGELOG.md Config/beckon.example.json5 openapi/*.yaml \
		"$(DOC)"

deb: build ## Build a Debian package of the service in .build
	@Tests/setup.sh deb
	@docker/debian/build.sh "$(PROGRAM)" .build

# A digest pins a base image: make docker DEBIAN_DIGEST=sha256:… SWIFT_DIGEST=sha256:…
docker: ## Build the container image
	docker build -f docker/Dockerfile -t beckon \
		$(if $(SWIFT_DIGEST),--build-arg SWIFT_DIGEST=@$(SWIFT_DIGEST)) \
		$(if $(DEBIAN_DIGEST),--build-arg DEBIAN_DIGEST=@$(DEBIAN_DIGEST)) \
		--build-arg REVISION="$$(git rev-parse HEAD)" \
		--build-arg CREATED="$$(git log -1 --format=%cI)" .

clean: ## Remove build products
	rm -rf .build .screenshots .bench .fuzz .demo .venv
