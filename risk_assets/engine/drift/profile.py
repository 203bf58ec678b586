"""The profile of rows, computed in the engine: no column is ever whole in memory.

Sums are of whole numbers: a value is taken as a share of its column's range, in steps of 1 / SHARES. So they are
the same to the last bit in any order of rows, with any number of threads and on any engine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from risk_assets.domain.columns import Columns
from risk_assets.domain.drift.profile import CategoricalProfile, NumericProfile, Profile
from risk_assets.engine.dataset import Dataset, rows
from risk_assets.engine.model.training_rows import TrainingTable, feature_names
from risk_assets.engine.select import draw, one_in
from risk_assets.engine.session import Session
from risk_assets.engine.sql import double, quote

BINS = 20
QUANTILES = 201
CATEGORIES = 20
SHARES = 10**17

#: Quantiles of more rows than this come from a fixed sample of about as many: off by under 0.2 % in probability.
QUANTILE_ROWS = 1_000_000


@dataclass(frozen=True)
class ProfiledRows:
    """A table, and the SQL of what is described of its rows; `drawn` is the number that a sample goes by."""

    table: str
    id: str
    target: str
    drawn: str
    numeric: Mapping[str, str]
    categorical: Mapping[str, str]


def dataset_rows(columns: Columns, data: Dataset) -> ProfiledRows:
    """Return all rows of a dataset, to be profiled."""
    return ProfiledRows(
        f"({rows(columns, data)})",
        id=quote(columns.id),
        target=quote(columns.target),
        drawn=draw(columns),
        numeric={column.name: quote(column.name) for column in columns.numeric_features},
        categorical={name: quote(name) for name in columns.categorical},
    )


def table_rows(columns: Columns, rows: TrainingTable) -> ProfiledRows:
    """Return what `engine.drift.profile` describes of the rows."""
    names = feature_names(columns)
    return ProfiledRows(
        rows.table,
        id="id",
        target="y",
        drawn="drawn",
        numeric={column.name: names[column.name] for column in columns.numeric_features},
        categorical={name: names[name] for name in columns.categorical},
    )


def profile(session: Session, rows: ProfiledRows) -> Profile:
    """Return the profile of the rows; the same rows in any order give the same figures to the last bit.

    Counts, bounds and histograms are exact, mean and deviation to some 1e-16 of the range. Median and quantiles
    are exact up to QUANTILE_ROWS rows, and linear between neighbours (type 7 of Hyndman and Fan, 1996).
    """
    bounded = (f"count({value}), min({value}), max({value})" for value in rows.numeric.values())
    counted = ["count(*)", f"sum({rows.target})", f"count(DISTINCT {rows.id})", *bounded]
    n, positives, clients, *found = _one(session, f"SELECT {', '.join(counted)} FROM {rows.table}")
    bounds = {name: tuple(found[3 * place : 3 * place + 3]) for place, name in enumerate(rows.numeric)}
    points = _quantiles(session, rows, n)
    spread = _spreads(session, rows, bounds)
    return Profile(
        rows=n,
        clients=clients,
        positives=int(positives or 0),
        numeric=tuple(_numeric(name, n, bounds[name], spread.get(name), points[name]) for name in rows.numeric),
        categorical=tuple(_categorical(session, rows, name, n) for name in rows.categorical),
    )


def whole(share: str) -> str:
    """Return SQL for a share (0 to 1) as a whole number of SHARES, rounded down; sums of them are exact."""
    return f"CAST(floor({share} * 1e17) AS DECIMAL(18, 0))"


@dataclass(frozen=True)
class _Spread:
    """How the values of a column lie between its bounds."""

    counts: tuple[int, ...]
    mean: float
    std: float | None


def _spreads(session: Session, rows: ProfiledRows, bounds: Mapping[str, tuple[Any, ...]]) -> dict[str, _Spread]:
    """Return counts in BINS equal bins, mean and sample standard deviation of each column that has values."""
    same = {
        name: _Spread((present,), low, 0.0 if present > 1 else None)
        for name, (present, low, high) in bounds.items()
        if present and low == high
    }
    varied = [name for name, (_, low, high) in bounds.items() if low is not None and low < high]
    shares, wanted = [], ["count(*)"]
    for place, name in enumerate(varied):
        _, low, high = bounds[name]
        shares.append(f"(({rows.numeric[name]} - {double(low)}) / {double(high - low)}) AS s{place}")
        wanted += [f"sum({whole(f's{place}')})", f"sum({whole(f'(s{place} * s{place})')})"]
        wanted += [f"count(CASE WHEN b{place} = {bin_} THEN 1 END)" for bin_ in range(BINS)]
    bins = (
        f"CASE WHEN s{place} IS NOT NULL THEN least({BINS - 1}, floor(s{place} * {BINS})) END AS b{place}"
        for place in range(len(varied))
    )
    query = f"SELECT {', '.join(['1 AS one', *shares])} FROM {rows.table}"
    query = f"SELECT {', '.join(['*', *bins])} FROM ({query})"
    _, *found = _one(session, f"SELECT {', '.join(wanted)} FROM ({query})")
    width = BINS + 2
    rows_of = {name: found[width * place : width * (place + 1)] for place, name in enumerate(varied)}
    return same | {name: _spread(*bounds[name], *sums) for name, sums in rows_of.items()}


def _spread(present: int, low: float, high: float, *sums: int) -> _Spread:
    first, second = (Fraction(int(total), SHARES) for total in sums[:2])
    variance = max(second - first * first / present, Fraction(0)) / (present - 1)
    return _Spread(
        counts=tuple(sums[2:]),
        mean=float(Fraction(low) + Fraction(high - low) * first / present),
        std=(high - low) * math.sqrt(variance),
    )


def _quantiles(session: Session, rows: ProfiledRows, n: int) -> dict[str, tuple[float, ...]]:
    """Return the quantiles of each numeric column of `n` rows; an empty tuple for one without values."""
    listed = ", ".join(repr(place / (QUANTILES - 1)) for place in range(QUANTILES))
    wanted = [f"quantile_cont({value}, [{listed}])" for value in rows.numeric.values()]
    sample = one_in(-(-n // QUANTILE_ROWS), rows.drawn)
    found = _one(session, f"SELECT {', '.join(['count(*)', *wanted])} FROM {rows.table} WHERE {sample}")
    return {name: tuple(points or ()) for name, points in zip(rows.numeric, found[1:], strict=True)}


def _one(session: Session, sql: str) -> tuple[Any, ...]:
    [row] = session.run(sql).fetchall()
    found: tuple[Any, ...] = row
    return found


def _numeric(
    name: str, n: int, bounds: tuple[Any, ...], spread: _Spread | None, points: Sequence[float]
) -> NumericProfile:
    present, low, high = bounds
    if spread is None:
        return NumericProfile(name, n, n - present, None, None, None, None, None)
    counts = spread.counts
    edges = (low + (high - low) * place / len(counts) for place in range(len(counts)))
    return NumericProfile(
        name=name,
        n=n,
        missing=n - present,
        mean=spread.mean,
        median=points[QUANTILES // 2] if points else None,
        std=spread.std,
        min=low,
        max=high,
        edges=(*edges, high),
        counts=counts,
        quantiles=(low, *points[1:-1], high) if points else (),
    )


def _categorical(session: Session, rows: ProfiledRows, name: str, n: int) -> CategoricalProfile:
    value = rows.categorical[name]
    groups = f"SELECT {value}, count(*) FROM {rows.table} WHERE {value} IS NOT NULL GROUP BY 1"
    found = session.run(
        f"SELECT value, times, sum(times) OVER (), count(*) OVER () FROM ({groups}) AS found(value, times) "
        f"ORDER BY times DESC, value LIMIT {CATEGORIES}"
    ).fetchall()
    counts = tuple((value, times) for value, times, _, _ in found)
    present, distinct = (int(found[0][2]), found[0][3]) if found else (0, 0)
    listed = sum(times for _, times in counts)
    return CategoricalProfile(name, n, n - present, distinct, counts, other=present - listed)
