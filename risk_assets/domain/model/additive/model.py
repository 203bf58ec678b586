"""The penalised additive model: log-odds = intercept + sum of shape_j(x_j) + sum of table_jk(x_j, x_k)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.model.additive.design import design_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from risk_assets.domain.model.additive.pairs import Pair
    from risk_assets.domain.model.additive.terms import Term
    from risk_assets.domain.model.forms import Values

    Array = NDArray[np.float64]


@dataclass(frozen=True)
class AdditiveModel:
    """A fitted additive model.

    `coefficients` (p,) and `covariance` (p, p) hold the intercept first, then the terms and the pairs in order;
    `degrees` are the effective degrees of freedom of each term and pair by name, `strengths` the penalties'
    lambdas by (name, kind), `steps` Newton's steps of the last fit, `dispersion` is phi. `problem` says why the
    fit did not come to rest, and is empty where it did. `left_out` (rows,) are the log-odds of the training rows,
    each by a model without its client.

    >>> from risk_assets.domain.model.additive import fit_additive
    >>> size = np.tile(np.arange(4.0), 10)
    >>> model = fit_additive({"size": size}, np.where(np.arange(40) % 7 < size, 1.0, 0.0))
    >>> model.predict({"size": np.array([0.0, 3.0])}).round(1).tolist(), model.converged
    ([-3.4, -0.5], True)
    >>> round(model.intercept, 1), model.standard_error({"size": np.array([0.0, 3.0])}).round(1).tolist()
    (-1.9, [1.4, 0.6])
    """

    terms: tuple[Term, ...]
    pairs: tuple[Pair, ...]
    coefficients: Array
    covariance: Array
    degrees: dict[str, float]
    strengths: dict[tuple[str, str], float]
    steps: int
    dispersion: float = 1.0
    problem: str = ""
    left_out: Array = field(default_factory=lambda: np.zeros(0))

    @property
    def intercept(self) -> float:
        """Return the log-odds where every shape and table is 0."""
        return float(self.coefficients[0])

    @property
    def converged(self) -> bool:
        """Return whether the fit came to rest."""
        return not self.problem

    def predict(self, columns: Mapping[str, Values]) -> Array:
        """Return the log-odds of each row, (rows,); columns by name, (rows,) each, NaN or None where missing.

        Raises ValueError for an infinite number, KeyError for a column that is not there.
        """
        return design_of((*self.terms, *self.pairs), columns) @ self.coefficients

    def standard_error(self, columns: Mapping[str, Values]) -> Array:
        """Return the standard error of each row's log-odds, (rows,), sqrt(x' V x); raises as predict does."""
        design = design_of((*self.terms, *self.pairs), columns)
        squares = np.empty(len(design))
        for block, rows in design.blocks():
            squares[block] = np.einsum("ij,ij->i", rows @ self.covariance, rows)
        return np.asarray(np.sqrt(np.maximum(squares, 0.0)))
