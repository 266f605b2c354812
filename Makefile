# Entregent. `make demo` tries it, `make test` checks it, `make help` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Debian's own Python is built with every optimisation, a third faster than one that was built plainly.
PYTHON ?= $(shell /usr/bin/python3 -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo /usr/bin/python3 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
CHROMIUM := /usr/bin/chromium
DOVECOT := /usr/sbin/dovecot
CLAMD := /usr/sbin/clamd
PG15_BIN := /usr/lib/postgresql/15/bin

# What is installed is known by the locks that it was installed from.
LOCK_OF = $(shell cat $(1) 2>/dev/null | sha256sum | cut -c1-16)
INSTALLED := $(VENV)/.installed-$(call LOCK_OF,requirements/base.txt pyproject.toml)
INSTALLED_DEV := $(VENV)/.installed-dev-$(call LOCK_OF,requirements/base.txt requirements/dev.txt pyproject.toml)

.PHONY: help
help:  ## This list
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 22

## Trying it

.PHONY: demo
demo: install compiled  ## The whole demo on http://127.0.0.1:8000 (PORT=…, ENTREGENT_DATA_DIR=…)
	@exec $(BIN)/entregent demo

.PHONY: doctor
doctor: install compiled  ## What is wrong with this installation, and how to mend it
	@exec $(BIN)/entregent doctor

## Installing

.PHONY: install
install: $(INSTALLED)  ## The product into .venv, from the lock with its hashes

.PHONY: install-dev
install-dev: $(INSTALLED_DEV)  ## The same with what tests, linters and benchmarks need

# Kept if it works; one that was cut short is made anew.
$(VENV)/.made:
	@if $(BIN)/python -m pip --version >/dev/null 2>&1; then touch $@; exit 0; fi; \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Il faut Python 3.11 ou plus récent (make PYTHON=python3.12 …). / Python 3.11 or newer is needed." >&2; exit 1; }; \
	$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3-venv; \
	  else \
	    echo "Il manque le module venv de Python / Python's module venv is missing: sudo apt-get install python3-venv" >&2; exit 1; \
	  fi; }; \
	rm -rf $(VENV); \
	$(PYTHON) -m venv $(VENV); \
	touch $@

$(INSTALLED): | $(VENV)/.made
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/base.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(INSTALLED_DEV): | $(INSTALLED)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

# The catalogues as they run (.mo) are made of those that people write (.po), and not committed.
.PHONY: compiled
compiled: install
	@$(BIN)/python -m entregent.config.messages compile

## Checking it

.PHONY: test
test: lint chromium dovecot clamd postgresql-15 compiled  ## Linters, layers, unit, integration and browser tests, on both PostgreSQL
	@mkdir -p build; \
	$(MAKE) --no-print-directory test-pg15 > build/test-pg15.log 2>&1 & other=$$!; \
	trap "kill $$other 2>/dev/null || true" EXIT; \
	$(BIN)/python -m pytest entregent conventions; \
	wait $$other || { cat build/test-pg15.log; exit 1; }; \
	tail -n 1 build/test-pg15.log; \
	$(BIN)/python -m pytest journeys --half 2 > build/journeys-2.log 2>&1 & other=$$!; \
	$(BIN)/python -m pytest journeys --half 1; \
	wait $$other || { cat build/journeys-2.log; exit 1; }; \
	trap - EXIT; tail -n 1 build/journeys-2.log

.PHONY: test-pg15
test-pg15: install-dev postgresql-15 dovecot clamd compiled  ## The same tests on Debian's PostgreSQL 15
	ENTREGENT_PG_BIN_DIR=$(PG15_BIN) $(BIN)/python -m pytest entregent conventions

.PHONY: test-long
test-long: install-dev chromium dovecot clamd compiled  ## The long reliability and security runs
	$(BIN)/python -m pytest -m long entregent conventions journeys

.PHONY: lint
lint: install-dev  ## Style, layers, types
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy entregent

.PHONY: bench
bench: install-dev compiled  ## All benchmarks; results in benchmarks/results/
	$(BIN)/python -m benchmarks

# Tests in a browser use Debian's; only root may install it.
.PHONY: chromium
chromium:
	@test -x $(CHROMIUM) || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium; \
	  else \
	    echo "Il manque Chromium / Chromium is missing: sudo apt-get install chromium" >&2; exit 1; \
	  fi; }

# The mail server that tests read from; its package must not start one of its own.
.PHONY: dovecot
dovecot:
	@test -x $(DOVECOT) || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1; \
	    apt-get update -q && apt-get install -y --no-install-recommends dovecot-imapd; \
	  else \
	    echo "Il manque Dovecot / Dovecot is missing: sudo apt-get install dovecot-imapd" >&2; exit 1; \
	  fi; }

# The virus scanner alone: without signatures but those of the tests, and not started.
.PHONY: clamd
clamd:
	@test -x $(CLAMD) || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1; \
	    apt-get update -q && apt-get install -y --no-install-recommends clamav-daemon; \
	  else \
	    echo "Il manque ClamAV / ClamAV is missing: sudo apt-get install clamav-daemon" >&2; exit 1; \
	  fi; }

# The programs alone: the package must not make a cluster of its own and start it.
.PHONY: postgresql-15
postgresql-15:
	@test -x $(PG15_BIN)/postgres || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    export DEBIAN_FRONTEND=noninteractive; \
	    apt-get update -q && apt-get install -y --no-install-recommends postgresql-common && \
	    sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf && \
	    apt-get install -y --no-install-recommends postgresql-15; \
	  else \
	    echo "Il manque PostgreSQL 15 / PostgreSQL 15 is missing: sudo apt-get install postgresql-15" >&2; exit 1; \
	  fi; }

## Keeping it

.PHONY: lock
lock: install-dev  ## Both locks anew from requirements/*.in
	$(BIN)/uv pip compile --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
	  requirements/base.in -o requirements/base.txt
	$(BIN)/uv pip compile --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 \
	  requirements/dev.in -o requirements/dev.txt

.PHONY: messages
messages: install-dev  ## Collect the texts of all areas, and compile their English
	$(BIN)/python -m entregent.config.messages update
	$(BIN)/python -m entregent.config.messages compile
