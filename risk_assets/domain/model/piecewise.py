"""The columns of a design as local polynomials: a row is a piece of each column and a position t within it."""

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

    >>> regions = PiecewiseColumn("region", np.eye(3)[:, None, :], categories=("north", "south"), has_rest=True)
    >>> regions.pieces, regions.degree, regions.outputs, regions.sums_to_one
    (3, 0, 3, True)
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
        """Return the shape with these weights (outputs,): coefficients (pieces, degree + 1), lowest power first.

        >>> line = PiecewiseColumn("x", basis=np.array([[[0.0], [1.0]]]), breaks=(0.0, 1.0))
        >>> line.polynomials(np.array([3.0])).tolist()
        [[0.0, 3.0]]
        """
        return np.asarray(self.basis @ weights)


def piecewise_columns(pipeline: Pipeline) -> tuple[PiecewiseColumn, ...]:
    """Return the columns of a pipeline whose transformer is fitted, in the order of its outputs.

    >>> from risk_assets_tests.domain.clients import trained_on_mixed_clients
    >>> columns = piecewise_columns(trained_on_mixed_clients().pipeline)
    >>> [(column.name, column.pieces, column.outputs) for column in columns]
    [('activity', 1, 1), ('balance__eur', 1, 1), ('flag', 1, 1), ('region', 4, 4), ('remainder', 50, 50)]
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
    """Return the weights (outputs of all columns,) split by column.

    >>> line = PiecewiseColumn("x", basis=np.zeros((1, 2, 1)))
    >>> regions = PiecewiseColumn("region", basis=np.zeros((2, 1, 2)))
    >>> [own.tolist() for own in weights_by_column([line, regions], np.array([1.0, 2.0, 3.0]))]
    [[1.0], [2.0, 3.0]]
    """
    return np.split(weights, np.cumsum([column.outputs for column in columns])[:-1])
