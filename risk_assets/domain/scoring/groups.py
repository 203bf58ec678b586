"""Where a model is weak: its figures by the levels of a column, and where it is worse than elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.scoring.calibration import calibration_level
from risk_assets.domain.scoring.clustered import NORMAL_95, RankingError, client_numbers, ranking_error, share
from risk_assets.domain.scoring.levels import MOST_LEVELS, Levels
from risk_assets.domain.scoring.metrics import Estimate, GroupScore

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: Fewer rows of a level say too little, and fewer of either class too little of ranking and calibration.
LEAST_ROWS, LEAST_OF_A_CLASS = 100, 10
#: Levels are named where chance would name one at all in so many of all cases.
ALPHA = 0.05
RANKS_WORSE, TOO_LOW, TOO_HIGH = "ranks worse", "risks are too low", "risks are too high"


@dataclass(frozen=True)
class ScoredRows:
    """Rows with 0/1 outcomes (n,), risks (n,), the threshold, and whose row each is (n,).

    >>> ScoredRows(np.array([0, 1]), np.array([0.2, 0.9]), 0.5, np.array(["a", "b"], dtype=object)).at(
    ...     np.array([True, False])).risk.tolist()
    [0.2]
    """

    target: NDArray[np.int64]
    risk: Array
    threshold: float
    clients: NDArray[np.object_] | NDArray[np.intp]

    def at(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> ScoredRows:
        """Return the rows that are chosen (n,), or those at these places (m,)."""
        return ScoredRows(self.target[chosen], self.risk[chosen], self.threshold, self.clients[chosen])

    @property
    def tells(self) -> bool:
        """Whether enough rows of both classes are here to judge ranking and calibration.

        >>> ScoredRows(np.array([0, 1]), np.array([0.2, 0.9]), 0.5, np.array(["a", "b"], dtype=object)).tells
        False
        """
        left = int(self.target.sum())
        return len(self.target) >= LEAST_ROWS and min(left, len(self.target) - left) >= LEAST_OF_A_CLASS


@dataclass(frozen=True)
class _Judged:
    """The ranking and the calibration of rows."""

    ranking: RankingError
    level: Estimate


def group_scores(rows: ScoredRows, levels: Levels) -> tuple[GroupScore, ...]:
    """Return the figures by level of each column, in the order of columns, the most frequent level first.

    A level takes part with 100 rows, at most the twenty most frequent of a column. Is its AUC lower than that of
    all other rows, and are its log-odds off by more? That is asked where both have ten rows of each class, and all
    such questions together are answered at 5 % (Holm 1979, Scandinavian Journal of Statistics 6).

    >>> rng = np.random.default_rng(0)
    >>> risk = rng.random(2000)
    >>> left = (rng.random(2000) < risk).astype(int)
    >>> region = np.where(np.arange(2000) % 2 == 0, "north", "south").astype(object)
    >>> left[region == "south"] = rng.permutation(left[region == "south"])
    >>> rows = ScoredRows(left, risk, 0.5, np.arange(2000).astype(object))
    >>> [(each.name, each.weak) for each in group_scores(rows, Levels({"region": region}))]
    [('north', ''), ('south', 'ranks worse')]
    """
    numbered = replace(rows, clients=client_numbers(rows.clients))
    order = np.argsort(rows.risk, kind="stable")  # of rows in order ranks are counted faster
    numbered = numbered.at(order)
    places = [(column, name, at) for column in levels.columns for name, at in _members(levels.of(column)[order])]
    judged = [_judged_apart(numbered, at) for _, _, at in places]
    p_values = [_p_values(*each) if each else (np.nan, np.nan) for each in judged]
    named = holm(np.array(p_values).ravel(), ALPHA).reshape(-1, 2)
    return tuple(
        _score(numbered.at(at), (column, name, column in levels.sensitive), each[0] if each else None, found)
        for (column, name, at), each, found in zip(places, judged, named.tolist(), strict=True)
    )


def _members(names: NDArray[np.object_]) -> list[tuple[str, NDArray[np.bool_]]]:
    """Return the levels that have enough rows, the most frequent first, each with which rows (n,) are its own."""
    levels, places, counts = np.unique(names.astype(str), return_inverse=True, return_counts=True)
    frequent = [place for place in np.argsort(-counts, kind="stable")[:MOST_LEVELS] if counts[place] >= LEAST_ROWS]
    return [(str(levels[place]), places == place) for place in frequent]


def _judged_apart(rows: ScoredRows, at: NDArray[np.bool_]) -> tuple[_Judged, _Judged] | None:
    """Return what is judged of a level and of all other rows, None where either is too few."""
    here, elsewhere = rows.at(at), rows.at(~at)
    return (_judged(here), _judged(elsewhere)) if here.tells and elsewhere.tells else None


def _judged(rows: ScoredRows) -> _Judged:
    owners = client_numbers(rows.clients)
    return _Judged(
        ranking_error(rows.target, rows.risk, owners), calibration_level(rows.target, rows.risk, owners)
    )


def _p_values(here: _Judged, elsewhere: _Judged) -> tuple[float, float]:
    """Return how often chance makes AUC so much lower, and the log-odds so much further off, than elsewhere."""
    spread = np.hypot(here.ranking.error, elsewhere.ranking.error)
    lower = (elsewhere.ranking.auc - here.ranking.auc) / max(spread, 1e-12)
    apart = abs(here.level.value - elsewhere.level.value)
    off = apart / max(np.hypot(_error(here.level), _error(elsewhere.level)), 1e-12)
    is_worse = abs(here.level.value) > abs(elsewhere.level.value)
    return _upper_tail(lower), 2 * _upper_tail(off) if is_worse else 1.0


def _error(estimate: Estimate) -> float:
    return (estimate.high - estimate.low) / (2 * NORMAL_95)


def _upper_tail(z: float) -> float:
    from scipy.special import ndtr

    return float(ndtr(-z))


def _score(
    rows: ScoredRows, place: tuple[str, str, bool], judged: _Judged | None, found: Sequence[bool]
) -> GroupScore:
    column, name, sensitive = place
    owners, left, flagged = client_numbers(rows.clients), rows.target == 1, rows.risk >= rows.threshold
    every = share(flagged, np.ones(len(left), dtype=np.bool_), owners)
    assert every is not None
    return GroupScore(
        column=column,
        name=name,
        rows=len(left),
        left=int(left.sum()),
        flagged=every,
        precision=share(left, flagged, owners),
        recall=share(flagged, left, owners),
        roc_auc=judged.ranking.estimate if judged else None,
        level=judged.level if judged else None,
        weak=_weakness(judged, found),
        sensitive=sensitive,
    )


def _weakness(judged: _Judged | None, found: Sequence[bool]) -> str:
    if judged is None:
        return ""
    off = TOO_LOW if judged.level.value > 0 else TOO_HIGH
    return " and ".join(word for word, is_so in zip((RANKS_WORSE, off), found, strict=True) if is_so)


def holm(p_values: Array, alpha: float) -> NDArray[np.bool_]:
    """Return which of the p-values (n,) are significant together at `alpha`, by Holm's method; NaN is no test.

    >>> holm(np.array([0.001, 0.04, 0.02]), 0.05).tolist()
    [True, True, True]
    >>> holm(np.array([0.03, 0.04, 0.02, np.nan]), 0.05).tolist()
    [False, False, False, False]
    """
    significant = np.zeros(len(p_values), dtype=bool)
    tests = int((~np.isnan(p_values)).sum())
    for place, index in enumerate(np.argsort(p_values, kind="stable")[:tests]):
        if p_values[index] > alpha / (tests - place):
            break
        significant[index] = True
    return significant
