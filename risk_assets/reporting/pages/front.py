"""The first page: the figures that matter."""

from __future__ import annotations

from collections.abc import Sequence

from reportlab.lib.colors import HexColor
from reportlab.platypus import Table

from risk_assets.domain.model.reasons import NO_REASON
from risk_assets.domain.ranking.risk_summary import RankedClient, RiskSummary
from risk_assets.reporting.content import ReportContent
from risk_assets.reporting.pages import blocks
from risk_assets.reporting.pages.blocks import WIDTH, Block, heading, lines, note, right, space, words
from risk_assets.reporting.style import AMBER, BLUE, DRIFT_COLOURS, MUTED, ORANGE, VERDICT_COLOURS, WASH
from risk_assets.reporting.typeface import BOLD, width
from risk_assets.reporting.wording import (
    backtest_sentence,
    challenger_sentence,
    count,
    decision_sentence,
    drift_in_short,
    drift_word,
    interval,
    moment,
    money,
    percent,
    plural,
    risk_interval,
    score,
    score_basis,
    what_the_score_means,
)

TOP_CLIENTS = 10
REASONS = 3
#: Points between two tiles, and within one.
GAP, PADDING = 8.0, 7.0
TILE = (WIDTH - 3 * GAP) / 4
TILE_TEXT = TILE - 2 * PADDING
#: Relative widths of rank, client, risk with its interval, its bar and the reasons.
SHARES = (4, 17, 12, 9, 58)


def front_page(content: ReportContent, histogram: bytes, date: str) -> list[Block]:
    """Return the blocks of page one; texts are shortened so that they always fit on it."""
    risks = content.risks
    return [
        blocks.bookmark("Summary", 0),
        words("Which clients may leave?", 20, bold=True),
        space(9),
        words(f"Attrition risk of {_clients(risks)}, as of {date} UTC", 8.5, MUTED),
        space(12),
        _tiles((_flagged(content), _worth(content) or _score(content), _drift(content), _version(content))),
        space(9),
        *_statements(content),
        *heading("The clients at the highest risk"),
        _top(risks.top[:TOP_CLIENTS]),
        *blocks.charted("How the risk is spread", histogram),
    ]


def _clients(risks: RiskSummary) -> str:
    gone = [f"{count(risks.left)} others have left"] * bool(risks.left)
    gone += [f"{count(risks.known_before)} are in no recent file"] * bool(risks.known_before)
    left = f" ({', '.join(gone)})" if gone else ""
    return f"{plural(risks.clients, 'current client')}{left}"


#: Name, figure, explanation and colour.
Tile = tuple[str, str, str, str]


def _flagged(content: ReportContent) -> Tile:
    risks = content.risks
    share = f"{percent(risks.flagged, risks.clients)} of all: those with a risk of {risks.threshold:.3f} or more"
    if risks.value_at_risk is not None:
        share = f"of {count(risks.clients)}; the value at risk of all is {money(risks.value_at_risk)} a year"
    return "Clients at high risk", count(risks.flagged), share if risks.clients else "none has been scored", ORANGE


def _score(content: ReportContent) -> Tile:
    metrics = content.metrics
    certainty = f"95 % interval {interval(metrics.f1)}, on {score_basis(metrics)} set apart"
    return "F1 score", score(metrics.f1.value), certainty, BLUE


def _worth(content: ReportContent) -> Tile | None:
    """Return what past lists were worth, which says more than any score; None where that cannot be told."""
    found = content.backtest
    if found is None or not found.periods:
        return None
    said = (
        f"as many left of those named as at random (95 % interval {found.lift.low:.1f} to {found.lift.high:.1f})"
    )
    return "Past lists", f"{found.lift.value:.1f} times", said, BLUE


def _drift(content: ReportContent) -> Tile:
    drift = content.drift
    if drift is None:
        return "Drift", drift_word(drift), "New rows have not been compared with the model's.", MUTED
    return "Drift", drift_word(drift), drift_in_short(drift), DRIFT_COLOURS.get(drift.verdict, MUTED)


