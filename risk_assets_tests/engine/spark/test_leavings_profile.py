"""Files of leavings have the same profile on both engines."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from risk_assets.domain.columns import Columns
from risk_assets.domain.intake.leavings_profile import EPOCH, LeavingsProfile
from risk_assets.engine.intake.leavings_profile import profile_leavings
from risk_assets_tests.engine.spark.engines import both_engines

CLIENTS = Columns("corporation", "left", "1", "0", ())
LEAVINGS = Columns("client", "left", "1", "0", (), as_of="left_on")

pytestmark = [pytest.mark.slow, pytest.mark.needs("java")]


def test_leavings_are_counted_by_day_and_beside_the_rows_of_their_clients(tmp_path: Path) -> None:
    first, second, rows = (tmp_path / f"{name}.parquet" for name in ("first", "second", "rows"))
    write(
        first,
        "client",
        "('a', TIMESTAMP '2026-01-05'), ('b', TIMESTAMP '2026-01-05 13:00'), ('x', TIMESTAMP '2026-01-09')",
    )
    write(second, "client", "('a', TIMESTAMP '2026-02-01'), ('y', TIMESTAMP '2026-03-09')")
    write(rows, "corporation", "('a', TIMESTAMP '2026-01-01'), ('a', TIMESTAMP '2026-02-01'), ('b', NULL)")
    parts = {first: date(2026, 1, 31), second: date(2026, 2, 28)}

    with both_engines(LEAVINGS, tmp_path) as engines:
        found = [profile_leavings(session, parts, [rows], CLIENTS) for session in (engines.duckdb, engines.spark)]
        without = [profile_leavings(session, parts, [], CLIENTS) for session in (engines.duckdb, engines.spark)]

    day, later = ((date(2026, month, 5 if month == 1 else 1) - EPOCH).days for month in (1, 2))
    assert found[0] == [LeavingsProfile(3, 2, {day: 2, day + 4: 1}), LeavingsProfile(2, 1, {later: 1})]
    assert found[1] == found[0]
    assert [profile.known for profile in without[0]] == [0, 0]
    assert without[1] == without[0]


def write(file: Path, name: str, values: str) -> None:
    duckdb.sql(f"COPY (FROM (VALUES {values}) AS t({name}, left_on)) TO '{file}' (FORMAT parquet)")
