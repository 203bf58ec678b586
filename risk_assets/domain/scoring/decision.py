"""From which risk on a client is called, by each rule, and what follows from it.

- "f1": the threshold with the best F1.
- "capacity": as many of the current clients as can be called in a period.
- "value": a call pays where risk x value x share kept > cost of a call (Verbraken, Verbeke and Baesens 2013, IEEE
  TKDE 25). One threshold has to stand for all clients, so it is the one of a client of median value; what follows
  of it is counted client by client.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.scoring.bootstrap import with_interval
from risk_assets.domain.scoring.calls import CallCosts
from risk_assets.domain.scoring.clustered import client_numbers
from risk_assets.domain.scoring.metrics import Gains, Rule, RuleOutcome

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: Points of the curve of calls made against leavers reached.
POINTS = 100


def rule_outcome(
    rule: Rule,
    threshold: float,
    target: NDArray[np.int64],
    risk: Array,
    *,
    value: Array | None = None,
    costs: CallCosts | None = None,
    lost: Array | None = None,
) -> RuleOutcome:
    """Return what follows of a rule on rows: 0/1 outcomes (n,), risks (n,) and values (n,), NaN where not known.

    By value each row is called for which a call pays, by the other rules from the threshold on. What is covered is
    counted in what is `lost` with each row (n,), leavers if that is None.

    >>> target, risk = np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.3, 0.8])
    >>> rule_outcome("f1", 0.3, target, risk, value=np.full(4, 500.0), costs=CallCosts(20.0, 0.1))
    RuleOutcome(rule='f1', threshold=0.3, calls=3, reached=2, money=40.0, in_use=False, covered=1.0)
    """
    called = risk >= threshold
    if rule == "value" and value is not None and costs is not None:
        called = costs.pays(risk, value)
    reached = called & (target == 1)
    counted = target.astype(np.float64) if lost is None else lost
    return RuleOutcome(
        rule,
        threshold,
        calls=int(called.sum()),
        reached=int(reached.sum()),
        money=None if value is None or costs is None else costs.money(called, reached, value),
        covered=float(counted[called].sum() / max(counted.sum(), 1e-300)),
    )


def gains(
    target: NDArray[np.int64],
    order_by: Array,
    clients: NDArray[np.object_] | NDArray[np.intp] | None,
    *,
    size: int,
    samples: int,
    seed: int,
    worth: Array | None = None,
) -> Gains:
    """Return what calling rows in the order of a figure (n,), the highest first, reaches; both classes are needed.

    Lift and curve count leavers, or what they are `worth` (n,). The 95 % interval of the lift is by a bootstrap
    over clients (n,): rows are drawn, and called from the first again. None means that each row is a client.

    >>> found = gains(np.array([0, 1] * 50), np.linspace(0, 1, 100), None, size=10, samples=200, seed=0)
    >>> found.size, found.left, found.lift.value, found.curve[-1]
    (10, 5, 1.0, (1.0, 1.0))
    """
    size = min(size, len(target))
    order = np.argsort(-order_by, kind="stable")
    lost = lost_with(target, worth)[order]
    owners = None if clients is None else client_numbers(clients)[order]
    rng = np.random.default_rng(seed)
    drawn = [_lift(lost, weights, size) for weights in _draws(len(lost), owners, samples, rng)]
    reached = np.cumsum(lost)
    at = np.unique(np.linspace(0, len(lost) - 1, POINTS).round().astype(np.int64))
    return Gains(
        size=size,
        left=int(target[order][:size].sum()),
        lift=with_interval(_lift(lost, np.ones(len(lost), dtype=np.int64), size), np.array(drawn)),
        curve=tuple((float((place + 1) / len(lost)), float(reached[place] / reached[-1])) for place in at),
        by_value=worth is not None,
    )


def lost_with(target: NDArray[np.int64], worth: Array | None) -> Array:
    """Return what is lost with each row (n,): one with a leaver, or what it is worth where that is told and known.

    Where no leaver is worth anything each counts as one.

    >>> lost_with(np.array([1, 1, 0]), np.array([500.0, np.nan, 80.0])).tolist()
    [500.0, 0.0, 0.0]
    >>> lost_with(np.array([1, 1, 0]), None).tolist()
    [1.0, 1.0, 0.0]
    """
    alike = target.astype(np.float64)
    if worth is None:
        return alike
    lost = alike * np.nan_to_num(worth)
    return lost if lost.any() else alike


def _draws(
    rows: int, owners: NDArray[np.intp] | None, samples: int, rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Yield how often each row (n,) is drawn when as many clients are drawn as there are, each with its rows."""
    clients = rows if owners is None else int(owners.max()) + 1
    alone = clients == rows  # then it does not matter which number a client has
    for _ in range(samples):
        drawn = np.bincount(rng.integers(0, clients, clients, dtype=np.int32), minlength=clients)
        yield drawn if alone or owners is None else drawn[owners]


def _lift(lost: Array, drawn: NDArray[np.int64], size: int) -> float:
    """Return what is lost with a row of the first `size` over that of all, of rows that were drawn so often."""
    counted = np.cumsum(drawn)
    last = min(
        int(counted.searchsorted(size)), len(drawn) - 1
    )  # the row of which not every draw may be among them
    weights = drawn.astype(np.float64)
    called = min(size, int(counted[-1]))
    hits = weights[: last + 1] @ lost[: last + 1] - max(int(counted[last]) - size, 0) * lost[last]
    every = weights @ lost
    return float(hits / max(called, 1) / (every / counted[-1])) if every else 1.0
