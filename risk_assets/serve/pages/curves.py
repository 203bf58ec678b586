"""The shape of a feature as a drawing: the curve, how the clients are spread beneath it, and one client on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.drift.profile import Profile
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.reporting.charts.effects import CategoricalEffect, Effect, NumericEffect, effects
from risk_assets.reporting.charts.shapes import LEAST_REACH, odds_ticks
from risk_assets.serve.pages.bars import Deviation, deviations

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The drawing, in its own units: the curve's field, and the strip of the distribution beneath it.
LEFT, RIGHT, TOP, BOTTOM, FLOOR = 48.0, 316.0, 10.0, 130.0, 158.0
MOST_CATEGORIES = 12
NOTHING_KNOWN = Profile(0, 0, 0, (), ())

Cell = float | str | None
Point = tuple[float, float]
Tick = tuple[float, str]


@dataclass(frozen=True)
class Curve:
    """A numeric shape; places are in units of the drawing, `missing` is the log-odds of a missing value.

    `client` is where one client stands, or None; `rising` and `falling` are the areas above and below the average.
    """

    column: str
    line: str
    rising: str
    falling: str
    spread: str
    average_y: float
    low: float
    high: float
    ticks: tuple[Tick, ...]
    missing: float
    client: Point | None


@dataclass(frozen=True)
class Row:
    """A category: its log-odds against the average client, its share of the clients, and whether it is the one."""

    name: str
    log_odds: float
    share: float
    bar: Deviation
    is_client: bool


@dataclass(frozen=True)
class Table:
    """A categorical shape."""

    column: str
    rows: tuple[Row, ...]
    left_out: int
    missing: float


def drawings(
    scorecard: Scorecard, profile: Profile | None, client: Mapping[str, Cell] | None = None
) -> tuple[Curve | Table, ...]:
    """Return the shapes, the strongest first, all on one scale of odds; with the place of one client if given."""
    found = effects(scorecard, profile or NOTHING_KNOWN, MOST_CATEGORIES)
    reach = max([LEAST_REACH, *(_reach(effect) for effect in found)]) * 1.08
    shapes = {shape.column: shape for shape in scorecard.numeric}
    drawn: list[Curve | Table] = []
    for effect in found:
        cell = client.get(effect.column) if client else None
        if isinstance(effect, CategoricalEffect):
            drawn.append(_table(effect, cell))
            continue
        value = cell if isinstance(cell, int | float) else None
        shape = shapes[effect.column]
        drawn.append(_curve(effect, reach, None if value is None else (value, shape.at(value) - shape.mean)))
    return tuple(drawn)


def _reach(effect: Effect) -> float:
    return float(np.abs(effect.log_odds).max(initial=0.0)) if isinstance(effect, NumericEffect) else 0.0


def _curve(effect: NumericEffect, reach: float, client: Point | None) -> Curve:
    low, high = float(effect.x[0]), float(effect.x[-1])

    def across(value: NDArray[np.float64]) -> NDArray[np.float64]:
        return LEFT + (np.clip(value, low, high) - low) / (high - low) * (RIGHT - LEFT)

    def up(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
        return (TOP + BOTTOM) / 2 - log_odds / reach * (BOTTOM - TOP) / 2

    x, middle = across(effect.x), (TOP + BOTTOM) / 2
    places, texts = odds_ticks(reach)
    spot = None
    if client is not None:
        value, log_odds = np.array(client[:1]), np.array(client[1:])
        held = log_odds.clip(-reach, reach)  # beyond the shown values the shape may go on
        spot = (round(float(across(value)[0]), 1), round(float(up(held)[0]), 1))
    return Curve(
        effect.column,
        line=points(x, up(effect.log_odds)),
        rising=_area(x, up(effect.log_odds.clip(min=0)), middle),
        falling=_area(x, up(effect.log_odds.clip(max=0)), middle),
        spread=_steps(across(effect.edges), effect.shares),
        average_y=middle,
        low=low,
        high=high,
        ticks=tuple(
            (round(float(up(np.array(place))), 1), text) for place, text in zip(places, texts, strict=True)
        ),
        missing=effect.missing,
        client=spot,
    )


def points(x: Iterable[float], y: Iterable[float]) -> str:
    """Return the points of a line as SVG writes them."""
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))


def _area(x: NDArray[np.float64], y: NDArray[np.float64], base: float) -> str:
    return points([x[0], *x, x[-1]], [base, *y, base])


def _steps(edges: NDArray[np.float64], shares: NDArray[np.float64]) -> str:
    """Return the outline of the distribution, as high as the strip under the curve."""
    tallest = max(float(shares.max()), 1e-12)
    heights = FLOOR - shares / tallest * (FLOOR - BOTTOM - 4)
    return _area(np.repeat(edges, 2)[1:-1], np.repeat(heights, 2), FLOOR)


def _table(effect: CategoricalEffect, cell: Cell) -> Table:
    bars = deviations(effect.log_odds.tolist())
    rows = tuple(
        Row(name, log_odds, share, bar, is_client=name == cell)
        for name, log_odds, share, bar in zip(
            effect.names, effect.log_odds.tolist(), effect.shares.tolist(), bars, strict=True
        )
    )
    return Table(effect.column, rows, effect.left_out, effect.missing)
