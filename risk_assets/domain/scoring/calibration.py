"""How true predicted risks are: their error over groups, and how their log-odds would have to be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.scoring.clustered import NORMAL_95, client_numbers
from risk_assets.domain.scoring.metrics import CalibrationBin, CalibrationFit, Estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

GROUPS = 10
STEPS = 50
#: Risks nearer to 0 or 1 have log-odds that no row can tell from these.
LEAST_RISK = 1e-9
#: Risks whose log-odds lie within less have no slope.
LEAST_RANGE = 1e-6


def fit_calibration(
    target: NDArray[np.int64],
    risk: Array,
    clients: NDArray[np.object_] | NDArray[np.intp] | None,
    weights: Array | None = None,
) -> CalibrationFit:
    """Return how true risks (n,) are of 0/1 outcomes (n,), of both classes; rows weigh 1 without `weights` (n,).

    The slope and the level are those of Cox (1958, Biometrika 45), with 95 % intervals whose variance is clustered
    over clients (n,), None where each row is one (Liang and Zeger 1986, Biometrika 73).

    >>> rng = np.random.default_rng(0)
    >>> risk = rng.random(4000)
    >>> found = fit_calibration((rng.random(4000) < risk).astype(int), risk, None)
    >>> found.slope.low < 1 < found.slope.high, found.level.low < 0 < found.level.high
    (True, True)
    """
    inside = np.clip(risk, LEAST_RISK, 1 - LEAST_RISK)
    log_odds = np.log(inside / (1 - inside))
    owners = np.arange(len(risk)) if clients is None else client_numbers(clients)
    ones = np.ones(len(risk))
    weights = ones if weights is None else weights
    slope = None
    if np.ptp(log_odds) > LEAST_RANGE:
        _, slope = _logistic(np.column_stack([ones, log_odds]), np.zeros(len(risk)), target, owners, weights)
    moved = _logistic(ones[:, None], log_odds, target, owners, weights)
    order = np.argsort(risk, kind="stable")
    return CalibrationFit(
        error=_error(target[order].astype(np.float64), risk[order], weights[order]),
        error_by_chance=_error_by_chance(risk[order], weights[order]),
        slope=slope,
        level=moved[0],
    )


def calibration_level(
    target: NDArray[np.int64], risk: Array, clients: NDArray[np.object_] | NDArray[np.intp] | None
) -> Estimate:
    """Return by how much the log-odds of rows (n,) are too low, with its 95 % interval.

    >>> calibration_level(np.array([1, 1, 0, 0] * 50), np.full(200, 0.5), None)
    Estimate(value=0.0, low=-0.28, high=0.28)
    """
    inside = np.clip(risk, LEAST_RISK, 1 - LEAST_RISK)
    owners = np.arange(len(risk)) if clients is None else client_numbers(clients)
    ones = np.ones(len(risk))
    [level] = _logistic(ones[:, None], np.log(inside / (1 - inside)), target, owners, ones)
    return level


def calibration_bins(target: NDArray[np.int64], risk: NDArray[np.float64]) -> tuple[CalibrationBin, ...]:
    """Return up to ten bins of about as many rows (n,) each; equal risks share a bin.

    >>> found = calibration_bins(np.array([0, 1] * 50), np.linspace(0, 1, 100))
    >>> len(found), found[0].n, found[0].positive_rate
    (10, 10, 0.5)
    """
    edges = np.unique(np.quantile(risk, np.linspace(0, 1, GROUPS + 1)[1:-1]))
    bins = edges.searchsorted(risk, side="right")
    members = (bins == number for number in np.unique(bins))
    return tuple(_bin(target[rows], risk[rows]) for rows in members)


def _bin(target: NDArray[np.int64], risk: NDArray[np.float64]) -> CalibrationBin:
    return CalibrationBin(
        low=float(risk.min()),
        high=float(risk.max()),
        n=len(risk),
        mean_risk=float(risk.mean()),
        positive_rate=float(target.mean()),
    )


def _error(target: Array, ascending: Array, weights: Array) -> float:
    groups = zip(
        np.array_split(weights * target, GROUPS), np.array_split(weights * ascending, GROUPS), strict=True
    )
    return float(sum(abs(left.sum() - risk.sum()) for left, risk in groups) / weights.sum())


def _error_by_chance(ascending: Array, weights: Array) -> float:
    """Return the mean error if each risk is true: a normal number's mean size is its deviation x sqrt(2 / pi)."""
    variances = weights**2 * ascending * (1 - ascending)
    sums = [float(group.sum()) for group in np.array_split(variances, GROUPS)]
    return float(np.sqrt(2 / np.pi * np.array(sums)).sum() / weights.sum())


def _logistic(
    design: Array, offset: Array, target: NDArray[np.int64], owners: NDArray[np.intp], weights: Array
) -> tuple[Estimate, ...]:
    """Return the coefficients of a weighted logistic regression with an offset, with their intervals."""
    b = np.zeros(design.shape[1])
    for _ in range(STEPS):
        risk = 1 / (1 + np.exp(-np.clip(offset + design @ b, -500, 500)))
        hessian = (design * (weights * risk * (1 - risk))[:, None]).T @ design + 1e-9 * np.eye(len(b))
        step = np.linalg.solve(hessian, design.T @ (weights * (target - risk)))
        b = b + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-10:  # noqa: PLR2004
            break
    scores = np.column_stack(
        [np.bincount(owners, weights=column * weights * (target - risk)) for column in design.T]
    )
    bread = np.linalg.inv(hessian)
    errors = np.sqrt(np.maximum(np.diag(bread @ (scores.T @ scores) @ bread), 0.0))
    return tuple(
        Estimate(float(value), float(value - NORMAL_95 * error), float(value + NORMAL_95 * error))
        for value, error in zip(b, errors, strict=True)
    )
