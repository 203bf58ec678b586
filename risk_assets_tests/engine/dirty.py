"""Dirty client files made row by row, so that the fate of each row is known without reading it."""

from __future__ import annotations

import gzip
import random
from dataclasses import dataclass, field

from risk_assets.domain.columns import Columns, NumericColumn

COLUMNS = Columns(
    id="client",
    target="left",
    positive="Yes",
    negative="No",
    numeric=(NumericColumn("calls", 0), NumericColumn("share", -1, 1)),
    categorical=("region",),
)
GOOD_IDS = ("A", "B7", " A ", "Zoë", "7", "Müller, Söhne", 'the "A" team', "two\nlines", "x_y")
GOOD_CALLS = {
    "0": 0.0,
    "3": 3.0,
    " 3.0 ": 3.0,
    "1e3": 1000.0,
    ".5": 0.5,
    "+7": 7.0,
    "": None,
    "  ": None,
    "-0": 0.0,
    "nan": None,
    " N/A": None,
    "-": None,
}
GOOD_SHARES = {"-1": -1.0, "0.25": 0.25, "1.": 1.0, "": None, "1e-400": 0.0}
GOOD_REGIONS = {"north": "north", " north": "north", "": None, " ": None, "süd": "süd", "a;b,c|d\te": "a;b,c|d\te"}
GOOD_LABELS = {"Yes": "Yes", "No": "No", " Yes": "Yes", "": None, " ": None}
BAD_CALLS = {
    "abc": "is not a number",
    "1_000": "is not a number",
    "inf": "is not a number",
    "1e999": "is not a number",
    "+-5": "is not a number",
    "0x10": "is not a number",
    "1e101": "is beyond 1e+100",
    "-3": "is below 0",
}
BAD_LABELS = ("yes", "1", "maybe")


@dataclass
class DirtyFile:
    """A file's bytes and what must become of its rows: typed tuples in declared order, and (line, reason, raw)."""

    name: str
    content: bytes = b""
    valid: list[tuple[object, ...]] = field(default_factory=list)
    refused: list[tuple[int, str, str]] = field(default_factory=list)


class DirtyWriter:
    """Writes one dirty file; every choice comes from the seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._delimiter = self._random.choice(",;\t|")
        self._names = [*COLUMNS.names, *self._random.sample(["note", "", "extra"], self._random.randint(0, 3))]
        self._random.shuffle(self._names)
        self._line_end = self._random.choice(["\n", "\r\n"])
        self._mixed = self._random.random() < 0.2
        self._quotes = self._random.choice(["never", "needed", "all"])
        self._lines: list[str] = []
        self._file = DirtyFile("clients.csv")

    def write(self, rows: int) -> DirtyFile:
        self._add(
            self._delimiter.join(f" {name} " if self._random.random() < 0.1 else name for name in self._names)
        )
        fates = [self._good] * 8 + [self._good] * 3 * (self._random.random() < 0.5)
        if self._random.random() < 0.6:
            fates += [self._blank, self._repeat, self._ragged, self._bad_number, self._bad_share, self._bad_label]
            fates += [self._no_id, self._nul, self._header]
        for _ in range(rows):
            self._random.choice(fates)()
        if self._random.random() < 0.2 and not any('"' in line for line in self._lines):
            self._lines.insert(1, '"A' + self._delimiter + "1" + self._line_end)
            moved = [(line + 1, reason, raw) for line, reason, raw in self._file.refused]
            self._file.refused = [(2, "quotes that do not match", f'"A{self._delimiter}1'), *moved]
        self._encode("".join(self._lines))
        return self._file

    def _good(self) -> None:
        row = self._cells()
        self._add(self._joined(row))
        self._file.valid.append(
            (
                row["client"].strip(),
                GOOD_CALLS[row["calls"]],
                GOOD_SHARES[row["share"]],
                GOOD_REGIONS[row["region"]],
                GOOD_LABELS[row["left"]],
            )
        )

    def _repeat(self) -> None:
        if self._file.valid:
            row = self._random.choice(self._file.valid)
            texts = ["" if value is None else str(value) for value in row]
            self._add(self._joined({**self._cells(), **dict(zip(COLUMNS.names, texts, strict=True))}))
            self._file.valid.append(row)

    def _blank(self) -> None:
        self._add(self._random.choice(["", "  "]))

    def _ragged(self) -> None:
        cells = ["1"] * self._random.choice([1, len(self._names) - 1, len(self._names) + 1, len(self._names) + 3])
        self._refuse(self._delimiter.join(cells), f"{len(cells)} fields instead of {len(self._names)}")

    def _bad_number(self) -> None:
        text, fault = self._random.choice(list(BAD_CALLS.items()))
        self._refuse(self._joined(self._cells(calls=text)), f'calls: "{text}" {fault}')

    def _bad_share(self) -> None:
        self._refuse(self._joined(self._cells(share="1.5")), 'share: "1.5" is above 1')

    def _bad_label(self) -> None:
        text = self._random.choice(BAD_LABELS)
        self._refuse(self._joined(self._cells(left=text)), f'left: "{text}" is neither Yes nor No')

    def _no_id(self) -> None:
        self._refuse(self._joined(self._cells(client=self._random.choice(["", "  "]))), "client is empty")

    def _nul(self) -> None:
        self._refuse(self._joined(self._cells(region="a\0b")), "holds a NUL character")

    def _header(self) -> None:
        self._refuse(self._delimiter.join(self._names), "is the header again")

    def _cells(self, **given: str) -> dict[str, str]:
        pick = self._random.choice
        found = {
            "client": pick(GOOD_IDS),
            "calls": pick(list(GOOD_CALLS)),
            "share": pick(list(GOOD_SHARES)),
            "region": pick(list(GOOD_REGIONS)),
            "left": pick(list(GOOD_LABELS)),
            "note": pick(["", "n"]),
        }
        if self._quotes == "never":
            plain = {"client": "ABC", "region": "north"}
            found = {
                name: plain.get(name, "") if any(mark in text for mark in '"\n,;\t|') else text
                for name, text in found.items()
            }
        return {**found, **given}

    def _joined(self, cells: dict[str, str]) -> str:
        return self._delimiter.join(self._quoted(cells.get(name, "")) for name in self._names)

    def _quoted(self, text: str) -> str:
        needed = any(mark in text for mark in ('"', "\n", self._delimiter))
        if needed or (self._quotes == "all" and not text.startswith(" ")):
            return '"' + text.replace('"', '""') + '"'
        return text

    def _refuse(self, raw: str, reason: str) -> None:
        line = 1 + sum(text.count("\n") for text in self._lines)
        self._file.refused.append((line, reason, raw))
        self._add(raw)

    def _add(self, raw: str) -> None:
        flipped = {"\n": "\r\n", "\r\n": "\n"}[self._line_end]
        self._lines.append(raw + (flipped if self._mixed and self._random.random() < 0.3 else self._line_end))

    def _encode(self, text: str) -> None:
        encoding = self._random.choice(
            ["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"]
        )
        if self._random.random() < 0.2:
            text = text.removesuffix("\n").removesuffix("\r")
        content = text.encode(encoding)
        if self._random.random() < 0.3:
            self._file.name = "clients.csv.gz"
            content = gzip.compress(content)
        self._file.content = content
