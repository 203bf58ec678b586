"""What has moved in each column that drifted: the share of its levels before and now, side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from risk_assets.domain.columns import UNDESCRIBED, Columns
from risk_assets.domain.drift.verdict import Judgement
from risk_assets.reporting.charts.canvas import axes, figure, label, png, title, write
from risk_assets.reporting.charts.drifting import comparison
from risk_assets.reporting.charts.once import drawn_once
from risk_assets.reporting.style import INK, MUTED, ORANGE, RULE, TEXT_WIDTH
from risk_assets.reporting.wording import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Inches of a row of columns, and of what a column has on its left and right.
ROW_HEIGHT, NAMES, FIGURES = 1.9, 1.0, 0.62
ACROSS = 2
MOST_COLUMNS = 8
SIZE = 6.0
BAR = 0.36


@drawn_once
def moved(judgements: Sequence[Judgement], schema: Columns = UNDESCRIBED) -> bytes | None:
    """Return the levels of the columns that drifted, before in grey and now in orange, as PNG, if any."""
    shown = columns_that_moved(judgements)
    if not shown:
        return None
    rows = math.ceil(len(shown) / ACROSS)
    chart = figure(TEXT_WIDTH, rows * ROW_HEIGHT)
    room = TEXT_WIDTH / ACROSS - NAMES - FIGURES
    for place, each in enumerate(shown):
        left = place % ACROSS * TEXT_WIDTH / ACROSS + NAMES
        bottom = (rows - 1 - place // ACROSS) * ROW_HEIGHT + 0.12
        _column(axes(chart, left, bottom, room, ROW_HEIGHT - 0.42), each, room, schema)
    return png(chart)


def columns_that_moved(judgements: Sequence[Judgement]) -> list[Judgement]:
    """Return the judgements that the picture shows, those that moved most first."""
    found = [each for each in judgements if each.drifted and each.measurement.shares]
    return sorted(found, key=lambda each: -each.measurement.effect)[:MOST_COLUMNS]


def _column(drawn: Axes, judgement: Judgement, room: float, schema: Columns) -> None:
    shares = judgement.measurement.shares
    drawn.spines[["left", "bottom"]].set_visible(False)
    for shift, heights, colour in (
        (-BAR / 2, [each.before for each in shares], RULE),
        (BAR / 2, [each.now for each in shares], ORANGE),
    ):
        drawn.barh([place + shift for place in range(len(shares))], heights, height=BAR, color=colour, linewidth=0)
    widest = max(max(each.before, each.now) for each in shares)
    drawn.set(xlim=(0, widest), ylim=(len(shares) - 0.4, -0.6), xticks=[])
    drawn.set_yticks(range(len(shares)), [label(each.name, NAMES - 0.08, SIZE) for each in shares])
    drawn.tick_params(axis="y", length=0, labelsize=SIZE, labelcolor=INK)
    for place, each in enumerate(shares):
        text = f"{percent(each.before)} → {percent(each.now)}" if each.before else f"new, {percent(each.now)}"
        end = max(each.before, each.now) / widest
        write(drawn, end + 0.02, place, text, size=SIZE - 0.5, color=MUTED).set_transform(
            drawn.get_yaxis_transform()
        )
    title(drawn, comparison(judgement.measurement, schema), room + NAMES, indent=-(NAMES - 0.05) / room)
