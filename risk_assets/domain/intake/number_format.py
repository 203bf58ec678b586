"""How a file spells numbers: its decimal and thousands separators, found where all its numbers allow one alone.

Numbers are told apart by their shapes: that of "1.355,90 €" is d.ddd,dd €. Whether a format reads a cell, and how,
follows from the shape alone, so the shapes of a file decide, however many rows it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from risk_assets.domain.file_form import CURRENCIES, MINUS, PER_CENT, SIGNS, THOUSANDS, NumberFormat

DECIMALS = (".", ",")
#: One reading is taken, and the cells that it does not read are refused, where any other fails so many times more.
OVERWHELMING = 20


@dataclass(frozen=True)
class Shape:
    """The shape of cells of a column: digits as d, how many cells have it, and one of them.

    >>> Shape("fee", "d.ddd,dd €", 3, "1.355,90 €").sign
    '€'
    """

    column: str
    shape: str
    count: int
    example: str

    @property
    def sign(self) -> str:
        """The sign before or after the number, "" for none."""
        text = self.example.lstrip("+-" + MINUS)
        return next((sign for sign in SIGNS if text.startswith(sign) or text.endswith(sign)), "")


@dataclass(frozen=True)
class NumberReading:
    """The format of a file's numbers with what people should know of it, or why none can be found.

    It is `undecided` where a declared decimal separator would tell.

    >>> NumberReading(NumberFormat(",")).fault is None
    True
    """

    format: NumberFormat
    notes: tuple[str, ...] = ()
    fault: str | None = None
    undecided: bool = False


def find_format(
    shapes: Sequence[Shape], *, decimal: str | None = None, thousands: str | None = None
) -> NumberReading:
    """Return the format that all numbers of a file allow, of those that agree with what is declared.

    Cells that no format reads are no numbers, and decide nothing. Where several formats read all others, but not
    alike, the file is ambiguous. Where none reads all, one is taken that fails on 20 times fewer than any other.

    >>> german = [Shape("fee", "d.ddd", 9, "2.155"), Shape("rate", "d,dd", 1, "9,99")]
    >>> find_format(german).format
    NumberFormat(decimal=',', thousands='.', signs=False)
    >>> find_format([Shape("fee", "d,ddd", 9, "1,234")]).fault
    'fee: numbers such as "1,234" may be 1234 or 1.234: say which with "decimal" in format'
    """
    formats = possible_formats(decimal, thousands, signs=any(shape.sign for shape in shapes))
    numbers = [shape for shape in shapes if any(form.reads(shape.example) for form in formats)]
    if fault := _mixed_currencies(numbers):
        return NumberReading(formats[0], fault=fault)
    misfits = {form: sum(shape.count for shape in numbers if not form.reads(shape.example)) for form in formats}
    fewest = min(misfits.values())
    best = [form for form in formats if misfits[form] == fewest]
    told = best[0]
    others = [form for form in formats if _differ(told, form, numbers)]
    if not fewest and any(not misfits[form] for form in others):
        return _undecided(told, next(form for form in others if not misfits[form]), numbers)
    if fewest and min(misfits[form] for form in others) < OVERWHELMING * fewest:
        return _mixture(told, others, numbers)
    return NumberReading(told, _notes(told, numbers))


def possible_formats(decimal: str | None, thousands: str | None, *, signs: bool) -> list[NumberFormat]:
    """Return all formats that agree with what is declared, the plain one first.

    >>> len(possible_formats(None, None, signs=False)), len(possible_formats(",", ".", signs=True))
    (8, 1)
    """
    return [
        NumberFormat(point, mark, signs=signs)
        for point in ((decimal,) if decimal else DECIMALS)
        for mark in (sorted(THOUSANDS) if thousands is None else (thousands,))
        if mark != point
    ]


def is_number_somewhere(text: str) -> bool:
    """Return whether any format reads a text without blanks around it.

    >>> is_number_somewhere("1.355,90 €"), is_number_somewhere("12 pieces")
    (True, False)
    """
    return any(form.reads(text) for form in possible_formats(None, None, signs=True))


def _mixture(told: NumberFormat, others: Sequence[NumberFormat], numbers: Sequence[Shape]) -> NumberReading:
    """Return a fault that names a number which the format does not read, and one which only it reads so."""
    odd = next(shape for shape in numbers if not told.reads(shape.example))
    rival = next(form for form in others if form.reads(odd.example))
    usual = next(shape for shape in numbers if told.plain(shape.example) not in (None, rival.plain(shape.example)))
    fault = f'numbers such as "{usual.example}" and "{odd.example}" allow no one reading'
    return NumberReading(told, fault=f"{odd.column}: {fault}")


def _undecided(told: NumberFormat, rival: NumberFormat, numbers: Sequence[Shape]) -> NumberReading:
    """Return a fault, or the plain format where only few cells are undecided: their rows are refused."""
    unclear = [shape for shape in numbers if told.plain(shape.example) != rival.plain(shape.example)]
    total = sum(shape.count for shape in numbers)
    if OVERWHELMING * sum(shape.count for shape in unclear) < total:
        return NumberReading(NumberFormat(signs=told.signs))
    shape = unclear[0]
    readings = f"{told.plain(shape.example)} or {rival.plain(shape.example)}"
    ask = 'say which with "decimal" in format'
    fault = f'{shape.column}: numbers such as "{shape.example}" may be {readings}: {ask}'
    return NumberReading(told, fault=fault, undecided=True)


def _differ(one: NumberFormat, other: NumberFormat, numbers: Iterable[Shape]) -> bool:
    """Whether two formats read some number differently, or one of them does not read it."""
    return any(one.plain(shape.example) != other.plain(shape.example) for shape in numbers)


def _mixed_currencies(numbers: Iterable[Shape]) -> str | None:
    seen: dict[str, str] = {}
    for shape in numbers:
        if shape.sign in CURRENCIES and seen.setdefault(shape.column, shape.sign) != shape.sign:
            return f"{shape.column}: is in {seen[shape.column]} and in {shape.sign}"
    return None


def _notes(form: NumberFormat, numbers: Sequence[Shape]) -> tuple[str, ...]:
    said = [form.words] * bool(form.words)
    for sign, name in ((PER_CENT, "per cent sign"), *((sign, f"sign {sign}") for sign in CURRENCIES)):
        marked = sum(shape.count for shape in numbers if shape.sign == sign)
        said += [f"{marked:,} {name}{'s' * (marked != 1) if sign == PER_CENT else ''}"] * bool(marked)
    return tuple(said)
