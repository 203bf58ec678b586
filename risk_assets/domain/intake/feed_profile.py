"""What a file brings, in few figures: by these files are compared without being read again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: Quantiles of a column are kept at this many equally spaced probabilities, from 0 to 1.
QUANTILES = 101


@dataclass(frozen=True)
class NumberSketch:
    """A numeric column: cells with a value among `rows`, and its quantiles at equal steps of probability.

    >>> NumberSketch(10, 8, tuple(range(101))).missing, NumberSketch(10, 8, tuple(range(101))).at(0.25)
    (0.2, 25.0)
    """

    rows: int
    known: int
    quantiles: tuple[float, ...] = ()

    @property
    def missing(self) -> float:
        """The share of rows without a value."""
        return 1 - self.known / max(self.rows, 1)

    def at(self, share: float) -> float:
        """Return the quantile at a probability."""
        return float(self.quantiles[round(share * (len(self.quantiles) - 1))])

    def below(self, values: Array) -> Array:
        """Return which share of the known cells is at most each value, (n,).

        >>> import numpy as np
        >>> NumberSketch(4, 4, (0.0, 0.0, 5.0, 9.0)).below(np.array([-1.0, 0.0, 6.0])).tolist()
        [0.0, 0.5, 0.75]
        """
        import numpy as np

        grid = np.asarray(self.quantiles)
        return np.asarray(grid.searchsorted(values, side="right") / max(len(grid), 1))

    @property
    def modal_share(self) -> float:
        """About which share of the known cells has one value: the longest run of equal quantiles.

        >>> NumberSketch(8, 8, (0.0, 0.0, 0.0, 7.0)).modal_share
        0.75
        """
        if not self.quantiles:
            return 0.0
        return max(Counter(self.quantiles).values()) / len(self.quantiles)


@dataclass(frozen=True)
class CategorySketch:
    """A column of categories: cells with a value among `rows`, and the counts of the most frequent ones.

    >>> CategorySketch(10, 8, {"a": 6, "b": 2}).modal_share
    0.75
    """

    rows: int
    known: int
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def missing(self) -> float:
        """The share of rows without a value.

        >>> CategorySketch(10, 8, {"a": 6, "b": 2}).missing
        0.2
        """
        return 1 - self.known / max(self.rows, 1)

    @property
    def modal_share(self) -> float:
        """Which share of the known cells has the most frequent value."""
        return max(self.counts.values(), default=0) / max(self.known, 1)


@dataclass(frozen=True)
class FileProfile:
    """A file's accepted rows, of them positives and negatives, and a sketch of each column by name.

    Sketches are of a part of the rows where there are many. `per_client` is how many rows a client has, on the
    average; 0 where rows have dates, which tell the rows of a client apart.

    >>> FileProfile(rows=400, positives=80, negatives=320).per_client
    0.0
    """

    rows: int
    positives: int
    negatives: int
    numbers: Mapping[str, NumberSketch] = field(default_factory=dict)
    categories: Mapping[str, CategorySketch] = field(default_factory=dict)
    per_client: float = 0.0


def merged(profiles: Sequence[FileProfile]) -> FileProfile:
    """Return the profile of all files together, each by its rows.

    Quantiles are those of the mixture of the files' distributions, as far as their own quantiles tell.

    >>> one = FileProfile(10, 2, 8, {"a": NumberSketch(10, 10, (0.0, 1.0, 2.0))})
    >>> other = FileProfile(10, 1, 9, {"a": NumberSketch(10, 5, (10.0, 11.0, 12.0))})
    >>> both = merged([one, other])
    >>> both.rows, both.positives, both.numbers["a"].missing, both.numbers["a"].quantiles
    (20, 3, 0.25, (0.0, 2.0, 12.0))
    """
    return FileProfile(
        rows=sum(profile.rows for profile in profiles),
        positives=sum(profile.positives for profile in profiles),
        negatives=sum(profile.negatives for profile in profiles),
        numbers={
            name: _merged_numbers([profile.numbers[name] for profile in profiles if name in profile.numbers])
            for name in dict.fromkeys(name for profile in profiles for name in profile.numbers)
        },
        categories={
            name: _merged_categories([each.categories[name] for each in profiles if name in each.categories])
            for name in dict.fromkeys(name for profile in profiles for name in profile.categories)
        },
    )


def _merged_numbers(sketches: Sequence[NumberSketch]) -> NumberSketch:
    import numpy as np

    rows, known = sum(each.rows for each in sketches), sum(each.known for each in sketches)
    told = [each for each in sketches if each.quantiles]
    if not told:
        return NumberSketch(rows, known)
    values = np.concatenate([np.asarray(each.quantiles) for each in told])
    weights = np.concatenate([np.full(len(each.quantiles), each.known / len(each.quantiles)) for each in told])
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()
    shares = np.linspace(0, 1, len(told[0].quantiles))
    places = np.minimum(reached.searchsorted(shares - 1e-12), len(values) - 1)
    return NumberSketch(rows, known, tuple(values[order][places].tolist()))


def _merged_categories(sketches: Sequence[CategorySketch]) -> CategorySketch:
    counts: dict[str, int] = {}
    for sketch in sketches:
        for name, count in sketch.counts.items():
            counts[name] = counts.get(name, 0) + count
    return CategorySketch(sum(each.rows for each in sketches), sum(each.known for each in sketches), counts)
