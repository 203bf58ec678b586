# make run   the whole graph on the shipped data       make dev    Dagster's UI and daemon
# make test  every test                                make check  what a commit must pass
PYTHON ?= python3
BIN := .venv/bin
export DAGSTER_HOME ?= $(CURDIR)/dagster_home
export RISK_ASSETS_CONFIG ?= $(CURDIR)/config.json

.PHONY: run dev test check format lock clean

run: .venv/installed
	$(BIN)/risk run

dev: .venv/installed
	$(BIN)/dagster dev --workspace workspace.yaml --host 127.0.0.1

test: .venv/installed
	$(BIN)/pytest

check: .venv/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest --quiet -m "not slow"

format: .venv/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: .venv/installed
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
		--extra dev pyproject.toml --output-file requirements.lock

clean:
	git clean -fdxq data dagster_home

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@
