"""How sure a scorecard is: the covariance of its coefficients, and the interval of each client's log-odds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.model.forms import Basis

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FeatureColumns = Mapping[str, NDArray[np.float64] | NDArray[np.object_]]

#: Of a normal distribution 90 % lie within so many standard deviations of its mean.
NORMAL_90 = 1.6448536269514722
#: Rows are taken so many at a time, so that their functions stay small in memory.
BLOCK_ROWS = 16_384


@dataclass(frozen=True)
class Side:
    """The functions of one column as a model's coefficients count them: basis functions @ contrast.

    `contrast` has one row for each function of the basis, one column for each coefficient.

    >>> Side(Basis("size", (0.0, 10.0), 1), ((-1.0,), (1.0,), (0.0,))).evaluate(np.array([2.5])).tolist()
    [[-0.5]]
    """

    basis: Basis
    contrast: tuple[tuple[float, ...], ...]

    def evaluate(self, values: NDArray[np.float64] | NDArray[np.object_]) -> NDArray[np.float64]:
        """Return the functions at each value, (n, coefficients)."""
        return self.basis.evaluate(values) @ self._matrix

    @cached_property
    def _matrix(self) -> NDArray[np.float64]:
        return np.array(self.contrast).reshape(self.basis.size, -1)


@dataclass(frozen=True)
class Uncertainty:
    """The covariance of a model's coefficients: the intercept, then those of the terms, then those of the pairs.

    A pair's coefficients are those of each function of its left side times each of its right one. `covariance` is
    the lower triangle, row by row: p * (p + 1) / 2 numbers.

    >>> size = Side(Basis("size", (0.0, 10.0), 1), ((-1.0,), (1.0,), (0.0,)))
    >>> sure = Uncertainty((size,), (), (0.04, 0.0, 0.25))
    >>> sure.standard_error({"size": np.array([5.0, 10.0])}, 2).tolist()
    [0.2, 0.538]
    >>> sure.half_width({"size": np.array([5.0])}, 1).tolist(), sure.errors_of("size", np.array([10.0])).tolist()
    ([0.328], [0.5])
    >>> sure.matrix.tolist()
    [[0.04, 0.0], [0.0, 0.25]]
    """

    terms: tuple[Side, ...]
    pairs: tuple[tuple[Side, Side], ...]
    covariance: tuple[float, ...]

    def standard_error(self, columns: FeatureColumns, rows: int) -> NDArray[np.float64]:
        """Return the standard error (rows,) of each client's log-odds, sqrt(x' V x), of columns by feature."""
        found = np.empty(rows)
        for start in range(0, rows, BLOCK_ROWS):
            block = {name: values[start : start + BLOCK_ROWS] for name, values in columns.items()}
            found[start : start + BLOCK_ROWS] = self._errors(block, min(BLOCK_ROWS, rows - start))
        return found

    def half_width(self, columns: FeatureColumns, rows: int) -> NDArray[np.float64]:
        """Return half the width (rows,) of the 90 % interval of each client's log-odds."""
        return NORMAL_90 * self.standard_error(columns, rows)

    def errors_of(self, column: str, values: NDArray[np.float64] | NDArray[np.object_]) -> NDArray[np.float64]:
        """Return the standard error (n,) of one column's shape at its values; 0 for a column without a term."""
        spans = self._spans
        if column not in spans:
            return np.zeros(len(values))
        side, span = spans[column]
        return _root(side.evaluate(values), self.matrix[span, span])

    @cached_property
    def _spans(self) -> dict[str, tuple[Side, slice]]:
        ends = np.cumsum([1, *(len(side.contrast[0]) for side in self.terms)]).tolist()
        return {
            side.basis.column: (side, slice(start, stop))
            for side, start, stop in zip(self.terms, ends[:-1], ends[1:], strict=True)
        }

    @cached_property
    def matrix(self) -> NDArray[np.float64]:
        """The covariance, (p, p)."""
        size = (math.isqrt(8 * len(self.covariance) + 1) - 1) // 2
        full = np.zeros((size, size))
        full[np.tril_indices(size)] = self.covariance
        return np.asarray(full + np.tril(full, -1).T)

    def _errors(self, columns: FeatureColumns, rows: int) -> NDArray[np.float64]:
        design = [np.ones((rows, 1)), *(side.evaluate(columns[side.basis.column]) for side in self.terms)]
        for left, right in self.pairs:
            one, other = left.evaluate(columns[left.basis.column]), right.evaluate(columns[right.basis.column])
            design.append((one[:, :, None] * other[:, None, :]).reshape(rows, -1))
        return _root(np.hstack(design), self.matrix)


def _root(design: NDArray[np.float64], covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.sqrt(np.maximum(np.einsum("ij,ij->i", design @ covariance, design), 0.0)))
