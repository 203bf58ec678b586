"""What would change a client's risk: earlier values of its own, as the model sees them."""

from dataclasses import replace

import pytest

from risk_assets.domain.columns import Columns, NumericColumn
from risk_assets.domain.display import Display
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.model.shapes import NumericShape
from risk_assets.domain.ranking.alternatives import Alternative, alternatives

CALLS = NumericShape("calls", (0.0, 20.0), ((-4.0, 2.0),), missing=0.0, mean=0.0, usual=10.0)
MODEL = Scorecard(0.0, 0.5, (CALLS,), ())
COLUMNS = Columns("id", "left", "1", "0", (NumericColumn("calls"),))


def tried(*calls: float | None, columns: Columns = COLUMNS) -> list[Alternative]:
    """Return the alternatives of a client that was observed with so many calls month by month."""
    rows = [(f"2026-{month:02d}-01", {"calls": value}) for month, value in enumerate(calls, 1)]
    return list(alternatives(MODEL, columns, rows))


def test_the_earlier_value_with_the_lowest_risk_is_named_with_its_day() -> None:
    [found] = tried(8.0, 15.0, 12.0, 3.0)
    assert (found.feature, found.value, found.now, found.as_of) == ("calls", 15.0, 3.0, "2026-02-01")
    assert found.risk == pytest.approx(MODEL.risk_of({"calls": 15.0}))


@pytest.mark.parametrize("calls", [(3.0,), (3.0, 3.0), (3.0, 12.0), (None, 12.0)])
def test_a_client_that_never_stood_better_has_none(calls: tuple[float | None, ...]) -> None:
    assert tried(*calls) == []


def test_nobody_can_bring_back_a_value_that_is_not_actionable() -> None:
    assert tried(12.0, 3.0, columns=replace(COLUMNS, display=(Display("calls", actionable=False),))) == []
