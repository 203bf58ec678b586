"""The figures that matter, each large on a tile with a line or three of what it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reportlab.lib.colors import HexColor
from reportlab.platypus import Table

from risk_assets.reporting.pages.blocks import WIDTH, Block, lines, space, words
from risk_assets.reporting.style import MUTED, WASH
from risk_assets.reporting.typeface import BOLD, width

#: Points between two tiles, and within one.
GAP, PADDING = 8.0, 7.0
TILE = (WIDTH - 3 * GAP) / 4
TILE_TEXT = TILE - 2 * PADDING
#: Sizes of a figure, the first of which it has room for.
SIZES, SMALLEST = (17, 14, 11), 8.5


class Tile(NamedTuple):
    """A figure, its name and what it is, with the colour of the tile."""

    name: str
    value: str
    explained: str
    colour: str


def tiles(shown: Sequence[Tile]) -> Block:
    """Return four tiles side by side."""
    row: list[Block] = []
    styles: list[tuple[object, ...]] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), PADDING),
        ("RIGHTPADDING", (0, 0), (-1, -1), PADDING - 2),
        ("TOPPADDING", (0, 0), (-1, -1), PADDING),
        ("BOTTOMPADDING", (0, 0), (-1, -1), PADDING + 1),
    ]
    for place, tile in enumerate(shown):
        spot = (2 * place, 0)
        styles += [("BACKGROUND", spot, spot, HexColor(WASH)), ("LINEABOVE", spot, spot, 2, HexColor(tile.colour))]
        row += [_content(tile), ""]
    found = Table([row[:-1]], colWidths=[TILE, GAP] * 3 + [TILE], hAlign="LEFT")
    found.setStyle(styles)
    return found


def _content(tile: Tile) -> list[Block]:
    """Return a tile whose figure is as large as its width allows, on a line of the same height."""
    size = next((size for size in SIZES if width(tile.value, size, BOLD) <= TILE_TEXT), SMALLEST)
    above = (SIZES[0] - size) * 0.7
    return [
        words(tile.name, 7, MUTED),
        space(2 + above),
        lines(tile.value, 1, TILE_TEXT, size, bold=True),
        space(3 + above),
        lines(tile.explained, 4, TILE_TEXT, 6.8, MUTED),
    ]
