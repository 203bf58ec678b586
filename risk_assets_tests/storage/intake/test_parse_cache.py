from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest

from risk_assets.domain.columns import Columns, NumericColumn
from risk_assets.engine.duck.session import DuckSession
from risk_assets.storage.intake.finaldata import IngestionRules, ingest, read_ingestion
from risk_assets.storage.intake.part_files import rows_of
from risk_assets_tests.engine.parts import session_of
from risk_assets_tests.storage.place import COLUMNS, NOW, Place


@pytest.fixture(name="place")
def _place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize("lost", ["nothing", "finaldata", "parsed"])
@pytest.mark.parametrize("damage", [b"x\n", None])
def test_a_damaged_part_is_made_again_whatever_else_is_lost(place: Place, damage: bytes | None, lost: str) -> None:
    place.put("a.csv", "A,1,north,0", "B,1,north,0")
    place.put("b.csv", "B,1,north,0", "C,1,north,0")
    before = place.ingest()
    rows = place.rows()
    for part in rows_of(place.layout, before).parts:
        content = part.read_bytes()
        part.write_bytes(damage or content[:40] + bytes([content[40] ^ 1]) + content[41:])
    if lost == "finaldata":
        shutil.rmtree(place.layout.finaldata_parquet)
    if lost == "parsed":
        shutil.rmtree(place.layout.parsed)
    assert place.ingest() == before
    assert place.rows() == rows


def test_a_damaged_account_of_finaldata_is_made_again_and_said_so(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.put("a.csv", "A,1,north,0")
    before = place.ingest()
    place.layout.ingestion.write_text('{"files": ', encoding="utf-8")
    assert read_ingestion(place.layout) is None
    assert "not a valid Ingestion" in caplog.text
    assert place.ingest() == before


def test_names_that_the_engine_uses_itself_are_names_of_columns_like_others(place: Place) -> None:
    columns = Columns("filename", "exited", "1", "0", (NumericColumn("file_row_number"),), ("part",))
    header = "filename,file_row_number,part,exited\n"
    place.put("a.csv", "A,1,x,0", "B,9,x,0", "C,9,,0", header=header)
    place.put("b.csv", "C,9,,0", "B,9,x,0", header=header)
    assert [file.duplicates for file in place.ingest(columns=columns).files] == [0, 2]
    assert [row[0] for row in place.rows()] == ["A", "B", "C"]


@dataclasses.dataclass(frozen=True)
class FailingSession(DuckSession):
    """A session whose engine fails on the one file with `bad` in its name."""

    error: type[duckdb.Error]

    def run(self, sql: str, parameters: Sequence[object] = ()) -> duckdb.DuckDBPyConnection:
        if "bad" in sql and "read_csv" in sql:
            raise self.error("Binder Error: what it cannot do")
        return super().run(sql, parameters)


def test_a_file_that_the_engine_fails_on_is_set_aside_and_read_when_it_can_be(place: Place) -> None:
    place.put("a.csv", "A,1,north,0")
    place.put("bad.csv", "B,1,north,0")
    with session_of(COLUMNS, place.layout.data_root / "spill") as session:
        failing = FailingSession(COLUMNS, session.connection, duckdb.BinderException)
        found = ingest(place.layout, failing, IngestionRules(0.5, write_csv=True), now=NOW)
        assert found.files[1].reason == "cannot be read by the engine: Binder Error: what it cannot do"
        assert found.accepted == 1
        assert ingest(place.layout, session, IngestionRules(0.5, write_csv=True), now=NOW).accepted == 2


def test_want_of_memory_is_no_fault_of_a_file(place: Place) -> None:
    place.put("a.csv", "A,1,north,0")
    place.put("bad.csv", "B,1,north,0")
    with session_of(COLUMNS, place.layout.data_root / "spill") as session:
        failing = FailingSession(COLUMNS, session.connection, duckdb.OutOfMemoryException)
        with pytest.raises(duckdb.OutOfMemoryException):
            ingest(place.layout, failing, IngestionRules(0.5, write_csv=True), now=NOW)


def test_a_damaged_entry_of_the_cache_is_not_believed_though_it_can_be_read(place: Place) -> None:
    place.put("a.csv", "A,1,north,0", "B,x,north,1")
    before = place.ingest()
    [entry] = place.layout.parsed.glob("*.json")
    content = entry.read_text(encoding="utf-8")
    entry.write_text(
        content.replace('"read": 2', '"read": 3').replace('"accepted": 1', '"accepted": 2'), encoding="utf-8"
    )
    place.layout.ingestion.unlink()
    assert place.ingest() == before
    assert entry.read_text(encoding="utf-8") == content
