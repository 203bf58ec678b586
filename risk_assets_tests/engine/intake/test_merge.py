from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from risk_assets.engine.intake import merge
from risk_assets.engine.intake.merge import Target, find_shared, rewrite
from risk_assets_tests.engine.parts import COLUMNS, Row, session_of, write_part

PARTS: list[list[Row]] = [
    [("A", 1.0, None, "n", 1), ("B", 1.0, 2.0, None, 0), ("C", 1.0, 2.0, "n", 0)],
    [("D", 1.0, 2.0, "n", 0)],
    [("B", 1.0, 2.0, None, 0), ("A", 1.0, 0.0, "n", 1), ("C", 1.0, 2.0, "n", 0)],
    [("C", 1.0, 2.0, "n", 0), ("A", 1.0, None, "n", 1)],
]


def written(folder: Path) -> list[Path]:
    return [write_part(folder / f"{place}.parquet", COLUMNS, rows) for place, rows in enumerate(PARTS)]


def target_in(folder: Path) -> Target:
    folder.mkdir(exist_ok=True)
    return Target(folder / "rest.parquet", folder / "redelivered.parquet")


def read(file: Path) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(f"FROM '{file}'").fetchall()


def test_each_row_stays_in_the_first_part_that_holds_it_missing_values_being_equal(tmp_path: Path) -> None:
    paths, target = written(tmp_path), target_in(tmp_path)
    with session_of(COLUMNS, tmp_path / "spill") as session:
        assert find_shared(session, paths, rows=9) == (2, 3)
        found = rewrite(session, paths[2], 2, target)
        assert (found.figures.rows, found.figures.positives, found.redelivers) == (1, 1, True)
        assert read(target.rest) == [PARTS[2][1]]
        assert read(target.redelivered) == [PARTS[2][0], PARTS[2][2]]
        target.rest.unlink()
        nothing = rewrite(session, paths[3], 3, target)
    assert (nothing.figures.rows, nothing.redelivers) == (0, True)
    assert not target.rest.exists()
    assert read(target.redelivered) == [PARTS[3][1], PARTS[3][0]]


def test_only_the_last_row_of_a_client_is_delivered_again(tmp_path: Path) -> None:
    rows: list[list[Row]] = [[("A", 1.0, None, "n", 1)], [("A", 1.0, None, "n", 1), ("A", 2.0, None, "n", 1)]]
    paths = [write_part(tmp_path / f"{place}.parquet", COLUMNS, part) for place, part in enumerate(rows)]
    with session_of(COLUMNS, tmp_path / "spill") as session:
        assert find_shared(session, paths, rows=3) == (1,)
        assert not rewrite(session, paths[1], 1, target_in(tmp_path)).redelivers
    assert not target_in(tmp_path).redelivered.exists()
    assert read(target_in(tmp_path).rest) == [rows[1][1]]


def test_parts_that_share_no_row_need_no_rewriting(tmp_path: Path) -> None:
    paths = written(tmp_path)[:2]
    with session_of(COLUMNS, tmp_path / "spill") as session:
        assert find_shared(session, paths, rows=4) == ()
        assert find_shared(session, [], rows=0) == ()


@pytest.mark.parametrize("few", [1, 1000])
@pytest.mark.parametrize(
    ("settled", "repeated"), [({0, 1}, (2, 3)), ({0, 1, 2, 3}, ()), ({1, 3}, (2, 3)), ({0, 1, 3}, (2, 3))]
)
def test_parts_that_share_nothing_are_only_compared_with_the_others(
    tmp_path: Path, settled: set[int], repeated: tuple[int, ...], few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merge, "FEW", few)
    paths = written(tmp_path)
    with session_of(COLUMNS, tmp_path / "spill") as session:
        assert find_shared(session, paths, rows=9, settled=settled) == repeated


def test_an_outcome_goes_to_the_part_that_holds_its_row_and_the_last_known_one_wins(tmp_path: Path) -> None:
    outcomes = [[("A", None), ("B", 0), ("C", 1)], [("A", 1), ("B", None), ("C", 0)], [("A", 0), ("C", None)]]
    rows: list[list[Row]] = [[(name, 1.0, None, "n", left) for name, left in part] for part in outcomes]
    paths = [write_part(tmp_path / f"{place}.parquet", COLUMNS, part) for place, part in enumerate(rows)]
    target = target_in(tmp_path)
    with session_of(COLUMNS, tmp_path / "spill") as session:
        assert find_shared(session, paths, rows=8) == (0, 1, 2)
        first, *later = (rewrite(session, path, place, target) for place, path in enumerate(paths))
        assert (first.figures.rows, first.figures.open, first.updated) == (3, 0, 2)
        assert [(each.figures.rows, each.updates) for each in later] == [(0, 2), (0, 1)]
    assert [(row[0], row[-1]) for row in read(target.rest)] == [("A", 0), ("B", 0), ("C", 0)]
    assert [row[0] for row in read(target.redelivered)] == ["C"]


def test_a_settled_part_that_gets_an_outcome_is_named(tmp_path: Path) -> None:
    rows: list[list[Row]] = [[("A", 1.0, None, "n", None)], [("A", 1.0, None, "n", 1)]]
    paths = [write_part(tmp_path / f"{place}.parquet", COLUMNS, part) for place, part in enumerate(rows)]
    with session_of(COLUMNS, tmp_path / "spill") as session:
        assert find_shared(session, paths, rows=2, settled={0}) == (merge.HELD, 1)
