"""Drift verdicts over time: what was compared, and what had moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from risk_assets.domain.columns import UNDESCRIBED, Columns
from risk_assets.domain.drift.verdict import DriftVerdict, Measurement
from risk_assets.reporting.charts.canvas import axes, figure, label, png, sentence_alone
from risk_assets.reporting.charts.history import date_ticks
from risk_assets.reporting.charts.once import drawn_once
from risk_assets.reporting.style import CHART_TEXT, DRIFT_COLOURS, INK, PALE_GREEN, RED, RULE, TEXT_WIDTH, WASH
from risk_assets.reporting.wording import distinct

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_VERDICTS = 40
MOST_ROWS = 14
#: Characters of a name that fit beside a strip.
LONGEST_NAME = 26
ROW = 0.19
#: Width of a field, of the distance between two verdicts; and the least number of places across.
WIDE, LEAST_PLACES = 0.94, 12
KINDS = {"performance": "performance", "score": "risk scores", "served": "served requests"}


@drawn_once
def drift_history(verdicts: Sequence[DriftVerdict], schema: Columns = UNDESCRIBED) -> bytes:
    """Return a strip of fields per comparison (red: drifted, green: not, grey: not judged), as PNG.

    The first strip is the verdict as a whole. The last 40 verdicts are shown, oldest first, with the
    features that drifted most often.
    """
    shown = verdicts[-MOST_VERDICTS:]
    if not shown:
        return sentence_alone("Drift has not been judged yet: the history grows with every verdict.")
    names = _rows(shown, schema)
    height = (len(names) + 1) * ROW + 0.6
    chart = figure(TEXT_WIDTH, height)
    drawn = axes(chart, 1.9, 0.45, TEXT_WIDTH - 2.2, height - 0.55)
    for place, verdict in enumerate(shown):
        _column(drawn, place, verdict, names, schema)
    drawn.spines[["left", "bottom"]].set_visible(False)
    drawn.set(xlim=(-0.6, max(len(shown), LEAST_PLACES) - 0.4), ylim=(len(names) + 0.6, -0.6))
    labels = [label(name, 1.75) for name in distinct(names, LONGEST_NAME)]
    drawn.set_yticks(range(len(names) + 1), ["verdict", *labels])
    drawn.tick_params(axis="y", length=0, labelsize=CHART_TEXT - 0.5, labelcolor=INK)
    date_ticks(drawn, [verdict.at or "" for verdict in shown])
    return png(chart)


def comparison(found: Measurement, schema: Columns = UNDESCRIBED) -> str:
    """Return what a measurement compares, in a word or two: a column by its label."""
    return KINDS.get(found.kind, schema.label(found.name))


def _rows(shown: Sequence[DriftVerdict], schema: Columns) -> list[str]:
    """Name the comparisons: those that drifted most often first, at most MOST_ROWS."""
    drifted: Counter[str] = Counter()
    for verdict in shown:
        for judgement in verdict.judgements:
            drifted[comparison(judgement.measurement, schema)] += judgement.drifted
    return [name for name, _ in drifted.most_common(MOST_ROWS)]


def _column(drawn: Axes, place: int, verdict: DriftVerdict, names: Sequence[str], schema: Columns) -> None:
    found = {comparison(each.measurement, schema): each.drifted for each in verdict.judgements}
    colours = [DRIFT_COLOURS.get(verdict.verdict, RULE)]
    colours += [(RED if found[name] else PALE_GREEN) if name in found else WASH for name in names]
    drawn.barh(range(len(colours)), WIDE, left=place - WIDE / 2, height=0.84, color=colours, linewidth=0)
