"""How scores, decisions and drift went over time."""

from __future__ import annotations

from collections.abc import Sequence

from risk_assets.domain.deployment.decisions import Decision
from risk_assets.reporting.content import ReportContent
from risk_assets.reporting.pages.blocks import Block, cell, heading, note, section, table, words
from risk_assets.reporting.pages.chart_blocks import charted
from risk_assets.reporting.style import MUTED, VERDICT_COLOURS
from risk_assets.reporting.wording import decision_sentence, interval, moment, plural, score, shown_of

MOST_DECISIONS = 8


def history_pages(content: ReportContent, scores: bytes, drift: bytes) -> list[Block]:
    """Return the section on what happened over time, from its charts."""
    shown = content.drift_history
    drifted = sum(1 for each in shown if each.verdict == "drifted")
    return [
        *section("History"),
        words(decision_sentence(content.decision)),
        *charted("Score of each model, with its 95 % interval", scores, _scores(content)),
        *_decisions(content.decisions),
        *charted("Drift verdicts", drift, f"{plural(len(shown), 'drift verdict')}, {drifted} of them drifted."),
        *([note("Red: drifted. Green: stable. Grey: not judged.")] if shown else []),
    ]


def _scores(content: ReportContent) -> str:
    if not content.scores:
        return "No model has been scored yet."
    last = content.scores[-1]
    return f"F1 of {plural(len(content.scores), 'model')}; the last {score(last.f1.value)}, {interval(last.f1)}."


def _decisions(decisions: Sequence[Decision]) -> list[Block]:
    if not decisions:
        return [*heading("Decisions", 40), words("Nothing has been decided yet.")]
    rows = [
        (
            cell(moment(each.at)),
            cell(each.verdict, VERDICT_COLOURS[each.verdict], bold=True),
            cell(each.version, limit=40),
            cell(each.reason, MUTED, limit=280),
        )
        for each in reversed(decisions[-shown_of(len(decisions), MOST_DECISIONS) :])
    ]
    heads = ("at (UTC)", "decision", "version", "why")
    rest = len(decisions) - len(rows)
    more = [note(f"and {plural(rest, 'earlier decision')} in deployments.jsonl")] if rest else []
    return [
        *heading("Decisions"),
        table(heads, rows, (16, 11, 17, 56)),
        *more,
    ]
