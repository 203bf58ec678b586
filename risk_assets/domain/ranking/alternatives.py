"""What the model would say of a client with a value of before: no promise, for the model knows no causes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.columns import Columns
from risk_assets.domain.derived import derived_value

if TYPE_CHECKING:
    from risk_assets.domain.model.scorecard import Scorecard

Features = Mapping[str, float | str | None]
#: A smaller fall of the risk is not worth a word.
LEAST_FALL = 0.01
MOST = 3


@dataclass(frozen=True)
class Alternative:
    """A feature with its value on an earlier day (ISO 8601, None without dates), and the risk with it."""

    feature: str
    value: float
    now: float | None
    as_of: str | None
    risk: float


def alternatives(
    scorecard: Scorecard, columns: Columns, rows: Sequence[tuple[str | None, Features]]
) -> tuple[Alternative, ...]:
    """Return the earlier values of single features with which a client's risk would be lower, the lowest first.

    `rows` are the client's dates and features, the latest last. Columns that are derived from the feature follow
    it; nobody can bring back the value of a column that is not actionable.

    >>> from risk_assets.domain.columns import NumericColumn
    >>> from risk_assets.domain.model.scorecard import Scorecard
    >>> from risk_assets.domain.model.shapes import NumericShape
    >>> calls = NumericShape("calls", (0.0, 20.0), ((-4.0, 2.0),), missing=0.0, mean=0.0, usual=10.0)
    >>> rows = [("2026-05-01", {"calls": 12.0}), ("2026-06-01", {"calls": 3.0})]
    >>> columns = Columns("id", "left", "1", "0", (NumericColumn("calls"),))
    >>> found = alternatives(Scorecard(0.0, 0.5, (calls,), ()), columns, rows)
    >>> [(one.value, one.as_of, round(one.risk, 2)) for one in found]
    [(12.0, '2026-05-01', 0.4)]
    """
    if len(rows) < 2:  # noqa: PLR2004  # a row before
        return ()
    latest = rows[-1][1]
    tried = [
        (name, as_of, value, _with(columns, latest, name, value))
        for name in _changeable(columns)
        for as_of, value in _earlier(rows, name)
    ]
    if not tried:
        return ()
    risks = _risks(scorecard, [latest, *(features for *_, features in tried)])
    best: dict[str, Alternative] = {}
    for (name, as_of, value, _), risk in zip(tried, risks[1:], strict=True):
        now = latest.get(name)
        if risk <= risks[0] - LEAST_FALL and (name not in best or risk < best[name].risk):
            best[name] = Alternative(name, value, now if isinstance(now, int | float) else None, as_of, risk)
    return tuple(sorted(best.values(), key=lambda one: one.risk)[:MOST])


def _changeable(columns: Columns) -> list[str]:
    """Return the numeric features of files to act on, whose derived columns can be computed anew from features."""
    features = set(columns.features)
    names = [column.name for column in columns.numeric if column.feature and columns.is_actionable(column.name)]
    derived = [column for column in columns.derived if column.kind != "days_between"]
    return [name for name in names if all(set(one.parts) <= features for one in derived if name in one.parts)]


def _earlier(rows: Sequence[tuple[str | None, Features]], name: str) -> list[tuple[str | None, float]]:
    """Return the distinct earlier values of a feature, each with the last day on which it was so."""
    latest = rows[-1][1].get(name)
    found = {value: as_of for as_of, features in rows[:-1] if isinstance(value := features.get(name), int | float)}
    return [(as_of, float(value)) for value, as_of in found.items() if value != latest]


def _with(columns: Columns, features: Features, name: str, value: float) -> Features:
    changed = {**features, name: value}
    for column in columns.derived:
        if name in column.parts:
            parts = {
                part: cell if isinstance(cell := changed.get(part), int | float) else None for part in column.parts
            }
            changed[column.name] = derived_value(column, parts)
    return changed


def _risks(scorecard: Scorecard, rows: Sequence[Features]) -> list[float]:
    numeric = {shape.column for shape in scorecard.numeric}
    cells = {
        name: np.array([row.get(name) for row in rows], dtype=np.float64 if name in numeric else object)
        for name in scorecard.features
    }
    return [float(risk) for risk in scorecard.risk(cells)]
