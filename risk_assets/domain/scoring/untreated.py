"""Figures of rows whose client was not called, weighted so that they stand for all rows.

What would have become of a client that was called is not known: a call may have kept it. So a row whose client
was called within the horizon tells nothing of the model, and rows like it stand for it. Of a group of equal
predicted risk those that were not called count 1 / P(not called), and weighted sums are divided by the sum of
weights (Horvitz and Thompson 1952, JASA 47; Hájek 1971). P is that of not having been called until the outcome
was there, by Kaplan and Meier's estimate, since a client that left early could no longer be called (Robins and
Finkelstein 2000, Biometrics 56).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.scoring.calibration import fit_calibration
from risk_assets.domain.scoring.groups import ScoredRows
from risk_assets.domain.scoring.metrics import Metrics, RowFigures, UntreatedScore
from risk_assets.domain.scoring.score import weighted_estimates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: What happened to clients, by id: days since 1970, in order.
Events = Mapping[str, Sequence[float]]

#: Called rows are parted into so many groups, or fewer of so many called rows and as many others.
MOST_GROUPS, LEAST_IN_GROUP = 10, 10
#: Classes.
BOTH = 2


@dataclass(frozen=True)
class Treatment:
    """The days from each row (n,) to the call and to the leaving of its client, inf where none came in time.

    `listed` are rows whose client came onto the list of which a share is left uncalled at random.

    >>> called, left = np.array([3.0, 9.0, np.inf]), np.array([np.inf, 5.0, np.inf])
    >>> Treatment(called, left, np.full(3, False)).is_called.tolist()
    [True, False, False]
    """

    called: Array
    left: Array
    listed: NDArray[np.bool_]

    @property
    def is_called(self) -> NDArray[np.bool_]:
        """Whether the client was called while it was there."""
        return np.isfinite(self.called) & (self.called <= self.left)


@dataclass(frozen=True)
class Calls:
    """When clients were called, came onto the list of which a share is left uncalled, and left.

    Who came onto that list and was drawn to be called counts as called then, whoever was called in the end: only
    the draw is at random.
    """

    called: Events
    listed: Events
    left: Events
    horizon_days: int

    def of(self, clients: NDArray[np.object_], dates: Array) -> Treatment:
        """Return the treatment of rows by their clients (n,) and dates in days since 1970 (n,).

        >>> calls = Calls({"a": [20.0, 95.0]}, {}, {"b": [30.0]}, horizon_days=90)
        >>> found = calls.of(np.array(["a", "a", "b"], dtype=object), np.array([0.0, 20.0, 0.0]))
        >>> found.called.tolist(), found.left.tolist()
        ([20.0, 75.0, inf], [inf, inf, 30.0])
        """
        called, listed, left = (
            self._days_until(events, clients, dates) for events in (self.called, self.listed, self.left)
        )
        return Treatment(called, left, np.isfinite(listed))

    def _days_until(self, events: Events, clients: NDArray[np.object_], dates: Array) -> Array:
        found = np.full(len(dates), np.inf)
        for place, (client, date) in enumerate(zip(clients.tolist(), dates.tolist(), strict=True)):
            for day in events.get(client, ()):
                if date < day <= date + self.horizon_days:
                    found[place] = day - date
                    break
        return found


def weights(treatment: Treatment, risk: Array, named: NDArray[np.bool_] | None = None) -> Array:
    """Return the weight (n,) of each row: 0 where it was called, and in groups that cannot be spoken for.

    Groups are tenths of the risks (n,) of called rows, apart for rows that were listed and for those `named` (n,).
    Rows below all of them weigh 1. The weights of a group sum to its rows.

    >>> called = np.array([np.inf] * 20 + [5.0, np.inf] * 10)
    >>> found = weights(Treatment(called, np.full(40, np.inf), np.full(40, False)), np.repeat([0.1, 0.9], 20))
    >>> found[[0, 20, 21]].tolist()
    [1.0, 0.0, 2.0]
    """
    apart = treatment.listed if named is None else treatment.listed + 2 * named
    found = np.zeros(len(risk))
    for stratum in np.unique(apart):
        members = np.flatnonzero(apart == stratum)
        groups = _groups(risk[members], treatment.is_called[members])
        for group in np.unique(groups):
            rows = members[groups == group]
            found[rows] = _weights_in_group(
                treatment.called[rows], treatment.left[rows], treatment.is_called[rows]
            )
    return found


def _groups(risk: Array, called: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the group (n,) of each row by its risk, 0 below the risk of any called row."""
    if not called.any():
        return np.zeros(len(risk), dtype=np.intp)
    comparable = (risk >= risk[called].min()) & ~called
    number = max(1, min(MOST_GROUPS, *(int(rows.sum()) // LEAST_IN_GROUP for rows in (called, comparable))))
    edges = np.unique(np.quantile(risk[called], np.arange(number) / number))
    return edges.searchsorted(risk, side="right")


def _weights_in_group(called: Array, left: Array, is_called: NDArray[np.bool_]) -> Array:
    """Return 1 / P(not called until the client left, or until the horizon) of rows that were not called."""
    ends = np.minimum(called, left)
    days, counts = np.unique(ends[is_called], return_counts=True)
    at_risk = len(ends) - np.sort(ends).searchsorted(days, side="left")
    uncalled = np.concatenate([[1.0], np.cumprod(1 - counts / at_risk)])
    if not uncalled[-1]:  # nobody was left at the last call
        return np.zeros(len(ends))
    return np.where(is_called, 0.0, 1 / uncalled[days.searchsorted(ends, side="right")])


def untreated_score(
    rows: ScoredRows, treatment: Treatment, *, samples: int, seed: int, every: RowFigures | None = None
) -> UntreatedScore | None:
    """Return the figures of the rows that were not called beside those of all, None where nobody was called.

    `every` are those of all rows where they are known already. Intervals are by a bootstrap over clients, with the
    weights as they are.

    >>> rng = np.random.default_rng(0)
    >>> risk = rng.random(2000)
    >>> called = (rng.random(2000) < 0.8 * risk) & (np.arange(2000) % 2 == 0)
    >>> left = (rng.random(2000) < np.where(called, 0.2, 1) * risk).astype(int)
    >>> treatment = Treatment(np.where(called, 1.0, np.inf), np.where(left, 30.0, np.inf), np.full(2000, False))
    >>> found = untreated_score(ScoredRows(left, risk, 0.5, np.arange(2000)), treatment, samples=100, seed=0)
    >>> found.rows, found.called, found.unspoken
    (2000, 425, 0)
    >>> found.every.calibration.level.high < 0, found.untreated.calibration.level.high > 0
    (True, True)
    """
    called = treatment.is_called
    if not called.any():
        return None
    weight = weights(treatment, rows.risk)
    speak = weight > 0
    return UntreatedScore(
        rows=len(called),
        called=int(called.sum()),
        unspoken=len(called) - round(float(weight.sum())),
        untreated=row_figures(rows.at(speak), weight[speak], samples=samples, seed=seed),
        every=every or row_figures(rows, np.ones(len(called)), samples=samples, seed=seed),
    )


def with_untreated(
    metrics: Metrics, rows: ScoredRows, treatment: Treatment, *, samples: int, seed: int
) -> Metrics:
    """Return the metrics of the rows with what those of them tell that were not called.

    >>> from risk_assets.domain.scoring.score import score
    >>> target, risk = np.array([0, 0, 0, 1, 1] * 40), np.array([0.1, 0.2, 0.6, 0.3, 0.9] * 40)
    >>> plain, never = score(target, risk, threshold=0.5, samples=9, seed=0), np.full(200, np.inf)
    >>> rows, nobody = ScoredRows(target, risk, 0.5, np.arange(200)), Treatment(never, never, never < 0)
    >>> with_untreated(plain, rows, nobody, samples=9, seed=0) == plain
    True
    """
    left = metrics.positives / metrics.n
    every = RowFigures(metrics.n, left, metrics.f1, metrics.roc_auc, metrics.calibration_fit)
    return replace(metrics, untreated=untreated_score(rows, treatment, samples=samples, seed=seed, every=every))


def row_figures(rows: ScoredRows, weight: Array, *, samples: int, seed: int) -> RowFigures | None:
    """Return the figures of weighted rows (n,), None where they are of one class.

    >>> rows = ScoredRows(np.array([0, 0, 1, 1] * 25), np.array([0.1, 0.6, 0.4, 0.9] * 25), 0.5, np.arange(100))
    >>> found = row_figures(rows, np.array([1.0, 1.0, 3.0, 1.0] * 25), samples=50, seed=0)
    >>> found.left, found.roc_auc.value, found.f1.value
    (0.667, 0.625, 0.333)
    """
    if len(np.unique(rows.target)) != BOTH:
        return None
    found = weighted_estimates(rows, weight, samples=samples, seed=seed)
    return RowFigures(
        rows=len(rows.target),
        left=float(weight @ rows.target / weight.sum()),
        f1=found["f1"],
        roc_auc=found["roc_auc"],
        calibration=fit_calibration(rows.target, rows.risk, rows.clients, weight),
    )
