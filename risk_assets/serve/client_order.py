"""The orders of clients, and cursors: a page begins after the last client of the one before (keyset paging)."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

from risk_assets.serve.http.replies import RequestError

EXPRESSIONS = {
    "risk": "risk",
    "-risk": "rank",  # as precise as risk, and equal risks have their order
    "id": "id",
    "change": "change",
    "value_at_risk": "value_at_risk",
    "uncertainty": "risk_high - risk_low",
}


@dataclass(frozen=True)
class Order:
    """An order by an expression, clients without it last, then by id; `descending` turns the expression around."""

    name: str
    expression: str
    descending: bool

    @property
    def by(self) -> str:
        """The clause for ORDER BY."""
        way = " DESC" if self.descending else ""
        return f"id{way}" if self.expression == "id" else f"sort_key{way} NULLS LAST, id"

    def cursor(self, key: object, client: str) -> str:
        """Return a cursor after a client whose expression is `key`."""
        text = json.dumps([self.name, None if self.expression == "id" else key, client])
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def beyond(self, cursor: str) -> tuple[str, list[object]]:
        """Return the condition of clients after a cursor, and its values. Raises RequestError (404)."""
        key, client = self._read(cursor)
        sign = "<" if self.descending else ">"
        if self.expression == "id":
            return f"id {sign} ?", [client]
        if key is None:
            return f"({self.expression}) IS NULL AND id > ?", [client]
        this = f"({self.expression})"
        return f"({this} {sign} ? OR {this} IS NULL OR ({this} = ? AND id > ?))", [key, key, client]

    def _read(self, cursor: str) -> tuple[float | None, str]:
        try:
            text = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
            name, key, client = json.loads(text)
        except (binascii.Error, ValueError, TypeError) as error:
            raise RequestError(404, "after: is no cursor of this list") from error
        is_key = key is None or (isinstance(key, int | float) and not isinstance(key, bool))
        if name != self.name or not is_key or not isinstance(client, str):
            raise RequestError(404, "after: is a cursor of another order; start at the first page")
        return key, client


def order_of(sort: str, *, by_value: bool) -> Order:
    """Return the order that a sort names; without a column of value that of risk stands for value at risk."""
    name = sort if by_value else sort.replace("value_at_risk", "risk")
    if name == "-risk":
        return Order(name, EXPRESSIONS[name], descending=False)
    return Order(name, EXPRESSIONS[name.removeprefix("-")], descending=name.startswith("-"))
