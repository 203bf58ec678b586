"""Fitting the additive model to rows: main effects, then pairs, then monotone columns, then how sure it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.model.additive.design import design_of
from risk_assets.domain.model.additive.fit import Fitted, approached, fit
from risk_assets.domain.model.additive.interval import (
    CAP,
    capped_strengths,
    clustered_information,
    covariance_of,
    dispersion,
)
from risk_assets.domain.model.additive.leave_out import left_out
from risk_assets.domain.model.additive.model import AdditiveModel
from risk_assets.domain.model.additive.order import inverse, ordered_minimum
from risk_assets.domain.model.additive.problem import Problem, initial_strengths, penalty_matrix, placed_penalties
from risk_assets.domain.model.additive.refine import refined
from risk_assets.domain.model.additive.search import find_pairs
from risk_assets.domain.model.additive.terms import Term, design_term

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from risk_assets.domain.model.additive.pairs import Pair
    from risk_assets.domain.model.additive.terms import Monotone
    from risk_assets.domain.model.forms import Values

    Array = NDArray[np.float64]

#: Beyond this many rows penalties and pairs are found on a part of about so many of them.
PART_ROWS = 50_000
#: The part holds about so many rows of the rarer outcome, where there are as many.
PART_OUTCOMES = 1000
#: Penalties found on a part get so many more updates on all rows.
MORE_UPDATES = 3
#: Weights that differ by less are alike.
SAME_WEIGHT = 1e-9


@dataclass(frozen=True)
class Rows:
    """What a model learns from: columns by name, outcomes 0 or 1, weights, and each row's client or None.

    >>> rows = Rows({"a": np.zeros(2)}, np.array([0.0, 1.0]), np.ones(2), None)
    >>> rows.only(np.array([True, False])).outcome.tolist()
    [0.0]
    """

    columns: Mapping[str, Values]
    outcome: Array
    weights: Array
    clients: NDArray[np.intp] | None

    def only(self, chosen: NDArray[np.bool_]) -> Rows:
        """Return the chosen rows."""
        columns = {name: values[chosen] for name, values in self.columns.items()}
        clients = None if self.clients is None else np.unique(self.clients[chosen], return_inverse=True)[1]
        return Rows(columns, self.outcome[chosen], self.weights[chosen], clients)


def fit_additive(
    columns: Mapping[str, Values],
    outcome: Array,
    *,
    weights: Array | None = None,
    clients: NDArray[np.generic] | None = None,
    monotone: Mapping[str, Monotone] | None = None,
    special: Mapping[str, tuple[float, ...]] | None = None,
    pairs: bool = True,
    cap: float = CAP,
    part: NDArray[np.bool_] | None = None,
) -> AdditiveModel:
    """Return the fitted model; columns by name, (rows,) each: floats with NaN, or objects with None where missing.

    `weights` (rows,) of 0 or more stand for rows that a sample left out: only their ratios count, and where they
    differ the covariance is the robust one. `clients` (rows,) say which rows share a client (their scores are then
    clustered), `monotone` names columns whose curve may only rise or fall, `special` the numbers of columns that
    are levels beside the curve. Beyond 50,000 rows, penalties and pairs
    are found on the rows of `part` (rows,), or of a choice of clients by a hash of their number. Raises ValueError
    for infinite numbers, no columns or rows, and outcomes that are not 0 or 1 or all alike.

    >>> size = np.arange(60.0)
    >>> fit_additive({"size": size}, (size % 3 < size / 30).astype(float)).converged
    True
    """
    from threadpoolctl import threadpool_limits

    rows = _checked(columns, outcome, weights, clients)
    with threadpool_limits(1):  # several threads wait for each other longer than such small products take
        part = _part(rows) if part is None else part
        terms = _terms(rows, part, monotone or {}, special or {})
        return _fitted(rows, terms, part, pairs=pairs, cap=cap)


def _terms(
    rows: Rows, part: NDArray[np.bool_], monotone: Mapping[str, Monotone], special: Mapping[str, tuple[float, ...]]
) -> tuple[Term, ...]:
    """Return the terms: knots of numbers are quantiles of the part, levels of categories count all rows."""
    found = {name: values if values.dtype == object else values[part] for name, values in rows.columns.items()}
    return tuple(
        design_term(name, values, monotone=monotone.get(name), special=special.get(name, ()))
        for name, values in found.items()
    )


def _fitted(
    every: Rows, terms: tuple[Term, ...], part: NDArray[np.bool_], *, pairs: bool, cap: float
) -> AdditiveModel:
    rows = every if part.all() else every.only(part)
    problem = problem_of(rows, terms, ())
    problem, fitted = _with_dispersion(rows, problem, fit(problem, initial_strengths(problem)))
    terms, problem, fitted = refined(terms, rows.columns, problem, fitted, rows.clients)
    found: tuple[Pair, ...] = ()
    if pairs:
        found, problem, fitted = find_pairs(rows.columns, terms, problem, fitted, rows.clients)
    if rows is not every:
        problem = replace(problem_of(every, terms, found), dispersion=problem.dispersion)
        start = approached(problem, fitted, every.weights.sum() / rows.weights.sum())
        fitted = fit(problem, fitted.strengths, start, updates=MORE_UPDATES)
    order = _order(terms, problem.design.width)
    if len(order):
        penalty = penalty_matrix(problem, fitted.strengths)
        start = ordered_minimum(fitted.information + penalty, fitted.coefficients, order)
        fitted = fit(replace(problem, order=order), fitted.strengths, start, updates=0)
    return _model(every, (terms, found), problem, fitted, cap)


def _part(rows: Rows) -> NDArray[np.bool_]:
    """Return which rows penalties and pairs are found on: all, or those whose client's number has a small hash."""
    count, positives = len(rows.outcome), float(rows.outcome.sum())
    rarer = max(min(positives, count - positives), 1.0)
    share = max(PART_ROWS / count, PART_OUTCOMES / rarer)
    if share >= 1:
        return np.ones(count, dtype=bool)
    return hashed(np.arange(count) if rows.clients is None else rows.clients) < share


