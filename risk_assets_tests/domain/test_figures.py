from __future__ import annotations

import math

import pytest

from risk_assets.domain.figures import figure


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (math.nan, "–"),
        (0.0, "0"),
        (40.0, "40"),
        (0.1234, "0.123"),
        (27.6, "27.60"),
        (212.14, "212.1"),
        (12_345.6, "12,346"),
        (-3.5, "-3.50"),
        (1.2e99, "1.2e+99"),
        (0.00004, "4e-05"),
    ],
)
def test_a_figure_has_the_digits_that_matter(value: float | None, text: str) -> None:
    assert figure(value) == text
