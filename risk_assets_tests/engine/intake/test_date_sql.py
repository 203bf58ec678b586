"""Dates are read strictly: one spelling, one meaning, and everything else is refused."""

from __future__ import annotations

from datetime import datetime

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_assets.domain.dates import DateFormat, time_of
from risk_assets.engine.intake.date_sql import has_zone, timestamp
from risk_assets.engine.sql import literal

#: Texts, what they mean in UTC, and whether they have a zone.
SPELLED: list[tuple[str, str | None, bool | None]] = [
    ("2026-09-01", "2026-09-01T00:00:00", False),
    ("2024-02-29", "2024-02-29T00:00:00", False),
    ("2025-02-29", None, False),
    ("2026-9-01x", None, False),
    ("2026/09/01", None, False),
    ("2026-09- 1", None, False),
    ("26-09-01", None, False),
    ("2026-09-01T10:30", "2026-09-01T10:30:00", False),
    ("2026-09-01 10:30:59", "2026-09-01T10:30:59", False),
    ("2026-09-01 10:30:59.25", "2026-09-01T10:30:59.250000", False),
    ("2026-09-01T10:30Z", "2026-09-01T10:30:00", True),
    ("2026-09-01T10:30:00+02:00", "2026-09-01T08:30:00", True),
    ("2026-09-01 10:30:00+02", "2026-09-01T08:30:00", True),
    ("2026-09-01T23:30:00-0330", "2026-09-02T03:00:00", True),
    ("2026-02-30T10:30", None, False),
    ("2026-09-01T25:00", None, False),
    ("2026-09-01T10", None, False),
    ("yesterday", None, False),
    ("20260901", None, False),
]


def read(text: str, dates: DateFormat | None = None) -> datetime | None:
    with duckdb.connect() as connection:
        [(found,)] = connection.execute(f"SELECT {timestamp(literal(text), dates)}").fetchall()
    return found  # type: ignore[no-any-return]


@pytest.mark.parametrize(("text", "meaning", "zoned"), SPELLED)
def test_iso_dates_and_times_are_read_as_they_are_and_nothing_else_is(
    text: str, meaning: str | None, zoned: object
) -> None:
    wanted = None if meaning is None else datetime.fromisoformat(meaning)
    assert read(text) == time_of(text) == wanted
    with duckdb.connect() as connection:
        [(found,)] = connection.execute(f"SELECT {has_zone(literal(text))}").fetchall()
    assert found is zoned


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001  # as files have them
def test_every_time_that_python_writes_is_read_as_it_was(time: datetime) -> None:
    assert read(time.isoformat()) == time_of(time.isoformat()) == time
    assert read(str(time.date())) == datetime.combine(time.date(), datetime.min.time())


@pytest.mark.parametrize(
    ("form", "text", "meaning"),
    [
        ("%d.%m.%Y", "1.9.2026", "2026-09-01"),
        ("%d.%m.%Y", "01.09.2026", "2026-09-01"),
        ("%d.%m.%Y", "31.09.2026", None),
        ("%d.%m.%Y", "2026-09-01", None),
        ("%d.%m.%Y", "1.9.26", None),
        ("%m/%d/%Y", "9/30/2026", "2026-09-30"),
        ("%m/%d/%Y", "30/9/2026", None),
        ("%Y%m%d", "20260901", "2026-09-01"),
        ("%d-%m-%Y %H:%M", "1-9-2026 7:05", "2026-09-01T07:05"),
    ],
)
def test_other_dates_are_read_by_their_format_alone(form: str, text: str, meaning: str | None) -> None:
    wanted = None if meaning is None else datetime.fromisoformat(meaning)
    assert read(text, DateFormat(form)) == time_of(text, DateFormat(form)) == wanted


@pytest.mark.parametrize(
    ("form", "fault"),
    [
        ("%d.%m.%y", "%y is none of"),
        ("%m.%Y", "must name each of"),
        ("%d.%m.%Y %d", "must name each of"),
        ("%d.%m.%Y %M", "a time begins with %H"),
        ("%d(%m)%Y", "is neither a directive nor one of"),
    ],
)
def test_a_format_that_names_no_date_says_why(form: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        DateFormat(form)
