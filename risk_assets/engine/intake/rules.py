"""What a row must keep to, as SQL: typed values, and the first rule that a row breaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from risk_assets.domain.columns import MAX_MAGNITUDE, Columns, NumericColumn
from risk_assets.domain.labels import BOOLEANS, canonical_label, number_of
from risk_assets.engine.derived_sql import value_sql
from risk_assets.engine.intake.cell_sql import is_given, is_none_of, is_spelled_plainly, number, text_cell
from risk_assets.engine.intake.date_sql import has_zone, timestamp, trimmed
from risk_assets.engine.intake.row_table import hashed, values
from risk_assets.engine.sql import double, literal, stored_label

#: Part of the key of parsed rows, beside the rules: raise it when the same files would be read differently
#: otherwise.
RULES_VERSION = 6
SHOWN_CHARACTERS = 80
#: Earlier dates are what other programs make of a missing one.
FIRST_DATE = "CAST('1900-01-01' AS TIMESTAMP)"


@dataclass(frozen=True)
class Rule:
    """A fault: the SQL condition of it, the column it lies in (None: the whole row) and what it is, in words.

    `shown` is the SQL of the value that people see. Where a rule on how values are `spelled` is broken, the file
    may have another format. `kept` is cheaper SQL that holds only where the fault is not there: of a row for which
    it holds, rule by rule, the conditions are never asked.
    """

    condition: str
    words: str
    column: str | None = None
    shown: str = "NULL"
    kept: str | None = None
    spelled: bool = False

    @property
    def quick(self) -> str:
        """The SQL that, where it holds, spares a row this rule's condition."""
        return self.kept or f"NOT ({self.condition})"

    @property
    def kind(self) -> str:
        """The fault without the value: "lastmonth_activity is below 0"."""
        return f"{self.column} {self.words}" if self.column else self.words

    def reason(self, value: str | None) -> str:
        """Return the fault with the value: 'lastmonth_activity: "-3" is below 0'."""
        if value is None:
            return self.kind
        shown = value if len(value) <= SHOWN_CHARACTERS else value[:SHOWN_CHARACTERS] + "…"
        return f'{self.column}: "{shown}" {self.words}'


def rules_for(
    columns: Columns, header: Sequence[str | None], *, arrived: date | None = None, tidy: bool = False
) -> tuple[Rule, ...]:
    """Return all rules, first the one that counts first; `header` spells the declared columns as the file does.

    Conditions speak of the texts r0, r1, … and the typed values v0, v1, … in declared order; of `tidy` texts (see
    `typed`) they ask less. A target that is blank, or not there, is an outcome that is not known yet. No date may
    be later than the day after `arrived`, in UTC, where that is known.
    """
    target = len(columns.names) - 1
    text, value = f"r{target}", f"v{target}"
    labelled = f"({value} IS NOT NULL OR {text} IS NULL)"
    faulty = f"{value} IS NULL AND {is_given(text, columns.form.missing_texts)}"
    labels = f"is neither {columns.positive} nor {columns.negative}"
    return (
        Rule(_repeats(header), "is the header again", kept=_is_no_header(columns, header, labelled)),
        *(() if columns.partial else (_has_id(columns),)),
        *(
            rule
            for column in columns.numbers
            for rule in _numeric_rules(columns, column, *_cells(columns, column.name), tidy=tidy)
        ),
        *_date_rules(columns, arrived, tidy=tidy),
        Rule(faulty, labels, columns.target, trimmed(text), labelled),
        *((_nothing_known(columns),) if columns.partial else ()),
    )


def _has_id(columns: Columns) -> Rule:
    return Rule("v0 IS NULL", "is empty", columns.id, kept="v0 IS NOT NULL")


def _nothing_known(columns: Columns) -> Rule:
    """Return the rule that something is known of a client: else its risk would be a guess about anybody."""
    places = {name: f"v{place}" for place, name in enumerate(columns.names)}
    found = [places[name] for name in columns.features if name in places]
    found += [value_sql(columns, column, places.__getitem__) for column in columns.derived]
    words = f"has no known feature; there are {', '.join(columns.inputs)}"
    return Rule(" AND ".join(f"{value} IS NULL" for value in found), words, kept=f"{found[0]} IS NOT NULL")


