"""Many equally full bins of a column, in which jumps show that its curve rounds off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, hstack

from risk_assets.domain.model.additive.terms import MOST_LEVELS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from risk_assets.domain.model.forms import Basis, Values

    Array = NDArray[np.float64]

#: A column has a bin per so many rows, at most so many bins, and all columns together at most so many.
BIN_ROWS, MOST_BINS, ALL_BINS = 400, 100, 2000


def fine_bins(bases: Sequence[Basis], columns: Mapping[str, Values]) -> csr_array:
    """Return indicators (rows, bins) of about equally full bins of each column that has a curve; columns (rows,).

    >>> from risk_assets.domain.model.forms import Basis
    >>> fine_bins([Basis("a", (0.0, 1.0, 4.0), 3)], {"a": np.linspace(0, 4, 800)}).sum(axis=0).tolist()
    [400.0, 400.0]
    """
    curved = [basis.column for basis in bases if has_curve(basis)]
    rows = len(next(iter(columns.values())))
    count = min(rows // BIN_ROWS, MOST_BINS, ALL_BINS // max(len(curved), 1))
    if count < 2 or not curved:  # noqa: PLR2004
        return csr_array((rows, 0))
    return csr_array(hstack([binned(np.asarray(columns[name], dtype=float), count) for name in curved]))


def has_curve(basis: Basis) -> bool:
    """Return whether a column has more numbers than its basis has functions.

    >>> from risk_assets.domain.model.forms import Basis
    >>> has_curve(Basis("a", (0.0, 1.0, 4.0), 3)), has_curve(Basis("a", (0.0, 1.0), 1))
    (True, False)
    """
    return basis.degree > 1 or basis.curve_size > MOST_LEVELS


def binned(numbers: Array, count: int) -> csr_array:
    """Return indicators (rows, count or fewer) of equally full bins of numbers (rows,); NaN is in the last one.

    >>> binned(np.array([1.0, 2.0, 3.0, 4.0]), 2).toarray().tolist()
    [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]
    """
    known = numbers[~np.isnan(numbers)]
    edges = np.unique(np.quantile(known, np.arange(1, count) / count)) if len(known) else np.zeros(0)
    places = edges.searchsorted(numbers, side="right")
    rows = np.arange(len(numbers) + 1)
    return csr_array((np.ones(len(numbers)), places, rows), shape=(len(numbers), len(edges) + 1))
