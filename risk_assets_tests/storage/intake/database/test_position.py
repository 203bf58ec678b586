from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_assets.storage.intake.database.position import CursorError, Position

TIMES = st.datetimes(min_value=datetime(1900, 1, 1))  # noqa: DTZ001  # a column without a zone
VALUES = (
    st.integers(-(10**18), 10**18)
    | st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.dates(min_value=date(1900, 1, 1))
    | TIMES
    | TIMES.map(lambda time: time.replace(tzinfo=UTC))
    | TIMES.map(str)
)


@given(VALUES)
def test_a_position_comes_back_as_the_value_that_it_was(value: object) -> None:
    assert Position.of(value).value == value


@given(VALUES, st.floats(0, 10**6))
def test_looking_back_never_leads_forward(value: object, look_back: float) -> None:
    position = Position.of(value)
    assert position.before(look_back).rank <= position.rank


def test_a_time_with_a_zone_is_kept_in_utc() -> None:
    east = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    assert Position.of(east).text == "2025-12-31 23:00:00+00:00"


@pytest.mark.parametrize(
    ("text", "earlier"),
    [
        ("2026-01-01 00:05:00.25", "2025-12-31 23:55:00"),
        ("2026-01-01T00:05:00Z", "2025-12-31T23:55:00"),
        ("2026-01-01T00:05:00+02:00", "2025-12-31T23:55:00"),
        ("2026-01-01 00:05", "2025-12-31 23:55"),
        ("2026-01-01", "2025-12-31"),
    ],
)
def test_a_time_as_text_looks_back_in_its_own_form_so_that_texts_compare_as_times_do(
    text: str, earlier: str
) -> None:
    assert Position.of(text).before(600) == Position("text", earlier)


def test_a_date_looks_back_by_whole_days() -> None:
    assert Position.of(date(2026, 1, 2)).before(600).text == "2026-01-01"


def test_a_number_looks_back_by_its_own_units() -> None:
    assert Position.of(1000).before(10.5).text == "989"
    assert Position.of(Decimal("1000.5")).before(10).text == "990.5"


@pytest.mark.parametrize("value", [None, True, b"x", "soon", "01ARZ3NDEKTSV4RRFFQ69G5FAV", float("nan"), [1]])
def test_what_is_neither_time_nor_date_nor_number_cannot_be_followed(value: object) -> None:
    with pytest.raises(CursorError):
        Position.of(value)