def typed(columns: Columns, rules: Sequence[Rule], texts: str, *, tidy: bool) -> str:
    """Return the SQL of typed rows: v0, v1, …, h, `fault` (place in `rules`, else NULL) and the faulty `value`.

    `texts` is a query of r0, r1, …; when it is `tidy` (no blanks, no _ and no +- in it) nothing needs trimming.
    Where there is a date, `zoned` says whether it has a time zone.
    """
    faults = " ".join(f"WHEN {rule.condition} THEN {place}" for place, rule in enumerate(rules))
    shown = " ".join(f"WHEN {place} THEN {rule.shown}" for place, rule in enumerate(rules))
    sound = " AND ".join(dict.fromkeys(rule.quick for rule in rules))
    return (
        f"SELECT {values(columns)}, {hashed(columns)} AS h, fault, CASE fault {shown} END AS value"
        f"{_zoned(columns, tidy=tidy)} FROM ("
        f"SELECT *, CASE WHEN {sound} THEN NULL ELSE CASE {faults} END END AS fault "
        f"FROM (SELECT *, {_typed_values(columns, tidy=tidy)} FROM ({texts})))"
    )


def _typed_values(columns: Columns, *, tidy: bool) -> str:
    numbers = {column.name: column for column in columns.numbers}

    def cell(name: str, text: str) -> str:
        if name in numbers:
            return number(text, columns, numbers[name])
        if name in columns.dated:
            return timestamp(text if tidy else trimmed(text), columns.dates)
        if name == columns.target:
            return _label(columns, text)
        return text_cell(text, () if name == columns.id else columns.form.missing_texts, tidy=tidy)

    return ", ".join(f"{cell(name, f'r{place}')} AS v{place}" for place, name in enumerate(columns.names))


def _cells(columns: Columns, name: str) -> tuple[str, str]:
    """Return the text and the value of a column."""
    place = columns.names.index(name)
    return f"r{place}", f"v{place}"


def _zoned(columns: Columns, *, tidy: bool) -> str:
    if columns.as_of is None or columns.dates is not None:
        return ""
    text, _ = _cells(columns, columns.as_of)
    return f", {has_zone(text if tidy else trimmed(text))} AS zoned"


def _date_rules(columns: Columns, arrived: date | None, *, tidy: bool) -> Iterator[Rule]:
    if columns.as_of is not None:
        yield from _observation_rules(columns, columns.as_of, arrived, tidy=tidy)
    for name in columns.date_columns:
        text, value = _cells(columns, name)
        shown = text if tidy else trimmed(text)
        given = is_given(text, columns.form.missing_numbers)
        blank, late = f"{value} IS NULL AND {given}", f"({value} >= {FIRST_DATE} OR {value} IS NULL)"
        known = f"({value} IS NOT NULL OR {text} IS NULL)"
        yield Rule(blank, _is_no_date(columns), name, shown, known, spelled=True)
        yield Rule(f"{value} < {FIRST_DATE}", "is before 1900", name, shown, late)


def _is_no_date(columns: Columns) -> str:
    return f"is not a date as {'ISO 8601' if columns.dates is None else columns.dates.text} spells it"


def _observation_rules(columns: Columns, as_of: str, arrived: date | None, *, tidy: bool) -> Iterator[Rule]:
    text, value = _cells(columns, as_of)
    shown = text if tidy else trimmed(text)
    there = f"{value} IS NOT NULL"
    blank = f"{value} IS NULL AND NOT coalesce({is_given(text, columns.form.missing_numbers)}, false)"
    yield Rule(blank, "is empty", as_of, kept=there)
    yield Rule(f"{value} IS NULL", _is_no_date(columns), as_of, shown, there, spelled=True)
    yield Rule(f"{value} < {FIRST_DATE}", "is before 1900", as_of, shown)
    if arrived is not None and not columns.announced:
        limit = f"CAST({literal(str(arrived + timedelta(days=2)))} AS TIMESTAMP)"
        yield Rule(f"{value} >= {limit}", f"is later than the file, which came on {arrived}", as_of, shown)


