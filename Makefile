# make run   the whole graph on the shipped data       make dev    Dagster's UI and daemon
# make test  every test                                make check  what a commit must pass
# make long  what takes long by nature: Spark and its cluster, restarts, panels, a crash of the database
# make faults a run killed, or out of space, at every change of the disk, and every file damaged: an hour or two
# make panel the whole graph on months of simulated clients, with dates of leaving
#
# run and dev install the default alone; test and check also what the extras need (Spark, S3, databases).
PYTHON ?= python3
BIN := .venv/bin
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 pyproject.toml
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --no-deps
# Tests spend more time waiting than working, so there are more of them at once than there are cores.
TEST_PROCESSES ?= 4
export DAGSTER_HOME ?= $(CURDIR)/dagster_home
export RISK_ASSETS_CONFIG ?= $(CURDIR)/config.json

.PHONY: run panel dev test long faults check lint quick format settings lock clean

run: .venv/installed
	$(BIN)/risk run

panel: export DAGSTER_HOME = $(CURDIR)/data/panel/dagster_home
panel: export RISK_ASSETS_CONFIG = $(CURDIR)/config.panel.json
panel: .venv/installed
	@test -d data/paneldata || $(BIN)/risk simulate --months 12 --carried \
		--out data/paneldata/clients --outcomes data/paneldata/outcomes
	@mkdir -p $(DAGSTER_HOME) && cp dagster_home/dagster.yaml $(DAGSTER_HOME)
	$(BIN)/risk run

dev: .venv/installed
	$(BIN)/dagster dev --workspace workspace.yaml --host 127.0.0.1

test: .venv/extras
	@.ci/programs
	$(BIN)/pytest --numprocesses $(TEST_PROCESSES) --no-loadscope-reorder -m "not long and not faults"

long: .venv/extras
	@.ci/programs
	$(BIN)/pytest --numprocesses 2 --no-loadscope-reorder -m long

faults: .venv/extras
	$(BIN)/pytest -m faults --capture=no

check: .venv/extras
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=line lint quick

lint: .venv/extras
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/lint-imports --no-logo > .venv/imports.log || { cat .venv/imports.log; exit 1; }
	@$(BIN)/mypy

quick: .venv/extras
	@$(BIN)/pytest --quiet --numprocesses 2 --no-loadscope-reorder -m "not slow and not faults"

format: .venv/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The page and the schema of the settings, which a test compares with them.
settings: .venv/installed
	$(BIN)/python -m risk_assets.settings.reference docs/settings.md risk_assets/settings/config.schema.json

lock: .venv/installed
	$(COMPILE) --extra dev --output-file requirements.lock
	$(COMPILE) --extra dev --extra dev-services --extra dg --extra postgres --extra s3 --extra spark --extra sql \
		--constraint requirements.lock --output-file requirements-extras.lock

clean:
	git clean -fdxq data dagster_home

# A step of the set-up: one line, and the end of its log where it fails.
define step
@echo "$(1) (log: .venv/setup.log)"
@$(2) > .venv/setup.log 2>&1 || { tail -n 30 .venv/setup.log; exit 1; }
endef

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)'
	@echo "Setting up .venv, which takes two minutes, on a busy machine up to six"
	@$(PYTHON) -m venv .venv
	$(call step,Installing the packages of requirements.lock,$(INSTALL) --require-hashes --requirement requirements.lock)
	$(call step,Installing risk_assets,$(INSTALL) --no-build-isolation --editable .)
	@touch $@

.venv/extras: requirements-extras.lock .venv/installed
	$(call step,Installing the packages of requirements-extras.lock,$(INSTALL) --require-hashes --requirement requirements-extras.lock)
	@touch $@
