"""The columns of a design as local polynomials: a row is a piece of each column and a place t within it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.model.export import frequent_categories, spline_pieces

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline


@dataclass(frozen=True)
class PiecewiseColumn:
    """One column of the design: output i is sum_a basis[piece, a, i] * t ** a, with t from 0 to 1.

    A spline has a piece between any two `breaks`, and `missing` is the number that stands for a blank. A
    categorical column has a piece for each of `categories` and, with `has_rest`, a last one for all others; its
    degree is 0.
    """

    name: str
    basis: NDArray[np.float64]
    breaks: tuple[float, ...] = ()
    missing: float = 0.0
    categories: tuple[str, ...] = ()
    has_rest: bool = False

    @property
    def pieces(self) -> int:
        """The number of pieces."""
        return int(self.basis.shape[0])

    @property
    def degree(self) -> int:
        """The highest power of t."""
        return int(self.basis.shape[1]) - 1

    @property
    def outputs(self) -> int:
        """The number of columns of the design matrix."""
        return int(self.basis.shape[2])

    @property
    def sums_to_one(self) -> bool:
        """Whether the outputs of a row always sum to 1, as the intercept does."""
        total = self.basis.sum(axis=2)
        return bool(np.allclose(total[:, 0], 1) and np.allclose(total[:, 1:], 0))

    def polynomials(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the shape with these weights (outputs,): coefficients (pieces, degree + 1) of rising powers."""
        return np.asarray(self.basis @ weights)


def piecewise_columns(pipeline: Pipeline) -> tuple[PiecewiseColumn, ...]:
    """Return the columns of a pipeline whose transformer is fitted, in the order of its outputs.

    >>> import pandas as pd
    >>> from risk_assets.domain.model.pipeline import build_pipeline
    >>> rows = pd.DataFrame({"region": pd.Series(["north", "south"] * 10, dtype=object)})
    >>> pipeline = build_pipeline(rows, {"region": "categorical"}, c=1.0).fit(rows, [1, 0] * 10)
    >>> [(column.name, column.categories) for column in piecewise_columns(pipeline)]
    [('region', ('north', 'south'))]
    """
    fitted = pipeline.named_steps["columns"].transformers_
    return tuple(_column(names[0], steps) for step, steps, names in fitted if not isinstance(steps, str))


def _column(name: str, steps: Pipeline) -> PiecewiseColumn:
    last = steps[-1]
    if hasattr(last, "categories_"):
        frequent, has_rest = frequent_categories(last)
        basis = np.eye(len(frequent) + has_rest)[:, None, :]
        return PiecewiseColumn(name, basis, categories=tuple(frequent), has_rest=has_rest)
    units = np.eye(last.n_features_out_)
    # the scorecard's polynomials have the highest power first
    pieces = [np.array(spline_pieces(last, unit)[1])[:, ::-1] for unit in units]
    breaks, _ = spline_pieces(last, units[0])
    missing = float(steps[0].statistics_[0])
    return PiecewiseColumn(name, np.stack(pieces, axis=2), breaks=breaks, missing=missing)


def weights_by_column(
    columns: Sequence[PiecewiseColumn], weights: NDArray[np.float64]
) -> list[NDArray[np.float64]]:
    """Return the weights (outputs of all,) column by column.

    >>> regions = PiecewiseColumn("region", np.eye(2)[:, None, :], categories=("north", "south"))
    >>> sectors = PiecewiseColumn("sector", np.eye(3)[:, None, :], categories=("a", "b", "c"))
    >>> [each.tolist() for each in weights_by_column([regions, sectors], np.arange(5.0))]
    [[0.0, 1.0], [2.0, 3.0, 4.0]]
    """
    return np.split(weights, np.cumsum([column.outputs for column in columns])[:-1])
