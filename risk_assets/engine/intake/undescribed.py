"""Opening a file whose columns nobody has declared: its header is what looks most like one."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from risk_assets.domain.columns import BLANKS
from risk_assets.domain.file_form import FileForm
from risk_assets.engine.intake.column_facts import Texts, undescribed
from risk_assets.engine.intake.encoding import open_text
from risk_assets.engine.intake.formats import SUFFIXES, format_of
from risk_assets.engine.intake.formats.workbook_file import first_rows
from risk_assets.engine.intake.scan import DELIMITERS, ScannedFile, UnreadableError, scan_file
from risk_assets.engine.intake.source import RowQuery
from risk_assets.engine.intake.tokenize import tokenize
from risk_assets.engine.session import Session
from risk_assets.engine.sql import quote, read_parts

#: A delimiter parts the first records alike.
FIRST_RECORDS = 20


@dataclass(frozen=True)
class Opened:
    """A file with a session that reads each of its columns as text."""

    session: Session
    rows: Texts
    form: FileForm
    lacking: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Together:
    """Several files as one: the SQL tables of their texts."""

    tables: Sequence[str]

    def load(self, session: Session, rows_of: RowQuery) -> int:
        """Load all texts into the row table."""
        session.load_rows(rows_of(" UNION ALL ".join(self.tables)))
        return 0


@contextlib.contextmanager
def open_together(session: Session, paths: Sequence[Path], folder: Path) -> Iterator[Opened]:
    """Open files of the same clients as one; `lacking` names, by column, a file that lacks it.

    Raises UnreadableError as `open_undescribed` does, with the name of the file.
    """
    parts, names, forms = list[Path](), list[list[str]](), set[FileForm]()
    for number, path in enumerate(paths):
        work, part = folder / str(number), folder / f"{number}.parquet"
        work.mkdir()
        try:
            with open_undescribed(session, path, work) as opened:
                named = list(opened.session.columns.names[:-1])
                opened.rows.load(opened.session, lambda texts: f"SELECT * FROM ({texts})")
                texts = ", ".join(f"r{place} AS {quote(name.casefold())}" for place, name in enumerate(named))
                opened.session.write_parquet(f"SELECT {texts} FROM rows", part)
        except UnreadableError as error:
            raise UnreadableError(f"{path}: {error}") from error
        parts.append(part)
        names.append(named)
        forms.add(opened.form)
    every = {name.casefold(): name for named in reversed(names) for name in named}
    order = list(dict.fromkeys(name.casefold() for named in names for name in named))
    held = [{name.casefold() for name in named} for named in names]
    tables = [
        f"SELECT {_texts(order, has)} FROM {read_parts([part])}" for part, has in zip(parts, held, strict=True)
    ]
    lacking = {
        every[name]: path.name for name in order for path, has in zip(paths, held, strict=True) if name not in has
    }
    form = forms.pop() if len(forms) == 1 else FileForm()
    with session.new_connection(undescribed([every[name] for name in order], form)) as reader:
        yield Opened(reader, _Together(tables), form, lacking)


def _texts(order: Sequence[str], has: Collection[str]) -> str:
    """Return the SQL list of the texts r0, r1, … of a file that has some of the columns."""
    cells = (quote(name) if name in has else "CAST(NULL AS VARCHAR)" for name in order)
    return ", ".join(f"{cell} AS r{place}" for place, cell in enumerate(cells))


@contextlib.contextmanager
def open_undescribed(session: Session, path: Path, folder: Path) -> Iterator[Opened]:
    """Open a file; `folder` takes copies that are needed meanwhile.

    Raises UnreadableError for a file of no kind that is read, or one whose columns have no names of their own.
    """
    if not path.name.lower().endswith(SUFFIXES):
        raise UnreadableError(f"is of no kind that is read: {', '.join(SUFFIXES)}")
    file = scan_file(path)
    names, form = _header(session, file, folder)
    named = [name for name in names if name]
    twice = [name for name, times in Counter(name.casefold() for name in named).items() if times > 1]
    if twice:
        raise UnreadableError(f"column {twice[0]!r} occurs more than once")
    if len(named) < 2:  # noqa: PLR2004
        raise UnreadableError("has fewer than two columns with a name")
    with session.new_connection(undescribed(named, form)) as reader:
        yield Opened(reader, format_of(path.name).open(reader, file, folder), form)


def _header(session: Session, file: ScannedFile, folder: Path) -> tuple[list[str], FileForm]:
    kind = format_of(file.path.name).name
    if kind == "parquet":
        return list(session.describe(file.path)), FileForm()
    if kind == "workbook":
        rows = [[cell.strip(BLANKS) for cell in row] for row in first_rows(file.path)]
        return max(rows, key=lambda row: sum(map(bool, row)), default=[]), FileForm()
    delimiter, cells = _parted(open_text(file, folder).path)
    return [cell.strip(BLANKS) for cell in cells], FileForm(delimiter=None if delimiter == "," else delimiter)


def _parted(path: Path) -> tuple[str, list[str]]:
    """Return the delimiter that parts the most of the first records into as many fields as the header has.

    Raises UnreadableError for an empty file.
    """
    found: list[tuple[int, str, list[str]]] = []
    for delimiter in DELIMITERS:
        with path.open(encoding="utf-8", errors="backslashreplace", newline="") as text:
            records = [record.fields for record in islice(tokenize(text, delimiter), FIRST_RECORDS)]
        if not records:
            raise UnreadableError("the file is empty")
        header = records[0]
        alike = sum(len(fields) == len(header) for fields in records)
        found.append((alike * (len(header) - 1), delimiter, header))
    _, delimiter, header = max(found, key=lambda each: each[0])
    return delimiter, header
