"""What two columns do together: the risk of clients with usual values in all others, cell by cell."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from risk_assets.domain.drift.profile import Profile
from risk_assets.domain.figures import figure
from risk_assets.domain.model.forms import Basis
from risk_assets.domain.model.scorecard import Scorecard, risk_at
from risk_assets.domain.model.shapes import NumericShape

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Shades to either side of the usual risk.
SHADES = 5
#: A map whose risks are all this near to the usual one, in log-odds, stays pale.
LEAST_REACH = math.log(1.5)
#: What has no level of its own in a pair, and what is not known at all.
OTHER, MISSING = "any other", "missing"

Cell = float | str | None


@dataclass(frozen=True)
class HeatCell:
    """The risk of a client with these two values; `shade` is -5 far below the usual risk, 0 near it, 5 far above.

    `is_client` marks the cell nearest to one client.
    """

    risk: float
    shade: int
    is_client: bool


@dataclass(frozen=True)
class HeatMap:
    """The risk by two columns: a row for each label of `down`, in it a cell for each label of `across`.

    The column with more labels goes down, since there is room for names beside the rows.
    """

    down: str
    across: str
    row_labels: tuple[str, ...]
    column_labels: tuple[str, ...]
    rows: tuple[tuple[HeatCell, ...], ...]


@dataclass(frozen=True)
class _Side:
    """Labels of one side of a map, the value behind each, and which of them is nearest to a client, if one is."""

    basis: Basis
    labels: tuple[str, ...]
    values: tuple[Cell, ...]
    client: int | None


def heat_maps(
    scorecard: Scorecard, profile: Profile, client: Mapping[str, Cell] | None = None
) -> tuple[HeatMap, ...]:
    """Return a map for each pair, at the knots and levels of its table; all other columns have their usual value.

    Missing values have a row or column where the rows of `profile`, or the client, lack some.
    """
    return tuple(
        _heat_map(scorecard, *(_side(scorecard, basis, profile, client) for basis in (pair.left, pair.right)))
        for pair in scorecard.pairs
    )


def _heat_map(scorecard: Scorecard, one: _Side, other: _Side) -> HeatMap:
    across, down = sorted((one, other), key=lambda side: (len(side.labels), side.basis.categorical))
    log_odds = _log_odds(scorecard, down, across)
    usual = scorecard.usual_log_odds
    reach = max(LEAST_REACH, float(np.abs(log_odds - usual).max()))
    shades = np.rint(SHADES * (log_odds - usual) / reach).astype(int)
    risks = risk_at(log_odds)
    rows = tuple(
        tuple(
            HeatCell(
                float(risks[row, column]), int(shades[row, column]), (row, column) == (down.client, across.client)
            )
            for column in range(len(across.labels))
        )
        for row in range(len(down.labels))
    )
    return HeatMap(down.basis.column, across.basis.column, down.labels, across.labels, rows)


def _side(scorecard: Scorecard, basis: Basis, profile: Profile, client: Mapping[str, Cell] | None) -> _Side:
    sides = _categories(scorecard, basis) if basis.categorical else _numbers(basis)
    some = {column.name for column in profile.numeric if column.missing}
    some |= {column.name for column in profile.categorical if column.missing}
    if basis.column in some or (client is not None and client.get(basis.column) is None):
        sides.append((MISSING, None, basis.curve_size + len(basis.levels)))
    labels, values, functions = zip(*sides, strict=True)
    place = None if client is None else _nearest(basis, functions, client.get(basis.column))
    return _Side(basis, labels, values, place)


def _numbers(basis: Basis) -> list[tuple[str, Cell, int]]:
    places: dict[float, int] = {knot: place for place, knot in enumerate(basis.knots)}
    places |= {cast("float", level): place for place, level in enumerate(basis.levels, start=basis.curve_size)}
    return [(figure(value), value, places[value]) for value in sorted(places)]


def _categories(scorecard: Scorecard, basis: Basis) -> list[tuple[str, Cell, int]]:
    names = [str(level) for level in basis.levels]
    other = OTHER
    while other in getattr(scorecard.shape(basis.column), "values", ()):
        other += " "
    return [*((name, name, place) for place, name in enumerate(names)), (OTHER, other, basis.size - 1)]


def _log_odds(scorecard: Scorecard, down: _Side, across: _Side) -> NDArray[np.float64]:
    """Return the log-odds of each cell (rows, columns)."""
    count = len(down.values) * len(across.values)
    cells: dict[str, list[Cell]] = {name: [usual] * count for name, usual in scorecard.usual.items()}
    cells[down.basis.column] = [value for value in down.values for _ in across.values]
    cells[across.basis.column] = [*across.values] * len(down.values)
    arrays = {
        name: np.array(values, dtype=np.float64 if isinstance(scorecard.shape(name), NumericShape) else object)
        for name, values in cells.items()
    }
    return scorecard.log_odds(arrays).reshape(len(down.values), len(across.values))


def _nearest(basis: Basis, functions: Sequence[int], cell: Cell) -> int:
    """Return the place of the function that has the largest part in what the pair says of a cell."""
    part = dict(basis.weights(cell))
    return max(range(len(functions)), key=lambda place: part.get(functions[place], 0.0))
