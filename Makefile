# The few verbs of this project, the same on a laptop and in CI. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
PORT ?= 8080
PYTEST_WORKERS ?= 2
export PYTHONHASHSEED := 0

.PHONY: help setup run test test-fast check format bench faults lock api browser java faketime clients clean

help:  ## List these verbs
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: .venv/ready web/dist/index.html  ## Make .venv with everything locked, and build the web app

.venv/ready: requirements.txt pyproject.toml hatch_build.py
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Regulars needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --only-binary :all: -r requirements-uv.txt
	@# Where a network's own certificate stands in the system's store, uv must be told to look there.
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.txt 2>/dev/null \
		|| $(BIN)/uv --system-certs pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

web/dist/index.html: .venv/ready scripts/build_web.py web/package.json web/package-lock.json web/index.html $(shell find web/src web/public -type f 2>/dev/null)
	$(BIN)/python scripts/build_web.py
	@touch $@

run: setup  ## Serve a living demo store on http://localhost:8080
	$(BIN)/regulars demo --port $(PORT) --log pretty

test: setup browser java faketime clients  ## Run every test
	$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadgroup tests
	$(BIN)/python scripts/build_web.py --test

test-fast: setup  ## Run the tests that take no browser and no patience
	$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadgroup -m "not slow and not browser" tests

check: setup  ## Format, lint, types, import borders and whether generated files are fresh, without changing anything
	$(BIN)/ruff format --check src tests benchmarks scripts
	$(BIN)/ruff check src tests benchmarks scripts
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/export_openapi.py --check
	$(BIN)/python scripts/build_web.py --check

KILLS ?= 500
MINUTES ?= 60
SEED ?= 1
faults: setup  ## Kill a running product KILLS times or for MINUTES, by SEED, and prove that nothing was lost or doubled
	$(BIN)/python -m tests.faults --kills $(KILLS) --minutes $(MINUTES) --seed $(SEED)

format: setup  ## Format and mend what can be mended by machine
	$(BIN)/ruff format src tests benchmarks scripts
	$(BIN)/ruff check --fix src tests benchmarks scripts

bench: setup  ## Measure, each figure beside a physical limit of the same run
	$(BIN)/python -m benchmarks

api: setup  ## Write web/openapi.json from the code and the web client's types from it
	$(BIN)/python scripts/export_openapi.py
	$(BIN)/python scripts/build_web.py --types

clients: .venv/ready
	@$(BIN)/python scripts/build_web.py --clients

browser:  ## See that a Chromium is there, installing Debian's where that is allowed
	@bash scripts/ensure_chromium.sh

java:  ## See that a Java is there, installing Debian's where that is allowed
	@bash scripts/ensure_java.sh

faketime:  ## See that libfaketime is there, installing Debian's where that is allowed
	@bash scripts/ensure_faketime.sh

lock:  ## Lock the newest versions that fit pyproject.toml, with hashes and without naming a registry
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--group dev --group build --output-file requirements.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--output-file requirements-uv.txt - <<< "uv==0.13.9"

clean:  ## Remove what can be made again
	rm -rf .venv web/dist web/node_modules dist .mypy_cache .ruff_cache .pytest_cache
