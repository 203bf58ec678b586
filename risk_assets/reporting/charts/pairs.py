"""Small maps of what two columns do together: the risk in per cent as number and colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from risk_assets.domain.columns import UNDESCRIBED, Columns
from risk_assets.domain.drift.profile import Profile
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.reporting.charts.canvas import POINTS, blank_axes, figure, label, plain, png, write
from risk_assets.reporting.charts.heat import SHADES, HeatMap, heat_maps
from risk_assets.reporting.charts.once import drawn_once
from risk_assets.reporting.style import BLUE, CHART_TEXT, INK, MUTED, ORANGE, TEXT_WIDTH
from risk_assets.reporting.typeface import BOLD, width
from risk_assets.reporting.wording import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Inches: a row of cells, what stands above and beneath them, and the gap between two maps.
CELL_HEIGHT, ABOVE, BENEATH, GAP = 0.2, 0.62, 0.16, 0.25
#: Inches that the labels of rows may take, and that a cell may be wide.
LEAST_NAMES, MOST_NAMES, WIDEST_CELL = 0.55, 1.15, 0.5
COLUMNS = 2
ROOM = (TEXT_WIDTH - GAP) / COLUMNS
SIZE = CHART_TEXT - 1.5
#: How much colour the farthest shade has; dark text stays readable on it.
DEEPEST = 0.62


@drawn_once
def pairs(scorecard: Scorecard, profile: Profile, schema: Columns = UNDESCRIBED) -> tuple[bytes, ...]:
    """Return pictures (PNG) of two maps each, one for each pair of columns that act together.

    A cell is the risk of a client with these two values and the usual one in every other column; orange is above,
    blue below the risk of usual values all over.
    """
    found = [
        replace(heat, down=schema.label(heat.down), across=schema.label(heat.across))
        for heat in heat_maps(scorecard, profile)
    ]
    return tuple(_row(found[start : start + COLUMNS]) for start in range(0, len(found), COLUMNS))


def _row(maps: Sequence[HeatMap]) -> bytes:
    high = ABOVE + CELL_HEIGHT * max(len(heat.rows) for heat in maps) + BENEATH
    chart = figure(TEXT_WIDTH, high)
    for place, heat in enumerate(maps):
        _map(chart, heat, place * (ROOM + GAP), high)
    return png(chart)


def _map(chart: Figure, heat: HeatMap, left: float, top: float) -> None:
    """Draw a map into the room of `ROOM` inches to the right of `left`."""
    names = min(max(LEAST_NAMES, *(_inches(name) for name in (*heat.row_labels, f"{heat.down} ↓"))), MOST_NAMES)
    columns, rows = len(heat.column_labels), len(heat.rows)
    across = min((ROOM - names) / columns, WIDEST_CELL)
    drawn = blank_axes(chart, left + names, top - ABOVE - rows * CELL_HEIGHT, across * columns, rows * CELL_HEIGHT)
    drawn.set(xlim=(0, columns), ylim=(rows, 0))
    beside = -0.05 / across
    for row, (name, cells) in enumerate(zip(heat.row_labels, heat.rows, strict=True)):
        _write(drawn, beside, row + 0.5, label(name, names - 0.08, SIZE), ha="right")
        for column, cell in enumerate(cells):
            _cell(drawn, column, row, cell.shade)
            _write(drawn, column + 0.5, row + 0.5, percent(cell.risk), ha="center")
    for column, name in enumerate(heat.column_labels):
        _write(drawn, column + 0.5, -0.4, label(name, across - 0.02, SIZE), ha="center")
    _write(drawn, beside, -0.4, label(f"{heat.down} ↓", names - 0.05, SIZE), ha="right", color=MUTED)
    _write(drawn, 0.08 / across, -1.15, label(f"{heat.across} →", ROOM - names, SIZE), ha="left", color=MUTED)
    size = CHART_TEXT + 0.5
    write(drawn, (0.02 - names) / across, -2.2, _name(heat, size), size=size, weight="bold")


def _inches(text: str) -> float:
    return width(text, SIZE) / POINTS + 0.1


def _name(heat: HeatMap, size: float) -> str:
    """Return both names, each with half of the room where they are long."""
    whole = f"{heat.down} and {heat.across}"
    if width(whole, size, BOLD) / POINTS <= ROOM:
        return plain(whole)
    return " and ".join(label(name, ROOM / 2 - 0.2, size, BOLD) for name in (heat.down, heat.across))


def _cell(drawn: Axes, column: int, row: int, shade: int) -> None:
    from matplotlib.patches import Rectangle

    colour = ORANGE if shade > 0 else BLUE
    drawn.add_patch(
        Rectangle((column, row), 1, 1, facecolor=colour, alpha=DEEPEST * abs(shade) / SHADES, linewidth=0)
    )
    drawn.add_patch(Rectangle((column, row), 1, 1, fill=False, edgecolor="white", linewidth=1))


def _write(drawn: Axes, x: float, y: float, text: str, *, ha: str, color: str = INK) -> None:
    write(drawn, x, y, text, size=SIZE, color=color, ha=ha)
