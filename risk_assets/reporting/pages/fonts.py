"""Fonts of the pages: the embedded typeface, and for East Asian letters the viewer's own."""

from __future__ import annotations

import unicodedata
from functools import cache
from itertools import groupby
from xml.sax.saxutils import escape

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

from risk_assets.reporting.typeface import BOLD, REGULAR, font_file, showable, shows
from risk_assets.reporting.wording import shorten

#: Fonts of the PDF standard's language packs: not embedded, known to every viewer.
EAST_ASIAN = {
    "CJK": "STSong-Light",
    "HIRAGANA": "HeiseiKakuGo-W5",
    "KATAKANA": "HeiseiKakuGo-W5",
    "HANGUL": "HYGothic-Medium",
}


@cache
def register() -> None:
    """Make the fonts known to reportlab, once per process."""
    for face in (REGULAR, BOLD):
        pdfmetrics.registerFont(TTFont(face, font_file(face)))
    for name in sorted(set(EAST_ASIAN.values())):
        pdfmetrics.registerFont(UnicodeCIDFont(name))


def markup(text: str, limit: int = 400) -> str:
    """Return at most `limit` characters for a Paragraph: escaped, each letter in a font that has it."""
    line = shorten(text, limit)
    if line.isascii() and line.isprintable():
        return escape(line)
    return "".join(_run(font, "".join(letters)) for font, letters in groupby(line, _font))


@cache
def _font(character: str) -> str | None:
    if shows(character):
        return None
    return EAST_ASIAN.get(unicodedata.name(character, "").partition(" ")[0])


def _run(font: str | None, letters: str) -> str:
    return escape(showable(letters)) if font is None else f'<font name="{font}">{escape(letters)}</font>'
