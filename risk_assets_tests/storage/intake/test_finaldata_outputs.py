from __future__ import annotations

import os
from pathlib import Path

import pytest

from risk_assets.storage.intake.refusal import IngestionError
from risk_assets_tests.storage.place import HEADER, NOW, Place


@pytest.fixture(name="place")
def _place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize("name", ["n" * 251 + ".csv", "ü" * 125 + "n.csv", "n" * 247 + ".parquet"])
def test_a_name_as_long_as_names_can_be_has_its_quarantine(place: Place, name: str) -> None:
    (place.layout.input / name).write_text(HEADER + "A,x,north,0\nB,1,north,0\n", encoding="utf-8")
    place.put("b.csv", "C,1,north,0", "D,x,north,0")
    place.ingest()
    long = [path for path in place.layout.quarantine.iterdir() if path.name != "b.csv"]
    assert len(long) == 1
    assert long[0].name[:40] == name[:40]
    assert len(long[0].read_text(encoding="utf-8").splitlines()) == 2


def test_a_file_whose_name_is_not_utf8_is_set_aside_with_the_reason(place: Place) -> None:
    place.put("a.csv", "A,1,north,0")
    Path(os.fsdecode(os.fsencode(place.layout.input) + b"/\xff\xfe.csv")).write_text(HEADER, encoding="utf-8")
    assert [file.name for file in place.ingest().files] == ["a.csv"]
    told = (place.layout.quarantine / r"\xff\xfe.csv").read_text(encoding="utf-8")
    assert "the name of the file is not UTF-8: rename it" in told


def test_a_newline_in_a_name_forges_no_line_of_ingestedfiles(place: Place) -> None:
    place.put("a\nforged.csv", "A,1,north,0")
    place.put("é b.csv", "B,1,north,0")
    place.ingest()
    lines = place.layout.ingestedfiles.read_text(encoding="utf-8").splitlines()
    assert lines == [NOW.isoformat(), r"a\nforged.csv", "é b.csv"]


def test_when_something_cannot_be_written_all_of_finaldata_stays_as_it_was(place: Place) -> None:
    place.put("a.csv", "A,1,north,0", "B,x,north,0")
    place.ingest()
    before = place.everything()
    place.put("b.csv", "C,1,north,0")
    place.layout.quarantine.rename(place.layout.data_root / "kept")
    place.layout.quarantine.write_text("in the way", encoding="utf-8")
    with pytest.raises(FileExistsError):
        place.ingest()
    place.layout.quarantine.unlink()
    (place.layout.data_root / "kept").rename(place.layout.quarantine)
    now = place.everything()
    assert {name: now[name] for name in before} == before


def test_what_a_killed_writer_left_goes_with_the_next_ingestion(place: Place) -> None:
    place.put("a.csv", "A,1,north,0")
    place.ingest()
    left = place.layout.ingested / ".staged-0123456789abcdef.4194305.tmp"
    left.touch()
    place.ingest()
    assert not left.exists()


def test_too_many_files_that_are_refused_whole_stop_an_ingestion(place: Place) -> None:
    place.put("a.csv", "A,1,north,0", *(f"A{number},1,north,0" for number in range(9)))
    for name in ("b.csv.gz", "c.csv.gz"):
        (place.layout.input / name).write_bytes(b"\x1f\x8bnot gzip")
    with pytest.raises(IngestionError, match=r"2 of 3 files .* refused whole, more than 50%: b\.csv\.gz: damaged"):
        place.ingest()
    assert place.ingest(bad=0.7).accepted == 10
