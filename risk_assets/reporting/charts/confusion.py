"""The confusion matrix, as a manager can read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from risk_assets.domain.scoring.metrics import Metrics
from risk_assets.reporting.charts.canvas import POINTS, blank_axes, figure, plain, png, write
from risk_assets.reporting.charts.marks import ConfusionCell, confusion_cells
from risk_assets.reporting.charts.once import drawn_once
from risk_assets.reporting.style import BLUE, CHART_TEXT, INK, MUTED, ORANGE, PALE_BLUE, PALE_ORANGE
from risk_assets.reporting.typeface import BOLD, fitted, wrapped
from risk_assets.reporting.wording import OUTCOMES, count, percent, score_basis, what_the_score_means

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 4.1, 2.4
#: In hundredths of the drawing: where the cells begin and how large they are.
LEFT, BOTTOM, ACROSS, UP = 19, 8, 39.5, 33.5
#: Size of the sentence on top.
SENTENCE = 8.0


@drawn_once
def confusion_matrix(metrics: Metrics, labels: tuple[str, str] = OUTCOMES) -> bytes:
    """Return the confusion matrix as PNG.

    Rows are what became of the clients, columns whether the model flags them; each cell has its count and
    its share of the row. `labels` are the words for the negative and the positive outcome.
    """
    chart = figure(WIDTH, HEIGHT)
    drawn = blank_axes(chart, 0, 0, WIDTH, HEIGHT)
    drawn.set(xlim=(0, 100), ylim=(0, 100))
    _heads(drawn, metrics, labels)
    for row, cells in enumerate(reversed(confusion_cells(metrics.confusion))):
        for column, cell in enumerate(cells):
            _cell(drawn, (column, row), cell)
    return png(chart)


def _heads(drawn: Axes, metrics: Metrics, labels: tuple[str, str]) -> None:
    sentence = what_the_score_means(metrics, labels)
    _write_lines(drawn, (1, 98), sentence, SENTENCE, WIDTH * POINTS * 0.97, va="top")
    middle = BOTTOM + 2 * UP + 3.5
    for column, text in enumerate(("flagged as at risk", "not flagged")):
        write(drawn, LEFT + (column + 0.5) * ACROSS, middle, text, ha="center", color=MUTED)
    for row, word in enumerate(labels):
        name = word.capitalize() if word in OUTCOMES else word
        place = (LEFT - 2, BOTTOM + (row + 0.5) * UP)
        _write_lines(drawn, place, name, CHART_TEXT, WIDTH * POINTS * (LEFT - 4) / 100, ha="right")
    foot = f"{score_basis(metrics)} of the test data; flagged from a risk of {metrics.threshold:.3f} up"
    write(drawn, LEFT, 3, foot, size=6.5, color=MUTED)


def _write_lines(
    drawn: Axes,
    place: tuple[float, float],
    text: str,
    size: float,
    room: float,
    *,
    ha: str = "left",
    va: str = "center",
) -> None:
    """Write a bold text in at most about three lines of `room` points."""
    shown = wrapped(fitted(text, room, size, BOLD, lines=3), room, size, BOLD)
    write(drawn, *place, plain(shown), size=size, weight="bold", ha=ha, va=va)


def _cell(drawn: Axes, place: tuple[int, int], cell: ConfusionCell) -> None:
    from matplotlib.patches import Rectangle

    column, row = place
    tint, strong = (PALE_BLUE, BLUE) if cell.is_right else (PALE_ORANGE, ORANGE)
    x, y = LEFT + column * ACROSS, BOTTOM + row * UP
    drawn.add_patch(Rectangle((x + 0.5, y + 0.6), ACROSS - 1, UP - 1.2, facecolor=tint, linewidth=0))
    middle, share = x + ACROSS / 2, f"{percent(cell.clients, cell.of)} of the row"
    write(drawn, middle, y + UP * 0.70, count(cell.clients), size=17, weight="bold", color=strong, ha="center")
    write(drawn, middle, y + UP * 0.38, cell.meaning, size=8, color=INK, ha="center")
    write(drawn, middle, y + UP * 0.19, share, size=6.5, color=MUTED, ha="center")
