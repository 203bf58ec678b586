"""Empty charts and finished pictures: matplotlib by its objects alone, without pyplot's global state."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from risk_assets.reporting.style import CHART_TEXT, DPI, INK, MUTED, RULE, TEXT_WIDTH
from risk_assets.reporting.typeface import BOLD, REGULAR, fitted, showable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

#: In an inch.
POINTS = 72.0


def figure(width: float, height: float) -> Figure:
    """Return an empty white figure of this size in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    empty = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(empty)
    return empty


def axes(chart: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Return quiet axes at this place of the figure; all in inches from its lower left corner."""
    across, up = chart.get_size_inches()
    drawn = chart.add_axes((left / across, bottom / up, width / across, height / up))
    drawn.spines[["top", "right"]].set_visible(False)
    drawn.spines[["left", "bottom"]].set_color(RULE)
    drawn.tick_params(length=2, color=RULE, labelsize=CHART_TEXT - 1, labelcolor=MUTED)
    drawn.set_axisbelow(True)
    return drawn


def blank_axes(chart: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Return axes without frame or ticks, for drawings of one's own."""
    drawn = axes(chart, left, bottom, width, height)
    drawn.set_axis_off()
    return drawn


def label(text: str, room: float, size: float = CHART_TEXT, face: str = REGULAR) -> str:
    """Return a text as a chart may show it, within `room` inches."""
    return plain(fitted(text, room * POINTS, size, face))


def plain(text: str) -> str:
    """Return a text of known characters (and line ends), whose dollars do not make it a formula."""
    return "\n".join(showable(line) for line in text.split("\n")).replace("$", r"\$")


def write(
    drawn: Axes,
    x: float,
    y: float,
    text: str,
    *,
    size: float = CHART_TEXT,
    color: str = INK,
    weight: str = "normal",
    ha: str = "left",
    va: str = "center",
    within: bool = False,
) -> Text:
    """Write at (x, y) in data coordinates, or in shares of the axes with `within`."""
    place = drawn.transAxes if within else drawn.transData
    return drawn.text(x, y, text, size=size, color=color, weight=weight, ha=ha, va=va, transform=place)


def title(drawn: Axes, text: str, room: float, indent: float = 0) -> None:
    """Write a small bold title of at most `room` inches above the axes, beginning at this share of their width."""
    size = CHART_TEXT + 0.5
    shown = label(text, room, size, BOLD)
    drawn.set_title(shown, loc="left", size=size, weight="bold", color=INK, pad=5, x=indent)


def name_axes(drawn: Axes, x: str = "", y: str = "") -> None:
    """Name the axes in small grey letters."""
    drawn.set_xlabel(x, size=CHART_TEXT - 0.5, color=MUTED, labelpad=2)
    drawn.set_ylabel(y, size=CHART_TEXT - 0.5, color=MUTED, labelpad=2)


def sentence_alone(text: str) -> bytes:
    """Return a picture that only says why there is nothing to draw yet."""
    chart = figure(TEXT_WIDTH, 0.3)
    write(blank_axes(chart, 0, 0, TEXT_WIDTH, 0.3), 0.002, 0.5, text, color=MUTED, within=True)
    return png(chart)


def png(chart: Figure) -> bytes:
    """Return the figure as PNG bytes; the same figure gives the same bytes."""
    file = io.BytesIO()
    chart.savefig(file, format="png", dpi=DPI)
    return file.getvalue()
