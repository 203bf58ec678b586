"""Sheets of workbooks are read by the rules that hold for CSV files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from risk_assets.domain.columns import Columns, NumericColumn
from risk_assets.domain.file_form import FileForm
from risk_assets.engine.intake.formats import workbook_file
from risk_assets_tests.engine.biff import xls
from risk_assets_tests.engine.outcome import Outcome
from risk_assets_tests.engine.parts import session_of

COLUMNS = Columns("id", "left", "1", "0", (NumericColumn("calls"),), ("region",), as_of="seen")
DAY = datetime(2026, 9, 5)  # noqa: DTZ001  # cells have no zone
HEADER = ["ID", "calls", "region", "seen", "left"]
Reader = Callable[..., Outcome]


@pytest.fixture(name="read")
def _read(tmp_path: Path) -> Reader:
    def read(content: bytes, columns: Columns = COLUMNS, name: str = "clients.xlsx") -> Outcome:
        with session_of(columns, tmp_path / "spill") as session:
            return Outcome(session, tmp_path, name, content)

    return read


def workbook(**sheets: list[list[Any]]) -> bytes:
    """Write sheets of rows, typed as Excel types them."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"default_date_format": "dd.mm.yyyy"}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for place, row in enumerate(rows):
                sheet.write_row(place, 0, row)
    return content.getvalue()


def test_the_first_sheet_is_read_below_its_titles(read: Reader) -> None:
    titles = [["Clients of 2026"], ["as of September", "", "confidential"], []]
    rows = [["A", 3, "north", DAY, 1], ["B", "12", "süd", DAY.replace(hour=12), 0], [], ["C", 0.5, "", DAY, ""]]
    found = read(workbook(Clients=[*titles, HEADER, *rows], Notes=[["nothing"]]))
    assert found.rows == [
        ("A", 3.0, "north", DAY, 1),
        ("B", 12.0, "süd", DAY.replace(hour=12), 0),
        ("C", 0.5, None, DAY, None),
    ]
    assert found.parsed.read == 3


def test_a_workbook_of_the_old_kind_is_read(read: Reader) -> None:
    found = read(xls([HEADER, ["A", 3.5, "süd", "2026-09-05", 1.0], ["B", 12.0, "", "", 0.0]]), name="clients.xls")
    assert found.rows == [("A", 3.5, "süd", DAY, 1)]
    assert (found.parsed.read, found.parsed.quarantined) == (2, 1)


def test_a_refused_row_is_named_with_the_line_that_the_program_shows(read: Reader) -> None:
    found = read(workbook(Clients=[["Title"], HEADER, ["A", 1, "n", DAY, 1], [], ["B", "x", "n", DAY, 0]]))
    assert found.refused == [(5, 'calls: "x" is not a number', "B,x,n,2026-09-05,0")]


def test_a_named_sheet_is_read_and_a_missing_one_named(read: Reader) -> None:
    content = workbook(Notes=[["nothing"]], Clients=[HEADER, ["A", 1, "n", DAY, 1]])
    columns = Columns(**{**vars(COLUMNS), "form": FileForm(sheet="Clients")})
    assert len(read(content, columns).rows) == 1
    absent = Columns(**{**vars(COLUMNS), "form": FileForm(sheet="Kunden")})
    assert read(content, absent).parsed.reason == "no sheet 'Kunden', but 'Notes', 'Clients'"


def test_a_sheet_without_the_declared_columns_says_which_are_missing(read: Reader) -> None:
    found = read(workbook(Clients=[["Title"], ["id", "calls", "left"], ["A", 1, 1]]))
    assert found.parsed.reason == 'no column "region", "seen"'
    assert found.parsed.read == 1


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04 and nothing", b"\xd0\xcf\x11\xe0 and nothing", b"", b"id,calls\n"]
)
def test_what_is_no_workbook_is_refused_in_words(read: Reader, content: bytes) -> None:
    assert (read(content).parsed.reason or "").startswith("damaged workbook: ")


def test_a_workbook_that_unpacks_to_too_much_is_not_opened(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_file, "MOST_UNPACKED", 10_000)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 20_000)
    assert read(packed.getvalue()).parsed.reason == "unpacks to 20,000 bytes: more than 10,000 are not read"


def test_a_sheet_of_the_open_document_format_is_read_too(read: Reader) -> None:
    rows = [HEADER, ["A", "3", "north", "2026-09-05", "1"]]
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
            for cell in row
        )
        + "</table:table-row>"
        for row in rows
    )
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    body = f'<office:body><office:spreadsheet><table:table table:name="One">{cells}</table:table>'
    content = (
        f"<office:document-content {spaces}>{body}</office:spreadsheet></office:body></office:document-content>"
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest:manifest/>")
        archive.writestr("content.xml", content)
    assert read(packed.getvalue(), name="clients.ods").rows == [("A", 3.0, "north", DAY, 1)]
