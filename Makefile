# The commands of a working day. `make` alone lists them. Needs Python 3.11 to 3.13; the rest is installed when needed.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test long chaos soak fuzz audit lint lock docs clean system-packages bench dashboards alarms

BIN := .venv/bin
# What the theme of the site has to say of its makers' next product.
export NO_MKDOCS_2_WARNING := 1
# Tests are compiled once, and not by each process that collects them: half a minute in all.
unexport PYTHONDONTWRITEBYTECODE
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
# Four tests at a time on two cores, since many wait for brokers; each file in one process, with the brokers that its
# tests share. ARGS="-n0" for one at a time.
TESTS := $(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder
LOCK := .cache/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock"

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf 'make %-10s %s\n' "$$name" "$$text"; done

demo: .venv/runtime.stamp ## everything on this machine, with simulated calls and visitors; ARGS="--duration 60" for options
	@exec $(BIN)/wachtmonitor demo $(ARGS)

test: system-packages lint .venv-bench/peers.stamp ## what the tests need, lint, all tests; ARGS="tests/kafka/test_client.py" for some
	@exec $(TESTS) -m "not long" $(ARGS)

long: system-packages .venv/dev.stamp .venv-bench/peers.stamp ## the longer forms of tests, which `make test` leaves out
	@exec $(TESTS) -m long $(ARGS)

chaos: system-packages .venv/dev.stamp ## workers, brokers and sources struck by faults, every figure compared; ARGS="--seed 123" for one
	@exec $(BIN)/python -m tests.chaos $(ARGS)

soak: system-packages .venv/dev.stamp ## a worker under load for an hour, then with a million open calls; ARGS="--hours 8" for more
	@exec $(BIN)/python -m tests.soak $(ARGS)

fuzz: .venv/dev.stamp ## records that nobody would send, into all that reads bytes of others, and the memory that they take; ARGS="--seed 2" for others
	@exec $(BIN)/python -m tests.fuzz $(ARGS)

bench: system-packages .venv/dev.stamp .venv-bench/peers.stamp ## measure the worker beside the bare client and its peers; ARGS="--help" for options
	@exec $(BIN)/python -m tests.bench $(ARGS)

audit: .venv/dev.stamp ## known vulnerabilities of all that is locked, or that nobody could be asked; ARGS="--strict" to fail then
	@exec $(BIN)/python -m tests.deploy.audit $(ARGS)

lint: .venv/dev.stamp ## style, types, layers and the documentation as a site
	$(BIN)/ruff check --no-cache
	$(BIN)/ruff format --no-cache --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/mkdocs build --strict

docs: dashboards ## write everything that is generated anew: reference, contract, dashboards, alarms
	$(BIN)/python -m docs.generate

dashboards: .venv/dev.stamp ## write the dashboards, alert files and recording rules that Grafana and Prometheus read anew
	$(BIN)/python -m dashboards
	$(BIN)/python -m dashboards.alarms.write
	$(BIN)/python -m dashboards.rules.write

alarms: system-packages .venv/dev.stamp ## how soon alarms fire, and how often for nothing, on replayed days (45 minutes); REAL=calls.tsv too
	$(BIN)/python -m tests.alerting $(REAL)

lock: .cache/uv/bin/uv ## resolve the dependencies of pyproject.toml anew: newest versions, with their hashes
	$(LOCK) --upgrade --extra build pyproject.toml --output-file requirements.lock
	$(LOCK) --upgrade --extra build --extra connect --extra dev --constraint requirements.lock pyproject.toml --output-file requirements-dev.lock
	$(LOCK) --upgrade tests/bench/requirements.in --output-file requirements-bench.lock

clean: ## remove what these commands made, the environment too
	rm -rf .venv .venv-bench .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist *.egg-info

system-packages:
	@.ci/system-packages chromium-headless-shell=chromium-headless-shell promtool=prometheus amtool=prometheus-alertmanager java=openjdk-17-jre-headless mvn=maven faketime=faketime
	@command -v chromium-headless-shell >/dev/null || .ci/system-packages chromium=chromium

# What the demo needs is installed first and alone, because somebody waits for it; the tools for tests come on top.
.venv/runtime.stamp: requirements.lock pyproject.toml | $(BIN)/pip
	@echo "Installing Wachtmonitor into .venv"
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev.stamp: requirements-dev.lock .venv/runtime.stamp
	@echo "Installing the tools for tests into .venv"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

.venv-bench/peers.stamp: requirements-bench.lock
	@echo "Installing the peers of the benchmark into .venv-bench"
	@.ci/make-venv .venv-bench
	@.venv-bench/bin/python -m pip --quiet --disable-pip-version-check --no-input install --require-hashes -r requirements-bench.lock
	@touch $@

$(BIN)/pip:
	@.ci/make-venv .venv

.cache/uv/bin/uv:
	@.ci/make-venv .cache/uv
	@.cache/uv/bin/python -m pip --quiet install uv
