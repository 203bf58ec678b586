"""What a feature does to the odds of leaving, over the values that clients really have."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.drift.profile import CategoricalProfile, NumericProfile, Profile
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.model.shapes import CategoricalShape, NumericShape
from risk_assets.domain.model.uncertainty import NORMAL_90, Uncertainty

if TYPE_CHECKING:
    from numpy.typing import NDArray

POINTS = 160
BARS = 28
#: The outermost clients beyond the picture at each end, so that a few giants do not squeeze the rest.
TAIL = 0.01


#: How much further than the values themselves a scale may reach for the sake of their intervals.
WIDEST = 1.5
#: The least reach of a scale: below it, a feature that does nothing would look like one that does.
LEAST_REACH = math.log(1.25)
#: The level that rare categories share with those that the model has never seen.
RARE = "rare or new"


@dataclass(frozen=True)
class Mark:
    """Log-odds against the average client, and half of their 90 % interval; None where the model cannot tell."""

    log_odds: float
    half: float | None = None


@dataclass(frozen=True)
class NumericEffect:
    """Log-odds against the average client along `x`, with the share of clients in each bin of `edges`.

    `half` is half of the 90 % interval along `x`, None where the model cannot tell. `levels` are numbers with a
    value of their own beside the curve. The outermost bins count whoever lies beyond the picture too, so the
    shares sum to 1. `strength` is the standard deviation of the log-odds over the clients.
    """

    column: str
    x: NDArray[np.float64]
    log_odds: NDArray[np.float64]
    half: NDArray[np.float64] | None
    levels: tuple[tuple[float, Mark], ...]
    edges: NDArray[np.float64]
    shares: NDArray[np.float64]
    missing: Mark
    strength: float


@dataclass(frozen=True)
class CategoricalEffect:
    """Log-odds against the average client by category, most frequent first, with each one's share of clients.

    With `has_rare` the last one is the level of rare and new categories. `half` is half of each 90 % interval,
    None where the model cannot tell. Shares are NaN where no profile tells them; `left_out` counts further, rarer
    categories.
    """

    column: str
    names: tuple[str, ...]
    log_odds: NDArray[np.float64]
    half: NDArray[np.float64] | None
    shares: NDArray[np.float64]
    has_rare: bool
    left_out: int
    missing: Mark
    strength: float


Effect = NumericEffect | CategoricalEffect


def effects(scorecard: Scorecard, profile: Profile, most_categories: int) -> tuple[Effect, ...]:
    """Return the effect of every feature, the strongest first."""
    numeric = {column.name: column for column in profile.numeric}
    categorical = {column.name: column for column in profile.categorical}
    sure = scorecard.uncertainty
    found: list[Effect] = [_numeric(shape, numeric.get(shape.column), sure) for shape in scorecard.numeric]
    found += [
        _categorical(shape, categorical.get(shape.column), most_categories, sure)
        for shape in scorecard.categorical
    ]
    return tuple(sorted(found, key=lambda effect: -effect.strength))


def reach_of(found: Iterable[Effect]) -> float:
    """Return how far from 0 a scale reaches to show all values, and their intervals where these are not huge."""
    nearest, farthest = LEAST_REACH, 0.0
    for effect in found:
        marks = [effect.missing, *(mark for _, mark in getattr(effect, "levels", ()))]
        values = np.abs([*effect.log_odds, *(mark.log_odds for mark in marks)])
        halves = [*(np.zeros(len(effect.log_odds)) if effect.half is None else effect.half)]
        halves += [mark.half or 0.0 for mark in marks]
        nearest, farthest = max(nearest, float(values.max())), max(farthest, float((values + halves).max()))
    return max(nearest, min(farthest, WIDEST * nearest))


def _halves(
    sure: Uncertainty | None, column: str, values: NDArray[np.float64] | NDArray[np.object_]
) -> NDArray[np.float64] | None:
    return None if sure is None else NORMAL_90 * sure.errors_of(column, values)


def _mark(shape: NumericShape | CategoricalShape, value: float | str | None, sure: Uncertainty | None) -> Mark:
    """Return what one cell does, None is a missing one."""
    cell = np.array([value], dtype=np.float64 if isinstance(shape, NumericShape) else object)
    half = _halves(sure, shape.column, cell)
    return Mark(shape.at(value) - shape.mean, None if half is None else float(half[0]))  # type: ignore[arg-type]


def _numeric(shape: NumericShape, profile: NumericProfile | None, sure: Uncertainty | None) -> NumericEffect:
    steps, shares_below = _distribution(shape, profile)
    levels = [level for level, _ in shape.levels]
    low, high = _shown_range(steps, shares_below)
    low, high = min(low, *levels, high), max(low, *levels, high)
    x = np.linspace(low, high, POINTS)
    beside = np.where(np.isin(x, levels), np.nextafter(x, np.inf), x)  # the curve's own value, not a level's
    edges = np.linspace(low, high, BARS + 1)
    middles = shape((steps[1:] + steps[:-1]) / 2) - shape.mean
    return NumericEffect(
        shape.column,
        x,
        replace(shape, levels=())(x) - shape.mean,
        _halves(sure, shape.column, beside),
        tuple((level, _mark(shape, level, sure)) for level in levels),
        edges,
        _bin_shares(edges, steps, shares_below),
        _mark(shape, None, sure),
        float(np.sqrt(np.average(middles**2, weights=np.diff(shares_below)))),
    )


def _bin_shares(
    edges: NDArray[np.float64], steps: NDArray[np.float64], shares_below: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the share of clients in each bin; what lies beyond the outer edges counts in the outermost bins.

    A value that many clients share stands several times among the steps: it belongs whole to the bin that begins
    with it or holds it. Between two values clients are spread evenly.
    """
    values, first = np.unique(steps, return_index=True)
    last = np.append(first[1:], len(steps)) - 1
    inner = edges[1:-1]
    after = (
        np.searchsorted(values, inner).clip(1, len(values) - 1) if len(values) > 1 else np.zeros(len(inner), int)
    )
    before = np.maximum(after - 1, 0)
    width = np.maximum(values[after] - values[before], np.finfo(float).tiny)
    way = ((inner - values[before]) / width).clip(0, 1)
    low, high = shares_below[last[before]], shares_below[first[after]]
    below = np.where(inner > values[-1], 1.0, np.where(inner <= values[0], 0.0, low + way * (high - low)))
    return np.diff(np.concatenate(([0.0], below, [1.0])))


