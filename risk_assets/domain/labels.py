"""The labels of the target: one text for all spellings of each."""

from __future__ import annotations

from risk_assets.domain.columns import BLANKS, number_of

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
