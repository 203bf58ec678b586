"""The penalised additive model: log-odds = intercept + sum of shape_j(x_j) + sum of table_jk(x_j, x_k)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.model.additive.pairs import Pair
from risk_assets.domain.model.additive.terms import Term

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from risk_assets.domain.model.basis import Values

    Array = NDArray[np.float64]

#: Rows are scored in blocks of this many, so that memory stays small.
BLOCK_ROWS = 16_384


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
        blocks = (design(self.terms, self.pairs, block) @ self.coefficients for block in row_blocks(columns))
        return np.concatenate(list(blocks))

    def standard_error(self, columns: Mapping[str, Values]) -> Array:
        """Return the standard error of each row's log-odds, (rows,), sqrt(x' V x); raises as predict does."""
        return np.concatenate([self._errors(block) for block in row_blocks(columns)])

    def _errors(self, block: Mapping[str, Values]) -> Array:
        rows = design(self.terms, self.pairs, block)
        result: Array = np.sqrt(np.maximum(np.einsum("ij,ij->i", rows @ self.covariance, rows), 0.0))
        return result


def row_blocks(columns: Mapping[str, Values]) -> Iterator[dict[str, Values]]:
    """Yield the columns, 16,384 rows at a time, at least once.

    >>> [len(block["a"]) for block in row_blocks({"a": np.zeros(20_000)})]
    [16384, 3616]
    """
    rows = len(next(iter(columns.values())))
    for start in range(0, max(rows, 1), BLOCK_ROWS):
        yield {name: values[start : start + BLOCK_ROWS] for name, values in columns.items()}


def design(terms: Sequence[Term], pairs: Sequence[Pair], columns: Mapping[str, Values]) -> Array:
    """Return the design matrix, (rows, p): 1, then the terms' columns, then the pairs'.

    >>> design((), (), {"a": np.zeros(3)}).tolist()
    [[1.0], [1.0], [1.0]]
    """
    parts: tuple[Term | Pair, ...] = (*terms, *pairs)
    rows = len(next(iter(columns.values())))
    result = np.ones((rows, 1 + sum(part.width for part in parts)))
    for start, block in zip(range(0, max(rows, 1), BLOCK_ROWS), row_blocks(columns), strict=True):
        place = 1
        for part in parts:
            result[start : start + BLOCK_ROWS, place : place + part.width] = part.design(*part.of(block))
            place += part.width
    return result
