from __future__ import annotations

import pytest

from risk_assets.reporting.client_words import reason_in_short


@pytest.mark.parametrize(
    "text", ["plan is x: 41 %, on average 14 %", "calls is 3: odds \u00d7 4.1", "no single strong reason"]
)
def test_a_reason_without_a_usual_value_or_of_an_earlier_release_stays_as_it_is(text: str) -> None:
    assert reason_in_short(text) == text
