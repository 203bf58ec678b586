"""Where a model is weak: its figures by the levels of a column, and where it is worse than elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.scoring.bootstrap import with_interval
from risk_assets.domain.scoring.calibration import NORMAL_95, calibration_level
from risk_assets.domain.scoring.metrics import Estimate, GroupScore
from risk_assets.domain.scoring.score import auc_of, resampled_auc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: Fewer rows of a level, or fewer of either class, say too little.
LEAST_ROWS, LEAST_OF_A_CLASS = 100, 10
MOST_LEVELS = 20
SAMPLES = 200
#: Rows times samples that are counted at once.
CELLS = 4_000_000
#: Levels are named where chance would name one at all in so many of all cases.
ALPHA = 0.05
MISSING = "missing"


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
    clients: NDArray[np.object_]

    def at(self, chosen: NDArray[np.bool_]) -> ScoredRows:
        """Return the chosen rows (n,)."""
        return ScoredRows(self.target[chosen], self.risk[chosen], self.threshold, self.clients[chosen])


def group_scores(
    rows: ScoredRows, columns: Mapping[str, NDArray[np.object_]], *, sensitive: Sequence[str] = (), seed: int
) -> tuple[GroupScore, ...]:
    """Return the figures by level of each column of texts (n,), None where missing, in the order of columns.

    A level takes part with 100 rows and ten of each class, at most the twenty most frequent of a column; numbers
    of a column with more levels are parted at their quartiles. At which level AUC is lower, or the level of the
    risks off by more, than on all other rows is tested for all at once, by Holm's method (1979) at 5 %.

    >>> rng = np.random.default_rng(0)
    >>> risk = rng.random(2000)
    >>> left = (rng.random(2000) < risk).astype(int)
    >>> region = np.where(np.arange(2000) % 2 == 0, "north", "south").astype(object)
    >>> left[region == "south"] = rng.permutation(left[region == "south"])
    >>> rows = ScoredRows(left, risk, 0.5, np.arange(2000).astype(object))
    >>> [(each.name, each.weak) for each in group_scores(rows, {"region": region}, seed=0)]
    [('north', ''), ('south', 'ranks worse')]
    """
    found, tests = [], []
    for column, values in columns.items():
        names = level_names(values)
        for name in _levels(names):
            at = names == name
            if not _tells(rows, at) or not _tells(rows, ~at):
                continue
            score, ranks, off = _compared(rows, at, seed)
            found.append(replace(score, column=column, name=name, sensitive=column in sensitive))
            tests += [ranks, off]
    named = holm(np.array(tests), ALPHA)
    words = ("ranks worse", "risks are off")
    return tuple(
        replace(
            each, weak=" and ".join(word for word, is_so in zip(words, named[2 * place :], strict=False) if is_so)
        )
        for place, each in enumerate(found)
    )


def level_names(values: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return the level (n,) of each text (n,): itself, a quarter of the numbers where they are many, or missing.

    >>> level_names(np.array(["a", None, "b"], dtype=object)).tolist()
    ['a', 'missing', 'b']
    >>> level_names(np.array([str(age) for age in range(20, 60)], dtype=object))[[0, 39]].tolist()
    ['20 to 29.75', '49.25 to 59']
    """
    known = np.array([value is not None for value in values.tolist()])
    numbers = _numbers(values[known])
    names = np.full(len(values), MISSING, dtype=object)
    if numbers is None or len(np.unique(numbers)) <= MOST_LEVELS:
        names[known] = values[known]
        return names
    edges = np.quantile(numbers, [0, 0.25, 0.5, 0.75, 1])
    quarters = np.array([f"{low:g} to {high:g}" for low, high in pairwise(edges)], dtype=object)
    names[known] = quarters[np.clip(np.searchsorted(edges[1:-1], numbers, side="left"), 0, 3)]
    return names


def _numbers(values: NDArray[np.object_]) -> Array | None:
    try:
        numbers = np.array([float(value) for value in values.tolist()])
    except ValueError:
        return None
    return numbers if len(numbers) and np.isfinite(numbers).all() else None