def _version(content: ReportContent) -> Tile:
    live, decision = content.manifest, content.decision
    version = live.version if live else "None yet"
    if decision is None:
        return "Version that serves", version, "Nothing has been decided.", MUTED
    said = f"last decision: {decision.verdict} on {moment(decision.at)}"
    return "Version that serves", version, said, VERDICT_COLOURS[decision.verdict]


def _tiles(tiles: Sequence[Tile]) -> Block:
    row: list[Block] = []
    styles: list[tuple[object, ...]] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), PADDING),
        ("RIGHTPADDING", (0, 0), (-1, -1), PADDING - 2),
        ("TOPPADDING", (0, 0), (-1, -1), PADDING),
        ("BOTTOMPADDING", (0, 0), (-1, -1), PADDING + 1),
    ]
    for place, (name, value, explained, colour) in enumerate(tiles):
        spot = (2 * place, 0)
        styles += [("BACKGROUND", spot, spot, HexColor(WASH)), ("LINEABOVE", spot, spot, 2, HexColor(colour))]
        row += [_tile(name, value, explained), ""]
    shown = Table([row[:-1]], colWidths=[TILE, GAP] * 3 + [TILE], hAlign="LEFT")
    shown.setStyle(styles)
    return shown


def _tile(name: str, value: str, explained: str) -> list[Block]:
    """Return a tile whose figure is as large as its width allows, on a line of the same height."""
    size = next((size for size in (17, 14, 11) if width(value, size, BOLD) <= TILE_TEXT), 8.5)
    figure = lines(value, 1, TILE_TEXT, size, bold=True)
    above = (17 - size) * 0.7
    return [
        words(name, 7, MUTED),
        space(2 + above),
        figure,
        space(3 + above),
        lines(explained, 3, TILE_TEXT, 6.8, MUTED),
    ]


def _statements(content: ReportContent) -> list[Block]:
    metrics = content.metrics
    all_positive, f1 = score(metrics.all_positive_f1), score(metrics.f1.value)
    beaten = f"Calling every client at risk would score {all_positive}, not {f1}."
    first = [lines(backtest_sentence(content.backtest), 3, WIDTH, bold=True), space(2)] if content.backtest else []
    said = [
        *first,
        lines(what_the_score_means(metrics, content.labels), 2, WIDTH, bold=not first),
        space(2),
        lines(f"{beaten} {decision_sentence(content.decision)}", 3, WIDTH),
    ]
    if content.challenger:
        said += [space(2), lines(challenger_sentence(content.challenger), 2, WIDTH, color=AMBER)]
    waiting = [file.sentence for file in content.ingestion.held if file.verdict == "suspect"]
    if waiting:
        said += [space(2), lines(". ".join(waiting), 2, WIDTH, color=AMBER)]
    return said


def _top(top: Sequence[RankedClient]) -> Block:
    if not top:
        return note("No client has been scored yet.")
    certain = any(client.risk_low is not None for client in top)
    risk = "risk, 90 % interval" if certain else "risk"
    heads = ("", "client", risk, "", "strongest reasons, against usual values")
    return blocks.table(heads, [_client(client) for client in top], SHARES)


def _client(client: RankedClient) -> tuple[Block, ...]:
    unit = WIDTH / sum(SHARES)
    name = lines(client.id, 2, SHARES[1] * unit - PADDING, 7.2, bold=True)
    reasons = client.reasons[:REASONS] or (NO_REASON,)
    shown = [lines(reason, 1, SHARES[4] * unit - PADDING, 6.6, MUTED) for reason in reasons]
    bounds = None if client.risk_low is None or client.risk_high is None else (client.risk_low, client.risk_high)
    bar = blocks.share_bar(client.risk, SHARES[3] * unit - PADDING, ORANGE, bounds=bounds)
    return str(client.rank), name, _risk(client), bar, shown


def _risk(client: RankedClient) -> Block:
    """Return the risk, and beneath it its interval where the model tells one."""
    found = risk_interval(client.risk_low, client.risk_high)
    risk = f"{client.risk:.1%}"
    return [right(risk, 7.2), right(found, 6.2, MUTED)] if found else risk