def hashed(numbers: NDArray[np.intp]) -> Array:
    """Return for each number a fraction from 0 to 1 that looks drawn at random, and is always the same.

    This is the mixing of SplitMix64 (Steele, Lea and Flood 2014).

    >>> hashed(np.array([0, 1, 2, 1])).round(3).tolist()
    [0.883, 0.432, 0.026, 0.432]
    """
    mixed = (numbers.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray((mixed ^ (mixed >> np.uint64(31))) / 2.0**64)


def problem_of(rows: Rows, terms: tuple[Term, ...], pairs: tuple[Pair, ...]) -> Problem:
    """Return what is fitted for these terms and pairs, at a dispersion of 1.

    >>> rows = Rows({"a": np.arange(4.0)}, np.array([0.0, 1.0, 0.0, 1.0]), np.ones(4), None)
    >>> problem_of(rows, (design_term("a", np.arange(4.0)),), ()).design.width
    5
    """
    parts: tuple[Term | Pair, ...] = (*terms, *pairs)
    return Problem(design_of(parts, rows.columns), rows.outcome, rows.weights, placed_penalties(parts))


def _checked(
    columns: Mapping[str, Values], outcome: Array, weights: Array | None, clients: NDArray[np.generic] | None
) -> Rows:
    outcome = np.asarray(outcome, dtype=float)
    if not columns or not len(outcome):
        raise ValueError("a model needs at least one column and one row")
    if not np.isin(outcome, (0.0, 1.0)).all():
        raise ValueError("an outcome is 0 or 1")
    weights = np.ones(len(outcome)) if weights is None else np.asarray(weights, dtype=float)
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise ValueError("a weight is a number of 0 or more")
    if weights.any():
        weights = weights / weights[weights > 0].min()  # only ratios count, and phi is 1 or more
    numbered = np.arange(len(outcome))
    if clients is not None:
        numbered = np.unique(clients, return_inverse=True)[1]
    alone = numbered.max() == len(outcome) - 1 and np.ptp(weights) <= SAME_WEIGHT
    return Rows(columns, outcome, weights, None if alone else numbered)


def _with_dispersion(rows: Rows, problem: Problem, fitted: Fitted) -> tuple[Problem, Fitted]:
    """Return the problem and its fit with the likelihood divided by phi, where several rows share a client."""
    if rows.clients is None:
        return problem, fitted
    covariance = inverse(fitted.information + penalty_matrix(problem, fitted.strengths))
    clustered = clustered_information(problem, fitted.log_odds, rows.clients)
    phi = dispersion(covariance, clustered, fitted.information)
    problem = replace(problem, dispersion=phi)
    return problem, fit(problem, fitted.strengths, fitted)


def _order(terms: Sequence[Term], width: int) -> Array:
    found, start = [np.zeros((0, width))], 1
    for term in terms:
        rows = term.order()
        found.append(np.pad(rows, ((0, 0), (start, width - start - term.width))))
        start += term.width
    return np.vstack(found)


def _model(
    rows: Rows, parts: tuple[tuple[Term, ...], tuple[Pair, ...]], problem: Problem, fitted: Fitted, cap: float
) -> AdditiveModel:
    terms, pairs = parts
    free = np.diag(inverse(fitted.information + penalty_matrix(problem, fitted.strengths)) @ fitted.information)
    capped = penalty_matrix(problem, capped_strengths(problem, fitted, cap=cap))
    every: tuple[Term | Pair, ...] = (*terms, *pairs)
    degrees: dict[str, float] = {}
    strengths: dict[tuple[str, str], float] = {}
    start, place = 1, 0
    for part in every:
        degrees[part.name] = float(free[start : start + part.width].sum())
        for penalty in part.penalties:
            strengths[part.name, penalty.kind] = float(fitted.strengths[place])
            place += 1
        start += part.width
    covariance = covariance_of(problem, fitted, capped, rows.clients)
    return AdditiveModel(
        terms,
        pairs,
        fitted.coefficients,
        covariance,
        degrees,
        strengths,
        fitted.steps,
        problem.dispersion,
        fitted.problem,
        left_out(problem, fitted, rows.clients) if len(rows.outcome) <= PART_ROWS else fitted.log_odds,
    )
