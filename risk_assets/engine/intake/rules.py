"""What a row must keep to, as SQL: typed values, and the first rule that a row breaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from risk_assets.domain.columns import BLANKS, BOOLEANS, MAX_MAGNITUDE, Columns, NumericColumn, number_of
from risk_assets.engine.intake.row_table import hashed, stored_label, values
from risk_assets.engine.sql import double, literal

#: Part of the key of parsed rows: raise it when the same files would be read or put together differently.
RULES_VERSION = 3
SHOWN_CHARACTERS = 80


@dataclass(frozen=True)
class Rule:
    """A fault: the SQL condition of it, the column it lies in (None: the whole row) and what it is, in words."""

    condition: str
    words: str
    column: str | None = None
    shown: str = "NULL"

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


def rules_for(columns: Columns, header: Sequence[str]) -> tuple[Rule, ...]:
    """Return all rules, first the one that counts first; `header` spells the declared columns as the file does.

    Conditions speak of the texts r0, r1, … and the typed values v0, v1, … in declared order.
    """
    repeated = " AND ".join(f"{_trim(f'r{place}')} = {literal(cell)}" for place, cell in enumerate(header))
    target = len(columns.names) - 1
    labels = f"is neither {columns.positive} nor {columns.negative}"
    shown = f"coalesce({_trim(f'r{target}')}, '')"
    return (
        Rule(repeated, "is the header again"),
        Rule("v0 IS NULL", "is empty", columns.id),
        *(
            rule
            for place, column in enumerate(columns.numeric, start=1)
            for rule in _numeric_rules(column, f"r{place}", f"v{place}")
        ),
        Rule(f"v{target} IS NULL", labels, columns.target, shown),
    )


def typed(columns: Columns, rules: Sequence[Rule], texts: str, *, tidy: bool) -> str:
    """Return the SQL of typed rows: v0, v1, …, h, `fault` (place in `rules`, else NULL) and the faulty `value`.

    `texts` is a query of r0, r1, …; when it is `tidy` (no blanks, no _ and no +- in it) nothing needs trimming.
    """
    faults = " ".join(f"WHEN {rule.condition} THEN {place}" for place, rule in enumerate(rules))
    shown = " ".join(f"WHEN {place} THEN {rule.shown}" for place, rule in enumerate(rules))
    sound = _surely_sound(columns, tidy=tidy)
    return (
        f"SELECT {values(columns)}, {hashed(columns)} AS h, fault, CASE fault {shown} END AS value FROM ("
        f"SELECT *, CASE WHEN {sound} THEN NULL ELSE CASE {faults} END END AS fault "
        f"FROM (SELECT *, {_typed_values(columns, tidy=tidy)} FROM ({texts})))"
    )


def _typed_values(columns: Columns, *, tidy: bool) -> str:
    count = len(columns.numeric)
    target = len(columns.names) - 1
    found = [_text("r0", tidy=tidy)]
    found += [f"TRY_CAST(r{place} AS DOUBLE) + 0.0" for place in range(1, count + 1)]
    found += [_text(f"r{place}", tidy=tidy) for place in range(count + 1, target)]
    found.append(_label(columns, f"r{target}"))
    return ", ".join(f"{value} AS v{place}" for place, value in enumerate(found))


def _surely_sound(columns: Columns, *, tidy: bool) -> str:
    """Say in cheap SQL that no rule is broken; rows it does not vouch for are looked at closely."""
    found = ["v0 IS NOT NULL", f"v{len(columns.names) - 1} IS NOT NULL"]
    for place, column in enumerate(columns.numeric, start=1):
        low, high = column.bounds
        found.append(f"v{place} BETWEEN {double(low)} AND {double(high)}")
        if not tidy:
            found.append(_is_spelled_plainly(f"r{place}"))
    return " AND ".join(found)


def _numeric_rules(column: NumericColumn, text: str, value: str) -> tuple[Rule, ...]:
    not_number = (
        f"({value} IS NULL AND {_trim(text)} <> '') OR NOT isfinite({value}) OR NOT {_is_spelled_plainly(text)}"
    )
    shown = _trim(text)
    found = [
        Rule(not_number, "is not a number", column.name, shown),
        Rule(f"abs({value}) > {double(MAX_MAGNITUDE)}", f"is beyond {MAX_MAGNITUDE:g}", column.name, shown),
    ]
    if column.min is not None:
        found.append(Rule(f"{value} < {double(column.min)}", f"is below {column.min:.15g}", column.name, shown))
    if column.max is not None:
        found.append(Rule(f"{value} > {double(column.max)}", f"is above {column.max:.15g}", column.name, shown))
    return tuple(found)


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
        return f"{_trim(text)} = {literal(label)}"
    cast = f"TRY_CAST({_trim(text)} AS DOUBLE)"
    words = "".join(f", {literal(word)}" for word, meaning in BOOLEANS.items() if meaning == label)
    return (
        f"(({cast} = {double(number)} AND {_is_spelled_plainly(text)}) "
        f"OR lower({_trim(text)}) IN ({literal(label)}{words}))"
    )


def _is_spelled_plainly(text: str) -> str:
    """Say in SQL that a cast number is one that number_of takes too: the engine also casts 1_000 and +-5."""
    return f"(NOT contains({text}, '_') AND NOT contains({text}, '+-'))"


def _text(text: str, *, tidy: bool) -> str:
    return text if tidy else f"nullif({_trim(text)}, '')"


def _trim(text: str) -> str:
    blanks = " || ".join(f"chr({ord(blank)})" for blank in BLANKS)
    return f"trim({text}, {blanks})"
