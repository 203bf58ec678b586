"""Finer knots for the columns whose curve is too coarse, found by a score test of jumps that it rounds off.

A finer curve is made of straight lines between many knots, whose differences are penalised: unlike a bending one,
that penalty takes a jump for no worse than a slope of the same height (Tibshirani 2014, Annals of Statistics 42).
"""

from __future__ import annotations

from itertools import pairwise, starmap
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, hstack
from scipy.special import chdtrc

from risk_assets.domain.model.additive.bins import binned, has_curve
from risk_assets.domain.model.additive.score import (
    LEAST_INFORMATION,
    chi_square,
    score_test,
)
from risk_assets.domain.model.additive.terms import KNOTS, Pieces, Term, design_term

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from risk_assets.domain.model.additive.fit import Fitted
    from risk_assets.domain.model.additive.problem import Problem
    from risk_assets.domain.model.additive.score import ScoreTest
    from risk_assets.domain.model.forms import Values

    Array = NDArray[np.float64]

#: Finer knots are so many rows apart, and at most so many.
KNOT_ROWS, MOST_KNOTS = 100, 60
#: A curve gets finer knots where p < this / number of columns: one in vain costs less than one that is missed.
LEVEL = 1.0


def refined(
    terms: tuple[Term, ...],
    columns: Mapping[str, Values],
    problem: Problem,
    fitted: Fitted,
    clients: NDArray[np.intp] | None,
) -> tuple[Term, ...]:
    """Return the terms, with finer knots where the fit's residuals call for them; columns (rows,) by name.

    >>> from risk_assets.domain.model.additive.fit import fit
    >>> from risk_assets.domain.model.additive.problem import initial_strengths
    >>> from risk_assets.domain.model.additive.training import Rows, problem_of
    >>> x = np.arange(6000.0)
    >>> rows = Rows({"x": x}, (x % 7 < np.where(x > 4100, 6, 1)).astype(float), np.ones(6000), None)
    >>> coarse = (design_term("x", x),)
    >>> problem = problem_of(rows, coarse, ())
    >>> [len(term.basis.knots) for term in refined(coarse, rows.columns, problem, fit(problem, np.ones(3)), None)]
    [60]
    """
    count = min(len(fitted.log_odds) // KNOT_ROWS, MOST_KNOTS)
    curved = [term.name for term in terms if has_curve(term.basis)]
    if count < 2 * len(KNOTS) - 1 or not curved:
        return terms
    bins = [binned(np.asarray(columns[name]), count) for name in curved]
    main = score_test(problem, fitted, csr_array(hstack(bins)), clients)
    ends = problem.design.width + np.cumsum([0, *(each.shape[1] for each in bins)])
    coarse = {
        name
        for name, span in zip(curved, starmap(slice, pairwise(ends)), strict=True)
        if misfit(main, span) < LEVEL / len(terms)
    }
    pieces = Pieces(tuple(np.linspace(0.0, 1.0, count).tolist()), 1)
    return tuple(
        design_term(term.name, columns[term.name], monotone=term.monotone, pieces=pieces, special=term.special)
        if term.name in coarse
        else term
        for term in terms
    )


def misfit(main: ScoreTest, bins: slice) -> float:
    """Return the p-value of a curve's misfit; `bins` are the columns of F that are bins of the curve's column.

    Twice the smaller one of two tests, of the bins together and of the greatest jump between two of them.

    >>> from risk_assets.domain.model.additive.design import of_matrix
    >>> from risk_assets.domain.model.additive.fit import fit
    >>> from risk_assets.domain.model.additive.problem import Problem
    >>> one = Problem(of_matrix(np.ones((400, 1))), (np.arange(400) >= 200).astype(float), np.ones(400), ())
    >>> misfit(score_test(one, fit(one, np.zeros(0)), binned(np.arange(400.0), 4), None), slice(1, 5)) < 1e-9
    True
    """
    score, variance, known = main.jumps(bins)
    told = np.diag(known) > LEAST_INFORMATION
    greatest = float(np.max(score[told] ** 2 / np.diag(variance)[told], initial=0.0))
    return 2 * min(chi_square(score, variance, known), float(chdtrc(1, greatest)) * len(score))
