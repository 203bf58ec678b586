from __future__ import annotations

import pytest

from risk_assets.domain.labels import canonical_label, number_of


@pytest.mark.parametrize(
    ("value", "label"),
    [
        *((value, "1") for value in (1, 1.0, "1.00", True, " true ", "+1e0")),
        *((value, "0") for value in (0, "FALSE", "-0", ".0")),
        *(("2.50", "2.5"), ("Yes ", "Yes"), ("\xa0No", "No")),
        *((text, text) for text in ("1_0", "nan", "1e999")),
    ],
)
def test_every_spelling_of_a_label_has_one_text(value: object, label: str) -> None:
    assert canonical_label(value) == label


@pytest.mark.parametrize("text", ["", " ", "1_000", "nan", "inf", "0x10", "1,5", "+-5", "1e", ".", "1e999", "٣"])
def test_only_finite_decimal_numbers_are_numbers(text: str) -> None:
    assert number_of(text) is None


@pytest.mark.parametrize(("text", "number"), [(" 5 ", 5.0), (".5", 0.5), ("1.", 1.0), ("+1E-2", 0.01)])
def test_numbers_are_read_with_their_sign_point_and_exponent(text: str, number: float) -> None:
    assert number_of(text) == number
