"""What a ranking would have been worth: clients named on a day in the past, compared with what happened then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.scoring.backtest import Backtest, BacktestPeriod, UntreatedLists
from risk_assets.domain.scoring.calibration import calibration_bins
from risk_assets.domain.scoring.f1 import f1_score
from risk_assets.domain.scoring.metrics import Estimate
from risk_assets.domain.scoring.score import auc_of
from risk_assets.domain.scoring.untreated import Treatment, weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The probabilities between which a 95 % interval lies.
INTERVAL = (0.025, 0.975)
#: Points of the curve of calls against leavers reached.
POINTS = 50
#: Resamples are drawn so many at a time, which bounds the memory.
AT_ONCE = 50


@dataclass(frozen=True)
class RankedPeriod:
    """The clients of a day (n,), what was said of them then, and whether they left within the horizon.

    `risk` is by a model of what was known on that day; from `threshold`, chosen then, a client was flagged.
    `column` is the best single column of the day and `column_value` its value, turned so that larger ones are
    called first (NaN last). `treatment` tells who was called, where it is known.
    """

    as_of: str
    clients: NDArray[np.object_]
    risk: NDArray[np.float64]
    left: NDArray[np.bool_]
    threshold: float
    column: str
    column_value: NDArray[np.float64]
    trained_rows: int
    treatment: Treatment | None = None

    @cached_property
    def by_risk(self) -> NDArray[np.int64]:
        """Places of the clients in the order of risk, equal ones by id.

        >>> two = RankedPeriod("2025-01-01", np.array(["a", "b"], dtype=object), np.array([0.1, 0.3]),
        ...     np.array([False, True]), 0.2, "calls", np.array([2.0, 1.0]), 10)
        >>> two.by_risk.tolist(), two.by_column.tolist()
        ([1, 0], [0, 1])
        """
        return _order(self.risk, self.clients)

    @cached_property
    def by_column(self) -> NDArray[np.int64]:
        """Places of the clients in the order of the best single column.

        >>> two = RankedPeriod("2025-01-01", np.array(["a", "b"], dtype=object), np.array([0.1, 0.3]),
        ...     np.array([False, True]), 0.2, "calls", np.array([np.nan, 1.0]), 10)
        >>> two.by_column.tolist()
        [1, 0]
        """
        return _order(np.nan_to_num(self.column_value, nan=-np.inf), self.clients)

    def is_named(self, capacity: int) -> NDArray[np.bool_]:
        """Return whether a client is among the first by risk (n,).

        >>> two = RankedPeriod("2025-01-01", np.array(["a", "b"], dtype=object), np.array([0.1, 0.3]),
        ...     np.array([False, True]), 0.2, "calls", np.array([2.0, 1.0]), 10)
        >>> two.is_named(1).tolist()
        [False, True]
        """
        return _first(self.by_risk, capacity)


def best_column(
    columns: Mapping[str, NDArray[np.float64] | NDArray[np.object_]], left: NDArray[np.bool_]
) -> tuple[str, float]:
    """Return the numeric column (n,) with the AUC farthest from 1/2, and -1 where small values leave, else 1.

    Of each column those rows count in which it is not missing (NaN). Without a column that tells anything the name
    is "". Columns of text take no part.

    >>> left = np.array([True, False, False])
    >>> best_column({"calls": np.array([1.0, 5.0, 4.0]), "region": np.array(["n", "s", "n"], dtype=object)}, left)
    ('calls', -1.0)
    """
    best, sign, reach = "", 1.0, 0.0
    for name, values in columns.items():
        if values.dtype == np.object_:
            continue
        there = ~np.isnan(values.astype(np.float64))
        auc = auc_of(left[there], values[there].astype(np.float64)) - 0.5
        if abs(auc) > reach:
            best, sign, reach = name, float(np.sign(auc)), abs(auc)
    return best, sign


def compare_periods(
    periods: Sequence[RankedPeriod], *, capacity: int, horizon_days: int, samples: int, seed: int
) -> Backtest:
    """Compare the first `capacity` clients of each period with what happened; without a period all figures are 0.

    Intervals are by a bootstrap over clients, whose rows of all periods stay together (`samples` seeded resamples
    of the counts, with the lists as they were). Where calls are known, clients that were not called are weighted
    beside.

    >>> rng = np.random.default_rng(0)
    >>> risk = rng.random(500)
    >>> day = RankedPeriod("2025-01-01", np.arange(500).astype(str).astype(object), risk, rng.random(500) < risk,
    ...     0.5, "calls", rng.random(500), 1000)
    >>> found = compare_periods([day], capacity=50, horizon_days=90, samples=200, seed=0)
    >>> found.called, found.hits, found.precision.value, found.lift.low > 1
    (50, 46, 0.92, True)
    """
    if not periods:
        return Backtest(horizon_days, capacity)
    estimates = _estimates(_client_sums(periods, capacity), samples, seed)
    reached = np.cumsum(_padded(periods), axis=1).sum(axis=0)
    sizes, total = np.arange(1, len(reached) + 1), sum(int(period.left.sum()) for period in periods)
    return Backtest(
        horizon_days=horizon_days,
        capacity=capacity,
        periods=tuple(_period(period, capacity) for period in periods),
        precision=estimates[0],
        column_precision=estimates[1],
        random_precision=estimates[2],
        lift=estimates[3],
        lift_over_column=estimates[4],
        calibration=calibration_bins(
            np.concatenate([period.left for period in periods]).astype(np.int64),
            np.concatenate([period.risk for period in periods]),
        ),
        curve=_curve(reached / max(total, 1)),
        best_size=int(sizes[np.argmax(f1_score(reached, sizes * len(periods), total))]),
        untreated=_untreated(periods, capacity, samples, seed),
    )


def _untreated(periods: Sequence[RankedPeriod], capacity: int, samples: int, seed: int) -> UntreatedLists | None:
    """Return what clients that were not called tell, weighted day by day and apart for those named."""
    known = [(period.is_named(capacity), period.risk, period.treatment) for period in periods if period.treatment]
    if not any(treatment.is_called.any() for _, _, treatment in known):
        return None
    weight = np.concatenate([weights(treatment, risk, named) for named, risk, treatment in known])
    called = np.concatenate([named & treatment.is_called for named, _, treatment in known])
    named = np.concatenate([each for each, _, _ in known])
    counts = int(named.sum()), int(called.sum()), int(named.sum()) - round(float(weight[named].sum()))
    if not weight[named].any():
        return UntreatedLists(*counts)
    precision, _, at_random, lift, _ = _estimates(_client_sums(periods, capacity, weight), samples, seed)
    return UntreatedLists(*counts, precision, at_random, lift)


def _estimates(sums: NDArray[np.float64], samples: int, seed: int) -> list[Estimate]:
    """Return the figures of the sums of clients (n, 5), with intervals."""
    value = _figures(sums.sum(axis=0, keepdims=True))
    drawn = _resampled(sums, samples, np.random.default_rng(seed))
    low, high = np.quantile(drawn, INTERVAL, axis=0)
    return [Estimate(*map(float, found)) for found in zip(value[0], low, high, strict=True)]


def _curve(reached: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    """Return points of the share of clients called and of leavers reached, thinned."""
    every = np.unique(np.linspace(1, len(reached), POINTS, dtype=np.int64)) - 1
    return tuple((float((at + 1) / len(reached)), float(reached[at])) for at in every)


def _first(order: NDArray[np.int64], number: int) -> NDArray[np.bool_]:
    found = np.zeros(len(order), dtype=bool)
    found[order[:number]] = True
    return found


def _order(values: NDArray[np.float64], clients: NDArray[np.object_]) -> NDArray[np.int64]:
    by_id = np.argsort(clients.astype(str), kind="stable")
    return by_id[np.argsort(-values[by_id], kind="stable")]


def _period(period: RankedPeriod, capacity: int) -> BacktestPeriod:
    flagged = period.risk >= period.threshold
    return BacktestPeriod(
        as_of=period.as_of,
        trained_rows=period.trained_rows,
        clients=len(period.clients),
        left=int(period.left.sum()),
        called=min(capacity, len(period.clients)),
        hits=int(period.left[period.by_risk[:capacity]].sum()),
        column=period.column,
        column_hits=int(period.left[period.by_column[:capacity]].sum()),
        flagged=int(flagged.sum()),
        flagged_hits=int(period.left[flagged].sum()),
        roc_auc=auc_of(period.left, period.risk),
    )


def _client_sums(
    periods: Sequence[RankedPeriod], capacity: int, weight: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Return, for each client that is in any period: named, hits, hits by the column, periods, leavings (n, 5)."""
    every = np.concatenate([period.clients.astype(str) for period in periods])
    names, places = np.unique(every, return_inverse=True)
    cells = []
    for period in periods:
        called, left = period.is_named(capacity), period.left
        by_column = _first(period.by_column, capacity)
        cells.append(np.column_stack([called, called & left, by_column & left, np.ones(len(left)), left]))
    table = np.concatenate(cells) if weight is None else np.concatenate(cells) * weight[:, None]
    return np.column_stack(
        [np.bincount(places, weights=table[:, column], minlength=len(names)) for column in range(table.shape[1])]
    )


def _resampled(sums: NDArray[np.float64], samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the figures of resamples of clients (samples, 5)."""
    n = len(sums)
    shares = np.full(n, 1 / n)
    found = []
    for start in range(0, samples, AT_ONCE):
        weights = rng.multinomial(n, shares, size=min(AT_ONCE, samples - start))
        found.append(_figures(weights @ sums))
    return np.concatenate(found)


def _figures(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return precision, that of the column, that at random, and the lifts, of sums (m, 5)."""
    called, hits, column_hits, clients, left = np.maximum(sums, np.finfo(np.float64).tiny).T
    precision, by_column, at_random = hits / called, column_hits / called, left / clients
    return np.column_stack([precision, by_column, at_random, precision / at_random, precision / by_column])


def _padded(periods: Sequence[RankedPeriod]) -> list[NDArray[np.bool_]]:
    """Return whether clients left, in the order of risk, each period as long as the longest."""
    longest = max(len(period.clients) for period in periods)
    return [np.pad(period.left[period.by_risk], (0, longest - len(period.clients))) for period in periods]
