"""Whether listening to the ranking would have paid off."""

from __future__ import annotations

from risk_assets.domain.columns import Columns
from risk_assets.domain.contacts.assignment import Effect
from risk_assets.domain.scoring.backtest import BacktestPeriod
from risk_assets.reporting.contact_words import effect_sentences, untreated_lists_sentence
from risk_assets.reporting.content import ReportContent
from risk_assets.reporting.pages.blocks import Block, heading, note, section, space, table, words
from risk_assets.reporting.pages.chart_blocks import charted
from risk_assets.reporting.wording import backtest_sentence, count, percent, plural, score

ABOUT = (
    "For each day a model was trained on what was known then alone: rows whose horizon had passed and whose "
    "leavings were reported. It ranked the clients of that month; whether they left is known by now. "
    "Intervals are by a bootstrap over clients. A row counts as known on its date, a leaving once its days of "
    "reporting are over."
)
HEADS = ("day", "trained on", "clients", "left", "named", "of whom left", "best column", "of whom left", "AUC")
SHARES = (14, 12, 10, 8, 8, 12, 20, 12, 8)


def backtest_pages(content: ReportContent, chart: bytes | None) -> list[Block]:
    """Return the section on the backtest and on what calls did, nothing where there is no backtest."""
    found = content.backtest
    if found is None:
        return []
    said = [*section("Would it have paid off?"), words(backtest_sentence(found), bold=True), space(3)]
    if not found.periods or chart is None:
        return [*said, *_helped(content.effect)]
    flagged = count(sum(period.flagged for period in found.periods))
    left = count(sum(period.flagged_hits for period in found.periods))
    best = (
        f"With hindsight a list of {plural(found.best_size, 'client')} a month would have had the greatest F1. "
        f"At the thresholds of those days {flagged} clients would have been flagged in all, of whom {left} left."
    )
    uncalled = [words(untreated_lists_sentence(found.untreated)), space(3)] if found.untreated else []
    return [
        *said,
        *uncalled,
        words(best),
        *_helped(content.effect),
        *charted("Named and left", chart, backtest_sentence(found)),
        *heading("Day by day"),
        table(HEADS, [_row(period, content.columns) for period in found.periods], SHARES),
        space(3),
        note(ABOUT),
    ]


def _helped(effect: tuple[Effect | None, str] | None) -> list[Block]:
    """Return whether calls helped, or why that cannot be told."""
    if effect is None:
        return []
    first, *more = effect_sentences(*effect)
    return [*heading("Did calls help?"), words(first, bold=effect[0] is not None), *map(words, more)]


def _row(period: BacktestPeriod, schema: Columns) -> tuple[str, ...]:
    return (
        period.as_of[:10],
        count(period.trained_rows),
        count(period.clients),
        percent(period.left, period.clients),
        count(period.called),
        count(period.hits),
        schema.label(period.column),
        count(period.column_hits),
        score(period.roc_auc),
    )
