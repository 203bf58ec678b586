# make run   the whole graph on the shipped data       make dev    Dagster's UI and daemon
# make test  every test                                make check  what a commit must pass
#
# run and dev install the default alone; test and check also what the extras need (Spark, S3, databases).
PYTHON ?= python3
BIN := .venv/bin
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 pyproject.toml
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps
export DAGSTER_HOME ?= $(CURDIR)/dagster_home
export RISK_ASSETS_CONFIG ?= $(CURDIR)/config.json

.PHONY: run dev test check format lock clean

run: .venv/installed
	$(BIN)/risk run

dev: .venv/installed
	$(BIN)/dagster dev --workspace workspace.yaml --host 127.0.0.1

test: .venv/extras
	$(BIN)/pytest

check: .venv/extras
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest --quiet -m "not slow"

format: .venv/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: .venv/installed
	$(COMPILE) --extra dev --output-file requirements.lock
	$(COMPILE) --extra dev --extra dev-services --extra postgres --extra s3 --extra spark --extra sql \
		--constraint requirements.lock --output-file requirements-extras.lock

clean:
	git clean -fdxq data dagster_home

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(INSTALL) --require-hashes --requirement requirements.lock
	$(INSTALL) --no-build-isolation --editable .
	touch $@

.venv/extras: requirements-extras.lock .venv/installed
	$(INSTALL) --require-hashes --requirement requirements-extras.lock
	touch $@
