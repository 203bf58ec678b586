"""Derived columns: numeric features that are computed from others, in numpy or of one client.

ratio [a, b] is times x a / b, difference [a, b] is a - b, sum [a, b, ...] is a + b + ... from left to right, and
days_between [a, b] is the number of days from the date a to the date b, negative where b comes first. The value is
missing where a part is, where b of a ratio is 0 (so 0/0 and x/0 alike), and beyond MAX_MAGNITUDE: it is never
infinite. engine.derived_sql states the same in SQL, equal to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from functools import reduce
from typing import TYPE_CHECKING

from risk_assets.domain.columns import MAX_MAGNITUDE, Columns, Derivation, DerivedColumn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EPOCH = date(1970, 1, 1)


def day_number(day: date) -> float:
    """Return a date as a part of a derived column: its days since 1970-01-01.

    >>> day_number(date(1970, 3, 1))
    59.0
    """
    return float((day - EPOCH).days)


def derived_values(column: DerivedColumn, parts: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the values (n,) of a derived column from its parts (n,) by name; NaN is missing.

    >>> trend = DerivedColumn("trend", "ratio", ("lastmonth", "lastyear"), times=12.0)
    >>> import numpy as np
    >>> derived_values(trend, {"lastmonth": np.array([5.0, 0.0, 1.0]), "lastyear": np.array([200.0, 0.0, 0.0])})
    array([0.3, nan, nan])
    """
    import numpy as np

    first, *others = (parts[name] for name in column.parts)
    with np.errstate(all="ignore"):
        match column.kind:
            case "ratio":
                found = np.where(others[0] == 0, np.nan, column.times * first / others[0])
            case "difference":
                found = first - others[0]
            case "sum":
                found = reduce(np.add, others, first)
            case "days_between":
                found = others[0] - first
        # adding 0 turns -0.0 into 0.0
        return np.where(np.abs(found) <= MAX_MAGNITUDE, found + 0.0, np.nan)


def with_derived(columns: Columns, parts: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """Return arrays (n,) by name with the derived columns besides.

    >>> import numpy as np
    >>> trend = DerivedColumn("trend", "ratio", ("lastmonth", "lastyear"), times=12.0)
    >>> columns = Columns("id", "left", "1", "0", (), derived=(trend,))
    >>> with_derived(columns, {"lastmonth": np.array([5.0]), "lastyear": np.array([200.0])})["trend"]
    array([0.3])
    """
    return {**parts, **{column.name: derived_values(column, parts) for column in columns.derived}}


def derived_value(column: DerivedColumn, parts: Mapping[str, float | None]) -> float | None:
    """Return the value of a derived column for one client, from its parts by name; None is missing.

    >>> trend = DerivedColumn("trend", "ratio", ("lastmonth", "lastyear"), times=12.0)
    >>> [derived_value(trend, {"lastmonth": 5, "lastyear": lastyear}) for lastyear in (200, 0, None)]
    [0.3, None, None]
    """
    cells = [parts[name] for name in column.parts]
    known = [float(cell) for cell in cells if cell is not None]
    if len(known) < len(cells) or (column.kind == "ratio" and known[1] == 0):
        return None
    match column.kind:
        case "ratio":
            found = column.times * known[0] / known[1]
        case "difference":
            found = known[0] - known[1]
        case "sum":
            found = reduce(float.__add__, known)
        case "days_between":
            found = known[1] - known[0]
    return found + 0.0 if abs(found) <= MAX_MAGNITUDE else None


def parts_of(columns: Columns, name: str) -> tuple[str, ...]:
    """Return the parts of a derived column, none for any other column.

    >>> trend = DerivedColumn("trend", "ratio", ("calls", "visits"))
    >>> columns = Columns("id", "left", "1", "0", (), derived=(trend,))
    >>> parts_of(columns, "trend"), parts_of(columns, "calls")
    (('calls', 'visits'), ())
    """
    return next((column.parts for column in columns.derived if column.name == name), ())


def families(columns: Columns) -> tuple[tuple[str, ...], ...]:
    """Return the features in groups that change together: derived columns with their parts, others alone.

    Derived columns that share a part, a feature or not, are of one group; the date of observation joins none.
    Groups and names are in feature order.

    >>> from risk_assets.domain.columns import NumericColumn
    >>> numeric = tuple(map(NumericColumn, ("calls", "staff", "visits")))
    >>> trend = DerivedColumn("trend", "ratio", ("calls", "visits"))
    >>> families(Columns("id", "left", "1", "0", numeric, ("city",), derived=(trend,)))
    (('calls', 'visits', 'trend'), ('staff',), ('city',))
    """
    group = {name: {name} for name in (*columns.features, *columns.observed)}
    for column in columns.derived:
        joined = set().union(*(group[name] for name in (column.name, *column.parts) if name in group))
        group |= dict.fromkeys(joined, joined)
    found = (tuple(name for name in columns.features if name in group[feature]) for feature in columns.features)
    return tuple(dict.fromkeys(found))


def redefined(columns: Iterable[DerivedColumn], learnt: Iterable[DerivedColumn]) -> tuple[str, ...]:
    """Return the names that are declared as something else than what a model learnt, or that one of the two lacks.

    >>> monthly = DerivedColumn("trend", "ratio", ("calls", "visits"))
    >>> redefined([monthly], [replace(monthly, times=12.0)]), redefined([monthly], [monthly])
    (('trend',), ())
    """
    now, then = ({column.name: replace(column, monotone=None) for column in found} for found in (columns, learnt))
    return tuple(name for name in now | then if now.get(name) != then.get(name))


def words(column: DerivedColumn) -> str:
    """Return in words what a derived column is.

    >>> words(DerivedColumn("trend", "ratio", ("lastmonth", "lastyear"), times=12.0))
    '12 × lastmonth / lastyear'
    >>> words(DerivedColumn("age", "days_between", ("start", "month")))
    'days from start to month'
    """
    times = "" if column.times == 1 else f"{column.times:.15g} × "
    forms: dict[Derivation, str] = {
        "ratio": f"{times}{' / '.join(column.parts)}",
        "difference": " − ".join(column.parts),
        "sum": " + ".join(column.parts),
        "days_between": f"days from {' to '.join(column.parts)}",
    }
    return forms[column.kind]
