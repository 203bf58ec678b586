"""What a feature does to the odds of leaving, over the values that clients really have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.drift.profile import CategoricalProfile, NumericProfile, Profile
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.model.shapes import CategoricalShape, NumericShape

if TYPE_CHECKING:
    from numpy.typing import NDArray

POINTS = 160
BARS = 28
#: The outermost clients beyond the picture at each end, so that a few giants do not squeeze the rest.
TAIL = 0.01


@dataclass(frozen=True)
class NumericEffect:
    """Log-odds against the average client along `x`, with the share of clients in each bin of `edges`.

    The outermost bins count whoever lies beyond the picture too, so the shares sum to 1. `strength` is the
    standard deviation of the log-odds over the clients.
    """

    column: str
    x: NDArray[np.float64]
    log_odds: NDArray[np.float64]
    edges: NDArray[np.float64]
    shares: NDArray[np.float64]
    missing: float
    strength: float


@dataclass(frozen=True)
class CategoricalEffect:
    """Log-odds against the average client by category, most frequent first, with each one's share of clients.

    Shares are NaN where no profile tells them; `left_out` counts further, rarer categories.
    """

    column: str
    names: tuple[str, ...]
    log_odds: NDArray[np.float64]
    shares: NDArray[np.float64]
    left_out: int
    missing: float
    strength: float


Effect = NumericEffect | CategoricalEffect


def effects(scorecard: Scorecard, profile: Profile, most_categories: int) -> tuple[Effect, ...]:
    """Return the effect of every feature, the strongest first."""
    numeric = {column.name: column for column in profile.numeric}
    categorical = {column.name: column for column in profile.categorical}
    found: list[Effect] = [_numeric(shape, numeric.get(shape.column)) for shape in scorecard.numeric]
    found += [
        _categorical(shape, categorical.get(shape.column), most_categories) for shape in scorecard.categorical
    ]
    return tuple(sorted(found, key=lambda effect: -effect.strength))


def _numeric(shape: NumericShape, profile: NumericProfile | None) -> NumericEffect:
    steps, shares_below = _distribution(shape, profile)
    low, high = _shown_range(steps, shares_below)
    x = np.linspace(low, high, POINTS)
    edges = np.linspace(low, high, BARS + 1)
    shares = _bin_shares(edges, steps, shares_below)
    middles = shape((steps[1:] + steps[:-1]) / 2) - shape.mean
    return NumericEffect(
        shape.column,
        x,
        shape(x) - shape.mean,
        edges,
        shares,
        shape.missing - shape.mean,
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


def _categorical(shape: CategoricalShape, profile: CategoricalProfile | None, most: int) -> CategoricalEffect:
    counts = dict(profile.counts) if profile is not None else {}
    names = sorted(shape.values, key=lambda name: (-counts.get(name, 0), name))
    log_odds = np.array([shape.values[name] - shape.mean for name in names])
    rows = profile.n if profile is not None and profile.n else 0
    shares = np.array([counts.get(name, 0) / rows if rows else np.nan for name in names])
    weights = shares if shares.sum() > 0 else np.ones(len(names))
    strength = float(np.sqrt(np.average(log_odds**2, weights=weights))) if names else 0.0
    return CategoricalEffect(
        shape.column,
        tuple(names[:most]),
        log_odds[:most],
        shares[:most],
        len(names[most:]),
        shape.missing - shape.mean,
        strength,
    )
