"""What is missing, or contradicts itself, is said in one line before anything starts."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from pyspark import SparkContext

from risk_assets.engine.spark.application import application, stop_application
from risk_assets.settings import SettingsError
from risk_assets.settings.engine import EngineSetting
from risk_assets_tests.engine.outcome import COLUMNS
from risk_assets_tests.engine.spark.engines import spark_of

pytestmark = [pytest.mark.slow, pytest.mark.needs("java")]


def start(folder: Path, **options: str) -> None:
    setting = EngineSetting(kind="spark", master="local[1]", options=options)
    application(setting, memory_limit="1GB", threads=None, spill=folder)


@pytest.mark.parametrize("absent", ["pyspark", "sqlglot"])
def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, absent: str) -> None:
    found = importlib.util.find_spec

    def without(name: str) -> ModuleSpec | None:
        return None if name == absent else found(name)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    with pytest.raises(SettingsError, match=rf'spark needs {absent}: pip install "risk_assets\[spark\]"$'):
        start(tmp_path)


@pytest.mark.parametrize("java_home", [None, "/nowhere"])
def test_a_missing_java_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, java_home: str | None) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    if java_home:
        monkeypatch.setenv("JAVA_HOME", java_home)
    with pytest.raises(SettingsError, match="engine: spark needs Java 17"):
        start(tmp_path)


def test_an_option_that_would_change_figures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"spark\.sql\.ansi\.enabled is true"):
        start(tmp_path, **{"spark.sql.ansi.enabled": "false"})


def test_an_application_that_is_ended_leaves_nothing_running(tmp_path: Path) -> None:
    with spark_of(COLUMNS, tmp_path) as session:
        assert session.run("SELECT 1").fetchall() == [(1,)]
    stop_application()
    assert SparkContext._active_spark_context is None


WITHOUT = """
import sys
from pathlib import Path
for name in ("pyspark", "sqlglot"):
    sys.modules[name] = None
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name in ("pyspark", "sqlglot") else found(name)
from risk_assets.engine.opening import open_session
from risk_assets.settings import EngineSetting, SettingsError
from risk_assets_tests.engine.outcome import COLUMNS
folder = Path(sys.argv[1])
try:
    with open_session(
        COLUMNS, EngineSetting(kind="spark"), memory_limit="1GB", threads=1, spill=folder, shared=folder
    ):
        pass
except SettingsError as error:
    print(error)
"""


def test_an_installation_without_the_extra_says_so_before_it_imports_any_of_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WITHOUT, str(tmp_path)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told == 'engine: spark needs pyspark: pip install "risk_assets[spark]"\n'
