from __future__ import annotations

from pathlib import Path

import duckdb

from risk_assets.engine.merge import find_shadowed, rewrite
from risk_assets_tests.engine.parts import COLUMNS, Row, session_of, write_part

PARTS: list[list[Row]] = [
    [("A", 1.0, None, "n", 1), ("B", 1.0, 2.0, None, 0), ("C", 1.0, 2.0, "n", 0)],
    [("D", 1.0, 2.0, "n", 0)],
    [("B", 1.0, 2.0, None, 0), ("A", 1.0, 0.0, "n", 1), ("C", 1.0, 2.0, "n", 0)],
    [("C", 1.0, 2.0, "n", 0), ("A", 1.0, None, "n", 1)],
]


def test_each_row_stays_in_the_last_part_that_holds_it_missing_values_being_equal(tmp_path: Path) -> None:
    paths = [write_part(tmp_path / f"{place}.parquet", COLUMNS, rows) for place, rows in enumerate(PARTS)]
    with session_of(COLUMNS, tmp_path / "spill") as session:
        assert find_shadowed(session, paths, rows=9) == (0, 2)
        assert rewrite(session, paths[0], 0, tmp_path / "first.parquet").rows == 0
        left = rewrite(session, paths[2], 2, tmp_path / "third.parquet")
    assert (left.rows, left.positives) == (2, 1)
    assert not (tmp_path / "first.parquet").exists()
    with duckdb.connect() as connection:
        kept = connection.execute(f"FROM '{tmp_path}/third.parquet'").fetchall()
    assert kept == PARTS[2][:2]


def test_parts_that_share_no_row_need_no_rewriting(tmp_path: Path) -> None:
    paths = [write_part(tmp_path / f"{place}.parquet", COLUMNS, PARTS[place]) for place in (0, 1)]
    with session_of(COLUMNS, tmp_path / "spill") as session:
        assert find_shadowed(session, paths, rows=4) == ()
        assert find_shadowed(session, [], rows=0) == ()


def test_parts_that_share_nothing_are_only_compared_with_the_others(tmp_path: Path) -> None:
    paths = [write_part(tmp_path / f"{place}.parquet", COLUMNS, rows) for place, rows in enumerate(PARTS)]
    with session_of(COLUMNS, tmp_path / "spill") as session:
        assert find_shadowed(session, paths, rows=9, settled={0, 1}) == (0, 2)
        assert rewrite(session, paths[0], 0, tmp_path / "first.parquet").rows == 0
        assert rewrite(session, paths[2], 2, tmp_path / "third.parquet").rows == 2
        assert find_shadowed(session, paths[:2], rows=4, settled={0, 1}) == ()
