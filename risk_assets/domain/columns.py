"""The declared columns of a client file: what each is called, what it may hold, and what is derived of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from risk_assets.domain.dates import DateFormat
from risk_assets.domain.display import Display, Displayed
from risk_assets.domain.file_form import FileForm, NumberFormat

#: Larger magnitudes are refused: their squares overflow a double, so no mean or deviation could be given.
MAX_MAGNITUDE = 1e100

#: What may surround a value in a file and is no part of it (the last is the no-break space).
BLANKS = " \t\r\n\v\f\xa0"

Monotone = Literal["increasing", "decreasing"]
Derivation = Literal["ratio", "difference", "sum", "days_between"]


@dataclass(frozen=True)
class NumericColumn:
    """A numeric column with its inclusive bounds; None means unbounded.

    One that is no `feature` is read and kept, but not learnt from: derived columns are made of it. With a column
    that is `monotone` the risk only rises, or only falls. `special` numbers are codes: they mean that nothing is
    known or, where `special_levels`, are levels of their own.
    """

    name: str
    min: float | None = None
    max: float | None = None
    special: tuple[float, ...] = ()
    special_levels: bool = False
    # parsed files are cached by this repr: what does not change how a file is read is no part of it
    feature: bool = field(default=True, repr=False)
    monotone: Monotone | None = field(default=None, repr=False)

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest value that a file or a request may hold; ±MAX_MAGNITUDE where unbounded.

        >>> NumericColumn("employees", min=0).bounds
        (0, 1e+100)
        """
        low = -MAX_MAGNITUDE if self.min is None else max(self.min, -MAX_MAGNITUDE)
        return low, MAX_MAGNITUDE if self.max is None else min(self.max, MAX_MAGNITUDE)


@dataclass(frozen=True)
class DerivedColumn:
    """A numeric feature that no file holds: it is computed from its parts (see domain.derived)."""

    name: str
    kind: Derivation
    parts: tuple[str, ...]
    times: float = 1.0
    monotone: Monotone | None = None


