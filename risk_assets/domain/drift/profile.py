"""Summary of a set of rows, column by column: what people read, and what drift compares with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

QUANTILES = 201


@dataclass(frozen=True)
class NumericProfile:
    """A numeric column over `n` rows of which `missing` are blank; figures are None when all are missing.

    `std` is the sample standard deviation. `edges` (k + 1 values) and `counts` (k) are an equal-width
    histogram from min to max. `quantiles` are the values at equally spaced probabilities from 0 to 1.
    """

    name: str
    n: int
    missing: int
    mean: float | None
    median: float | None
    std: float | None
    min: float | None
    max: float | None
    edges: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    quantiles: tuple[float, ...] = ()


@dataclass(frozen=True)
class CategoricalProfile:
    """A categorical column: how often each of its most frequent values occurs, most frequent first.

    `distinct` counts all values; those beyond the listed ones are summed in `other`.
    """

    name: str
    n: int
    missing: int
    distinct: int
    counts: tuple[tuple[str, int], ...]
    other: int = 0


@dataclass(frozen=True)
class Profile:
    """The profile of a table: rows, positives, distinct clients and each feature."""

    rows: int
    clients: int
    positives: int
    numeric: tuple[NumericProfile, ...]
    categorical: tuple[CategoricalProfile, ...]


@dataclass(frozen=True)
class TrainingReference:
    """What drift of a model is measured from: the profile of its training rows, and of its risks of them."""

    profile: Profile
    risks: NumericProfile


def profile_of(name: str, values: NDArray[np.float64]) -> NumericProfile:
    """Return the profile, without a histogram, of at least one value (n,), none of them missing.

    The same values in any order give the same figures to the last bit.

    >>> import numpy as np
    >>> profile = profile_of("risk", np.array([0.1, 0.2, 0.6]))
    >>> profile.median, profile.mean, len(profile.quantiles)
    (0.2, 0.3, 201)
    """
    import numpy as np

    ascending = np.sort(values)  # for sums of floats depend on the order
    quantiles = np.quantile(ascending, np.linspace(0, 1, QUANTILES)).tolist()
    return NumericProfile(
        name=name,
        n=len(values),
        missing=0,
        mean=float(ascending.mean()),
        median=quantiles[QUANTILES // 2],
        std=float(ascending.std(ddof=1)) if len(values) > 1 else None,
        min=quantiles[0],
        max=quantiles[-1],
        quantiles=tuple(quantiles),
    )
