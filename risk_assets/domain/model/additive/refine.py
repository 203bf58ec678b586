"""Curves that jump, for the columns whose smooth curve rounds off jumps.

A curve that jumps is made of straight lines between many knots, whose differences are penalised: unlike a bending
one, that penalty takes a jump for no worse than a slope of the same height (Tibshirani 2014, Annals of Statistics
42). A score test finds the columns that might need one, and the restricted likelihood decides.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, starmap
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, hstack
from scipy.special import chdtrc

from risk_assets.domain.model.additive.adapt import adapted_to_jumps
from risk_assets.domain.model.additive.bins import binned, has_curve
from risk_assets.domain.model.additive.design import design_of
from risk_assets.domain.model.additive.fit import fit, restricted_likelihood
from risk_assets.domain.model.additive.problem import initial_strengths, placed_penalties
from risk_assets.domain.model.additive.score import LEAST_INFORMATION, chi_square, score_test
from risk_assets.domain.model.additive.terms import KNOTS, Pieces, Term, design_term

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from risk_assets.domain.model.additive.fit import Fitted
    from risk_assets.domain.model.additive.problem import Problem
    from risk_assets.domain.model.additive.score import ScoreTest
    from risk_assets.domain.model.forms import Values

    Array = NDArray[np.float64]

#: Finer knots are so many rows apart, and at most so many.
KNOT_ROWS, MOST_KNOTS = 100, 60
#: A curve that jumps is tried where p < this / number of columns: one in vain costs time alone.
LEVEL = 1.0
#: Where p < this / number of columns, curves that jump are tried together.
SURE = 0.001
#: They are kept where the log of the restricted likelihood grows by more: penalties that adapt add some to it.
EVIDENCE = 5.0


def refined(
    terms: tuple[Term, ...],
    columns: Mapping[str, Values],
    problem: Problem,
    fitted: Fitted,
    clients: NDArray[np.intp] | None,
) -> tuple[tuple[Term, ...], Problem, Fitted]:
    """Return the terms, with curves that jump where the rows call for them, their problem and its fit.

    `columns` (rows,) by name, `clients` (rows,) where several rows share a client.

    >>> from risk_assets.domain.model.additive.fit import fit
    >>> from risk_assets.domain.model.additive.problem import initial_strengths
    >>> from risk_assets.domain.model.additive.training import Rows, problem_of
    >>> x = np.arange(6000.0)
    >>> rows = Rows({"x": x}, (x % 7 < np.where(x > 4100, 6, 1)).astype(float), np.ones(6000), None)
    >>> coarse = (design_term("x", x),)
    >>> problem = problem_of(rows, coarse, ())
    >>> fitted = fit(problem, initial_strengths(problem))
    >>> [len(term.basis.knots) for term in refined(coarse, rows.columns, problem, fitted, None)[0]]
    [60]
    """
    best = adapted_to_jumps(terms, problem, fitted)
    for names in coarse_curves(terms, columns, problem, fitted, clients):
        found = adapted_to_jumps(*_with_jumps(names, columns, *best))
        if restricted_likelihood(*found[1:]) > restricted_likelihood(*best[1:]) + EVIDENCE:
            best = found
    return best


def _with_jumps(
    names: Collection[str],
    columns: Mapping[str, Values],
    terms: tuple[Term, ...],
    problem: Problem,
    fitted: Fitted,
) -> tuple[tuple[Term, ...], Problem, Fitted]:
    """Return the terms, with curves that jump for some columns, their problem and its fit."""
    pieces = Pieces(tuple(np.linspace(0.0, 1.0, _knots(fitted)).tolist()), 1)
    found = tuple(
        design_term(term.name, columns[term.name], monotone=term.monotone, pieces=pieces, special=term.special)
        if term.name in names
        else term
        for term in terms
    )
    problem = replace(problem, design=design_of(found, columns), penalties=placed_penalties(found))
    return found, problem, fit(problem, initial_strengths(problem))


def coarse_curves(
    terms: tuple[Term, ...],
    columns: Mapping[str, Values],
    problem: Problem,
    fitted: Fitted,
    clients: NDArray[np.intp] | None,
) -> list[list[str]]:
    """Return the columns whose curve might be too coarse: those that surely are together, then each of the others.

    `columns` (rows,) by name, `clients` (rows,) where several rows share a client.

    >>> from risk_assets.domain.model.additive.fit import fit
    >>> from risk_assets.domain.model.additive.training import Rows, problem_of
    >>> rows = Rows({"x": np.arange(40.0)}, (np.arange(40) > 20).astype(float), np.ones(40), None)
    >>> terms = (design_term("x", rows.columns["x"]),)
    >>> problem = problem_of(rows, terms, ())
    >>> coarse_curves(terms, rows.columns, problem, fit(problem, np.ones(3)), None)  # too few rows
    []
    """
    count, curved = _knots(fitted), [term.name for term in terms if has_curve(term.basis)]
    if count < 2 * len(KNOTS) - 1 or not curved:
        return []
    bins = [binned(np.asarray(columns[name]), count) for name in curved]
    main = score_test(problem, fitted, csr_array(hstack(bins)), clients)
    ends = problem.design.width + np.cumsum([0, *(each.shape[1] for each in bins)])
    found = sorted(zip((misfit(main, span) for span in starmap(slice, pairwise(ends))), curved, strict=True))
    sure = [name for value, name in found if value < SURE / len(terms)]
    doubtful = [[name] for value, name in found[len(sure) :] if value < LEVEL / len(terms)]
    return [sure, *doubtful] if sure else doubtful


def _knots(fitted: Fitted) -> int:
    return min(len(fitted.log_odds) // KNOT_ROWS, MOST_KNOTS)


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
