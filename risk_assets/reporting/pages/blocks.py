"""Building blocks of the pages: words, headings, tables, pictures and small drawings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from reportlab.graphics.shapes import Drawing, Rect
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import CondPageBreak, Paragraph, Spacer, Table, TableStyle
from reportlab.platypus.flowables import CallerMacro

from risk_assets.reporting.pages.fonts import markup
from risk_assets.reporting.style import BLUE, INK, MUTED, RULE, TEXT_WIDTH, WASH
from risk_assets.reporting.typeface import BOLD, REGULAR, fitted

# reportlab has no types of its own.
#: Whatever can be laid out on a page.
Block = Any
Style = Any

INCH = 72.0
WIDTH = TEXT_WIDTH * INCH
BAR_HEIGHT = 7.0


@cache
def style(size: float = 8.5, color: str = INK, *, bold: bool = False) -> Style:
    """Return a paragraph style; words that are too long for a line are split."""
    return ParagraphStyle(
        f"{size}{color}{bold}",
        fontName=BOLD if bold else REGULAR,
        fontSize=size,
        leading=size * 1.36,
        textColor=HexColor(color),
        splitLongWords=1,
    )


def words(text: str, size: float = 8.5, color: str = INK, *, bold: bool = False, limit: int = 600) -> Block:
    """Return a paragraph of plain text."""
    return Paragraph(markup(text, limit), style(size, color, bold=bold))


def right(text: str, size: float = 8.5, color: str = INK) -> Block:
    """Return a short text on the right."""
    found = Paragraph(markup(text, 60), style(size, color))
    found.style = found.style.clone(f"{found.style.name} right", alignment=TA_RIGHT)
    return found


def lines(
    text: str, number: int, width: float, size: float = 8.5, color: str = INK, *, bold: bool = False
) -> Block:
    """Return a paragraph of at most so many lines of this width in points, its middle left out if need be."""
    return words(fitted(text, width, size, BOLD if bold else REGULAR, number), size, color, bold=bold)


def note(text: str) -> Block:
    """Return a small grey paragraph."""
    return words(text, 7, MUTED)


def height(story: Sequence[Block]) -> float:
    """Return the points that blocks take one below the other."""
    return float(sum(block.wrap(WIDTH, 10_000)[1] for block in story))


def space(points: float) -> Block:
    """Return an empty strip."""
    return Spacer(1, points)


def section(name: str, room: float = 110) -> list[Block]:
    """Return a section's heading with its bookmark; on a new page when less than `room` points are left."""
    return [CondPageBreak(room), space(16), bookmark(name, 0), words(name, 15, bold=True), _rule(), space(8)]


def heading(name: str, room: float = 110) -> list[Block]:
    """Return a heading within a section, with its bookmark; kept with the `room` points that follow."""
    return [CondPageBreak(room), space(10), bookmark(name, 1), words(name, 9.5, bold=True), space(4)]


def bookmark(name: str, level: int) -> Block:
    """Return an invisible block that the PDF's outline points to."""

    def mark(flowable: Block) -> None:
        key = f"{level} {name}"
        flowable.canv.bookmarkHorizontal(key, 0, 20)
        flowable.canv.addOutlineEntry(name, key, level, closed=False)

    return CallerMacro(drawCallable=mark)


def _rule() -> Block:
    line = Drawing(WIDTH, 5)
    line.add(Rect(0, 1, WIDTH, 0.8, fillColor=HexColor(INK), strokeColor=None))
    return line


def beside(left: Block, right: Block, share: float) -> Block:
    """Return two blocks side by side, the left one taking this share of the width."""
    pair = Table([[left, right]], colWidths=[WIDTH * share, WIDTH * (1 - share)], hAlign="LEFT")
    pair.setStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 0),
        ]
    )
    return pair


def cell(text: str, color: str = INK, *, bold: bool = False, limit: int = 160) -> Block:
    """Return a text for a table, wrapped within its column."""
    return words(text, 7.2, color, bold=bold, limit=limit)


def table(
    head: Sequence[str], rows: Sequence[Sequence[Block]], shares: Sequence[float], width: float = WIDTH
) -> Block:
    """Return a table whose head is repeated on each page.

    Plain strings are figures and stand on the right; texts are made by `cell`. `shares` are relative widths.
    """
    whole = sum(shares)
    found = Table(
        [list(head), *(list(row) for row in rows)],
        colWidths=[width * share / whole for share in shares],
        repeatRows=1,
        hAlign="LEFT",
    )
    found.setStyle(_table_style())
    for column, content in enumerate(rows[0] if rows else ()):
        side = "RIGHT" if isinstance(content, str) else "LEFT"
        found.setStyle([("ALIGN", (column, 0), (column, -1), side)])
    return found


@cache
def _table_style() -> Style:
    return TableStyle(
        [
            ("FONT", (0, 0), (-1, -1), REGULAR, 7.2, 10),
            ("TEXTCOLOR", (0, 0), (-1, -1), HexColor(INK)),
            ("TEXTCOLOR", (0, 0), (-1, 0), HexColor(MUTED)),
            ("FONTSIZE", (0, 0), (-1, 0), 6.5),
            ("LINEBELOW", (0, 0), (-1, 0), 0.7, HexColor(MUTED)),
            ("LINEBELOW", (0, 1), (-1, -1), 0.35, HexColor(RULE)),
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ("TOPPADDING", (0, 0), (-1, -1), 2.2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2.6),
            ("LEFTPADDING", (0, 0), (-1, -1), 3),
            ("RIGHTPADDING", (0, 0), (-1, -1), 3),
        ]
    )


def share_bar(
    share: float, width: float, color: str = BLUE, *, bounds: tuple[float, float] | None = None
) -> Block:
    """Return a thin bar filled to this share, with a dark line from one bound of its interval to the other."""
    drawing = Drawing(width, BAR_HEIGHT)
    drawing.add(Rect(0, 1.5, width, BAR_HEIGHT - 3, fillColor=HexColor(WASH), strokeColor=None))
    full = width * min(max(share, 0.0), 1.0)
    drawing.add(Rect(0, 1.5, full, BAR_HEIGHT - 3, fillColor=HexColor(color), strokeColor=None))
    if bounds is not None:
        low, high = (width * min(max(bound, 0.0), 1.0) for bound in bounds)
        middle = BAR_HEIGHT / 2
        drawing.add(Rect(low, middle - 0.4, max(high - low, 0.8), 0.8, fillColor=HexColor(INK), strokeColor=None))
    return drawing


def small_histogram(counts: Sequence[int], width: float, height: float = 14) -> Block:
    """Return the bars of a histogram, without axes."""
    drawing = Drawing(width, height)
    step, most = width / max(len(counts), 1), max((*counts, 1))
    for place, number in enumerate(counts):
        tall = height * number / most
        drawing.add(Rect(place * step, 0, step * 0.86, tall, fillColor=HexColor(BLUE), strokeColor=None))
    return drawing
