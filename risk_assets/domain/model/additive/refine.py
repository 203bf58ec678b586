"""Finer knots for the columns whose curve is too coarse, found by a score test of what finer knots would add."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from risk_assets.domain.model.additive.design import design_of
from risk_assets.domain.model.additive.score import score_test
from risk_assets.domain.model.additive.terms import KNOTS, Term, design_term

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from risk_assets.domain.model.additive.fit import Fitted, Problem
    from risk_assets.domain.model.additive.score import ScoreTest
    from risk_assets.domain.model.basis import Values

#: Finer knots are so many rows apart, and at most so many.
KNOT_ROWS, MOST_KNOTS = 200, 40
#: A curve gets finer knots where p < this / number of columns.
LEVEL = 0.01


def refined(
    terms: tuple[Term, ...],
    columns: Mapping[str, Values],
    problem: Problem,
    fitted: Fitted,
    clients: NDArray[np.intp] | None,
) -> tuple[Term, ...]:
    """Return the terms, with finer knots where the fit's residuals call for them; columns (rows,) by name.

    >>> from risk_assets.domain.model.additive.fit import fit, initial_strengths
    >>> from risk_assets.domain.model.additive.training import Rows, problem_of
    >>> x = np.arange(6000.0)
    >>> rows = Rows({"x": x}, (x % 7 < np.where(x > 4100, 6, 1)).astype(float), np.ones(6000), None)
    >>> coarse = (design_term("x", x),)
    >>> problem = problem_of(rows, coarse, ())
    >>> [len(term.basis.knots) for term in refined(coarse, rows.columns, problem, fit(problem, np.ones(3)), None)]
    [30]
    """
    count = min(len(fitted.log_odds) // KNOT_ROWS, MOST_KNOTS)
    if count < 2 * len(KNOTS) - 1:
        return terms
    main = score_test(problem, fitted, csr_array((len(fitted.log_odds), 0)), clients)
    return tuple(_finer(term, columns, main, count, LEVEL / len(terms)) for term in terms)


def _finer(term: Term, columns: Mapping[str, Values], main: ScoreTest, count: int, level: float) -> Term:
    if term.basis.degree == 1:
        return term
    shares = np.linspace(0.0, 1.0, count)
    finer = design_term(term.name, columns[term.name], monotone=term.monotone, knots=tuple(shares.tolist()))
    design = design_of((finer,), columns)
    return finer if main.p_value(design.functions, design.contrast[:, 1:]) < level else term
