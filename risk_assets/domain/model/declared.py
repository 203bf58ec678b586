"""Whether the settings declare the columns that a model was trained on."""

from __future__ import annotations

from risk_assets.domain.columns import Columns
from risk_assets.domain.derived import redefined, words
from risk_assets.domain.model.scorecard import Scorecard


def declaration_fault(scorecard: Scorecard, columns: Columns) -> str | None:
    """Return why a model cannot be asked about clients with these columns; None where it can.

    A derived feature that is declared otherwise would ask the model about other numbers than it learnt.

    >>> from risk_assets.domain.model.shapes import NumericShape
    >>> calls = NumericShape("calls", (0.0, 20.0), ((-4.0, 2.0),), missing=0.5, mean=0.5)
    >>> columns = Columns("id", "left", "1", "0", (), ("region",))
    >>> declaration_fault(Scorecard(-1.0, 0.5, numeric=(calls,), categorical=()), columns)
    "the model needs the column 'calls', which the settings do not declare"
    """
    for feature in scorecard.features:
        if feature not in columns.features:
            return f"the model needs the column {feature!r}, which the settings do not declare"
    learnt, now = ({each.name: words(each) for each in found} for found in (scorecard.derived, columns.derived))
    for feature in redefined(columns.derived, scorecard.derived):
        if feature in scorecard.features:
            was, is_now = (found.get(feature, "a column of files") for found in (learnt, now))
            return f"the model learnt {feature!r} as {was}, the settings declare {is_now}"
    return None