def _repeats(header: Sequence[str | None]) -> str:
    cells = ((f"r{place}", cell) for place, cell in enumerate(header) if cell is not None)
    return " AND ".join(f"{trimmed(text)} = {literal(cell)}" for text, cell in cells)


def _is_no_header(columns: Columns, header: Sequence[str | None], labelled: str) -> str | None:
    """Return SQL that only a row which is not the header again fulfils: it has a date, a label or a number."""
    if columns.as_of is not None:
        text, value = header[columns.names.index(columns.as_of)], _cells(columns, columns.as_of)[1]
        if text is not None and not text[:1].isdigit():
            return f"{value} IS NOT NULL"
    if _lacks_label(columns, header):
        return labelled
    numbers = (columns.names.index(column.name) for column in columns.numbers)
    named = (place for place in numbers if (cell := header[place]) and not any(map(str.isdigit, cell)))
    return next((f"v{place} IS NOT NULL" for place in named), None)


def _lacks_label(columns: Columns, header: Sequence[str | None]) -> bool:
    """Whether the header, read as a row, has a target that is no label."""
    return header[-1] is not None and canonical_label(header[-1]) not in (columns.positive, columns.negative)


def _numeric_rules(
    columns: Columns, column: NumericColumn, text: str, value: str, *, tidy: bool
) -> tuple[Rule, ...]:
    plain = columns.number_format.is_plain
    given = is_given(text, columns.form.missing_numbers)
    if column.special and not column.special_levels:
        code = is_none_of(number(text, columns, replace(column, special=())), map(double, column.special))
        given += f" AND coalesce({code}, true)"
    not_number = f"({value} IS NULL AND {given}) OR NOT isfinite({value})"
    if plain:
        not_number += f" OR NOT {is_spelled_plainly(text)}"
    shown = trimmed(text)
    within = f"({value} BETWEEN {double(-MAX_MAGNITUDE)} AND {double(MAX_MAGNITUDE)})"
    is_number = within if tidy or not plain else f"{within} AND {is_spelled_plainly(text)}"
    rules = [
        Rule(not_number, "is not a number", column.name, shown, is_number, spelled=True),
        Rule(
            f"abs({value}) > {double(MAX_MAGNITUDE)}", f"is beyond {MAX_MAGNITUDE:g}", column.name, shown, within
        ),
    ]
    for bound, fault, keeps, words in ((column.min, "<", ">=", "below"), (column.max, ">", "<=", "above")):
        if bound is not None:
            limit = double(bound)
            condition, kept = f"{value} {fault} {limit}", f"{value} {keeps} {limit}"
            if column.special:
                condition += f" AND {is_none_of(value, map(double, column.special))}"
            rules.append(Rule(condition, f"is {words} {bound:.15g}", column.name, shown, kept))
    return tuple(rules)


def _label(columns: Columns, text: str) -> str:
    """Return the SQL of the label as finaldata holds it, NULL for other text; usual spellings come first."""
    labels = (columns.positive, columns.negative)
    cases = [f"WHEN {text} = {literal(label)} THEN {stored_label(columns, label)}" for label in labels]
    cases += [f"WHEN {_is_label(text, label)} THEN {stored_label(columns, label)}" for label in labels]
    return f"CASE {' '.join(cases)} END"


def _is_label(text: str, label: str) -> str:
    """Say in SQL whether canonical_label(text) is this label."""
    number = number_of(label)
    if number is None:
        return f"{trimmed(text)} = {literal(label)}"
    cast = f"TRY_CAST({trimmed(text)} AS DOUBLE)"
    words = "".join(f", {literal(word)}" for word, meaning in BOOLEANS.items() if meaning == label)
    return (
        f"(({cast} = {double(number)} AND {is_spelled_plainly(text)}) "
        f"OR lower({trimmed(text)}) IN ({literal(label)}{words}))"
    )
