"""The orders of clients, and cursors: a page begins after the last client of the one before (keyset paging)."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Literal

from risk_assets.serve.http.replies import RequestError

EXPRESSIONS = {
    "risk": "risk",
    "-risk": "rank",  # as precise as risk, and equal risks have their order
    "id": "id",
    "change": "change",
    "value_at_risk": "value_at_risk",
    "uncertainty": "risk_high - risk_low",
}
#: What tells one client from another: numbers are compared sooner, but only current clients have a rank.
Key = Literal["rank", "id"]


@dataclass(frozen=True)
class Order:
    """An order by an expression, from the greatest down if `descending`, clients without it last, equals by `key`.

    Rows have the columns `sort_key` (the expression) and `key`.
    """

    name: str
    expression: str
    descending: bool
    key: Key

    @property
    def by(self) -> str:
        """The clause for ORDER BY."""
        way = " DESC" if self.descending else ""
        return f"sort_key{way}" if self.expression == self.key else f"sort_key{way} NULLS LAST, key"

    def cursor(self, sort_key: object, key: object) -> str:
        """Return a cursor after a client."""
        text = json.dumps([self.name, sort_key, key])
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def beyond(self, cursor: str) -> tuple[str, list[object]]:
        """Return the condition of clients after a cursor, and its values. Raises RequestError (404)."""
        sort_key, key = self._read(cursor)
        sign = "<" if self.descending else ">"
        if sort_key is None:
            return "sort_key IS NULL AND key > ?", [key]
        return f"(sort_key {sign} ? OR sort_key IS NULL OR (sort_key = ? AND key > ?))", [sort_key, sort_key, key]

    def _read(self, cursor: str) -> tuple[float | str | None, int | str]:
        try:
            text = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
            name, sort_key, key = json.loads(text)
        except (binascii.Error, ValueError, TypeError) as error:
            raise RequestError(404, "after: is no cursor of this list") from error
        is_of_order = sort_key is None or type(sort_key) in ((str,) if self.expression == "id" else (int, float))
        if name != self.name or not is_of_order or type(key) is not (int if self.key == "rank" else str):
            raise RequestError(404, "after: is a cursor of another order; start at the first page")
        return sort_key, key


def order_of(sort: str, *, by_value: bool, key: Key) -> Order:
    """Return the order that a sort names; without a column of value that of risk stands for value at risk."""
    name = sort if by_value else sort.replace("value_at_risk", "risk")
    if name == "-risk":
        return Order(name, EXPRESSIONS[name], descending=False, key=key)
    return Order(name, EXPRESSIONS[name.removeprefix("-")], descending=name.startswith("-"), key=key)
