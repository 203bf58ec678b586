"""Drift: what was compared with the training rows, before and now."""

from __future__ import annotations

from collections.abc import Sequence

from risk_assets.domain.columns import UNDESCRIBED, Columns
from risk_assets.domain.drift.verdict import DriftVerdict, Judgement
from risk_assets.domain.figures import figure
from risk_assets.reporting.charts.drifting import comparison
from risk_assets.reporting.charts.moved import ROW_HEIGHT, columns_that_moved
from risk_assets.reporting.contact_words import untreated_sentence
from risk_assets.reporting.pages.blocks import Block, cell, heading, note, section, space, table, words
from risk_assets.reporting.pages.chart_blocks import HEADING, SMALLEST, strips
from risk_assets.reporting.style import DRIFT_COLOURS, INK, MUTED, RED
from risk_assets.reporting.wording import count, drift_word, moment, plural, score, shown_of

MOST_JUDGEMENTS = 24
ABOUT_JUDGEMENTS = (
    "A change is drift when it is as large as the one that counts and more than chance: for F1, when the 95 % "
    "interval of the change ends beyond it; for a column, when p (corrected for the number of columns) is below "
    "0.01 or, above 1,000 rows, PSI is beyond what 99 % of unchanged worlds give."
)


def drift_pages(
    drift: DriftVerdict | None, moved: bytes | None = None, schema: Columns = UNDESCRIBED
) -> list[Block]:
    """Return the section on drift."""
    if drift is None:
        missing = "Drift has not been judged yet: that needs a deployed model and rows it has not seen."
        return [*section("Drift", 80), words(missing)]
    when = f", {moment(drift.at)} UTC" if drift.at else ""
    return [
        *section("Drift"),
        words(drift_word(drift), 11, DRIFT_COLOURS.get(drift.verdict, INK), bold=True),
        space(2),
        words(drift.sentence),
        space(2),
        note(f"Judged on {plural(drift.n, 'new row')} by the policy “{drift.policy}”{when}."),
        *_estimate(drift),
        *([note(untreated_sentence(drift.untreated))] if drift.untreated else []),
        *_moved(drift.judgements, moved),
        *_judgements(drift.judgements, schema),
    ]


def _moved(judgements: Sequence[Judgement], picture: bytes | None) -> list[Block]:
    """Return the picture of the columns that drifted, before and now."""
    if picture is None:
        return []
    told = "; ".join(each.sentence for each in columns_that_moved(judgements))
    first, *others = strips(picture, ROW_HEIGHT, told)
    about = note("Shares of rows: grey when the model was trained, orange now.")
    return [*heading("What has moved", SMALLEST * first.drawHeight + 2 * HEADING), about, space(4), first, *others]


def _estimate(drift: DriftVerdict) -> list[Block]:
    if drift.estimated_f1 is None:
        return []
    blind = "this estimate cannot see a change of what makes clients leave."
    found = f"F1 on the new rows is {score(drift.estimated_f1)}"
    return [note(f"Estimated from the risks alone, without knowing who left, {found}; {blind}")]


def _judgements(judgements: Sequence[Judgement], schema: Columns) -> list[Block]:
    if not judgements:
        return []
    shown = sorted(judgements, key=lambda each: not each.drifted)[: shown_of(len(judgements), MOST_JUDGEMENTS)]
    heads = ("compared", "judgement", "test", "change", "counts from", "p", "rows", "in words")
    rest = len(judgements) - len(shown)
    about = [space(2), note(ABOUT_JUDGEMENTS)]
    more = [note(f"and {plural(rest, 'more comparison')} in drift.json")] if rest else []
    return [
        space(6),
        table(heads, [_judgement(each, schema) for each in shown], (19, 9, 15, 8, 12, 6, 6, 44)),
        *about,
        *more,
    ]


def _judgement(each: Judgement, schema: Columns) -> tuple[Block, ...]:
    found = each.measurement
    return (
        cell(comparison(found, schema), limit=90),
        cell("drifted", RED, bold=True) if each.drifted else cell("stable", MUTED),
        cell(found.statistic, limit=40),
        figure(found.effect),
        figure(-found.floor if found.kind == "performance" else found.floor),
        figure(found.p_value),
        count(found.n),
        cell(each.sentence, MUTED, limit=220),
    )
