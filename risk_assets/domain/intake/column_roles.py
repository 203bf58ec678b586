"""What the columns of a file that nobody has described are taken for, and why."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from risk_assets.domain.labels import canonical_label

Kind = Literal["number", "date", "text"]
Role = Literal["id", "target", "numeric", "categorical", "as of", "date", "left out"]

#: Names, or parts of them between _ and blanks, by which columns are told.
ID_WORDS = {"id", "uuid", "key", "nr", "no", "number", "customer", "client", "account", "corporation", "kunde"}
CLIENT_WORDS = {"customer", "client", "account", "corporation", "kunde"}
#: Names of columns that tell rows apart, not clients.
ROW_WORDS = {"uuid", "guid", "hash", "row", "record", "index"}
ID_ENDINGS = ("nummer", "number", "nr", "key")
TARGET_WORDS = {
    *("churn", "churned", "exited", "left", "attrition", "attrited", "cancelled", "canceled", "terminated"),
    *("target", "label", "outcome", "leaver", "lost"),
}
AS_OF_WORDS = {"as", "asof", "snapshot", "observed", "month", "period", "date"}
#: Labels of those that left, in small letters; the first one that a target has is taken.
LEAVING = ("yes", "true", "1", "left", "churned", "exited", "attrited customer", "cancelled", "y", "ja", "t")
#: A text with more levels than these is no category, unless its levels have many rows each.
MOST_LEVELS = 50
ROWS_OF_A_LEVEL = 20
#: A column that ranks the clients so well alone tells the outcome itself.
LEAK = 0.98


@dataclass(frozen=True)
class ColumnFacts:
    """What is known of a column: rows with a value, how many differ, and what they look like.

    `labels` are its values by count where there are at most ten, the most frequent first. `special` are numbers
    that look like codes, `words` texts that stand for missing numbers. `auc` is how well it ranks the clients
    alone, 1/2 to 1, None while the target is not known.
    """

    name: str
    rows: int
    given: int
    distinct: int
    kind: Kind
    labels: Mapping[str, int] = field(default_factory=dict)
    special: tuple[float, ...] = ()
    words: tuple[str, ...] = ()
    auc: float | None = None

    @property
    def is_called_id(self) -> bool:
        """Whether its name is that of an id.

        >>> ColumnFacts("Kundennummer", 5, 5, 5, "number").is_called_id
        True
        """
        return bool(self.terms & ID_WORDS) or any(term.endswith(ID_ENDINGS) for term in self.terms)

    @property
    def terms(self) -> set[str]:
        """The words of its name, in small letters.

        >>> sorted(ColumnFacts("customerID", 5, 5, 5, "text").terms)
        ['customer', 'id']
        """
        apart = re.sub(r"([a-zäöü0-9])([A-ZÄÖÜ])", r"\1 \2", self.name)
        return set(re.split(r"[^a-zäöüß0-9]+", apart.lower())) - {""}


@dataclass(frozen=True)
class ColumnRole:
    """What a column is taken for, and why.

    >>> ColumnRole("churn", "target", "two values, named so").role
    'target'
    """

    name: str
    role: Role
    why: str


@dataclass(frozen=True)
class Choice:
    """A column that was found for a purpose, or the ones that it may be.

    >>> Choice(None, ("a", "b")).sure
    False
    """

    name: str | None
    candidates: tuple[str, ...] = ()
    why: str = ""

    @property
    def sure(self) -> bool:
        """Whether one column was found."""
        return self.name is not None


def find_target(columns: Sequence[ColumnFacts]) -> Choice:
    """Return the column of outcomes: one of two values that is named so, else the only one of two values.

    >>> find_target([ColumnFacts("Churn", 9, 9, 2, "text"), ColumnFacts("sex", 9, 9, 2, "text")]).name
    'Churn'
    """
    binary = [column for column in columns if column.distinct == 2]  # noqa: PLR2004
    named = [column for column in binary if column.terms & TARGET_WORDS]
    if len(named) == 1:
        return Choice(named[0].name, why="two values, and its name says so")
    if not named and len(binary) == 1:
        return Choice(binary[0].name, why="the only column of two values")
    return Choice(None, tuple(column.name for column in named or binary))


def find_positive(labels: Mapping[str, int]) -> str | None:
    """Return the label of those that left, None where nothing says which it is.

    >>> find_positive({"No": 70, "Yes": 30}), find_positive({"a": 70, "b": 30})
    ('Yes', None)
    """
    by_text = {canonical_label(label).lower(): label for label in labels}
    return next((by_text[text] for text in LEAVING if text in by_text), None)


def find_id(columns: Sequence[ColumnFacts], target: str | None) -> Choice:
    """Return the column that identifies clients: its values are all there, and differ, or its name says so.

    A name of clients is better than one of rows, such as uuid.

    >>> find_id([ColumnFacts("CustomerId", 9, 9, 9, "number"), ColumnFacts("Row", 9, 9, 9, "number")], None).name
    'CustomerId'
    >>> find_id([ColumnFacts("row_uuid", 9, 9, 9, "text"), ColumnFacts("customer_id", 9, 9, 4, "text")], None).name
    'customer_id'
    """
    possible = [column for column in columns if column.name != target and column.given == column.rows]
    unique = [column for column in possible if column.distinct == column.rows and column.kind != "date"]
    strong = {"id", *CLIENT_WORDS}
    of_clients = [column for column in possible if column.terms & CLIENT_WORDS and column.terms <= ID_WORDS]
    for among in (
        [column for column in of_clients if column in unique and "id" in column.terms],
        [column for column in of_clients if column.distinct > column.rows / 100],
        [column for column in unique if "id" in column.terms and not ROW_WORDS & column.terms],
        [column for column in unique if strong & column.terms and not ROW_WORDS & column.terms],
        [column for column in unique if column.is_called_id and not ROW_WORDS & column.terms],
        [column for column in unique if column.is_called_id],
        [column for column in unique if column.kind == "text"],
        unique,
        [column for column in possible if strong & column.terms and column.distinct > column.rows / 100],
    ):
        if len(among) == 1:
            return Choice(
                among[0].name, why="a value of its own in each row" if among[0] in unique else "its name"
            )
        if among:
            return Choice(None, tuple(column.name for column in among))
    return Choice(None, tuple(column.name for column in unique or possible))


def find_as_of(columns: Sequence[ColumnFacts], client: str) -> Choice:
    """Return the date of observation, where clients have several rows.

    >>> seen = ColumnFacts("month", 20, 20, 2, "date")
    >>> find_as_of([ColumnFacts("id", 20, 20, 10, "text"), seen], "id").name
    'month'
    """
    [of_client] = [column for column in columns if column.name == client]
    dates = [column for column in columns if column.kind == "date" and column.given == column.rows]
    if of_client.distinct == of_client.rows or not dates:
        return Choice(None)
    named = [column for column in dates if column.terms & AS_OF_WORDS] or dates
    if len(named) == 1:
        return Choice(named[0].name, why="a date, and clients have several rows")
    return Choice(None, tuple(column.name for column in named))


def role_of(column: ColumnFacts) -> ColumnRole:
    """Return what a column is taken for that is neither id, target nor date of observation.

    >>> role_of(ColumnFacts("note", 900, 900, 850, "text")).why
    '850 different texts in 900 rows'
    >>> role_of(ColumnFacts("refund", 900, 900, 300, "number", auc=0.995)).why
    'ranks the clients alone nearly without a mistake (AUC 0.995): it seems to tell the outcome'
    """
    out = _why_left_out(column)
    if out:
        return ColumnRole(column.name, "left out", out)
    if column.kind == "number":
        codes = f"; {', '.join(f'{code:g}' for code in column.special)} taken for codes" if column.special else ""
        words = f"; {', '.join(column.words)} for missing ones" if column.words else ""
        return ColumnRole(column.name, "numeric", f"numbers, {column.distinct:,} different{codes}{words}")
    return ColumnRole(column.name, "categorical", f"{column.distinct:,} different texts")


def _why_left_out(column: ColumnFacts) -> str | None:
    leaks = "ranks the clients alone nearly without a mistake"
    texts = f"{column.distinct:,} different texts in {column.given:,} rows"
    unique = column.distinct == column.given > MOST_LEVELS
    many = column.distinct > MOST_LEVELS and column.given < ROWS_OF_A_LEVEL * column.distinct
    reasons = {
        "it is empty": column.given == 0,
        "it holds one value only": column.distinct == 1,
        f"{leaks} (AUC {column.auc or 0:.3f}): it seems to tell the outcome": (column.auc or 0) > LEAK,
        "a date: name it under dates to count days from or to it": column.kind == "date",
        "another id: a value of its own in each row": unique and (column.kind == "text" or column.is_called_id),
        texts: column.kind == "text" and many,
    }
    return next((why for why, holds in reasons.items() if holds), None)
