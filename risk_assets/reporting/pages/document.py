"""The sheets that the report is printed on: margins, header, footer, and what the file says of itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.platypus import BaseDocTemplate, Frame, NextPageTemplate, PageTemplate
from reportlab.platypus.flowables import CallerMacro

from risk_assets.reporting.pages.blocks import WIDTH, Block
from risk_assets.reporting.style import MUTED, RULE
from risk_assets.reporting.typeface import REGULAR
from risk_assets.reporting.wording import moment

#: What a page is drawn on; reportlab has no types of its own.
Canvas = Any

TITLE = "Attrition risk: summary report"
MARGIN = (A4[0] - WIDTH) / 2
TOP, BOTTOM = A4[1] - 48, 46
#: Points between top and bottom of the first page, which has no header.
FIRST_HEIGHT = TOP + 6 - BOTTOM
SMALL = 6.5
TOTAL = "pages"
#: Room on the right of the footer for the number of pages, which is known at the end only.
TOTAL_WIDTH = 10


def print_pages(story: list[Block], target: Path, *, identity: str, at: datetime) -> int:
    """Write the blocks as a PDF of this date with page numbers, and return the number of pages."""
    date = moment(at.isoformat())
    sheets = BaseDocTemplate(
        str(target),
        pagesize=A4,
        title=TITLE,
        author="risk_assets",
        creator="risk_assets",
        subject=f"{identity}, {date} UTC",
        keywords="attrition risk, clients, report",
        lang="en",
        invariant=1,
        displayDocTitle=True,
    )
    body = {"leftPadding": 0, "rightPadding": 0, "topPadding": 0, "bottomPadding": 0}
    first = Frame(MARGIN, BOTTOM, WIDTH, FIRST_HEIGHT, **body)
    later = Frame(MARGIN, BOTTOM, WIDTH, TOP - 8 - BOTTOM, **body)
    sheets.addPageTemplates(
        [
            PageTemplate("first", first, onPage=_first(identity, date, at)),
            PageTemplate("later", later, onPage=_header_and_footer(identity, date)),
        ]
    )
    sheets.build([NextPageTemplate("later"), *story, CallerMacro(drawCallable=_write_total)])
    return int(sheets.page)


def _first(identity: str, date: str, at: datetime) -> Callable[[Canvas, Block], None]:
    """Return what is drawn on page one; `at` becomes the date of the file, in place of the clock's."""
    footer = _footer(identity, date)

    def draw(canvas: Canvas, sheets: Block) -> None:
        canvas.setDateFormatter(lambda *_: f"D:{at:%Y%m%d%H%M%S}+00'00'")
        footer(canvas, sheets)

    return draw


def _footer(identity: str, date: str) -> Callable[[Canvas, Block], None]:
    def draw(canvas: Canvas, _: Block) -> None:
        canvas.setFont(REGULAR, SMALL)
        canvas.setFillColor(HexColor(MUTED))
        canvas.drawString(MARGIN, 28, f"{identity} · {date} UTC")
        canvas.drawRightString(MARGIN + WIDTH - TOTAL_WIDTH, 28, f"Page {canvas.getPageNumber()} of")
        canvas.saveState()
        canvas.translate(MARGIN + WIDTH - TOTAL_WIDTH + 2, 28)
        canvas.doForm(TOTAL)
        canvas.restoreState()

    return draw


def _header_and_footer(identity: str, date: str) -> Callable[[Canvas, Block], None]:
    footer = _footer(identity, date)

    def draw(canvas: Canvas, sheets: Block) -> None:
        footer(canvas, sheets)
        canvas.drawString(MARGIN, TOP + 10, TITLE)
        canvas.setStrokeColor(HexColor(RULE))
        canvas.setLineWidth(0.5)
        canvas.line(MARGIN, TOP + 4, MARGIN + WIDTH, TOP + 4)

    return draw


def _write_total(flowable: Block) -> None:
    """Define the form that every footer refers to, now that the last page is reached."""
    canvas = flowable.canv
    canvas.beginForm(TOTAL)
    canvas.setFont(REGULAR, SMALL)
    canvas.setFillColor(HexColor(MUTED))
    canvas.drawString(0, 0, str(canvas.getPageNumber()))
    canvas.endForm()
