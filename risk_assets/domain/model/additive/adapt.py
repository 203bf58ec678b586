"""Penalties of differences that adapt to jumps: weak where a curve jumps, strong where it is level.

Each difference d of neighbours gets a variance of its own about the common one: tau2 / delta, with delta drawn
from a gamma distribution G(1/2, 1/2), so that d follows a Cauchy distribution (Lang and Brezger 2004, JCGS 13).
The EM algorithm puts the expectation of delta, 2 / (1 + E(d^2) / tau2), in its place (Lange, Little and Taylor
1989, JASA 84), and fits anew.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.model.additive.fit import fit
from risk_assets.domain.model.additive.order import inverse
from risk_assets.domain.model.additive.problem import penalty_matrix, placed_penalties

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from risk_assets.domain.model.additive.fit import Fitted
    from risk_assets.domain.model.additive.problem import Problem
    from risk_assets.domain.model.additive.terms import Penalty, Term

    Array = NDArray[np.float64]

#: Penalties of differences adapt in so many rounds, each of which gains less than the one before.
ROUNDS = 4


def adapted_to_jumps(
    terms: tuple[Term, ...], problem: Problem, fitted: Fitted
) -> tuple[tuple[Term, ...], Problem, Fitted]:
    """Return the terms with adapted penalties, their problem and its fit; all as they were where none adapts.

    >>> from risk_assets.domain.model.additive.fit import fit
    >>> from risk_assets.domain.model.additive.terms import design_term
    >>> from risk_assets.domain.model.additive.training import Rows, problem_of
    >>> rows = Rows({"x": np.arange(4.0)}, np.array([0.0, 1.0, 0.0, 1.0]), np.ones(4), None)
    >>> problem = problem_of(rows, (design_term("x", rows.columns["x"]),), ())
    >>> adapted_to_jumps((), problem, fit(problem, np.ones(2)))[1] is problem
    True
    """
    if any(adapts(penalty) for term in terms for penalty in term.penalties):
        for _ in range(ROUNDS):
            terms = adapted(terms, problem, fitted)
            problem = replace(problem, penalties=placed_penalties(terms))
            fitted = fit(problem, fitted.strengths, fitted)
    return terms, problem, fitted


def adapts(penalty: Penalty) -> bool:
    """Return whether a penalty adapts: one of differences whose strength is estimated.

    >>> from risk_assets.domain.model.additive.terms import scaled_penalty
    >>> adapts(scaled_penalty("differences", np.eye(9))), adapts(scaled_penalty("levels", np.eye(9)))
    (True, False)
    """
    return penalty.kind == "differences" and not penalty.fixed


def adapted(terms: tuple[Term, ...], problem: Problem, fitted: Fitted) -> tuple[Term, ...]:
    """Return the terms with penalties of differences as the fit of them calls for.

    >>> from risk_assets.domain.model.additive.fit import fit
    >>> from risk_assets.domain.model.additive.problem import initial_strengths
    >>> from risk_assets.domain.model.additive.terms import design_term
    >>> from risk_assets.domain.model.additive.training import Rows, problem_of
    >>> x = np.arange(4000.0) % 8
    >>> rows = Rows({"x": x}, (np.arange(4000) % 7 < np.where(x > 3, 5, 1)).astype(float), np.ones(4000), None)
    >>> problem = problem_of(rows, (design_term("x", x),), ())
    >>> (term,) = adapted((design_term("x", x),), problem, fit(problem, initial_strengths(problem)))
    >>> jumps = np.linalg.pinv(term.contrast[:8]) @ np.tri(8)[:, 1:]  # a jump of 1 behind each level
    >>> int(np.diag(jumps.T @ term.penalties[0].matrix @ jumps).argmin())
    3
    """
    covariance = inverse(fitted.information + penalty_matrix(problem, fitted.strengths))
    found, start, place = [], 1, 0
    for term in terms:
        span = slice(start, start + term.width)
        strengths = fitted.strengths[place : place + len(term.penalties)]
        penalties = tuple(
            _adapted(term, penalty, strength, fitted.coefficients[span], covariance[span, span])
            if adapts(penalty)
            else penalty
            for penalty, strength in zip(term.penalties, strengths, strict=True)
        )
        found.append(replace(term, penalties=penalties))
        start, place = span.stop, place + len(penalties)
    return tuple(found)


def _adapted(term: Term, penalty: Penalty, strength: float, b: Array, covariance: Array) -> Penalty:
    steps = np.diff(term.contrast[: term.basis.curve_size], axis=0)
    scale = float(np.linalg.eigvalsh(steps.T @ steps)[-1])
    variances = np.einsum("ij,jk,ik->i", steps, covariance, steps)
    weights = expected_weights(steps @ b, variances, scale / strength)
    return replace(penalty, matrix=steps.T @ (weights[:, None] * steps) / scale)


def expected_weights(differences: Array, variances: Array, common: float) -> Array:
    """Return the expectation of each delta, (n,): differences (n,), their variances (n,), and tau2.

    >>> expected_weights(np.array([0.0, 3.0]), np.array([1.0, 1.0]), 1.0).round(2).tolist()
    [1.0, 0.18]
    """
    return np.asarray(2.0 / (1.0 + (differences**2 + variances) / common))
