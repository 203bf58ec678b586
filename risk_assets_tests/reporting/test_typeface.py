from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_assets.reporting import typeface
from risk_assets.reporting.wording import one_line


@given(st.text(max_size=80), st.floats(20, 300), st.integers(1, 3))
def test_a_fitted_text_is_as_wide_as_its_room_at_most(text: str, room: float, lines: int) -> None:
    shown = typeface.fitted(text, room, 7, lines=lines)
    assert typeface.width(shown, 7) <= room * lines or len(shown) <= 1


@given(st.text())
def test_only_characters_of_the_typeface_are_shown(text: str) -> None:
    assert all(typeface.shows(character) for character in typeface.showable(text))


@pytest.mark.parametrize("text", ["Łódź", "Ελλάς", "Ромашка", "Ünïcode", "× ÷ → …"])
def test_letters_of_european_scripts_are_shown_as_they_are(text: str) -> None:
    assert typeface.showable(text) == text


def test_what_the_typeface_lacks_becomes_a_box() -> None:
    assert typeface.showable("a\x00🎉客") == "a□□□"


@given(st.text(max_size=200), st.floats(20, 300))
def test_wrapped_lines_fit_and_lose_nothing(text: str, room: float) -> None:
    shown = typeface.wrapped(text, room, 7)
    assert all(typeface.width(line, 7) <= room for line in shown.split("\n"))
    assert shown.replace("\n", "").replace(" ", "") == one_line(text).replace(" ", "")
