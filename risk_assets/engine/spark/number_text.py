"""Doubles as text in Spark SQL, as DuckDB and Python write them: Java rounds and spells otherwise."""

from __future__ import annotations

#: From the first on a double has no fraction; up to the second it holds every whole number.
WHOLE_FROM, EXACT_UP_TO = 2**52, 2**53
#: From here on a number is no BIGINT.
FITS = 2**63
#: Doubles from 2**32 on have no more binary places than this.
FRACTION_BITS = 20
#: The double v as text with an exponent, of at most so many digits.
DIGITS_15, DIGITS_16, DIGITS_17 = (f"format_number(v, '0.{'#' * digits}E00')" for digits in (14, 15, 16))
#: Half-way between two texts of 16 digits, as powers of two can be, the upper one is right where the lower is not.
ROUNDED_UP = (
    f"concat(CAST(round(CAST(substring_index({DIGITS_17}, 'E', 1) AS DECIMAL(18, 16)), 15) AS STRING), "
    f"'E', substring_index({DIGITS_17}, 'E', -1))"
)
CANDIDATES = (DIGITS_15, DIGITS_16, ROUNDED_UP, DIGITS_17)
#: The shortest text, with an exponent, that reads as the double v again.
SHORTEST_TEXT = f"CASE {' '.join(f'WHEN CAST({text} AS DOUBLE) = v THEN {text}' for text in CANDIDATES)} END"


def double_text(value: str) -> str:
    """Return Spark SQL for the shortest text that reads as this double again, spelled as DuckDB and Python do.

    Java's own text is not the shortest one before JDK 19, but its DecimalFormat rounds by the exact binary value.
    (Of numbers below 1e-307, which have fewer digits, Java writes one more: 4.9e-324.)
    """
    fixed = f"CAST(CAST({SHORTEST_TEXT} AS DECIMAL(38, 22)) AS STRING)"
    exponent = f"replace(replace({SHORTEST_TEXT}, 'E-', 'e-'), 'E', 'e+')"
    words = "CASE WHEN isnan(v) THEN 'nan' WHEN v > 0 THEN 'inf' ELSE '-inf' END"
    spelled = (
        "CASE WHEN v IS NULL THEN NULL WHEN v = 0e0 THEN CAST(v AS STRING) "
        f"WHEN NOT (abs(v) < CAST('Infinity' AS DOUBLE)) THEN {words} "
        f"WHEN abs(v) >= 1e-4 AND abs(v) < 1e16 THEN {_without_zeros(fixed)} ELSE {exponent} END"
    )
    return f"get(transform(array({value}), v -> {spelled}), 0)"


def double_json(value: str) -> str:
    """Return Spark SQL for a double in JSON as DuckDB writes it: with an exponent below 1e-6 and from 1e21 on."""
    small = _without_zeros(f"CAST(CAST({SHORTEST_TEXT} AS DECIMAL(38, 22)) AS STRING)")
    large = f"concat(CAST(CAST({SHORTEST_TEXT} AS DECIMAL(38, 0)) AS STRING), '.0')"
    spelled = (
        "CASE WHEN v IS NULL THEN 'null' WHEN v = 0e0 OR NOT (abs(v) < CAST('Infinity' AS DOUBLE)) "
        f"THEN CAST(v AS STRING) WHEN abs(v) >= 1e-6 AND abs(v) < 1e16 THEN {small} "
        f"WHEN abs(v) >= 1e16 AND abs(v) < 1e21 THEN {large} "
        f"ELSE regexp_replace({SHORTEST_TEXT}, 'E(-?)0*', 'e$1') END"
    )
    return f"get(transform(array({value}), v -> {spelled}), 0)"


def _without_zeros(text: str) -> str:
    return f"regexp_replace({text}, '([.][0-9]+?)0+$', '$1')"


def scientific(number: str, shape: str) -> str:
    """Of whole numbers Java rounds a last 5 up where C rounds to even; decimals to even; -0.0 is none."""
    exact = f"CAST(CAST({number} AS BIGINT) AS DECIMAL(20, 0))"
    inexact = f"format_number({number}, '{shape}E00')"
    text = (
        f"CASE WHEN abs({number}) < {FITS} THEN CASE WHEN {number} <> 0e0 AND {number} = CAST({exact} AS DOUBLE) "
        f"THEN format_number({exact}, '{shape}E00') ELSE {inexact} END ELSE {inexact} END"
    )
    return f"replace(replace({text}, 'E-', 'e-'), 'E', 'e+')"


def fixed(number: str, shape: str) -> str:
    """Java knows 17 digits of a double; of large ones C writes them all, so they are made decimals."""
    whole = f"CAST({number} AS BIGINT)"
    rest = f"CAST(CAST(({number} - CAST({whole} AS DOUBLE)) * {2**FRACTION_BITS} AS BIGINT) AS DECIMAL(7, 0))"
    exact = f"CAST({whole} AS DECIMAL(17, 0)) + {rest} * {5**FRACTION_BITS / 10**FRACTION_BITS:.{FRACTION_BITS}f}"
    return (
        f"CASE WHEN abs({number}) < {2 ** (52 - FRACTION_BITS)} OR NOT abs({number}) < {FITS} "
        f"THEN format_number({number}, '{shape}') WHEN abs({number}) < {EXACT_UP_TO} "
        f"THEN format_number({exact}, '{shape}') ELSE concat(CAST({whole} AS STRING), '{shape[1:]}') END"
    )
