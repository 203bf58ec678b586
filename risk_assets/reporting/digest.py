"""The digest of a call list: the same content as plain text and as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote, urlencode

from risk_assets.domain.ranking.risk_summary import RankedClient
from risk_assets.reporting.wording import money, percent, plural

#: Clients that a digest names; the list behind the link has them all.
NAMED = 20


@dataclass(frozen=True)
class Digest:
    """What one recipient is sent: follow-ups that are due, and the first clients to call.

    `manager` narrows both down, None for everybody's; `link` is the address of the server, None where it has none.
    """

    day: str
    manager: str | None
    due: Sequence[RankedClient]
    calls: Sequence[RankedClient]
    column: str | None = None
    link: str | None = None

    @property
    def title(self) -> str:
        """The subject."""
        whose = f" of {self.manager}" if self.manager else ""
        return f"Calls{whose}: {plural(len(self.calls), 'client')}, {self.day}"

    @property
    def address(self) -> str | None:
        """Where the list is."""
        if self.link is None:
            return None
        query = f"?{urlencode({f'in.{self.column}': self.manager})}" if self.manager and self.column else ""
        return f"{self.link.rstrip('/')}/calls{query}"

    def text(self) -> str:
        """Return the digest as plain text."""
        parts = [self.title, ""]
        for heading, clients in self._sections():
            parts += [heading, *(f"  {_line(client)}" for client in clients), ""]
        more = len(self.calls) - NAMED
        parts += [f"And {more} more."] if more > 0 else []
        parts += [f"The list: {self.address}"] if self.address else []
        return "\n".join(parts).rstrip() + "\n"

    def html(self) -> str:
        """Return the digest as HTML."""
        parts = [f"<h1>{escape(self.title)}</h1>"]
        for heading, clients in self._sections():
            items = "".join(f"<li>{self._item(client)}</li>" for client in clients)
            parts.append(f"<h2>{heading}</h2><ol>{items}</ol>")
        if self.address:
            parts.append(f'<p><a href="{escape(self.address)}">The whole list</a></p>')
        return "\n".join(parts) + "\n"

    def _sections(self) -> list[tuple[str, Sequence[RankedClient]]]:
        both = [("Follow-ups that are due", self.due), ("To call", self.calls[:NAMED])]
        return [(heading, clients) for heading, clients in both if clients]

    def _item(self, client: RankedClient) -> str:
        name = escape(client.id)
        if self.link is not None:
            name = f'<a href="{escape(self.link.rstrip("/"))}/clients/{quote(client.id, safe="")}">{name}</a>'
        return f"{name}: {escape(_facts(client))}"


def _line(client: RankedClient) -> str:
    return f"{client.id}: {_facts(client)}"


def _facts(client: RankedClient) -> str:
    worth = "" if client.value_at_risk is None else f", {money(client.value_at_risk)} at risk"
    reason = f"; {client.reasons[0]}" if client.reasons else ""
    return f"{percent(client.risk)}{worth}{reason}"
