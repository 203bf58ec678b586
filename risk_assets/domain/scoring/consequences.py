"""What follows of scored rows: how true risks are, what each rule for calls reaches, where the model is weak."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.scoring.calibration import fit_calibration
from risk_assets.domain.scoring.calls import CallCosts
from risk_assets.domain.scoring.clustered import client_numbers
from risk_assets.domain.scoring.decision import gains, rule_outcome
from risk_assets.domain.scoring.groups import ScoredRows, group_scores
from risk_assets.domain.scoring.levels import Levels
from risk_assets.domain.scoring.metrics import Metrics, Rule

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class CallRules:
    """The threshold by each rule that could be chosen, how many can be called, and what a call costs, if known.

    >>> CallRules({"f1": 0.3}, capacity=100).costs is None
    True
    """

    thresholds: Mapping[Rule, float]
    capacity: int
    costs: CallCosts | None = None


def with_consequences(
    metrics: Metrics,
    rows: ScoredRows,
    *,
    rules: CallRules,
    levels: Levels,
    value: NDArray[np.float64] | None,
    samples: int,
    seed: int,
) -> Metrics:
    """Return the metrics of the rows with what follows of them; `value` (n,) is money a year, NaN where not known.

    The lift is of rows in the order of risk, which is that of the list of clients.

    >>> from risk_assets.domain.scoring.score import score
    >>> target, risk = np.array([0, 0, 0, 1, 1] * 40), np.array([0.1, 0.2, 0.6, 0.3, 0.9] * 40)
    >>> rows = ScoredRows(target, risk, 0.5, np.arange(200).astype(object))
    >>> plain = score(target, risk, threshold=0.5, samples=100, seed=0)
    >>> found = with_consequences(
    ...     plain, rows, rules=CallRules({"f1": 0.5}, 10), levels=Levels(), value=None, samples=100, seed=0)
    >>> found.rules[0].reached, found.gains.left, round(found.gains.lift.value, 1)
    (40, 10, 2.5)
    """
    rows = replace(rows, clients=client_numbers(rows.clients))
    return replace(
        metrics,
        calibration_fit=fit_calibration(rows.target, rows.risk, rows.clients),
        rules=tuple(
            rule_outcome(rule, threshold, rows.target, rows.risk, value=value, costs=rules.costs)
            for rule, threshold in rules.thresholds.items()
        ),
        gains=gains(rows.target, rows.risk, rows.clients, size=rules.capacity, samples=samples, seed=seed),
        groups=group_scores(rows, levels),
    )
