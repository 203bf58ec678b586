"""Sums over rows for a Newton step: exact (engine.exact), as text that DuckDB and Spark share."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from risk_assets.domain.model.moments import Curvature, Moments
from risk_assets.domain.model.piecewise import PiecewiseColumn
from risk_assets.engine.model.exact import UNITS, exact_sum
from risk_assets.engine.model.pieces_sql import log_odds_sql
from risk_assets.engine.session import Session

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Log-losses are up to MAX_LOG_ODDS; everything else is at most 1.
LOSS_UNITS = 2.0**50
#: Columns are summed together while they have no more combinations of pieces than this.
MOST_COMBINATIONS = 4096

#: A column and the power of its t.
Factor = tuple[int, int]


@dataclass(frozen=True)
class _Query:
    """One pass over the rows: the columns grouped by, whether sums of w are due, and of which pairs of columns."""

    group: tuple[int, ...]
    weights: bool
    pairs: tuple[tuple[int, int], ...] = ()


def _queries(columns: Sequence[PiecewiseColumn], curvature: Curvature) -> list[_Query]:
    """Cover each column once and, for all curvature, each pair."""
    blocks = _blocks(columns, MOST_COMBINATIONS)
    if curvature == "none":
        return [_Query(block, weights=False) for block in blocks]
    if len(blocks) > 1:  # two of them are grouped by together
        blocks = _blocks(columns, math.isqrt(MOST_COMBINATIONS))
    alone = [_Query(block, weights=True, pairs=tuple(itertools.combinations(block, 2))) for block in blocks]
    across = [
        _Query((*one, *other), weights=False, pairs=tuple(itertools.product(one, other)))
        for one, other in itertools.combinations(blocks, 2)
    ]
    return [*alone, *across]


def _blocks(columns: Sequence[PiecewiseColumn], most: int) -> list[tuple[int, ...]]:
    blocks: list[tuple[int, ...]] = []
    combinations = 0
    for place, column in enumerate(columns):
        if blocks and combinations * column.pieces <= most:
            blocks[-1], combinations = (*blocks[-1], place), combinations * column.pieces
        else:
            blocks, combinations = [*blocks, (place,)], column.pieces
    return blocks


def moments(
    session: Session,
    table: str,
    columns: Sequence[PiecewiseColumn],
    rows: int,
    beta: NDArray[np.float64],
    *,
    curvature: Curvature,
) -> Moments:
    """Return the sums over the `rows` rows of `pieces_query` at intercept and weights (1 + outputs,)."""
    loss = 0
    residual: dict[int, NDArray[np.float64]] = {}
    weight: dict[int, NDArray[np.float64]] = {}
    cross: dict[tuple[int, int], NDArray[np.float64]] = {}
    for query in _queries(columns, curvature):
        found = _found(session, table, columns, query, beta)
        cross |= {(j, k): found.pair(columns[j], j, columns[k], k) for j, k in query.pairs}
        if not set(query.group) <= set(residual):
            loss = found.loss
            residual |= {j: found.own(columns[j], j, "r", 1) for j in query.group}
        if query.weights:
            weight |= {j: found.own(columns[j], j, "w", 2) for j in query.group}
    return Moments(rows, loss / LOSS_UNITS, list(residual.values()), list(weight.values()), cross)


def mean_powers(
    session: Session, table: str, columns: Sequence[PiecewiseColumn], rows: int
) -> list[NDArray[np.float64]]:
    """Return for each column the means (pieces, degree + 1) over all rows of t ** a within the piece, else 0."""
    import numpy as np

    found = []
    for place, column in enumerate(columns):
        powers = [_monomial("1e0", _factors((place, power))) for power in range(column.degree + 1)]
        key, grouped = (f"p{place}", f" GROUP BY p{place}") if column.pieces > 1 else ("0", "")
        source = f"SELECT *{_powers(place, column.degree)} FROM {table}"
        selected = ", ".join([key, *map(exact_sum, powers)])
        sums = np.zeros((column.pieces, column.degree + 1))
        for piece, *values in session.run(f"SELECT {selected} FROM ({source}){grouped}").fetchall():
            sums[piece] = [int(value) / UNITS for value in values]
        found.append(sums / rows)
    return found


def _source(table: str, columns: Sequence[PiecewiseColumn], query: _Query, beta: NDArray[np.float64]) -> str:
    """Return the subquery with r, w, the loss and the powers of each t."""
    z = f"SELECT *, {log_odds_sql(columns, beta)} AS z FROM {table}"
    p = f"SELECT *, 1e0 / (1e0 + exp(-z)) AS p FROM ({z})"
    times = 2 if query.weights else 1
    powers = "".join(_powers(place, times * columns[place].degree) for place in query.group)
    loss = "ln(1e0 + exp(-abs(z))) + greatest(z, 0e0) - y * z AS loss"
    return f"SELECT *, y - p AS r, p * (1e0 - p) AS w, {loss}{powers} FROM ({p})"


def _powers(place: int, highest: int) -> str:
    """Return t<place>_2 and so on, up to the highest power of a column's t, as further columns of a SELECT."""
    return "".join(f", {'*'.join([f't{place}'] * power)} AS t{place}_{power}" for power in range(2, highest + 1))


