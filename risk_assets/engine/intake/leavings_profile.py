"""The profiles of files of leavings, counted beside the rows of their clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from risk_assets.domain.columns import Columns
from risk_assets.domain.intake.leavings_profile import EPOCH, LeavingsProfile
from risk_assets.engine.session import Session
from risk_assets.engine.sql import quote, read_parts


def profile_leavings(
    session: Session, parts: Mapping[Path, date], rows: Sequence[Path], columns: Columns
) -> list[LeavingsProfile]:
    """Return the profiles of files of leavings, of which each part came on a day.

    `rows` are the parts of client rows, which have `columns`.
    """
    if not parts:
        return []
    leavings = session.columns
    assert leavings.as_of is not None
    client, left_on = quote(leavings.id), quote(leavings.as_of)
    each = (
        f"SELECT {place} AS place, {client} AS client, CAST({left_on} AS DATE) AS day FROM {read_parts([part])}"
        for place, part in enumerate(parts)
    )
    told = f"({' UNION ALL '.join(each)})"
    seen = _clients(rows, columns, f"(SELECT client FROM {told})")
    found = session.run(
        f"SELECT place, day, count(*), count(seen) FROM {told} AS told LEFT JOIN {seen} AS clients "
        "ON client = seen GROUP BY place, day"
    ).fetchall()
    profiles = []
    for place, arrived in enumerate(parts.values()):
        days = [(day, int(count), int(known)) for at, day, count, known in found if at == place]
        dated = {(day - EPOCH).days: count for day, count, _ in days if day <= arrived}
        profiles.append(LeavingsProfile(sum(day[1] for day in days), sum(day[2] for day in days), dated))
    return profiles


def _clients(rows: Sequence[Path], columns: Columns, among: str) -> str:
    """Return the SQL table of the clients that have a row, of those that are asked for."""
    if not rows:
        return "(SELECT CAST(NULL AS VARCHAR) AS seen WHERE false)"
    client = quote(columns.id)
    return f"(SELECT DISTINCT {client} AS seen FROM {read_parts(rows)} WHERE {client} IN {among})"
