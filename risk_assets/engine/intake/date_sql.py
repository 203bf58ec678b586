"""Texts of files as dates, in SQL: strictly, and the same on every engine."""

from __future__ import annotations

from risk_assets.domain.columns import BLANKS
from risk_assets.domain.dates import AT, DATE_TIME, DAY, ON, WITH_ZONE, DateFormat
from risk_assets.engine.sql import literal


def trimmed(text: str) -> str:
    """Return text without blanks around it."""
    blanks = " || ".join(f"chr({ord(blank)})" for blank in BLANKS)
    return f"trim({text}, {blanks})"


def timestamp(text: str, dates: DateFormat | None) -> str:
    """Return the SQL of the time that a trimmed text spells, in UTC where it has a zone, else NULL."""
    if dates is not None:
        return _formatted(text, dates)
    day = f"TRY_CAST({text} AS DATE)"
    # a cast takes more than dates: it is one if it is written as it was read
    plain = f"CASE WHEN CAST({day} AS VARCHAR) = {text} THEN CAST({day} AS TIMESTAMP) END"
    return f"CASE WHEN length({text}) = {DAY} THEN {plain} ELSE {_date_time(text)} END"


def has_zone(text: str) -> str:
    """Return the SQL condition that a trimmed text names a time zone; NULL where there is no text."""
    zone = f"regexp_extract({text}, {literal(DATE_TIME)}, {WITH_ZONE})"
    return f"CASE WHEN length({text}) = {DAY} THEN false WHEN length({text}) > 0 THEN {zone} <> '' END"


def _date_time(text: str) -> str:
    on, at, zone = (f"regexp_extract({text}, {literal(DATE_TIME)}, {group})" for group in (ON, AT, WITH_ZONE))
    day = f"CASE WHEN CAST(TRY_CAST({on} AS DATE) AS VARCHAR) = {on} THEN {on} END"
    digits = (f"substr(replace({zone}, ':', ''), {first}, 2)" for first in (2, 4))
    hours, minutes = (f"CAST(coalesce(nullif({each}, ''), '0') AS INTEGER)" for each in digits)
    ahead = f"CASE WHEN left({zone}, 1) = '-' THEN -1 ELSE 1 END * ({hours} * 60 + {minutes})"
    moved = f"CASE WHEN {zone} IN ('', 'Z') THEN 0 ELSE {ahead} END"
    return f"TRY_CAST({day} || ' ' || {at} AS TIMESTAMP) - {moved} * INTERVAL 1 MINUTE"


def _formatted(text: str, dates: DateFormat) -> str:
    def digits(name: str, width: int) -> str:
        if name not in dates.places:
            return "'00'"
        return f"lpad(regexp_extract({text}, {literal(f'^{dates.pattern}$')}, {dates.places[name]}), {width}, '0')"

    day = f"{digits('Y', 4)} || '-' || {digits('m', 2)} || '-' || {digits('d', 2)}"
    time = f"{digits('H', 2)} || ':' || {digits('M', 2)} || ':' || {digits('S', 2)}"
    matches = f"regexp_extract({text}, {literal(f'^{dates.pattern}$')}, 0) <> ''"
    return f"CASE WHEN {matches} THEN TRY_CAST({day} || ' ' || {time} AS TIMESTAMP) END"
