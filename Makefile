# Everything here sets itself up: Python, make and the package registries are enough.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python -m
VENDOR := src/pointsman/doors/console/static/vendor/htmx.min.js

.PHONY: help demo test check faults fmt bench lock docs clean setup setup-dev system

help:  ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: setup  ## ask the worked example's question, then serve the console until stopped
	@$(BIN)/pointsman demo

test: setup-dev system  ## every check and test
	@scripts/test

check: setup-dev  ## lint, types and layers only
	@scripts/check

fmt: setup-dev  ## format and fix what can be fixed
	$(BIN)/ruff format . && $(BIN)/ruff check --fix -q .

faults: setup-dev system  ## kill workers and the journal's server hundreds of times, and print what came of it
	@scripts/faults

bench: setup-dev  ## every benchmark table
	@scripts/bench

docs: setup-dev  ## write the generated reference pages
	$(RUN) scripts.reference

lock: setup-dev  ## pin every dependency anew
	scripts/lock

setup: $(BIN)/.core $(VENDOR)
setup-dev: $(BIN)/.dev $(VENDOR)

system:
	@scripts/system

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; PYTHON=/path/to/python make …"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(BIN)/.core: requirements/core.txt requirements/build.txt pyproject.toml | $(BIN)/python
	@echo "Installing Pointsman into $(VENV) …" >&2
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/core.txt -r requirements/build.txt
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(BIN)/.dev: requirements/dev.txt $(BIN)/.core
	@echo "Installing the tools for tests …" >&2
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

$(VENDOR): frontend/package.json frontend/package-lock.json scripts/vendor | $(BIN)/.core
	@scripts/vendor

clean:  ## remove what was built
	rm -rf $(VENV) .build dist src/pointsman/doors/console/static/vendor
