"""Summary of a set of rows, column by column: what people read, and what drift compares with."""

from __future__ import annotations

from dataclasses import dataclass


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
