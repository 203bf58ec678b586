"""The header of a client file: where its declared columns are, whatever their order and the delimiter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from risk_assets.domain.columns import BLANKS, Columns
from risk_assets.domain.intake.misspelt import nearly_called
from risk_assets.engine.intake.scan import DELIMITERS, UnreadableError
from risk_assets.engine.intake.tokenize import Record, tokenize


@dataclass(frozen=True)
class Header:
    """The header's cells and the positions of the declared columns among them.

    Optional columns may be absent (None): then they are unknown in all rows. `fault` says why the declared columns
    cannot be found; `simple` that the header is the first line, alone.
    """

    cells: tuple[str, ...]
    positions: tuple[int | None, ...]
    fault: str | None
    delimiter: str = ","
    raw: str = ""
    line: int = 1
    ignored: frozenset[str] = frozenset()

    @property
    def spelled(self) -> tuple[str | None, ...]:
        """The declared columns as the file spells them."""
        return tuple(None if position is None else self.cells[position] for position in self.positions)

    @property
    def found(self) -> int:
        """How many of the declared columns the file has."""
        return len(self.positions) - self.positions.count(None)

    @property
    def has_target(self) -> bool:
        """Whether the file has the target column."""
        return not self.positions or self.positions[-1] is not None

    @property
    def simple(self) -> bool:
        """Whether the header is the first line of the file and nothing but a line."""
        return self.line == 1 and "\n" not in self.raw and "\r" not in self.raw

    @property
    def dropped(self) -> tuple[str, ...]:
        """Columns that are neither declared nor to be passed over in silence."""
        others = (cell for position, cell in enumerate(self.cells) if position not in self.positions)
        return tuple(cell for cell in others if cell.casefold() not in self.ignored)


def match_header(cells: Sequence[str], columns: Columns) -> Header:
    """Find the declared columns among the cells, by name in any order; case and blanks around do not matter.

    A file may lack an optional column, unless one of its columns is called nearly so.
    """
    stripped = tuple(cell.strip(BLANKS) for cell in cells)
    folded = [cell.casefold() for cell in stripped]
    wanted = [name for name in columns.names if columns.has_target or name != columns.target]
    positions = {name: folded.index(name.casefold()) for name in wanted if name.casefold() in folded}
    missing = [name for name in wanted if name not in positions]
    needed = [name for name in missing if name not in columns.optional]
    faults = [f"no column {_listed(missing)}"] * bool(needed)
    if columns.partial and not any(name in positions for name in columns.inputs):
        faults.append(f"no column of which a risk follows; there are {_listed(columns.inputs)}")
    if not needed:
        others = [cell for index, cell in enumerate(stripped) if index not in positions.values()]
        faults += [
            f"no column {_listed([name])}, but one that is called {_listed(nearly)}"
            for name in missing
            if (nearly := nearly_called(name, others))
        ]
    twice = [name for name in wanted if folded.count(name.casefold()) > 1]
    faults += [f"column {_listed(twice)} occurs more than once"] * bool(twice)
    if faults:
        return Header(stripped, (), "; ".join(faults))
    ignored = frozenset(name.casefold() for name in columns.ignored)
    return Header(stripped, tuple(map(positions.get, columns.names)), None, ignored=ignored)


def read_header(path: Path, columns: Columns) -> Header:
    """Read the header of a UTF-8 file with the declared delimiter, or that which yields the most declared columns.

    When none yields what is needed, the one with the most cells speaks. Raises UnreadableError for an empty file.
    """
    sound: list[Header] = []
    faulty: list[Header] = []
    delimiters = DELIMITERS if columns.form.delimiter is None else (columns.form.delimiter,)
    for delimiter in delimiters:
        record = _first_record(path, delimiter)
        if record.fault:
            continue
        header = match_header(record.fields, columns)
        header = replace(header, delimiter=delimiter, raw=record.raw, line=record.line)
        (faulty if header.fault else sound).append(header)
    if sound:
        return max(sound, key=lambda header: header.found)
    if not faulty:
        raise UnreadableError(
            f"no header: its first line cannot be read ({_first_record(path, delimiters[0]).fault})"
        )
    return max(faulty, key=lambda header: len(header.cells))


def _first_record(path: Path, delimiter: str) -> Record:
    with path.open(encoding="utf-8", errors="backslashreplace", newline="") as text:
        for record in tokenize(text, delimiter):
            return record
    raise UnreadableError("the file is empty")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
