"""Where a command's run is recorded: DAGSTER_HOME, on SQLite or on PostgreSQL."""

from __future__ import annotations

import contextlib
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from risk_assets.settings import SettingsError
from risk_assets.storage.project import write_dagster_yaml

if TYPE_CHECKING:
    import dagster as dg

HOME = "DAGSTER_HOME"
POSTGRES = "dagster_postgres"
#: How Dagster begins the sentence about a value of dagster.yaml that it cannot use.
FAULT = re.compile(r"PostProcessingError: (.+?)(?: In order for .*)?$", re.MULTILINE)


@contextlib.contextmanager
def open_records(home: Path) -> Iterator[dg.DagsterInstance]:
    """Open DAGSTER_HOME, else the dagster_home beside the settings, else one that is forgotten.

    Raises SettingsError for a dagster.yaml that cannot be used here or a folder that is absent, ClickException for
    a database that is away.
    """
    if named := os.environ.pop(HOME, ""):  # set to nothing, Dagster would take the folder of the shell
        home = Path(named).absolute()
        if not home.is_dir():
            raise SettingsError(f"{HOME}: {home} is no folder; make it, or unset the variable")
    if home.is_dir():
        os.environ[HOME] = str(home)
        write_dagster_yaml(home)
    with _opened() as instance:
        yield instance


def this_machine() -> dict[str, str]:
    """Return the tag by which the launcher knows that it can look for the run's process."""
    from risk_assets.automation.launcher import HOST

    return {HOST: socket.gethostname()}


def _opened() -> dg.DagsterInstance:
    import dagster as dg
    from dagster_shared.check import CheckError
    from sqlalchemy.exc import OperationalError

    if HOME not in os.environ:
        return dg.DagsterInstance.ephemeral()
    file = Path(os.environ[HOME]) / "dagster.yaml"
    try:
        return dg.DagsterInstance.get()
    except dg.DagsterInvalidConfigError as error:
        raise SettingsError(f"{file}: {'; '.join(_faults(error))}") from error
    except CheckError as error:
        missing = error.__context__
        if not isinstance(missing, ModuleNotFoundError) or missing.name != POSTGRES:
            raise
        message = 'keeps its records in PostgreSQL, which needs an extra: pip install "risk_assets[postgres]"'
        raise SettingsError(f"{file} {message}") from error
    except Exception as error:
        if not isinstance(error.__cause__, OperationalError):
            raise
        message = str(error.__cause__.orig).strip().splitlines()[0]
        raise click.ClickException(f"the records of {file.parent} cannot be opened: {message}") from error


def _faults(error: dg.DagsterInvalidConfigError) -> list[str]:
    found = (FAULT.search(each.message) for each in error.errors)
    return [match[1] for match in found if match] or str(error).splitlines()[:1]