@dataclass(frozen=True)
class Columns(Displayed):
    """The schema of client files: id, target with its two labels (canonical text), and the features.

    `carried` columns are shown and filtered by but never learnt from, `value` is what a client is worth in money a
    year, and `as_of` the date of observation, spelled as `dates` says (ISO 8601 where that is None). Without
    `has_target` no file holds the target: labels are derived from dates of leaving. Dates that are `announced` may
    lie ahead. `form` is how files are written, and `number_format` how they spell numbers. `date_columns` hold
    other dates, spelled alike, and `derived` columns are features made of others. Of what is carried, `sensitive`
    columns tell the score apart, and `carried_numbers` hold numbers. `ignored` columns are passed over in silence.
    `display` says how people are told of columns, and `listed` which of them a list of clients shows.
    Files that are `partial` may lack any column, and ids, as long as they have something that a risk follows from.

    >>> columns = Columns("client", "left", "1", "0", (NumericColumn("employees"),), ("region",))
    >>> columns.features, columns.names
    (('employees', 'region'), ('client', 'employees', 'region', 'left'))
    >>> columns.has_numeric_labels
    True
    """

    id: str
    target: str
    positive: str
    negative: str
    numeric: tuple[NumericColumn, ...]
    categorical: tuple[str, ...] = ()
    carried: tuple[str, ...] = ()
    value: str | None = None
    as_of: str | None = None
    dates: DateFormat | None = None
    has_target: bool = True
    announced: bool = False
    form: FileForm = field(default_factory=FileForm)
    number_format: NumberFormat = field(default_factory=NumberFormat)
    # as in NumericColumn; the rules for dates are a part of the cache's key by themselves
    date_columns: tuple[str, ...] = field(default=(), repr=False)
    derived: tuple[DerivedColumn, ...] = field(default=(), repr=False)
    sensitive: tuple[str, ...] = field(default=(), repr=False)
    carried_numbers: tuple[str, ...] = field(default=(), repr=False)
    ignored: tuple[str, ...] = field(default=(), repr=False)
    display: tuple[Display, ...] = field(default=(), repr=False)
    listed: tuple[str, ...] = field(default=(), repr=False)
    partial: bool = field(default=False, repr=False)

    @property
    def numeric_features(self) -> tuple[NumericColumn, ...]:
        """The numeric columns that are learnt from: those of files, then the derived ones.

        >>> trend = DerivedColumn("trend", "ratio", ("calls", "visits"))
        >>> numeric = (NumericColumn("calls"), NumericColumn("visits", feature=False))
        >>> [column.name for column in Columns("id", "left", "1", "0", numeric, derived=(trend,)).numeric_features]
        ['calls', 'trend']
        """
        derived = (NumericColumn(column.name, monotone=column.monotone) for column in self.derived)
        return (*(column for column in self.numeric if column.feature), *derived)

    @property
    def features(self) -> tuple[str, ...]:
        """Feature names: the numeric, the derived, then the categorical columns, in declared order."""
        return (*(column.name for column in self.numeric_features), *self.categorical)

    @property
    def observed(self) -> tuple[str, ...]:
        """The names that files hold of what is learnt from: numbers, categories, dates that others are made of.

        >>> Columns("id", "left", "1", "0", (NumericColumn("calls"),), date_columns=("start",)).observed
        ('calls', 'start')
        """
        return (*(column.name for column in self.numeric), *self.categorical, *self.date_columns)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of what has to be known of a client to tell its risk: features of files, and parts.

        >>> age = DerivedColumn("age", "days_between", ("start", "month"))
        >>> columns = Columns("id", "left", "1", "0", (), as_of="month", date_columns=("start",), derived=(age,))
        >>> columns.features, columns.inputs
        (('age',), ('start', 'month'))
        """
        wanted = {*self.features, *(part for column in self.derived for part in column.parts)}
        return tuple(name for name in dict.fromkeys((*self.observed, *self.dated)) if name in wanted)

    @property
    def dated(self) -> tuple[str, ...]:
        """The columns that hold dates: that of observation, and others.

        >>> Columns("id", "left", "1", "0", (), as_of="month", date_columns=("start",)).dated
        ('month', 'start')
        """
        return (*(() if self.as_of is None else (self.as_of,)), *self.date_columns)

    @property
    def shown(self) -> tuple[str, ...]:
        """The columns that a ranking holds beside the risk of clients: what is carried, and dates.

        >>> Columns("id", "left", "1", "0", (), carried=("manager",), date_columns=("start",)).shown
        ('manager', 'start')
        """
        return (*self.carried, *self.date_columns)

    @property
    def numbers(self) -> tuple[NumericColumn, ...]:
        """The columns of files that hold numbers: the numeric ones, and the value where it is none of them.

        >>> Columns("id", "left", "1", "0", (NumericColumn("calls"),), value="fee").numbers[1].bounds
        (0, 1e+100)
        """
        return (*self.numeric, *(NumericColumn(name, min=0) for name in self._apart_value))

    @property
    def texts(self) -> tuple[str, ...]:
        """The columns that hold text, but for the id: the categorical features and what is carried.

        >>> Columns("id", "left", "1", "0", (), ("region",), ("manager",)).texts
        ('region', 'manager')
        """
        return (*self.categorical, *self.carried)

    @property
    def names(self) -> tuple[str, ...]:
        """All names that files hold: id, numbers and categories, carried, value, dates, target.

        >>> Columns("id", "left", "1", "0", (), ("region",), ("manager",), "fee", "month").names
        ('id', 'region', 'manager', 'fee', 'month', 'left')
        """
        numbers = (column.name for column in self.numeric)
        apart = (*self.carried, *self._apart_value, *self.dated)
        return (self.id, *numbers, *self.categorical, *apart, self.target)

    @property
    def known(self) -> tuple[str, ...]:
        """All that is known of a row: what files hold, and what is derived of it.

        >>> trend = DerivedColumn("trend", "ratio", ("calls", "visits"))
        >>> Columns("id", "left", "1", "0", (NumericColumn("calls"),), derived=(trend,)).known
        ('id', 'calls', 'left', 'trend')
        """
        return (*self.names, *(column.name for column in self.derived))

    @property
    def _apart_value(self) -> tuple[str, ...]:
        return () if self.value is None or self.value in self.observed else (self.value,)

    @property
    def optional(self) -> tuple[str, ...]:
        """The names that a file may lack: then they are unknown in all of its rows.

        >>> Columns("id", "left", "1", "0", (), ("region",), ("manager",)).optional
        ('manager', 'left')
        """
        return self.names if self.partial else (*self.carried, *self._apart_value, self.target)

    @property
    def key(self) -> tuple[str, ...]:
        """The names that tell one row from another: id and date, without dates id and what is observed.

        >>> Columns("id", "left", "1", "0", (NumericColumn("calls"),), ("region",)).key
        ('id', 'calls', 'region')
        >>> Columns("id", "left", "1", "0", (NumericColumn("calls"),), ("region",), as_of="month").key
        ('id', 'month')
        """
        return (self.id, *self.observed) if self.as_of is None else (self.id, self.as_of)

    @property
    def replaced(self) -> tuple[str, ...]:
        """The names whose value in the latest delivery of a row counts, missing or not.

        >>> Columns("id", "left", "1", "0", (), ("region",)).replaced
        ()
        >>> Columns("id", "left", "1", "0", (), ("region",), as_of="month").replaced
        ('region',)
        """
        return () if self.as_of is None else self.observed

    @property
    def has_numeric_labels(self) -> bool:
        """Whether both labels are numbers, so that finaldata can hold the target as an integer."""
        return {self.positive, self.negative} == {"0", "1"}


#: A schema that says nothing of any column: each is told by its own name.
UNDESCRIBED = Columns("id", "target", "1", "0", ())
