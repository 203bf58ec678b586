"""Text in files that people open with a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence

#: A spreadsheet takes a cell that starts with one of these for a formula (OWASP, CSV injection).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
#: Where ; separates lists, a spreadsheet splits our cells there, and then at line ends and tabs too.
SPLITS, AFTER_SPLIT = (";", "\t", "\r", "\n"), ("=", "+", "-", "@", '"')
SPLIT_FORMULA = re.compile(f"(?<=[{''.join(SPLITS)}])(?=[{re.escape(''.join(AFTER_SPLIT))}])")


def harmless(text: str) -> str:
    """Return text with a ' wherever a spreadsheet would take what follows for a formula.

    >>> harmless("=1+1"), harmless("a=b")
    ("'=1+1", 'a=b')
    >>> harmless("called;=1+1"), harmless("called; -5 seats")
    ("called;'=1+1", 'called; -5 seats')
    """
    unsplit = SPLIT_FORMULA.sub("'", text)
    return f"'{unsplit}" if text.startswith(FORMULA_STARTS) else unsplit


def write_csv(
    header: Sequence[str], rows: Iterable[Sequence[object]], delimiter: str = ",", *, exactly: bool = False
) -> bytes:
    """Return rows as CSV for spreadsheets: what would be taken for a formula has a ' in front.

    A file that is read again has its text `exactly`: an id with a ' would be another client's.

    >>> write_csv(["id", "note"], [["c1", "=1+1"]]).split()
    [b'id,note', b"c1,'=1+1"]
    >>> write_csv(["id"], [["-7"]], exactly=True).split()
    [b'id', b'-7']
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    change: Callable[[str], str] = str if exactly else harmless
    writer.writerow(map(change, header))
    writer.writerows([change(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return text.getvalue().encode()
