"""The formats that files of rows may have: a new one is a module, and a name in FORMATS."""

from __future__ import annotations

from risk_assets.engine.intake.formats.csv_file import CsvFormat
from risk_assets.engine.intake.formats.parquet_file import ParquetFormat
from risk_assets.engine.intake.formats.workbook_file import WorkbookFormat
from risk_assets.engine.intake.source import FileFormat

FORMATS: tuple[FileFormat, ...] = (CsvFormat(), ParquetFormat(), WorkbookFormat())
SUFFIXES = tuple(suffix for form in FORMATS for suffix in form.suffixes)


def format_of(name: str) -> FileFormat:
    """Return the format of a file by its name.

    >>> format_of("Clients.CSV.gz").name
    'csv'
    """
    return next(form for form in FORMATS if name.lower().endswith(form.suffixes))
