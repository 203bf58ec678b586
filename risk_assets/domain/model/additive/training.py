"""Fitting the additive model to rows: main effects, then pairs, then monotone columns, then how sure it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np

from risk_assets.domain.model.additive.fit import Fitted, Placed, Problem, fit, initial_strengths, penalty_matrix
from risk_assets.domain.model.additive.interval import (
    CAP,
    capped_strengths,
    clustered_information,
    covariance_of,
    dispersion,
    inverse,
)
from risk_assets.domain.model.additive.leave_out import left_out
from risk_assets.domain.model.additive.model import AdditiveModel, design
from risk_assets.domain.model.additive.search import find_pairs
from risk_assets.domain.model.additive.terms import Term, design_term

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from risk_assets.domain.model.additive.pairs import Pair
    from risk_assets.domain.model.additive.terms import Monotone
    from risk_assets.domain.model.basis import Values

    Array = NDArray[np.float64]

#: Beyond this many rows penalties and pairs are found on so many of them, evenly spread.
PART_ROWS = 50_000
#: Penalties found on a part get so many more updates on all rows.
MORE_UPDATES = 3


@dataclass(frozen=True)
class Rows:
    """What a model learns from: columns by name, outcomes 0 or 1, weights, and each row's client or None.

    >>> Rows({"a": np.zeros(2)}, np.array([0.0, 1.0]), np.ones(2), None).part(slice(1)).outcome.tolist()
    [0.0]
    """

    columns: Mapping[str, Values]
    outcome: Array
    weights: Array
    clients: NDArray[np.intp] | None

    def part(self, chosen: slice) -> Rows:
        """Return the chosen rows."""
        columns = {name: values[chosen] for name, values in self.columns.items()}
        clients = None if self.clients is None else self.clients[chosen]
        return Rows(columns, self.outcome[chosen], self.weights[chosen], clients)


def fit_additive(
    columns: Mapping[str, Values],
    outcome: Array,
    *,
    weights: Array | None = None,
    clients: NDArray[np.generic] | None = None,
    monotone: Mapping[str, Monotone] | None = None,
    pairs: bool = True,
    cap: float = CAP,
) -> AdditiveModel:
    """Return the fitted model; columns by name, (rows,) each: floats with NaN, or objects with None where missing.

    `weights` (rows,) of 0 or more stand for rows that a sample left out, `clients` (rows,) say which rows share a
    client (their scores are then clustered), `monotone` names columns whose curve may only rise or fall. Raises
    ValueError for infinite numbers, no columns or rows, and outcomes that are not 0 or 1 or all alike.

    >>> size = np.arange(60.0)
    >>> fit_additive({"size": size}, (size % 3 < size / 30).astype(float)).converged
    True
    """
    from threadpoolctl import threadpool_limits

    rows = _checked(columns, outcome, weights, clients)
    with threadpool_limits(1):  # several threads wait for each other longer than such small products take
        return _fitted(rows, monotone or {}, pairs=pairs, cap=cap)


def _fitted(rows: Rows, monotone: Mapping[str, Monotone], *, pairs: bool, cap: float) -> AdditiveModel:
    terms = tuple(design_term(name, values, monotone=monotone.get(name)) for name, values in rows.columns.items())
    stride = -(-len(rows.outcome) // PART_ROWS)
    part = rows if stride == 1 else rows.part(slice(None, None, stride))
    problem = problem_of(part, terms, ())
    problem, fitted = _with_dispersion(part, problem, fit(problem, initial_strengths(problem)))
    found: tuple[Pair, ...] = ()
    if pairs:
        free = {name: values for name, values in part.columns.items() if name not in monotone}
        found, problem, fitted = find_pairs(free, problem, fitted, part.clients)
    if part is not rows:
        problem = replace(problem_of(rows, terms, found), dispersion=problem.dispersion)
        fitted = fit(problem, fitted.strengths, fitted.coefficients, updates=MORE_UPDATES)
    if monotone:
        problem = replace(problem, order=_order(terms, len(fitted.coefficients)))
        fitted = fit(problem, fitted.strengths, updates=0)
    return _model(rows, (terms, found), problem, fitted, cap)


def problem_of(rows: Rows, terms: tuple[Term, ...], pairs: tuple[Pair, ...]) -> Problem:
    """Return what is fitted for these terms and pairs, at a dispersion of 1.

    >>> rows = Rows({"a": np.arange(4.0)}, np.array([0.0, 1.0, 0.0, 1.0]), np.ones(4), None)
    >>> problem_of(rows, (design_term("a", np.arange(4.0)),), ()).design.shape
    (4, 5)
    """
    parts: tuple[Term | Pair, ...] = (*terms, *pairs)
    placed: list[Placed] = []
    start = 1
    for part in parts:
        placed += [Placed(start, penalty) for penalty in part.penalties]
        start += part.width
    return Problem(design(terms, pairs, rows.columns), rows.outcome, rows.weights, tuple(placed))


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
    numbered = None
    if clients is not None:
        names, numbered = np.unique(clients, return_inverse=True)
        numbered = None if len(names) == len(outcome) else numbered
    return Rows(columns, outcome, weights, cast("NDArray[np.intp] | None", numbered))


def _with_dispersion(rows: Rows, problem: Problem, fitted: Fitted) -> tuple[Problem, Fitted]:
    """Return the problem and its fit with the likelihood divided by phi, where several rows share a client."""
    if rows.clients is None:
        return problem, fitted
    covariance = inverse(fitted.information + penalty_matrix(problem, fitted.strengths))
    clustered = clustered_information(problem, fitted.coefficients, rows.clients)
    phi = dispersion(covariance, clustered, fitted.information)
    problem = replace(problem, dispersion=phi)
    return problem, fit(problem, fitted.strengths, fitted.coefficients)


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
        left_out(problem, fitted, rows.clients),
    )
