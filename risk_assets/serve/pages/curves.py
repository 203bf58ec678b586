"""The shape of a feature as a drawing: the curve, how the clients are spread beneath it, and one client on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.drift.profile import Profile
from risk_assets.domain.model.scorecard import Scorecard, risk_at
from risk_assets.domain.model.shapes import CategoricalShape, NumericShape
from risk_assets.reporting.charts.effects import CategoricalEffect, Mark, NumericEffect, effects, reach_of
from risk_assets.reporting.charts.heat import HeatMap, heat_maps
from risk_assets.reporting.charts.shapes import odds_ticks
from risk_assets.serve.pages.bars import Deviation, deviations

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The drawing, in its own units: the curve's field, the strip of the distribution beneath it, and where the mark
#: of a missing value stands.
LEFT, RIGHT, TOP, BOTTOM, FLOOR, BESIDE = 48.0, 316.0, 10.0, 130.0, 158.0, 336.0
MOST_CATEGORIES = 12
NOTHING_KNOWN = Profile(0, 0, 0, (), ())

Cell = float | str | None
Point = tuple[float, float]
Tick = tuple[float, str]


@dataclass(frozen=True)
class Spot:
    """Where a value stands that has a place of its own; its 90 % interval goes from `low_y` up to `high_y`."""

    x: float
    y: float
    low_y: float
    high_y: float


@dataclass(frozen=True)
class Curve:
    """A numeric shape; places are in units of the drawing, `missing` is what a missing value does.

    `rising` and `falling` are the areas above and below the average, `band` is that of the 90 % interval and
    `beside` the place of a missing value; both are empty where the model cannot tell its interval. `levels` are
    numbers with a value of their own, and `spots` their places. `client` is where one client stands, or None.
    """

    column: str
    line: str
    rising: str
    falling: str
    band: str
    spread: str
    average_y: float
    low: float
    high: float
    ticks: tuple[Tick, ...]
    levels: tuple[tuple[float, Mark], ...]
    spots: tuple[Spot, ...]
    missing: Mark
    beside: Spot | None
    client: Point | None
    client_is_missing: bool


@dataclass(frozen=True)
class Row:
    """A category: what it does, its share of the clients, and whether it is that of the one client."""

    name: str
    mark: Mark
    share: float
    bar: Deviation
    is_client: bool


@dataclass(frozen=True)
class Table:
    """A categorical shape."""

    column: str
    rows: tuple[Row, ...]
    left_out: int
    missing: Mark
    client_is_missing: bool


def drawings(
    scorecard: Scorecard, profile: Profile | None, client: Mapping[str, Cell] | None = None
) -> tuple[Curve | Table, ...]:
    """Return the shapes, the strongest first, with the place of one client if given.

    Curves are all on one scale of odds, and so are tables.
    """
    found = effects(scorecard, profile or NOTHING_KNOWN, MOST_CATEGORIES)
    reach = reach_of(effect for effect in found if isinstance(effect, NumericEffect)) * 1.08
    widest = reach_of(effect for effect in found if isinstance(effect, CategoricalEffect))
    drawn: list[Curve | Table] = []
    for effect in found:
        shape, cell = scorecard.shape(effect.column), client.get(effect.column) if client else None
        is_missing = client is not None and cell is None
        if isinstance(effect, CategoricalEffect) and isinstance(shape, CategoricalShape):
            drawn.append(_table(effect, shape, cell, widest, is_missing=is_missing))
        elif isinstance(effect, NumericEffect) and isinstance(shape, NumericShape):
            value = cell if isinstance(cell, int | float) else None
            spot = None if value is None else (value, shape.at(value) - shape.mean)
            drawn.append(_curve(effect, reach, spot, is_missing=is_missing))
    return tuple(drawn)


def maps(
    scorecard: Scorecard, profile: Profile | None, client: Mapping[str, Cell] | None = None
) -> tuple[HeatMap, ...]:
    """Return what pairs of columns do together, with the cell nearest to one client marked if given."""
    return heat_maps(scorecard, profile or NOTHING_KNOWN, client)


def usual_risk(scorecard: Scorecard) -> float:
    """Return the risk of a client with the usual value in each column."""
    return float(risk_at(np.array(scorecard.usual_log_odds)))


@dataclass(frozen=True)
class Field:
    """Where a value and its log-odds stand in the drawing; what lies beyond stands at its edge."""

    low: float
    high: float
    reach: float

    def across(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the places of values, from left to right."""
        inside = np.clip(value, self.low, self.high)
        return np.asarray(LEFT + (inside - self.low) / (self.high - self.low) * (RIGHT - LEFT))

    def up(self, log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the heights of log-odds, 0 at the top."""
        inside = np.clip(log_odds, -self.reach, self.reach)
        return np.asarray((TOP + BOTTOM) / 2 - inside / self.reach * (BOTTOM - TOP) / 2)

    def point(self, value: float, log_odds: float) -> Point:
        """Return the place of one value."""
        x, y = self.across(np.array([value])), self.up(np.array([log_odds]))
        return round(float(x[0]), 1), round(float(y[0]), 1)

    def spot(self, x: float, mark: Mark) -> Spot:
        """Return the place of a mark at this place across."""
        half = mark.half or 0.0
        heights = self.up(mark.log_odds + np.array([0.0, -half, half]))
        return Spot(x, *(round(float(height), 1) for height in heights))


def _curve(effect: NumericEffect, reach: float, client: Point | None, *, is_missing: bool) -> Curve:
    field = Field(float(effect.x[0]), float(effect.x[-1]), reach)
    x, y, middle = field.across(effect.x), field.up(effect.log_odds), (TOP + BOTTOM) / 2
    places, texts = odds_ticks(reach)
    heights = field.up(np.array(places)).round(1).tolist()
    return Curve(
        effect.column,
        line=points(x, y),
        rising=_area(x, field.up(effect.log_odds.clip(min=0)), middle),
        falling=_area(x, field.up(effect.log_odds.clip(max=0)), middle),
        band=_band(field, effect),
        spread=_steps(field.across(effect.edges), effect.shares),
        average_y=middle,
        low=field.low,
        high=field.high,
        ticks=tuple(zip(heights, texts, strict=True)),
        levels=effect.levels,
        spots=tuple(field.spot(field.point(level, 0.0)[0], mark) for level, mark in effect.levels),
        missing=effect.missing,
        beside=None if effect.missing.half is None else field.spot(BESIDE, effect.missing),
        client=None if client is None else field.point(*client),
        client_is_missing=is_missing,
    )


def _band(field: Field, effect: NumericEffect) -> str:
    """Return the outline of the 90 % interval, along its upper edge and back along the lower one."""
    if effect.half is None:
        return ""
    x = field.across(effect.x)
    upper, lower = (field.up(effect.log_odds + way * effect.half) for way in (1, -1))
    return points([*x, *x[::-1]], [*upper, *lower[::-1]])


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


def _table(
    effect: CategoricalEffect, shape: CategoricalShape, cell: Cell, reach: float, *, is_missing: bool
) -> Table:
    halves = None if effect.half is None else effect.half.tolist()
    bars = deviations(effect.log_odds.tolist(), halves, reach=reach)
    own = cell if cell in shape.values else None if cell is None else effect.names[-1] if effect.has_rare else None
    rows = tuple(
        Row(name, Mark(log_odds, half), share, bar, is_client=name == own)
        for name, log_odds, half, share, bar in zip(
            effect.names,
            effect.log_odds.tolist(),
            halves or [None] * len(bars),
            effect.shares.tolist(),
            bars,
            strict=True,
        )
    )
    return Table(effect.column, rows, effect.left_out, effect.missing, is_missing)
