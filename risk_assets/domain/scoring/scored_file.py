"""A file of clients to be scored: which of the declared columns it may have, and what is told of each client."""

from __future__ import annotations

from dataclasses import dataclass, replace

from risk_assets.domain.columns import Columns

#: Of one client; the API gives as many.
MOST_REASONS = 10


@dataclass(frozen=True)
class Wanted:
    """What is told of a client beside risk and label: what the risk follows from, its 90 % interval, and reasons.

    >>> Wanted(interval=True, reasons=2).names
    ('risk', 'predicted', 'risk_low', 'risk_high', 'reason_1', 'reason_2')
    """

    features: bool = False
    interval: bool = False
    reasons: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the figures, in order."""
        bounds = ("risk_low", "risk_high") if self.interval else ()
        return ("risk", "predicted", *bounds, *(f"reason_{place}" for place in range(1, self.reasons + 1)))


def scored_columns(columns: Columns) -> Columns:
    """Return the columns by which a file is scored: id and what a risk follows from, of which any may be absent.

    The other declared columns are passed over in silence.

    >>> columns = Columns("id", "left", "1", "0", (), ("region",), ("manager",), "fee", "month")
    >>> found = scored_columns(columns)
    >>> found.names, found.ignored, found.optional == found.names
    (('id', 'region', 'left'), ('manager', 'fee', 'month', 'left'), True)
    """
    dates = tuple(name for name in columns.inputs if name in columns.dated)
    read = replace(
        columns,
        carried=(),
        value=None,
        as_of=None,
        has_target=False,
        date_columns=dates,
        sensitive=(),
        carried_numbers=(),
        partial=True,
    )
    others = (name for name in columns.names if name not in read.names or name == columns.target)
    return replace(read, ignored=(*columns.ignored, *others))


def shown_columns(columns: Columns, wanted: Wanted) -> tuple[str, ...]:
    """Return the names of what stands beside a risk: the id and, where wanted, parts and features.

    >>> from risk_assets.domain.columns import DerivedColumn, NumericColumn
    >>> trend = DerivedColumn("trend", "ratio", ("calls", "visits"))
    >>> numeric = (NumericColumn("calls"), NumericColumn("visits", feature=False))
    >>> columns = Columns("id", "left", "1", "0", numeric, derived=(trend,))
    >>> shown_columns(columns, Wanted()), shown_columns(columns, Wanted(features=True))
    (('id',), ('id', 'visits', 'calls', 'trend'))
    """
    if not wanted.features:
        return (columns.id,)
    parts = (name for name in columns.inputs if name not in columns.features)
    return (columns.id, *parts, *columns.features)
