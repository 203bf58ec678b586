"""What follows of scored rows: how true risks are, what each rule for calls reaches, where the model is weak."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.scoring.calibration import fit_calibration
from risk_assets.domain.scoring.calls import CallCosts
from risk_assets.domain.scoring.clustered import client_numbers
from risk_assets.domain.scoring.decision import gains, lost_with, rule_outcome
from risk_assets.domain.scoring.groups import ScoredRows, group_scores
from risk_assets.domain.scoring.levels import Levels
from risk_assets.domain.scoring.metrics import Metrics, Rule, RuleOutcome

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class CallRules:
    """The threshold by each rule that could be chosen, how many can be called, and what a call costs, if known.

    `chosen` is what the settings choose; a fixed threshold is in use whatever that is.

    >>> CallRules({"f1": 0.3}, capacity=100).in_use, CallRules({"fixed": 0.3}, capacity=100).in_use
    ('f1', 'fixed')
    """

    thresholds: Mapping[Rule, float]
    capacity: int
    costs: CallCosts | None = None
    chosen: Rule = "f1"

    @property
    def in_use(self) -> Rule:
        """The rule by which clients are flagged."""
        return "fixed" if "fixed" in self.thresholds else self.chosen


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

    Rows are called in the order in which the list of clients is called: by value at risk where the rule in use is
    by value (then lift and curve count what leavers are worth), else by risk.

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
    worth = value if rules.in_use == "value" else None
    order = rows.risk if worth is None else rows.risk * np.nan_to_num(worth)
    return replace(
        metrics,
        calibration_fit=fit_calibration(rows.target, rows.risk, rows.clients),
        rules=tuple(_outcome(rule, rows, rules, value) for rule in rules.thresholds),
        gains=gains(
            rows.target, order, rows.clients, size=rules.capacity, samples=samples, seed=seed, worth=worth
        ),
        groups=group_scores(rows, levels),
    )


def _outcome(rule: Rule, rows: ScoredRows, rules: CallRules, value: NDArray[np.float64] | None) -> RuleOutcome:
    found = rule_outcome(
        rule,
        rules.thresholds[rule],
        rows.target,
        rows.risk,
        value=value,
        costs=rules.costs,
        lost=lost_with(rows.target, value if rules.in_use == "value" else None),
    )
    return replace(found, in_use=rule == rules.in_use)
