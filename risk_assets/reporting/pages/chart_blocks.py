"""Charts on a page: at their natural size or a little smaller, each with a text for who cannot see it."""

from __future__ import annotations

import io
from itertools import pairwise

from reportlab.graphics.shapes import Drawing
from reportlab.lib.utils import ImageReader
from reportlab.platypus import Image

from risk_assets.reporting.pages.blocks import INCH, Block, heading
from risk_assets.reporting.style import DPI
from risk_assets.reporting.wording import one_line

#: How far a chart may shrink to fit into what is left of a page, rather than leave it blank.
SMALLEST = 0.8
#: Points that a heading takes, with the space around it.
HEADING = 30.0


class Picture(Image):  # type: ignore[misc]
    """A chart that shrinks to what is left of a page, if that is not much smaller, with an alternative text."""

    alternative = ""
    drawWidth: float  # noqa: N815  # reportlab's own names
    drawHeight: float  # noqa: N815

    def draw(self) -> None:
        """Draw it as marked content (ISO 32000-1, 14.9.3)."""
        text = f"FEFF{one_line(self.alternative).encode('utf-16-be').hex().upper()}"
        self.canv.addLiteral(f"/Span <</Alt <{text}>>> BDC")
        super().draw()
        self.canv.addLiteral("EMC")

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """Return the size within this room."""
        scale = height / self.drawHeight
        if SMALLEST <= scale < 1:
            self.drawWidth, self.drawHeight = self.drawWidth * scale, self.drawHeight * scale
        size: tuple[float, float] = super().wrap(width, height)
        return size


def picture(png: bytes, alternative: str) -> Block:
    """Return a chart and what it shows, in words."""
    across, up = ImageReader(io.BytesIO(png)).getSize()
    scale = INCH / DPI
    found = Picture(io.BytesIO(png), across * scale, up * scale, hAlign="LEFT", mask=None)
    found.alternative = alternative
    return found


def drawn(drawing: Drawing, alternative: str) -> Block:
    """Return a drawing of lines and texts as a chart."""
    found = Picture(drawing, drawing.width, drawing.height, hAlign="LEFT")
    found.alternative = alternative
    return found


def strips(png: bytes, height: float, alternative: str) -> list[Block]:
    """Return a chart of several rows of this height in inches as a picture per row, which may run over pages."""
    from PIL import Image as Pixels

    whole = Pixels.open(io.BytesIO(png))
    edges = [round(row * height * DPI) for row in range(max(1, round(whole.height / DPI / height)))]
    found = []
    for top, bottom in pairwise([*edges, whole.height]):
        file = io.BytesIO()
        whole.crop((0, top, whole.width, bottom)).save(file, format="png")
        found.append(picture(file.getvalue(), alternative))
    return found


def charted(name: str, png: bytes, alternative: str) -> list[Block]:
    """Return a chart below its heading, both on one page."""
    chart = picture(png, alternative)
    return [*heading(name, SMALLEST * chart.drawHeight + HEADING), chart]
