"""Dates of leaving, from files of their own: which times of each client they part, and what they say of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

from risk_assets.domain.dates import days_since_1970
from risk_assets.domain.intake.outcomes import OutcomeCounts
from risk_assets.engine.dataset import CLIENT, LEFT_ON, NEVER, NOT_YET, SINCE, Dataset, moment, table
from risk_assets.engine.session import Session
from risk_assets.engine.sql import literal, quote, read_parts, stored_label

#: The quantile of the days between a leaving and its file that people are told of.
LATE_SHARE = 0.99


def reached(session: Session, parts: Mapping[Path, date]) -> str:
    """Return the newest date of leaving (ISO 8601) that was not ahead of its file, "" for none.

    `parts` are those of files of outcomes, each with the day on which its file arrived.
    """
    if not parts:
        return ""
    newest = (
        f"SELECT max(left_on) AS day FROM ({_leavings(session, [part])}) WHERE left_on < {_end_of(arrived)}"
        for part, arrived in parts.items()
    )
    [(found,)] = session.run(f"SELECT max(day) FROM ({' UNION ALL '.join(newest)})").fetchall()
    return _text(found) if found is not None else ""


def write_leavings(session: Session, parts: Sequence[Path], target: Path) -> None:
    """Write the times between leavings of each client (see `engine.dataset.Outcomes`), in the order of clients."""
    dates = _leavings(session, parts)
    before = f"lag(left_on) OVER (PARTITION BY {CLIENT} ORDER BY left_on)"
    times = (
        f"SELECT {CLIENT}, coalesce({before}, {moment(NEVER)}) AS {SINCE}, left_on AS {LEFT_ON} FROM ({dates}) "
        f"UNION ALL SELECT {CLIENT}, max(left_on), {moment(NOT_YET)} FROM ({dates}) GROUP BY {CLIENT}"
    )
    session.write_parquet(f"SELECT * FROM ({times}) ORDER BY {CLIENT}, {SINCE}", target)


def read_leavings(session: Session, file: Path) -> Mapping[str, Sequence[float]]:
    """Return when each client left, in days since 1970, from a file that `write_leavings` wrote."""
    import numpy as np

    found = session.run(
        f"SELECT {CLIENT}, {LEFT_ON} FROM {read_parts([file])} WHERE {LEFT_ON} < {moment(NOT_YET)} "
        f"ORDER BY {CLIENT}, {LEFT_ON}"
    ).fetchnumpy()
    leavings: dict[str, list[float]] = {}
    days = days_since_1970(found[LEFT_ON]).tolist()
    for client, day in zip(np.ma.getdata(found[CLIENT]).tolist(), days, strict=True):
        leavings.setdefault(client, []).append(day)
    return leavings


def count_leavings(session: Session, parts: Mapping[Path, date]) -> OutcomeCounts:
    """Count the leavings of files of outcomes that lie ahead of their file, and how late the others came.

    How late they come is measured on all files but the first, which may hold years.
    """
    if not parts:
        return OutcomeCounts()
    arrivals = " UNION ALL ".join(
        f"SELECT left_on, {_end_of(arrived)} AS arrived, {place} AS place FROM ({_leavings(session, [part])})"
        for place, (part, arrived) in enumerate(parts.items())
    )
    late = "CAST(date_diff('day', left_on, arrived) AS DOUBLE) - 1"
    since = "place > 0 AND left_on < arrived"
    [(announced, rows)] = session.run(
        f"SELECT count(*) FILTER (left_on >= arrived), count(*) FILTER ({since}) FROM ({arrivals})"
    ).fetchall()
    days = None
    if rows:
        [(days,)] = session.run(
            f"SELECT quantile_cont({late}, {LATE_SHARE}) FROM ({arrivals}) WHERE {since}"
        ).fetchall()
    return OutcomeCounts(announced=int(announced), late_days=None if days is None else float(days))


def count_decided(session: Session, data: Dataset, rows: int, so_far: OutcomeCounts) -> OutcomeCounts:
    """Count what outcomes say of the `rows` rows of a dataset, and what no row tells."""
    columns, outcomes = session.columns, data.outcomes
    assert outcomes is not None
    assert columns.as_of is not None
    target, positive = quote(columns.target), stored_label(columns, columns.positive)
    [(fresh, known, positives)] = session.run(
        f"SELECT count(*), count({target}), count(*) FILTER ({target} = {positive}) FROM {table(columns, data)}"
    ).fetchall()
    leavings = f"(SELECT * FROM {read_parts([outcomes.leavings])} WHERE {LEFT_ON} < {moment(NOT_YET)})"
    client, as_of = quote(columns.id), quote(columns.as_of)
    first = (
        f"SELECT {client} AS id, min({as_of}) AS day FROM {read_parts(data.parts)} "
        f"WHERE {client} IN (SELECT {CLIENT} FROM {leavings}) GROUP BY {client}"
    )
    per_client = (
        f"SELECT {CLIENT}, max(CASE WHEN id IS NULL THEN 1 ELSE 0 END) AS unknown, "
        f"count(*) FILTER ({LEFT_ON} < day) AS early, count(*) AS times "
        f"FROM {leavings} AS leavings LEFT JOIN ({first}) AS seen ON {CLIENT} = id GROUP BY {CLIENT}"
    )
    [(unknown, early, twice)] = session.run(
        "SELECT coalesce(sum(unknown), 0), coalesce(sum(early), 0), count(*) FILTER (times > 1) "
        f"FROM ({per_client})"
    ).fetchall()
    return replace(
        so_far,
        known=int(known),
        positives=int(positives),
        after_leaving=rows - int(fresh),
        unknown_clients=int(unknown),
        before_rows=int(early),
        left_twice=int(twice),
    )


def _leavings(session: Session, parts: Sequence[Path]) -> str:
    columns = session.columns
    assert columns.as_of is not None
    if not parts:
        return f"SELECT CAST(NULL AS VARCHAR) AS {CLIENT}, CAST(NULL AS TIMESTAMP) AS left_on WHERE false"
    return f"SELECT {quote(columns.id)} AS {CLIENT}, {quote(columns.as_of)} AS left_on FROM {read_parts(parts)}"


def _end_of(day: date) -> str:
    return f"CAST({literal(str(day + timedelta(days=1)))} AS TIMESTAMP)"


def _text(time: datetime) -> str:
    return time.isoformat().removesuffix("T00:00:00")
