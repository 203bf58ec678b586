from __future__ import annotations

import pytest

from risk_assets.reporting.client_words import grouped, reason_in_short


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("balance is 138192.98", "balance is 138,193"),
        ("founded is 2019", "founded is 2019"),
        ("balance is -5000000", "balance is -5,000,000"),
        ("activity is 0.12 (usual: 7.25)", "activity is 0.12 (usual: 7.25)"),
        ("balance is 138,193", "balance is 138,193"),
        ("size is 1.00e+20", "size is 1.00e+20"),
        ("region is Area51000", "region is Area51000"),
    ],
)
def test_long_numbers_have_separators_of_thousands_and_no_decimals(text: str, shown: str) -> None:
    assert grouped(text) == shown


def test_a_reason_without_a_usual_value_or_of_an_earlier_release_stays_as_it_is() -> None:
    for text in ("plan is x: 41 %, on average 14 %", "calls is 3: odds \u00d7 4.1", "no single strong reason"):
        assert reason_in_short(text) == text
