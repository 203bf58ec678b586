"""The profile of a file, counted in the row table while it is there."""

from __future__ import annotations

from typing import Any

from risk_assets.domain.columns import Columns
from risk_assets.domain.intake.feed_profile import QUANTILES, CategorySketch, FileProfile, NumberSketch
from risk_assets.engine.intake.row_table import Figures
from risk_assets.engine.session import Session

#: Of more rows about so many are looked at, evenly spaced.
SKETCHED_ROWS = 20_000
#: The most frequent categories that are kept.
CATEGORIES = 200


def profile_rows(session: Session, figures: Figures) -> FileProfile:
    """Return the profile of the row table, which has these figures."""
    columns = session.columns
    step = -(-figures.rows // SKETCHED_ROWS) or 1
    rows = f"(SELECT * FROM rows WHERE rowid % {step} = 0)"
    return FileProfile(
        rows=figures.rows,
        positives=figures.positives,
        negatives=figures.rows - figures.positives - figures.open,
        numbers=_numbers(session, columns, rows),
        categories={name: _categories(session, rows, _cell(columns, name)) for name in columns.categorical},
        per_client=0.0 if columns.as_of is not None else _per_client(session, _cell(columns, columns.id), step),
    )


def _per_client(session: Session, client: str, step: int) -> float:
    """Return how many rows a client has, on the average of one in `step` clients."""
    drawn = f"WHERE hash({client}) % {step} = 0" if step > 1 else ""
    [(rows, clients)] = session.run(f"SELECT count(*), count(DISTINCT {client}) FROM rows {drawn}").fetchall()
    return int(rows) / int(clients) if clients else 0.0


def _cell(columns: Columns, name: str) -> str:
    return f"v{columns.names.index(name)}"


def _numbers(session: Session, columns: Columns, rows: str) -> dict[str, NumberSketch]:
    shares = ", ".join(repr(place / (QUANTILES - 1)) for place in range(QUANTILES))
    cells = [_cell(columns, column.name) for column in columns.numbers]
    wanted = ", ".join(["count(*)", *(f"count({cell}), quantile_cont({cell}, [{shares}])" for cell in cells)])
    found: tuple[Any, ...] | None = session.run(f"SELECT {wanted} FROM {rows}").fetchone()
    assert found is not None
    count, *each = found
    return {
        column.name: NumberSketch(int(count), int(known), tuple(map(float, quantiles or ())))
        for column, known, quantiles in zip(columns.numbers, each[::2], each[1::2], strict=True)
    }


def _categories(session: Session, rows: str, cell: str) -> CategorySketch:
    [(count, known)] = session.run(f"SELECT count(*), count({cell}) FROM {rows}").fetchall()
    found = session.run(
        f"SELECT {cell}, count(*) FROM {rows} WHERE {cell} IS NOT NULL "
        f"GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT {CATEGORIES}"
    ).fetchall()
    return CategorySketch(int(count), int(known), {name: int(times) for name, times in found})
