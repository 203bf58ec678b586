"""DuckDB's SQL as Spark's: sqlglot translates what is in both, the rules here what means something else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from sqlglot import exp

from risk_assets.domain.labels import NUMBER
from risk_assets.engine.spark.number_text import (
    EXACT_UP_TO,
    WHOLE_FROM,
    double_json,
    double_text,
    fixed,
    scientific,
)
from risk_assets.engine.sql import literal

#: What `histogram` over an unsigned byte can count.
BYTES = 256
FORMAT = re.compile(r"%\.(\d+)([fe])")
#: Java takes 1d, 0x1p3 and NaN for numbers too, so a text is looked at before it is cast.
IS_NUMBER = literal(rf"^(?:{NUMBER.pattern})\z".replace("\\", "\\\\"))
WHOLE_TYPES = {"UTINYINT": "INT", "USMALLINT": "INT", "UINTEGER": "BIGINT", "UBIGINT": "DECIMAL(20, 0)"}
WHOLE_TYPES |= {"UINT": "BIGINT", "INT128": "DECIMAL(38, 0)", "HUGEINT": "DECIMAL(38, 0)"}

Rule = Callable[[exp.Expr], "str | None"]


def translate(statement: exp.Expr) -> str:
    """Return a DuckDB statement, whose tables are Spark's already, as text for Spark."""
    for node in reversed(list(statement.bfs())):
        rule = RULES.get(_name(node))
        found = rule(node) if rule else None
        if found is not None:
            node.replace(exp.Var(this=found))
    return _text(statement)


def _name(node: exp.Expr) -> str:
    return str(node.this).lower() if isinstance(node, exp.Anonymous) else node.key


def _text(node: exp.Expr) -> str:
    return node.sql(dialect="spark")


def _this(node: exp.Expr) -> str:
    return _text(node.expressions[0] if isinstance(node, exp.Anonymous) else node.this)


def _arguments(node: exp.Expr) -> list[str]:
    return [_text(argument) for argument in node.expressions]


def _try_cast(node: exp.Expr) -> str | None:
    if _text(node.args["to"]) != "DOUBLE":
        return None
    value = _this(node)
    return f"CASE WHEN {value} RLIKE {IS_NUMBER} THEN TRY_CAST({value} AS DOUBLE) END"


def _cast(node: exp.Expr) -> str | None:
    inner, kind = node.this, node.args["to"].this.name
    if kind in WHOLE_TYPES:
        return f"CAST({_text(inner)} AS {WHOLE_TYPES[kind]})"
    if isinstance(inner, exp.DPipe) and inner.this == exp.Literal.string("0x"):
        return f"CAST(conv({_text(inner.expression)}, 16, 10) AS {_text(node.args['to'])})"
    if kind not in {"TEXT", "VARCHAR"} or not isinstance(inner, exp.Cast):
        return None
    return {"DOUBLE": double_text(_text(inner)), "FLOAT": _float_text(inner)}.get(inner.args["to"].this.name)


def _float_text(number: exp.Expr) -> str:
    """Return the text of a single: of the double with the same shortest text."""
    return double_text(f"CAST(CAST({_text(number)} AS STRING) AS DOUBLE)")


def _printf(node: exp.Expr) -> str:
    form, value = node.expressions
    found = FORMAT.fullmatch(form.this)
    if found is None:
        raise NotImplementedError(f"printf of {form.this!r} has no twin in Spark")
    places = "0" * int(found[1])
    shape = f"0.{places}" if places else "0"
    return (scientific if found[2] == "e" else fixed)(_text(value), shape)


def _format(node: exp.Expr) -> str:
    """Write a whole number with a comma after each thousand."""
    [value] = node.expressions
    if node.this != exp.Literal.string("{:,}"):
        raise NotImplementedError(f"format of {node.this} has no twin in Spark")
    return f"format_number({_text(value)}, '#,##0')"


def _isfinite(node: exp.Expr) -> str:
    """NaN is above infinity in Spark."""
    return f"(abs({_this(node)}) < CAST('Infinity' AS DOUBLE))"


def _rounded(function: str) -> Rule:
    """Spark rounds to whole numbers of 64 bits, DuckDB to doubles; large ones have no fraction anyway."""

    def rule(node: exp.Expr) -> str:
        value = _this(node)
        whole = f"CAST({function}({value}) AS DOUBLE)"
        kept = f"{value} = 0 OR NOT abs({value}) < {WHOLE_FROM}"  # the sign of -0.0 too
        return f"CASE WHEN {kept} THEN CAST({value} AS DOUBLE) ELSE {whole} END"

    return rule


