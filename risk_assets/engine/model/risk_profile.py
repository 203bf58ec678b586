"""The profile of computed risks: the twin of domain.profile.profile_of for rows that do not fit into memory."""

from __future__ import annotations

import math

from risk_assets.domain.drift.profile import QUANTILES, NumericProfile
from risk_assets.engine.model.exact import UNITS, exact_sum
from risk_assets.engine.model.scorecard_sql import number
from risk_assets.engine.order_statistics import order_statistics
from risk_assets.engine.session import Session


def risk_profile(session: Session, table: str, risk: str, n: int) -> NumericProfile:
    """Return the profile of a risk, given as an expression over the `n` rows of a table, at least one.

    Mean and deviation agree with those in memory to 1e-15, quantiles are of the same kind (type 7 of Hyndman and
    Fan, 1996).
    """
    mean = _sum(session, table, risk) / n
    square = f"({risk} - {number(mean)}) * ({risk} - {number(mean)})"
    std = math.sqrt(_sum(session, table, square) / (n - 1)) if n > 1 else None
    quantiles = _quantiles(session, table, risk, n)
    return NumericProfile(
        name="risk",
        n=n,
        missing=0,
        mean=mean,
        median=quantiles[QUANTILES // 2],
        std=std,
        min=quantiles[0],
        max=quantiles[-1],
        quantiles=quantiles,
    )


def _sum(session: Session, table: str, expression: str) -> float:
    [(found,)] = session.run(f"SELECT {exact_sum(expression)} FROM {table}").fetchall()
    return int(found) / UNITS


def _quantiles(session: Session, table: str, risk: str, n: int) -> tuple[float, ...]:
    """Interpolate between the two neighbours of each quantile, as numpy does."""
    import numpy as np

    at = (n - 1) * np.linspace(0, 1, QUANTILES)
    below = np.floor(at).astype(np.int64)
    above = np.minimum(below + 1, n - 1)
    ranks = sorted({*below.tolist(), *above.tolist()})
    values = dict(zip(ranks, order_statistics(session, table, risk, ranks), strict=True))
    pairs = np.array(
        [[values[low], values[high]] for low, high in zip(below.tolist(), above.tolist(), strict=True)]
    )
    return tuple((pairs[:, 0] + (pairs[:, 1] - pairs[:, 0]) * (at - below)).tolist())