def _monomial(start: str, factors: Sequence[Factor]) -> str:
    return "*".join(
        [start, *(f"t{place}" if power == 1 else f"t{place}_{power}" for place, power in factors if power)]
    )


def _found(
    session: Session, table: str, columns: Sequence[PiecewiseColumn], query: _Query, beta: NDArray[np.float64]
) -> _Found:
    """Run one pass over the rows."""
    import numpy as np

    keys = [f"p{place}" for place in query.group if columns[place].pieces > 1]
    wanted = list(dict.fromkeys(_wanted(columns, query)))
    selected = [*keys, exact_sum("loss", LOSS_UNITS)]
    selected += [exact_sum(_monomial(kind, factors)) for kind, factors in wanted]
    source = _source(table, columns, query, beta)
    grouped = f" GROUP BY {', '.join(keys)}" if keys else ""
    answer = session.run(f"SELECT {', '.join(selected)} FROM ({source}){grouped}").fetchall()
    # whole numbers of any size: a sum of the groups is exact too
    cells = np.array([[int(value) for value in row] for row in answer], dtype=object).T
    pieces = {key: cells[place].astype(np.int64) for place, key in enumerate(keys)}
    sums = dict(zip(wanted, cells[len(keys) + 1 :], strict=True))
    return _Found(len(answer), pieces, int(cells[len(keys)].sum()), sums)


def _wanted(columns: Sequence[PiecewiseColumn], query: _Query) -> Iterator[tuple[str, tuple[Factor, ...]]]:
    for j in query.group:
        yield from (("r", _factors((j, a))) for a in range(columns[j].degree + 1))
        if query.weights:
            yield from (("w", _factors((j, a))) for a in range(2 * columns[j].degree + 1))
    for j, k in query.pairs:
        for a, b in itertools.product(range(columns[j].degree + 1), range(columns[k].degree + 1)):
            yield "w", _factors((j, a), (k, b))


def _factors(*factors: Factor) -> tuple[Factor, ...]:
    return tuple((place, power) for place, power in factors if power)


@dataclass(frozen=True)
class _Found:
    """The whole-number sums of one pass, each for all groups (m,), with the piece of every column grouped by."""

    groups: int
    pieces: Mapping[str, NDArray[np.int64]]
    loss: int
    sums: Mapping[tuple[str, tuple[Factor, ...]], NDArray[Any]]

    def own(self, column: PiecewiseColumn, j: int, kind: str, times: int) -> NDArray[np.float64]:
        """Return the sums (pieces, times * degree + 1) of r or w times the powers of a column's own t."""
        powers = range(times * column.degree + 1)
        values = [self.sums[kind, _factors((j, power))] for power in powers]
        return self._added(values, (self._piece(j),), (column.pieces,)).reshape(column.pieces, len(powers))

    def pair(self, one: PiecewiseColumn, j: int, other: PiecewiseColumn, k: int) -> NDArray[np.float64]:
        """Return the sums (pieces, pieces, degree + 1, degree + 1) of w times the powers of two columns' t."""
        shape = one.degree + 1, other.degree + 1
        values = [self.sums["w", _factors((j, a), (k, b))] for a in range(shape[0]) for b in range(shape[1])]
        pieces = one.pieces, other.pieces
        return self._added(values, (self._piece(j), self._piece(k)), pieces).reshape(*pieces, *shape)

    def _piece(self, j: int) -> NDArray[np.int64]:
        import numpy as np

        return self.pieces.get(f"p{j}", np.zeros(self.groups, dtype=np.int64))

    def _added(
        self, values: Sequence[NDArray[Any]], at: tuple[NDArray[np.int64], ...], shape: tuple[int, ...]
    ) -> NDArray[np.float64]:
        """Return the sums (shape, values) over the groups by their pieces."""
        import numpy as np

        total = np.zeros((*shape, len(values)), dtype=object)
        np.add.at(total, at, np.stack(values, axis=1))
        return np.asarray(total.astype(np.float64) / UNITS)
