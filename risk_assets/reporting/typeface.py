"""The typeface of charts and pages: DejaVu Sans, which matplotlib ships; what it shows, and how wide it runs."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from risk_assets.reporting.wording import one_line, shorten

if TYPE_CHECKING:
    from matplotlib.ft2font import FT2Font

REGULAR = "DejaVuSans"
BOLD = "DejaVuSans-Bold"
UNKNOWN = "□"
#: Widths are measured at this size, in points.
MEASURED = 100
#: How much of several lines a text may fill, since words rarely end where a line does.
FILLED = 0.85


def font_file(face: str) -> Path:
    """Return the TrueType file of a face."""
    from matplotlib import get_data_path

    return Path(get_data_path(), "fonts", "ttf", f"{face}.ttf")


@cache
def _font(face: str) -> FT2Font:
    from matplotlib.ft2font import FT2Font

    font = FT2Font(str(font_file(face)))
    font.set_size(MEASURED, 72)
    return font


@cache
def _known() -> frozenset[int]:
    return frozenset(_font(BOLD).get_charmap()) & frozenset(_font(REGULAR).get_charmap())


def shows(character: str) -> bool:
    """Whether the typeface has this character, in every face; it has no control characters."""
    return " " <= character <= "~" or (character >= "\u00a0" and ord(character) in _known())


def showable(text: str) -> str:
    """Return the text with a box for each character that the typeface lacks."""
    return "".join(character if shows(character) else UNKNOWN for character in text)


@cache
def _advance(face: str, character: str) -> float:
    """Return the width of a character at size 1; of one that another font must show, the widest there is."""
    if not shows(character):
        return 1.0
    return float(_font(face).load_char(ord(character)).linearHoriAdvance) / 65_536 / MEASURED


def width(text: str, size: float, face: str = REGULAR) -> float:
    """Return the width of a text in points."""
    return size * sum(_advance(face, character) for character in text)


def fitted(text: str, room: float, size: float, face: str = REGULAR, lines: int = 1) -> str:
    """Return the text, its middle left out if need be, so that it fits so many lines of `room` points."""
    line = one_line(text)
    limit, enough = len(line), room * lines * (FILLED if lines > 1 else 1)
    while limit > 1 and width(shorten(line, limit), size, face) > enough:
        limit = limit * 9 // 10
    return shorten(line, limit)


def wrapped(text: str, room: float, size: float, face: str = REGULAR) -> str:
    """Return the text in lines of at most `room` points; a word that is longer is split."""
    lines = [""]
    for word in one_line(text).split(" "):
        joined = f"{lines[-1]} {word}".lstrip(" ")
        if width(joined, size, face) <= room:
            lines[-1] = joined
            continue
        if lines[-1]:
            lines.append("")
        for character in word:
            if lines[-1] and width(lines[-1] + character, size, face) > room:
                lines.append("")
            lines[-1] += character
    return "\n".join(lines)
