"""What an install brings: by pyproject.toml, and below it by what the installed packages declare."""

from __future__ import annotations

import tomllib
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
DRIVERS = {
    "postgres": {"dagster-postgres", "psycopg2-binary"},
    "s3": {"s3fs", "aiobotocore", "botocore"},
    "spark": {"pyspark", "py4j", "sqlglot"},
    "sql": {"psycopg", "psycopg-binary", "pyarrow"},
    "dev-services": {"boto3", "moto"},
}


def declared(extra: str | None = None) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [
        Requirement(line)
        for line in (project["optional-dependencies"][extra] if extra else project["dependencies"])
    ]


def brought_by(requirements: list[Requirement]) -> set[str]:
    """Return the names of all packages that these requirements install here, their own ones included."""
    found: set[tuple[str, frozenset[str]]] = set()
    waiting = list(requirements)
    while waiting:
        wanted = waiting.pop()
        package = (canonicalize_name(wanted.name), frozenset(wanted.extras))
        if package not in found:
            found.add(package)
            below = map(Requirement, requires(wanted.name) or [])
            waiting += [each for each in below if applies(each, package[1] or {""})]
    return {name for name, _ in found}


def applies(requirement: Requirement, extras: frozenset[str] | set[str]) -> bool:
    return requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in extras)


def locked(file: str) -> set[str]:
    lines = (ROOT / file).read_text().splitlines()
    return {canonicalize_name(line.partition("==")[0]) for line in lines if "==" in line and line[0].isalnum()}


@pytest.mark.parametrize("extra", DRIVERS)
def test_the_default_install_brings_no_driver_and_the_extra_does(extra: str) -> None:
    assert brought_by(declared()) & DRIVERS[extra] == set()
    assert brought_by(declared(extra)) >= DRIVERS[extra]


@pytest.mark.parametrize("extra", DRIVERS)
def test_make_run_installs_no_driver_and_make_test_does(extra: str) -> None:
    assert locked("requirements.lock") & DRIVERS[extra] == set()
    assert locked("requirements-extras.lock") >= DRIVERS[extra]


def test_make_run_installs_all_that_the_default_brings() -> None:
    assert brought_by(declared()) - locked("requirements.lock") == set()
