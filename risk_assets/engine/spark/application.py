"""The Spark application of this process: one at a time, started when it is first needed."""

from __future__ import annotations

import atexit
import importlib.util
import os
import re
import shutil
import threading
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from risk_assets.engine.spark.faults import errors
from risk_assets.settings import SettingsError
from risk_assets.settings.engine import EngineSetting

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LOCAL = re.compile(r"local(\[.*\])?")
#: What the answers depend on; nobody may set these otherwise.
FIXED = {
    "spark.sql.ansi.enabled": "true",  # as in DuckDB a number that does not fit is an error, not another number
    "spark.sql.caseSensitive": "true",  # names in SQL are those of the files
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.variable.substitute": "false",  # ${…} in a value is text
    "spark.sql.parser.escapedStringLiterals": "false",
    "spark.sql.legacy.exponentLiteralAsDecimal.enabled": "false",
    "spark.sql.parquet.binaryAsString": "false",
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    "spark.sql.catalogImplementation": "in-memory",
    # the pieces of a file must be the same however many cores there are at the moment
    "spark.sql.files.minPartitionNum": "1",
}
#: What options of the settings may change.
USUAL = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    "spark.app.name": "risk_assets",
    "spark.sql.files.maxPartitionBytes": "32m",
}


class _Running(NamedTuple):
    spark: SparkSession
    setting: Mapping[str, str]


_starting = threading.Lock()
_running: list[_Running] = []


def application(setting: EngineSetting, *, memory_limit: str, threads: int | None, spill: Path) -> SparkSession:
    """Return the running application, or start it; one that was started with other settings is ended first.

    Raises SettingsError without Spark or Java, and when the settings contradict what the answers depend on.
    """
    options = _options(setting, memory_limit=memory_limit, threads=threads, spill=spill)
    with _starting:
        if _running and _running[0].setting == options and _is_alive(_running[0].spark):
            return _running[0].spark
        _stop()
        _running.append(_Running(_start(options), options))
        return _running[0].spark


def stop_application() -> None:
    """End the application, if one is running."""
    with _starting:
        _stop()


def _stop() -> None:
    if _running:
        _running.pop().spark.stop()


atexit.register(stop_application)


def _options(setting: EngineSetting, *, memory_limit: str, threads: int | None, spill: Path) -> Mapping[str, str]:
    wrong = [name for name, value in FIXED.items() if setting.options.get(name, value) != value]
    if wrong:
        raise SettingsError(f"engine.options: {wrong[0]} is {FIXED[wrong[0]]}, and the figures depend on it")
    master = setting.master or f"local[{threads or '*'}]"
    options = {"spark.master": master, "spark.sql.warehouse.dir": str(spill.absolute())}
    if LOCAL.fullmatch(master):
        options |= {
            "spark.driver.memory": _java_size(memory_limit),
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.local.dir": str(spill.absolute()),
        }
    return options | USUAL | dict(setting.options) | FIXED


def _java_size(limit: str) -> str:
    """Return 4GB or 1.5 GiB as Java spells it."""
    number, unit = re.fullmatch(r"([\d.]+)\s?([KMGT])i?B", limit).groups()  # type: ignore[union-attr]
    kilobytes = float(number) * 1024 ** ("KMGT".index(unit))
    return f"{int(kilobytes)}k"


def _start(options: Mapping[str, str]) -> SparkSession:
    require_spark()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pandas, which is not used here
        from pyspark.sql import SparkSession

        builder = SparkSession.builder
        for name, value in options.items():
            builder = builder.config(name, value)
        try:
            return builder.getOrCreate()
        except errors() as error:
            message = f"engine.master: Spark does not start with {options['spark.master']}; its own log says why"
            raise SettingsError(message) from error


def require_spark() -> None:
    """Raise SettingsError when Spark, what translates for it, or Java is not installed."""
    for module in ("pyspark", "sqlglot"):
        if importlib.util.find_spec(module) is None:
            raise SettingsError(f'engine: spark needs {module}: pip install "risk_assets[spark]"')
    home = os.environ.get("JAVA_HOME")
    if not (Path(home, "bin", "java").is_file() if home else shutil.which("java")):
        where = f"JAVA_HOME={home} has none" if home else "there is none on the PATH, and no JAVA_HOME"
        raise SettingsError(f"engine: spark needs Java 17 or later: {where}")


def _is_alive(spark: SparkSession) -> bool:
    context = spark.sparkContext
    return context._jsc is not None and not context._jsc.sc().isStopped()  # noqa: SLF001  (it has no public twin)