def _levels(names: NDArray[np.object_]) -> list[str]:
    levels, counts = np.unique(names.astype(str), return_counts=True)
    return [str(levels[place]) for place in np.argsort(-counts, kind="stable")[:MOST_LEVELS]]


def _tells(rows: ScoredRows, at: NDArray[np.bool_]) -> bool:
    left = int(rows.target[at].sum())
    return int(at.sum()) >= LEAST_ROWS and min(left, int(at.sum()) - left) >= LEAST_OF_A_CLASS


def _compared(rows: ScoredRows, at: NDArray[np.bool_], seed: int) -> tuple[GroupScore, float, float]:
    """Return the figures of a level, and the p-values of its AUC being lower and of its risks being off."""
    here, elsewhere = rows.at(at), rows.at(~at)
    drawn = _resampled(here, seed)
    others = _resampled(elsewhere, seed)[:, 3]
    [value] = _figures(here, np.ones((1, len(here.target)), dtype=np.int64))
    flagged, precision, recall, auc = (
        with_interval(float(figure), samples) for figure, samples in zip(value, drawn.T, strict=True)
    )
    lower = auc_of(elsewhere.target == 1, elsewhere.risk) - auc.value
    spread = np.hypot(drawn[:, 3].std(), others.std())
    level, beyond = (calibration_level(each.target, each.risk, each.clients) for each in (here, elsewhere))
    off = abs(level.value - beyond.value) / np.hypot(_error(level), _error(beyond))
    score = GroupScore("", "", len(here.target), int(here.target.sum()), flagged, precision, recall, auc, level)
    return score, _upper_tail(lower / max(spread, 1e-12)), 2 * _upper_tail(float(off))


def _resampled(rows: ScoredRows, seed: int) -> Array:
    """Return the figures of resamples of clients, (samples, 4), so many at once as fit into memory."""
    owners = np.unique(rows.clients.astype(str), return_inverse=True)[1]
    count, rng = int(owners.max()) + 1, np.random.default_rng(seed)
    at_once = max(1, CELLS // len(owners))
    found = []
    for start in range(0, SAMPLES, at_once):
        draws = [rng.integers(0, count, count) for _ in range(min(at_once, SAMPLES - start))]
        found.append(_figures(rows, np.stack([np.bincount(draw, minlength=count)[owners] for draw in draws])))
    return np.concatenate(found)


def _figures(rows: ScoredRows, drawn: NDArray[np.int64]) -> Array:
    """Return the share flagged, precision, recall and AUC (m, 4) of rows that were drawn so often (m, n)."""
    left, flags = rows.target == 1, rows.risk >= rows.threshold
    flagged, positives, hits = drawn @ flags, drawn @ left, drawn @ (left & flags)
    return np.column_stack(
        [
            flagged / np.maximum(drawn.sum(axis=1), 1),
            hits / np.maximum(flagged, 1),
            hits / np.maximum(positives, 1),
            resampled_auc(left, rows.risk, drawn),
        ]
    )


def _error(estimate: Estimate) -> float:
    return (estimate.high - estimate.low) / (2 * NORMAL_95)


def _upper_tail(z: float) -> float:
    from scipy.special import ndtr

    return float(ndtr(-z))


def holm(p_values: Array, alpha: float) -> NDArray[np.bool_]:
    """Return which of the p-values (n,) are significant together at `alpha`, by Holm's method.

    >>> holm(np.array([0.001, 0.04, 0.02]), 0.05).tolist()
    [True, True, True]
    >>> holm(np.array([0.03, 0.04, 0.02]), 0.05).tolist()
    [False, False, False]
    """
    significant = np.zeros(len(p_values), dtype=bool)
    for place, index in enumerate(np.argsort(p_values, kind="stable")):
        if p_values[index] > alpha / (len(p_values) - place):
            break
        significant[index] = True
    return significant
