"""The design matrix X = B C: few functions that are not 0 in each row, and the contrasts that centre them.

A cubic spline has 4 values that are not 0, a level 1. So B is kept sparse, and sums over rows are taken of B: X b
is B (C b), X'r is C' (B'r), and X'WX is C' (B'WB) C.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import block_diag
from scipy.sparse import csr_array

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from risk_assets.domain.model.additive.pairs import Pair
    from risk_assets.domain.model.additive.terms import Term
    from risk_assets.domain.model.forms import Values

    Array = NDArray[np.float64]

#: Rows are looked at in blocks of this many, which fit a processor's cache.
BLOCK_ROWS = 2048
#: B is filled in blocks of this many rows.
FILLED_ROWS = 16_384


@dataclass(frozen=True)
class Design:
    """The design matrix functions @ contrast; functions (rows, q) sparse, contrast (q, p).

    >>> design = of_matrix(np.array([[1.0, 2.0], [1.0, 0.0]]))
    >>> (design @ np.array([1.0, 3.0])).tolist(), design.summed(np.array([1.0, 2.0])).tolist()
    ([7.0, 1.0], [3.0, 2.0])
    >>> design.gram(np.array([1.0, 2.0])).tolist(), design.width, len(design)
    ([[3.0, 2.0], [2.0, 4.0]], 2, 2)
    >>> [rows.tolist() for _, rows in design.blocks()]
    [[[1.0, 2.0], [1.0, 0.0]]]
    """

    functions: csr_array
    contrast: Array

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.functions.shape[0])

    @property
    def width(self) -> int:
        """Return the number of coefficients."""
        return int(self.contrast.shape[1])

    def __matmul__(self, coefficients: Array) -> Array:
        """Return the log-odds of each row, (rows,); coefficients (p,)."""
        return np.asarray(self.functions @ (self.contrast @ coefficients))

    def summed(self, values: Array) -> Array:
        """Return X' values, (p,); values (rows,)."""
        return np.asarray(self.contrast.T @ (self.functions.T @ values))

    def gram(self, weights: Array) -> Array:
        """Return X'WX, (p, p); weights (rows,) of 0 or more."""
        roots = np.sqrt(weights)[:, None]
        total = np.zeros((len(self.contrast),) * 2)
        for start in range(0, len(self), BLOCK_ROWS):
            block = self._dense(start)
            block *= roots[start : start + BLOCK_ROWS]
            total += block.T @ block
        return np.asarray(self.contrast.T @ total @ self.contrast)

    def blocks(self) -> Iterator[tuple[slice, Array]]:
        """Yield slices of rows with their design, (rows of the block, p)."""
        for start in range(0, len(self), BLOCK_ROWS):
            yield slice(start, min(start + BLOCK_ROWS, len(self))), self._dense(start) @ self.contrast

    def _dense(self, start: int) -> Array:
        """Return a block of B; no part of B is copied to make it, as slicing would."""
        ends = self.functions.indptr[start : start + BLOCK_ROWS + 1]
        span = slice(ends[0], ends[-1])
        parts = self.functions.data[span], self.functions.indices[span], ends - ends[0]
        return np.asarray(csr_array(parts, shape=(len(ends) - 1, len(self.contrast))).toarray())


def of_matrix(matrix: Array) -> Design:
    """Return the design whose matrix is given, (rows, p).

    >>> of_matrix(np.ones((2, 1))).contrast.tolist()
    [[1.0]]
    """
    return Design(csr_array(matrix), np.eye(matrix.shape[1]))


def design_of(parts: Sequence[Term | Pair], columns: Mapping[str, Values]) -> Design:
    """Return the design of terms and pairs, a column of 1 first; columns (rows,) by name.

    Functions that are 0 in all rows are left out of B. Raises ValueError for an infinite number, KeyError for a
    column that is not there.

    >>> design_of((), {"a": np.zeros(3)}).functions.toarray().tolist()
    [[1.0], [1.0], [1.0]]
    """
    rows = len(next(iter(columns.values())))
    contrast = block_diag(np.ones((1, 1)), *(part.contrast for part in parts))
    starts = np.cumsum([1, *(len(part.contrast) for part in parts)])
    few = 1 + sum(part.nonzero(columns, slice(0))[0].shape[1] for part in parts)
    places, values = np.empty((rows, few), dtype=np.int32), np.empty((rows, few))
    for first in range(0, rows, FILLED_ROWS):
        block = slice(first, first + FILLED_ROWS)
        places[block, 0], values[block, 0], column = 0, 1.0, 1
        for part, start in zip(parts, starts[:-1], strict=True):
            found, shares = part.nonzero(columns, block)
            span = slice(column, column + found.shape[1])
            np.add(found, start, out=places[block, span], casting="unsafe")
            values[block, span] = shares
            column = span.stop
    ends = np.arange(0, rows * few + 1, few, dtype=np.int32 if rows * few < 2**31 else np.int64)
    functions = csr_array((values.ravel(), places.ravel(), ends), shape=(rows, len(contrast)))
    seen = functions.T @ np.ones(rows) > 0
    # what is 0 in all rows may share the column of another function
    numbers = np.maximum(np.cumsum(seen) - 1, 0).astype(functions.indices.dtype)
    if not seen.all():
        np.take(numbers, functions.indices, out=functions.indices, mode="clip")
    return Design(csr_array((functions.data, functions.indices, ends), shape=(rows, seen.sum())), contrast[seen])
