"""Whom to call: the first clients of the ranking, with what a call needs to know."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from risk_assets.domain.figures import NOTHING
from risk_assets.domain.model.reasons import NO_REASON
from risk_assets.domain.ranking.risk_summary import RankedClient, RiskSummary
from risk_assets.reporting.client_words import reason_in_short
from risk_assets.reporting.pages import blocks
from risk_assets.reporting.pages.blocks import WIDTH, Block, heading, lines, note, right, space
from risk_assets.reporting.style import GREEN, INK, MUTED, ORANGE, RED
from risk_assets.reporting.wording import count, money, plural, risk_interval

REASONS = 2
#: Points of padding within a column, and of the note beneath the list.
PADDING, NOTE = 7.0, 16.0
#: A change below this is none, in points of risk.
LEAST_CHANGE = 0.0005
#: Relative widths of the columns; the reasons take what is left of WHOLE.
RANK, CLIENT, RISK, BAR, CHANGE, VALUE, WHOLE = 4, 16, 14, 8, 11, 10, 100


def call_list(risks: RiskSummary, capacity: int, room: float) -> tuple[list[Block], float]:
    """Return the list within `room` points, and the points that it takes."""
    if not risks.top:
        found = [*heading("Whom to call"), note("No client has been scored yet.")]
        return found, blocks.height(found)
    asked = risks.top[:capacity]
    shown = asked
    while True:
        found = _listed(shown, risks, min(capacity, risks.clients))
        used = blocks.height(found)
        if used <= room or len(shown) == 1:
            return found, used
        rows = max(1.0, (used - blocks.height(_listed(shown[:1], risks, 0))) / max(len(shown) - 1, 1))
        shown = shown[: max(1, len(shown) - max(1, int((used - room) // rows)))]


def _listed(shown: Sequence[RankedClient], risks: RiskSummary, calls: int) -> list[Block]:
    columns = _columns(risks.top)
    shares = [share or WHOLE - sum(share for _, share, _ in columns) for _, share, _ in columns]
    cells = [(cell, WIDTH * share / WHOLE - PADDING) for (_, _, cell), share in zip(columns, shares, strict=True)]
    rows = [[cell(client, room) for cell, room in cells] for client in shown]
    more = calls - len(shown)
    rest = (
        f"The next {plural(more, 'client')} that can be called {'is' if more == 1 else 'are'} in client_risk.csv."
    )
    name = f"Whom to call: the first {count(len(shown))} of {plural(risks.clients, 'client')}"
    listed = blocks.table([head for head, _, _ in columns], rows, shares)
    return [*heading(name), listed, *([space(3), note(rest)] if more > 0 else [])]


Cell = Callable[[RankedClient, float], Block]


def _columns(top: Sequence[RankedClient]) -> list[tuple[str, int, Cell]]:
    """Return head, share and cell of each column; what no client has is left out."""
    certain = any(client.risk_low is not None for client in top)
    changed = any(client.change is not None for client in top)
    valued = any(client.value_at_risk is not None for client in top)
    found: list[tuple[str, int, Cell]] = [
        ("", RANK, lambda client, _: str(client.rank)),
        ("client", CLIENT, _name),
        ("risk, 90 % interval" if certain else "risk", RISK, _risk),
    ]
    found += [("", BAR, _bar)] if not (changed and valued) else []
    found += [("change, points", CHANGE, _change)] if changed else []
    found += [("value at risk", VALUE, lambda client, _: money(client.value_at_risk))] if valued else []
    return [*found, ("strongest reasons; else: the risk with the usual value", 0, _reasons)]


def _name(client: RankedClient, room: float) -> list[Block]:
    carried = " · ".join(value for value in client.carried.values() if value)
    if not carried:
        return [lines(client.id, 2, room, 7.2, bold=True)]
    return [lines(client.id, 1, room, 7.2, bold=True), lines(carried, 1, room, 6.2, MUTED)]


def _risk(client: RankedClient, _: float) -> list[Block]:
    """Return the risk, and beneath it its interval where the model tells one."""
    found = risk_interval(client.risk_low, client.risk_high)
    return [right(f"{client.risk:.1%}", 7.2), *([right(found, 6.2, MUTED)] if found else [])]


def _bar(client: RankedClient, room: float) -> Block:
    bounds = None if client.risk_low is None or client.risk_high is None else (client.risk_low, client.risk_high)
    return blocks.share_bar(client.risk, room, ORANGE, bounds=bounds)


def _change(client: RankedClient, _: float) -> Block:
    """Return the change in points of per cent since the client's row before."""
    if client.change is None:
        return right("new" if client.as_of else NOTHING, 6.6, MUTED)
    if abs(client.change) < LEAST_CHANGE:
        return right("0.0", 7.2, MUTED)
    return right(f"{100 * client.change:+.1f}", 7.2, RED if client.change > 0 else GREEN)


def _reasons(client: RankedClient, room: float) -> list[Block]:
    reasons = client.reasons[:REASONS] or (NO_REASON,)
    return [
        lines(reason_in_short(reason), 1, room, 6.6, INK if place == 0 else MUTED)
        for place, reason in enumerate(reasons)
    ]