def _trunc(node: exp.Expr) -> str:
    value = _this(node)
    whole = f"CAST(CAST({value} AS BIGINT) AS DOUBLE)"
    return f"CASE WHEN abs({value}) < {EXACT_UP_TO} THEN {whole} ELSE {value} END"


def _hash(node: exp.Expr) -> str:
    """Spark's hash passes over missing values, so each says whether it is one."""
    return f"xxhash64({', '.join(f'{value}, {value} IS NULL' for value in _arguments(node))})"


def _histogram(node: exp.Expr) -> str | None:
    return None if isinstance(node.parent, exp.Filter) else _counts(_histogram_call(node))


def _filter(node: exp.Expr) -> str | None:
    if _name(node.this) != "histogram":
        return None
    return _counts(f"{_histogram_call(node.this)} FILTER ({_text(node.expression).strip()})")


def _histogram_call(node: exp.Expr) -> str:
    return f"histogram_numeric({_this(node)}, {BYTES})"


def _counts(histogram: str) -> str:
    """Return a map of counts: histogram_numeric is exact while there are no more values than bins."""
    count = f"CAST(aggregate(filter({histogram}, b -> b.x = k), 0e0, (n, b) -> n + b.y) AS BIGINT)"
    return f"map_from_entries(transform(sequence(0, {BYTES - 1}), k -> struct(k, {count})))"


def _quantiles(node: exp.Expr) -> str:
    points = node.expression
    kind = "ARRAY<DOUBLE>" if isinstance(points, exp.Array) else "DOUBLE"
    return f"percentile({_this(node)}, CAST({_text(points)} AS {kind}))"


def _window(node: exp.Expr) -> str | None:
    """Ranks are of 64 bits in DuckDB."""
    ranks = isinstance(node.this, exp.RowNumber | exp.Rank | exp.DenseRank | exp.Ntile)
    if not ranks:
        return None
    if not (node.args.get("order") or node.args.get("partition_by")):
        raise NotImplementedError("rows are numbered over parts, or the row table, alone")
    return f"CAST({_text(node)} AS BIGINT)"


def _bracket(node: exp.Expr) -> str | None:
    """What lies beyond the end of a list is missing."""
    [place] = node.expressions
    return None if getattr(place, "is_string", False) else f"get({_this(node)}, {_text(place)})"


def _list_slice(node: exp.Expr) -> str:
    value, first, last = _arguments(node)
    return f"slice({value}, {first}, {last} - {first} + 1)"


def _to_json(node: exp.Expr) -> str:
    """Write a struct field by field: numbers look different in Java's JSON."""
    [struct] = node.expressions
    fields = [_json_field(field.this.name, field.expression) for field in struct.expressions]
    return "concat('{', " + ", ',', ".join(fields) + ", '}')"


def _json_field(name: str, value: exp.Expr) -> str:
    """Return "name":value; Spark's own JSON of the value is cut out of that of a struct {"v":value}."""
    heading = _text(exp.Literal.string(json.dumps(name, ensure_ascii=False) + ":"))
    text = _text(value)
    if isinstance(value, exp.Cast) and value.args["to"].this.name == "DOUBLE":
        return f"{heading}, {double_json(text)}"
    whole = f"to_json(named_struct('v', {text}), map('ignoreNullFields', 'false'))"
    return f"{heading}, substring({whole}, 6, length({whole}) - 6)"


def _not(node: exp.Expr) -> str | None:
    """NOT IN is carried out in the memory of each worker; without missing values NOT EXISTS says the same."""
    inside = node.this
    if not (isinstance(inside, exp.In) and inside.args.get("query")):
        return None
    known = f"{_text(inside.args['query'])} AS `known of`(`known value`)"
    return f"NOT EXISTS (SELECT 1 FROM {known} WHERE `known value` = {_text(inside.this)})"


RULES: Mapping[str, Rule] = {
    "trycast": _try_cast,
    "cast": _cast,
    "printf": _printf,
    "format": _format,
    "isfinite": _isfinite,
    "floor": _rounded("floor"),
    "ceil": _rounded("ceil"),
    "trunc": _trunc,
    "hash": _hash,
    "histogram": _histogram,
    "filter": _filter,
    "percentilecont": _quantiles,
    "window": _window,
    "bracket": _bracket,
    "list_slice": _list_slice,
    "to_json": _to_json,
    "not": _not,
}
