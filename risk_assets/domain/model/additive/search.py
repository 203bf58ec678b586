"""The search for pairs: the strongest by its score test is fitted, and kept where it pays for itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.model.additive.bins import fine_bins
from risk_assets.domain.model.additive.design import design_of
from risk_assets.domain.model.additive.fit import Fitted, fit
from risk_assets.domain.model.additive.order import inverse
from risk_assets.domain.model.additive.pairs import Pair, margin
from risk_assets.domain.model.additive.problem import Placed, Problem, penalty_matrix
from risk_assets.domain.model.additive.score import score_test, screened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from risk_assets.domain.model.additive.terms import Term
    from risk_assets.domain.model.forms import Values

    Array = NDArray[np.float64]

MOST_PAIRS = 6
#: Pairs are fitted where p < this / number of pairs.
LEVEL = 0.005
#: A pair of which a test, the first and cheaper one included, is above this is not tested again.
FIRST_LEVEL = 0.05


def find_pairs(
    columns: Mapping[str, Values],
    terms: Sequence[Term],
    problem: Problem,
    fitted: Fitted,
    clients: NDArray[np.intp] | None,
) -> tuple[tuple[Pair, ...], Problem, Fitted]:
    """Return the pairs that pay for themselves, and the problem and the fit with them; columns (rows,) by name.

    >>> from risk_assets.domain.model.additive.design import of_matrix
    >>> problem = Problem(of_matrix(np.ones((4, 1))), np.array([0.0, 1.0, 0.0, 1.0]), np.ones(4), ())
    >>> find_pairs({"a": np.zeros(4)}, (), problem, fit(problem, np.zeros(0)), None)[0]
    ()
    """
    margins = [margin(term.name, columns[term.name], term.special) for term in terms if not term.monotone]
    number = len(margins) * (len(margins) - 1) // 2
    if not number:
        return (), problem, fitted
    bins = fine_bins([term.basis for term in terms], columns)
    main = score_test(problem, fitted, bins, clients)
    left = screened(margins, columns, main, FIRST_LEVEL)
    kept: list[Pair] = []
    while left and len(kept) < MOST_PAIRS:
        tested = [(main.p_value(*_table(pair, columns)), pair) for pair in left]
        level, chosen = min(tested, key=lambda each: each[0])
        if level >= LEVEL / number:
            break
        left = [pair for level, pair in tested if level < FIRST_LEVEL and pair is not chosen]
        larger = _with_pair(problem, (*terms, *kept, chosen), columns)
        start = np.append(fitted.coefficients, np.zeros(chosen.width))
        refit = fit(larger, np.append(fitted.strengths, 1.0), start)
        if pays(problem, fitted, larger, refit, number):
            kept.append(chosen)
            problem, fitted = larger, refit
            main = score_test(problem, fitted, bins, clients) if left else main
    return tuple(kept), problem, fitted


def pays(problem: Problem, before: Fitted, larger: Problem, after: Fitted, number: int) -> bool:
    """Return whether the deviance falls by more than 2 x (degrees of freedom gained) + 2 log(number) + 4.

    >>> from risk_assets.domain.model.additive.design import of_matrix
    >>> one = Problem(of_matrix(np.ones((4, 1))), np.array([0.0, 1.0, 0.0, 1.0]), np.ones(4), ())
    >>> pays(one, fit(one, np.zeros(0)), one, fit(one, np.zeros(0)), 1)
    False
    """
    gained = degrees_of_freedom(larger, after) - degrees_of_freedom(problem, before)
    fall = (before.deviance - after.deviance) / problem.dispersion
    return bool(fall > 2 * gained + 2 * np.log(number) + 4)


def degrees_of_freedom(problem: Problem, fitted: Fitted) -> float:
    """Return the effective degrees of freedom tr((X'WX + S)^-1 X'WX), the intercept's included.

    >>> from risk_assets.domain.model.additive.design import of_matrix
    >>> one = Problem(of_matrix(np.ones((4, 1))), np.array([0.0, 1.0, 0.0, 1.0]), np.ones(4), ())
    >>> degrees_of_freedom(one, fit(one, np.zeros(0)))
    1.0
    """
    covariance = inverse(fitted.information + penalty_matrix(problem, fitted.strengths))
    return float(np.sum(covariance * fitted.information))


def _table(pair: Pair, columns: Mapping[str, Values]) -> tuple[csr_array, Array]:
    design = design_of((pair,), columns)
    return design.functions, design.contrast[:, 1:]


def _with_pair(problem: Problem, parts: tuple[Term | Pair, ...], columns: Mapping[str, Values]) -> Problem:
    placed = tuple(Placed(problem.design.width, penalty) for penalty in parts[-1].penalties)
    return replace(problem, design=design_of(parts, columns), penalties=problem.penalties + placed)
