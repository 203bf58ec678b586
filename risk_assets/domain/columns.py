"""The declared columns of a client file: what each is called, what it may hold, and what the labels mean."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from risk_assets.domain.dates import DateFormat

#: Larger magnitudes are refused: their squares overflow a double, so no mean or deviation could be given.
MAX_MAGNITUDE = 1e100

#: What may surround a value in a file and is no part of it (the last is the no-break space).
BLANKS = " \t\r\n\v\f\xa0"
NUMBER = re.compile(r"[ \t\r\n\v\f]*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[ \t\r\n\v\f]*")

USUAL_OPPOSITES = {"1": "0", "0": "1", "yes": "no", "no": "yes", "y": "n", "n": "y"}
BOOLEANS = {"true": "1", "false": "0"}

#: Names whose letters agree to this share (difflib's ratio) may be one misspelt.
NEARLY = 0.8


@dataclass(frozen=True)
class NumericColumn:
    """A numeric column with its inclusive bounds; None means unbounded."""

    name: str
    min: float | None = None
    max: float | None = None

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest value that a file or a request may hold; ±MAX_MAGNITUDE where unbounded.

        >>> NumericColumn("employees", min=0).bounds
        (0, 1e+100)
        """
        low = -MAX_MAGNITUDE if self.min is None else max(self.min, -MAX_MAGNITUDE)
        return low, MAX_MAGNITUDE if self.max is None else min(self.max, MAX_MAGNITUDE)


@dataclass(frozen=True)
class Columns:
    """The schema of client files: id, target with its two labels (canonical text), and the features.

    `carried` columns are shown and filtered by but never learnt from, `value` is what a client is worth in money a
    year, and `as_of` the date of observation, spelled as `dates` says (ISO 8601 where that is None). Without
    `has_target` no file holds the target: labels are derived from dates of leaving. Dates that are `announced` may
    lie ahead.

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

    @property
    def features(self) -> tuple[str, ...]:
        """Feature names: the numeric, then the categorical columns, in declared order."""
        return (*(column.name for column in self.numeric), *self.categorical)

    @property
    def numbers(self) -> tuple[NumericColumn, ...]:
        """The columns that hold numbers: the numeric features, and the value where it is none of them.

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
        """All declared names: id, features, carried, value, date, target.

        >>> Columns("id", "left", "1", "0", (), ("region",), ("manager",), "fee", "month").names
        ('id', 'region', 'manager', 'fee', 'month', 'left')
        """
        date = () if self.as_of is None else (self.as_of,)
        return (self.id, *self.features, *self.carried, *self._apart_value, *date, self.target)

    @property
    def _apart_value(self) -> tuple[str, ...]:
        return () if self.value is None or self.value in self.features else (self.value,)

    @property
    def optional(self) -> tuple[str, ...]:
        """The names that a file may lack: then they are unknown in all of its rows.

        >>> Columns("id", "left", "1", "0", (), ("region",), ("manager",)).optional
        ('manager', 'left')
        """
        return (*self.carried, *self._apart_value, self.target)

    @property
    def key(self) -> tuple[str, ...]:
        """The names that tell one row from another: id and date, without dates id and features.

        >>> Columns("id", "left", "1", "0", (NumericColumn("calls"),), ("region",)).key
        ('id', 'calls', 'region')
        >>> Columns("id", "left", "1", "0", (NumericColumn("calls"),), ("region",), as_of="month").key
        ('id', 'month')
        """
        return (self.id, *self.features) if self.as_of is None else (self.id, self.as_of)

    @property
    def replaced(self) -> tuple[str, ...]:
        """The names whose value in the latest delivery of a row counts, missing or not.

        >>> Columns("id", "left", "1", "0", (), ("region",)).replaced
        ()
        >>> Columns("id", "left", "1", "0", (), ("region",), as_of="month").replaced
        ('region',)
        """
        return () if self.as_of is None else self.features

    @property
    def has_numeric_labels(self) -> bool:
        """Whether both labels are numbers, so that finaldata can hold the target as an integer."""
        return {self.positive, self.negative} == {"0", "1"}


def number_of(text: str) -> float | None:
    """Return the finite decimal number that a text spells, None for any other text.

    >>> number_of(" 1.5e3 "), number_of("1_000"), number_of("1e999"), number_of("nan")
    (1500.0, None, None, None)
    """
    number = float(text) if NUMBER.fullmatch(text) else math.inf
    return number if math.isfinite(number) else None


def canonical_label(value: object) -> str:
    """Return one text for all spellings of a label; what is neither a number nor a truth value is stripped.

    >>> canonical_label(1), canonical_label("1.0"), canonical_label(True), canonical_label(" Yes ")
    ('1', '1', '1', 'Yes')
    """
    text = str(value).strip(BLANKS)
    if text.lower() in BOOLEANS:
        return BOOLEANS[text.lower()]
    number = number_of(text)
    if number is None:
        return text
    return str(int(number)) if number.is_integer() else repr(number)


def usual_opposite(label: str) -> str | None:
    """Return the usual other label of a pair, in the same case; None where there is none.

    >>> usual_opposite("Yes"), usual_opposite("0"), usual_opposite("churned")
    ('No', '1', None)
    """
    opposite = USUAL_OPPOSITES.get(label.lower())
    if opposite is None:
        return None
    if label.isupper():
        return opposite.upper()
    return opposite.capitalize() if label[:1].isupper() else opposite


def nearly_called(name: str, others: Sequence[str]) -> list[str]:
    """Return those of the other names that are perhaps this one misspelt.

    >>> nearly_called("exited", ["Exitted", "exited?", "region"])
    ['Exitted', 'exited?']
    """
    return [
        other
        for other in others
        if difflib.SequenceMatcher(None, _letters(name), _letters(other)).ratio() >= NEARLY
    ]


def _letters(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())
