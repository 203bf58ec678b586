"""The search for pairs: the strongest by its score test is fitted, and kept where it pays for itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from risk_assets.domain.model.additive.fit import Fitted, Placed, Problem, fit, penalty_matrix
from risk_assets.domain.model.additive.interval import inverse
from risk_assets.domain.model.additive.pairs import Pair, Residuals, margin, score_test, screened

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from risk_assets.domain.model.additive.pairs import Margin
    from risk_assets.domain.model.basis import Values

MOST_PAIRS = 6
#: Pairs are fitted where p < this / number of pairs.
LEVEL = 0.01
#: A pair whose first, cheaper test is above this is not tested again.
FIRST_LEVEL = 0.05


def find_pairs(
    columns: Mapping[str, Values], problem: Problem, fitted: Fitted, clients: NDArray[np.intp] | None
) -> tuple[tuple[Pair, ...], Problem, Fitted]:
    """Return the pairs that pay for themselves, and the problem and the fit with them; columns (rows,) by name.

    >>> problem = Problem(np.ones((4, 1)), np.array([0.0, 1.0, 0.0, 1.0]), np.ones(4), ())
    >>> find_pairs({"a": np.zeros(4)}, problem, fit(problem, np.zeros(0)), None)[0]
    ()
    """
    margins = {name: margin(name, values) for name, values in columns.items()}
    designs = {name: side.design(columns[name]) for name, side in margins.items()}
    number = len(columns) * (len(columns) - 1) // 2
    first = screened(designs, residuals(problem, fitted, clients), FIRST_LEVEL)
    left = [(one, two) for _, one, two in first]
    kept: list[Pair] = []
    while left and len(kept) < MOST_PAIRS:
        chosen = _strongest(left, columns, margins, residuals(problem, fitted, clients), LEVEL / number)
        if chosen is None:
            break
        left.remove((chosen.left.basis.column, chosen.right.basis.column))
        larger = _with_pair(problem, chosen, columns)
        start = np.append(fitted.coefficients, np.zeros(chosen.width))
        refit = fit(larger, np.append(fitted.strengths, 1.0), start)
        if pays(problem, fitted, larger, refit, number):
            kept.append(chosen)
            problem, fitted = larger, refit
    return tuple(kept), problem, fitted


def residuals(problem: Problem, fitted: Fitted, clients: NDArray[np.intp] | None) -> Residuals:
    """Return the fit's residuals for the tests.

    >>> one = Problem(np.ones((4, 1)), np.array([0.0, 1.0, 0.0, 1.0]), np.ones(4), ())
    >>> residuals(one, fit(one, np.zeros(0)), None).residual.tolist()
    [-0.5, 0.5, -0.5, 0.5]
    """
    risk = expit(problem.design @ fitted.coefficients)
    scale = problem.weights / problem.dispersion
    return Residuals(problem.design, scale * (problem.outcome - risk), scale * risk * (1 - risk), clients)


def pays(problem: Problem, before: Fitted, larger: Problem, after: Fitted, number: int) -> bool:
    """Return whether the deviance falls by more than 2 x (degrees of freedom gained) + 2 log(number) + 4.

    >>> one = Problem(np.ones((4, 1)), np.array([0.0, 1.0, 0.0, 1.0]), np.ones(4), ())
    >>> pays(one, fit(one, np.zeros(0)), one, fit(one, np.zeros(0)), 1)
    False
    """
    gained = degrees_of_freedom(larger, after) - degrees_of_freedom(problem, before)
    fall = (before.deviance - after.deviance) / problem.dispersion
    return bool(fall > 2 * gained + 2 * np.log(number) + 4)


def degrees_of_freedom(problem: Problem, fitted: Fitted) -> float:
    """Return the effective degrees of freedom tr((X'WX + S)^-1 X'WX), the intercept's included.

    >>> one = Problem(np.ones((4, 1)), np.array([0.0, 1.0, 0.0, 1.0]), np.ones(4), ())
    >>> degrees_of_freedom(one, fit(one, np.zeros(0)))
    1.0
    """
    covariance = inverse(fitted.information + penalty_matrix(problem, fitted.strengths))
    return float(np.sum(covariance * fitted.information))


def _strongest(
    names: list[tuple[str, str]],
    columns: Mapping[str, Values],
    margins: Mapping[str, Margin],
    main: Residuals,
    level: float,
) -> Pair | None:
    factor, best, least = main.factor, None, level
    for left, right in names:
        pair = Pair(margins[left], margins[right])
        strength = score_test(pair.design(*pair.of(columns)), main, factor)
        if strength < least:
            best, least = pair, strength
    return best


def _with_pair(problem: Problem, pair: Pair, columns: Mapping[str, Values]) -> Problem:
    table = pair.design(*pair.of(columns))
    placed = tuple(Placed(problem.design.shape[1], penalty) for penalty in pair.penalties)
    return replace(problem, design=np.hstack([problem.design, table]), penalties=problem.penalties + placed)
