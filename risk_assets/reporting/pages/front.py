"""The first page, for who calls clients: four figures, what is worth knowing, and the list."""

from __future__ import annotations

from reportlab.platypus import PageBreak

from risk_assets.domain.ranking.risk_summary import RiskSummary
from risk_assets.reporting.client_words import histogram_sentence
from risk_assets.reporting.content import ReportContent
from risk_assets.reporting.pages import blocks
from risk_assets.reporting.pages.blocks import WIDTH, Block, lines, space, words
from risk_assets.reporting.pages.call_list import call_list
from risk_assets.reporting.pages.chart_blocks import charted
from risk_assets.reporting.pages.document import FIRST_HEIGHT
from risk_assets.reporting.pages.tiles import Tile, tiles
from risk_assets.reporting.style import AMBER, BLUE, DRIFT_COLOURS, INK, MUTED, ORANGE, RED
from risk_assets.reporting.wording import (
    backtest_sentence,
    challenger_sentence,
    count,
    drift_in_short,
    drift_word,
    interval,
    moment,
    money,
    percent,
    plural,
    score,
    score_basis,
    shorten,
    what_the_score_means,
)

TITLE = "Which clients may leave?"
#: Share of the page that may be blank beneath the list.
MOST_BLANK = 0.25
#: Characters of each line about what is worth knowing.
LONGEST_NOTICE = 230


def front_page(content: ReportContent, spread: list[Block], date: str) -> tuple[list[Block], bool]:
    """Return the blocks of page one, and whether `spread`, the histogram of risk, found room on it.

    Texts are shortened, and as many clients are listed as there is room for, so that it is one page always. Where
    few can be called, what follows begins on it.
    """
    above = [
        blocks.bookmark("Summary", 0),
        words(TITLE, 20, bold=True),
        space(8),
        words(f"Attrition risk of {_clients(content.risks)}, as of {date} UTC", 8.5, MUTED),
        space(10),
        tiles((_flagged(content), _worth(content), _good(content), _changed(content))),
        space(8),
        *_statements(content),
    ]
    room = FIRST_HEIGHT - blocks.height(above)
    listed, used = call_list(content.risks, content.capacity, room)
    fits = used + blocks.height(spread) <= room
    blank = room - used - fits * blocks.height(spread)
    end = [PageBreak()] if blank < MOST_BLANK * FIRST_HEIGHT else []
    return [*above, *listed, *(spread if fits else []), *end], fits


def risk_spread(risks: RiskSummary, histogram: bytes) -> list[Block]:
    """Return the histogram of risk below its heading."""
    return charted("How the risk is spread", histogram, histogram_sentence(risks))


def _clients(risks: RiskSummary) -> str:
    gone = [f"{count(risks.left)} others have left"] * bool(risks.left)
    gone += [f"{count(risks.known_before)} are in no recent file"] * bool(risks.known_before)
    left = f" ({', '.join(gone)})" if gone else ""
    return f"{plural(risks.clients, 'current client')}{left}"


def _flagged(content: ReportContent) -> Tile:
    risks = content.risks
    share = (
        f"{percent(risks.flagged, risks.clients)} of all: those with a risk of {percent(risks.threshold)} or more"
    )
    return Tile(
        "Clients at high risk", count(risks.flagged), share if risks.clients else "none has been scored", ORANGE
    )


def _worth(content: ReportContent) -> Tile:
    """Return the money at risk, or where no value is declared how many are expected to leave."""
    risks = content.risks
    if risks.value_at_risk is not None:
        share = percent(risks.flagged_value_at_risk or 0.0, risks.value_at_risk)
        said = f"a year, risk × value over all clients; {share} of it with those at high risk"
        return Tile("Value at risk", money(risks.value_at_risk), said, ORANGE)
    within = f" within {content.backtest.horizon_days} days" if content.backtest else ""
    said = f"the risks of all {plural(risks.clients, 'client')} added up{within}"
    return Tile("Expected to leave", count(round(risks.expected)), said, ORANGE)


def _good(content: ReportContent) -> Tile:
    """Return what the list is worth: by the backtest, else on the test data; by F1 where neither tells it."""
    past, metrics = content.backtest, content.metrics
    if past is not None and past.periods:
        ends = f"{past.lift.low:.1f} to {past.lift.high:.1f}"
        return Tile("How good is the list?", f"{past.lift.value:.1f} times", _as_many(ends, "past lists"), BLUE)
    if metrics.gains is not None:
        lift, first = metrics.gains.lift, f"the first {count(metrics.gains.size)} test clients"
        said = _as_many(f"{lift.low:.1f} to {lift.high:.1f}", first, by_value=metrics.gains.by_value)
        return Tile("How good is the list?", f"{lift.value:.1f} times", said, BLUE)
    said = f"95 % interval {interval(metrics.f1)}, on {score_basis(metrics)} set apart"
    return Tile("F1 score", score(metrics.f1.value), said, BLUE)


def _as_many(ends: str, named: str, *, by_value: bool = False) -> str:
    found = "as much value of leavers" if by_value else "as many leavers"
    return f"{found} among {named} as at random (95 % interval {ends})"


def _changed(content: ReportContent) -> Tile:
    """Return how many came to be at high risk since their row before; where none has one, the drift verdict."""
    risks, drift = content.risks, content.drift
    if risks.compared:
        said = (
            f"at high risk who were not before; {count(risks.fallen)} no longer are, each against its row before"
        )
        return Tile("Since last time", f"+{count(risks.risen)}", said, BLUE)
    if drift is None:
        return Tile("Since the training", drift_word(drift), "New rows have not been compared.", MUTED)
    colour = DRIFT_COLOURS.get(drift.verdict, MUTED)
    return Tile("Since the training", drift_word(drift), drift_in_short(drift), colour)


def _statements(content: ReportContent) -> list[Block]:
    """Return what the score means, and a line for each thing that is worth knowing before any call."""
    past = content.backtest
    said = backtest_sentence(past) if past else what_the_score_means(content.metrics, content.labels)
    found = [lines(said, 3, WIDTH, bold=True)]
    for text, colour in _notices(content):
        found += [space(2), lines(shorten(text, LONGEST_NOTICE), 2, WIDTH, 8, colour)]
    return found


def _notices(content: ReportContent) -> list[tuple[str, str]]:
    """Return files that are held back, a model that waits, drift, and what serves; the urgent ones first."""
    waiting = [file for file in content.ingestion.held if file.verdict == "suspect"]
    found = [(f"{'. '.join(file.sentence for file in waiting)}. Accept or refuse it.", AMBER)] * bool(waiting)
    if content.challenger:
        found.append((challenger_sentence(content.challenger), AMBER))
    if content.drift is not None and content.drift.verdict == "drifted":
        found.append((f"The world has changed: {drift_in_short(content.drift)}", RED))
    return [*found, (_serves(content), INK)]


def _serves(content: ReportContent) -> str:
    live, decision, drift = content.manifest, content.decision, content.drift
    version = f"Version {shorten(live.version, 40)} serves" if live else "No version serves yet"
    decided = f"; last decision: {decision.verdict} on {moment(decision.at)}" if decision else ""
    judged = f"; drift: {drift.verdict}" if drift and drift.verdict != "drifted" else ""
    return f"{version}{decided}{judged}."
