"""The levels of a column: its texts, or four ranges of its numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.figures import figure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: Numbers of a column that is not known to hold numbers are levels up to so many, beyond they are ranges.
MOST_LEVELS = 20
QUARTILES = (0.25, 0.5, 0.75)
MISSING = "missing"


@dataclass(frozen=True)
class Levels:
    """Columns of texts (n,) by whose levels figures are given, None where missing.

    `sensitive` are those that are never learnt from, `numbers` those whose texts are numbers.

    >>> ages = np.array(["31", "47"], dtype=object)
    >>> Levels({"age": ages}, sensitive=["age"], numbers=["age"]).of("age").tolist()
    ['31', '47']
    """

    columns: Mapping[str, NDArray[np.object_]] = field(default_factory=dict)
    sensitive: Collection[str] = ()
    numbers: Collection[str] = ()

    def of(self, column: str) -> NDArray[np.object_]:
        """Return the name of the level (n,) of each row in a column."""
        most = len(QUARTILES) + 1 if column in self.numbers else MOST_LEVELS
        return level_names(self.columns[column], most)


def level_names(values: NDArray[np.object_], most: int = MOST_LEVELS) -> NDArray[np.object_]:
    """Return the level (n,) of each text (n,): itself, the range between quartiles of more than `most` numbers.

    >>> level_names(np.array(["a", None, "b"], dtype=object)).tolist()
    ['a', 'missing', 'b']
    >>> level_names(np.array([str(age) for age in range(20, 60)], dtype=object))[[0, 39]].tolist()
    ['20 to 29', '50 to 59']
    """
    known = np.array([value is not None for value in values.tolist()], dtype=bool)
    numbers = _numbers(values[known])
    names = np.full(len(values), MISSING, dtype=object)
    if numbers is None or len(np.unique(numbers)) <= most:
        names[known] = values[known]
    else:
        names[known] = _ranges(numbers)
    return names


def _numbers(values: NDArray[np.object_]) -> Array | None:
    try:
        numbers = np.array([float(value) for value in values.tolist()])
    except ValueError:
        return None
    return numbers if len(numbers) and np.isfinite(numbers).all() else None


def _ranges(numbers: Array) -> NDArray[np.object_]:
    """Return for each number the least and the greatest of its quarter, in words."""
    quarters = np.searchsorted(np.unique(np.quantile(numbers, QUARTILES)), numbers, side="left")
    names = np.empty(len(numbers), dtype=object)
    for quarter in np.unique(quarters):
        members = quarters == quarter
        low, high = float(numbers[members].min()), float(numbers[members].max())
        names[members] = figure(low) if low == high else f"{figure(low)} to {figure(high)}"
    return names
