"""Client files of any size for benchmarks/scale.py: ten months of the world of domain.simulate, drawn by DuckDB.

Each client has a row in each month's file. Of the cells 1 % are missing, of the rows 1 % stood in the month before
as well, and one in 100,000 is bad. A row depends on the numbers of its client and its month alone.
"""

from __future__ import annotations

import json
from pathlib import Path

from risk_assets.domain.simulate import (
    CODE_START,
    CODE_STEP,
    FALL_EFFECT,
    LETTERS,
    SIZE_CENTRE,
    SIZE_EFFECT,
    SIZE_SPREAD,
    simulate,
)

MONTHS = 10
CODE_LENGTH = 7
#: The intercept of domain.simulate's world, at which a fifth leaves.
INTERCEPT = -2.08
TEST_ROWS = 5_000
ONE_MORE = 1_000_000
SUFFIXES = {"csv": "(FORMAT csv, HEADER)", "parquet": "(FORMAT parquet)"}


def write_home(home: Path, *, rows: int, kind: str, settings: dict[str, object]) -> Path:
    """Write input files with `rows` rows, two that come later, testdata and a config; return the config.

    In waiting/ are a file of a million rows, or a tenth of `rows` if that is less, one of a tenth, and one like
    the first whose clients are all new, so that it repeats no row.
    """
    for folder in ("sourcedata", "testdata", "waiting"):
        (home / "data" / folder).mkdir(parents=True, exist_ok=True)
    clients = rows // MONTHS
    for month in range(MONTHS):
        _write(home / "data" / "sourcedata", month, clients, kind)
    _write(home / "data" / "waiting", MONTHS, min(clients, ONE_MORE), kind)
    _write(home / "data" / "waiting", MONTHS + 1, clients, kind)
    _write(home / "data" / "waiting", MONTHS + 2, min(clients, ONE_MORE), kind, first=clients)
    simulate(TEST_ROWS, seed=1).frame.to_csv(home / "data" / "testdata" / "testdata.csv", index=False)
    shipped = json.loads((Path(__file__).parents[1] / "config.json").read_text(encoding="utf-8"))
    shipped["columns"]["derived"] = []  # the other sides know the columns of files alone
    config = home / "config.json"
    limits = {"memory_limit": "4GB", "finaldata_csv": False, "dependency_check": False}
    config.write_text(json.dumps(shipped | {"data_root": str(home / "data")} | limits | settings, indent=2))
    return config


def _write(folder: Path, month: int, clients: int, kind: str, first: int = 0) -> None:
    import duckdb

    again = f" UNION ALL FROM ({_rows(month - 1, clients)}) WHERE n % 100 = 7" if month and not first else ""
    cells = "corporation, lastmonth_activity, lastyear_activity, number_of_employees, exited"
    target = folder / f"month{month:02d}.{kind}"
    with duckdb.connect(config={"memory_limit": "2GB"}) as connection:
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(
            f"COPY (SELECT {cells} FROM ({_rows(month, clients, first)}{again})) TO '{target}' {SUFFIXES[kind]}"
        )


def _rows(month: int, clients: int, first: int = 0) -> str:
    """Return the SQL of a month: log-normal sizes and rates, Poisson counts by their normal approximation."""
    digits = " || ".join(
        f"substr('{''.join(LETTERS)}', 1 + code // {len(LETTERS) ** place} % {len(LETTERS)}, 1)"
        for place in range(CODE_LENGTH)
    )
    code = f"(n * {CODE_STEP} + {CODE_START}) % {len(LETTERS) ** CODE_LENGTH}"
    drawn = (
        f"SELECT n, {code} AS code, {SIZE_CENTRE} + {SIZE_SPREAD} * {_normal(1)} AS size, {_normal(2)} AS pace, "
        f"{_normal(3, month)} AS turn, {_normal(4, month)} AS noise, {_uniform(50, month)} AS fate, "
        f"{_hash(60, month)} AS dirt "
        f"FROM range({first}, {first + clients}) AS clients(n)"
    )
    rates = f"SELECT *, exp(3 + 0.3 * (size - {SIZE_CENTRE}) + 0.9 * pace) AS rate FROM ({drawn})"
    counts = (
        "SELECT *, greatest(0, round(rate * exp(0.6 * turn) + sqrt(rate * exp(0.6 * turn)) * noise)) AS month, "
        f"1 + floor(exp(size)) AS employees FROM ({rates})"
    )
    years = f"SELECT *, month + greatest(0, round(11 * rate - sqrt(11 * rate) * noise)) AS year FROM ({counts})"
    odds = (
        f"{INTERCEPT} + {FALL_EFFECT} * (ln(year / 12 + 1) - ln(month + 1)) "
        f"- {SIZE_EFFECT} * (ln(employees) - {SIZE_CENTRE})"
    )
    return (
        f"SELECT n, {digits} AS corporation, {_dirty('month', 0)} AS lastmonth_activity, "
        f"{_dirty('year', 1)} AS lastyear_activity, "
        f"CASE WHEN dirt % 100000 = 9 THEN -1 ELSE {_dirty('employees', 2)} END AS number_of_employees, "
        f"CAST(fate < 1 / (1 + exp(-({odds}))) AS BIGINT) AS exited FROM ({years})"
    )


def _hash(stream: int, month: int | None = None) -> str:
    """Return 64 random bits; the hash of several arguments would not do, as streams of one row go along in it."""
    return f"hash((n * 16 + {0 if month is None else month + 1}) * 64 + {stream})"


def _uniform(stream: int, month: int | None = None) -> str:
    return f"(({_hash(stream, month)} >> 11) + 0.5) / {2**53}"


def _normal(stream: int, month: int | None = None) -> str:
    """Return a standard normal number by Box and Muller (1958)."""
    one, two = _uniform(10 * stream, month), _uniform(10 * stream + 1, month)
    return f"sqrt(-2 * ln({one})) * cos(2 * pi() * {two})"


def _dirty(value: str, place: int) -> str:
    return f"CASE WHEN (dirt >> {20 + 10 * place}) % 100 = 3 THEN NULL ELSE CAST({value} AS BIGINT) END"