def _shown_range(steps: NDArray[np.float64], shares_below: NDArray[np.float64]) -> tuple[float, float]:
    """Return the range without its tails; a wider one where all but the tails have one value."""
    low, high = (float(end) for end in np.interp((TAIL, 1 - TAIL), shares_below, steps))
    if low == high:
        low, high = float(steps[0]), float(steps[-1])
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _distribution(
    shape: NumericShape, profile: NumericProfile | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return values and the share of clients at or below each; evenly over the breaks where nothing is known."""
    if profile is not None and len(profile.quantiles) > 1:
        return np.asarray(profile.quantiles), np.linspace(0, 1, len(profile.quantiles))
    if profile is not None and any(profile.counts):
        below = np.cumsum(np.array((0, *profile.counts)))
        return np.asarray(profile.edges), below / below[-1]
    ends = np.array([shape.breaks[0], shape.breaks[-1]]) if len(shape.breaks) > 1 else np.array([-1.0, 1.0])
    return ends, np.array([0.0, 1.0])


def _categorical(
    shape: CategoricalShape, profile: CategoricalProfile | None, most: int, sure: Uncertainty | None
) -> CategoricalEffect:
    counts = dict(profile.counts) if profile is not None else {}
    names = sorted(shape.values, key=lambda name: (-counts.get(name, 0), name))
    rows = profile.n if profile is not None and profile.n else 0
    shares = np.array([counts.get(name, 0) / rows if rows else np.nan for name in names])
    log_odds = np.array([shape.values[name] - shape.mean for name in names])
    weights = shares if shares.sum() > 0 else np.ones(len(names))
    strength = float(np.sqrt(np.average(log_odds**2, weights=weights))) if names else 0.0
    cells = np.array(names[:most], dtype=object)
    half = _halves(sure, shape.column, cells)
    log_odds, shares = log_odds[:most], shares[:most]
    if half is not None:
        rare = _mark(shape, _no_name_of(shape), sure)
        half, log_odds = np.append(half, rare.half or 0.0), np.append(log_odds, rare.log_odds)
        shares = np.append(shares, _rare_share(shape, profile))
    return CategoricalEffect(
        shape.column,
        (*names[:most], *[RARE] * (sure is not None)),
        log_odds,
        half,
        shares,
        sure is not None,
        len(names[most:]),
        _mark(shape, None, sure),
        strength,
    )


def _no_name_of(shape: CategoricalShape) -> str:
    """Return a category that has no level of its own."""
    name = RARE
    while name in shape.values:
        name += " "
    return name


def _rare_share(shape: CategoricalShape, profile: CategoricalProfile | None) -> float:
    """Return the share of clients with a category that has no level of its own; NaN where it is not known."""
    counts = dict(profile.counts) if profile is not None else {}
    if profile is None or not profile.n or (profile.other and shape.values.keys() - counts.keys()):
        return math.nan
    named = sum(counts.get(name, 0) for name in shape.values)
    return (profile.n - profile.missing - named) / profile.n
