"""What Dagster loads: assets, checks, jobs, sensors, schedules, resources and the executor."""

from __future__ import annotations

import gc
import warnings

import dagster as dg

from risk_assets.automation import check_drift, new_source_files, new_source_rows, notices, send_digest
from risk_assets.automation.jobs import everything, ingest, refresh
from risk_assets.resources.declaration import absent_keys, with_settings
from risk_assets.resources.dependencies import Dependencies
from risk_assets.resources.home import Home
from risk_assets.resources.observation import ObservedSources
from risk_assets.settings import config_file, load_settings

# What is loaded here and in a run lives as long as the process; looking for garbage in it at Dagster's and
# scikit-learn's pace of imports costs a fifth of a cold run.
gc.set_threshold(50_000, 20, 100)
gc.freeze()

CONFIG = str(config_file())
EXECUTORS = {"in_process": dg.in_process_executor, "multiprocess": dg.multiprocess_executor}

settings = load_settings(CONFIG)

with warnings.catch_warnings():
    # Observable sources are marked beta; Dagster is held below 1.14, so nothing changes unnoticed.
    warnings.simplefilter("ignore", dg.BetaWarning)
    loaded = dg.load_assets_from_package_name("risk_assets.assets")
    checks = dg.load_asset_checks_from_package_name("risk_assets.assets")

absent = absent_keys(settings)
assets = [
    asset
    for asset in loaded
    if isinstance(asset, dg.AssetsDefinition) and not any(key.to_user_string() in absent for key in asset.keys)
]
home = Home(config_file=CONFIG)

defs = dg.Definitions(
    assets=dg.map_asset_specs(lambda spec: with_settings(spec, settings), assets),
    asset_checks=checks,
    jobs=[everything, ingest, refresh],
    sensors=[
        *new_source_rows.build(settings.sources),
        new_source_files.new_source_files,
        check_drift.check_drift_after_ingest,
        *notices.SENSORS,
    ],
    schedules=[check_drift.build(settings.drift_cron), *send_digest.build(settings.digest)],
    resources={
        "home": home,
        "observed_sources": ObservedSources(home=home),
        "dependencies": Dependencies(home=home),
    },
    executor=EXECUTORS[settings.executor],
)
