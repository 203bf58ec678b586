"""The labels of the target: one text for all spellings of each."""

from __future__ import annotations

import math
import re

from risk_assets.domain.columns import BLANKS

NUMBER = re.compile(r"[ \t\r\n\v\f]*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[ \t\r\n\v\f]*")

USUAL_OPPOSITES = {"1": "0", "0": "1", "yes": "no", "no": "yes", "y": "n", "n": "y"}
BOOLEANS = {"true": "1", "false": "0"}


def canonical_label(value: object) -> str:
    """Return one text for all spellings of a label; what is neither a number nor a truth value is stripped.

    >>> canonical_label(1), canonical_label("1.0"), canonical_label(True), canonical_label(" Yes ")
    ('1', '1', '1', 'Yes')
    """
    text = str(value).strip(BLANKS)
    if text.lower() in BOOLEANS:
        return BOOLEANS[text.lower()]
    number = number_of(text)
    if number is None:
        return text
    return str(int(number)) if number.is_integer() else repr(number)


def usual_opposite(label: str) -> str | None:
    """Return the usual other label of a pair, in the same case; None where there is none.

    >>> usual_opposite("Yes"), usual_opposite("0"), usual_opposite("churned")
    ('No', '1', None)
    """
    opposite = USUAL_OPPOSITES.get(label.lower())
    if opposite is None:
        return None
    if label.isupper():
        return opposite.upper()
    return opposite.capitalize() if label[:1].isupper() else opposite


def number_of(text: str) -> float | None:
    """Return the finite decimal number that a text spells, None for any other text.

    >>> number_of(" 1.5e3 "), number_of("1_000"), number_of("1e999"), number_of("nan")
    (1500.0, None, None, None)
    """
    number = float(text) if NUMBER.fullmatch(text) else math.inf
    return number if math.isfinite(number) else None
