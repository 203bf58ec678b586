"""Dagster's UI with its daemon: `risk dev`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from risk_assets.settings import config_file, load_settings
from risk_assets.storage.project import DAGSTER_HOME, write_dagster_yaml


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=3000, show_default=True, type=click.IntRange(1, 65535))
@click.pass_obj
def dev(config: str | None, host: str, port: int) -> None:
    """Start Dagster's UI and the daemon that runs sensors and the schedule, until Ctrl-C."""
    file = config_file(config)
    load_settings(file)
    home = Path(os.environ.get("DAGSTER_HOME") or file.parent / DAGSTER_HOME).absolute()
    home.mkdir(parents=True, exist_ok=True)
    write_dagster_yaml(home)
    environment = {**os.environ, "DAGSTER_HOME": str(home), "RISK_ASSETS_CONFIG": str(file)}
    command = [sys.executable, "-m", "dagster", "dev", "-m", "risk_assets.definitions"]
    os.execve(sys.executable, [*command, "--host", host, "--port", str(port)], environment)  # noqa: S606
