"""Reading order: a hidden column, carried through a query, says where in its file each row stands."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

#: Its name; settings refuse blank names and so it is free.
POSITION = "  "


def column() -> exp.Column:
    """Return the hidden column."""
    return exp.column(POSITION, quoted=True)


def number_rows(statement: exp.Expr, positioned: Mapping[str, str]) -> None:
    """Replace `row_number() OVER ()` by the place of the row, where the rows come from a table with positions.

    `positioned` names, for each table that has positions, the twin of it that shows them.
    """
    for window in list(statement.find_all(exp.Window)):
        bare = not (window.args.get("order") or window.args.get("partition_by"))
        select = window.find_ancestor(exp.Select)
        if not (bare and isinstance(window.this, exp.RowNumber) and select):
            continue
        if _expose_source(select, positioned):
            _hide(select)
            window.replace(exp.paren(column() + 1))
        else:
            window.set("order", exp.Order(expressions=[exp.Ordered(this=exp.Literal.number(1))]))


def expose(query: exp.Expr, positioned: Mapping[str, str]) -> bool:
    """Add the hidden column to what a query gives; False when its rows are not those of one table."""
    if not isinstance(query, exp.Select):
        return False
    if any(query.args.get(part) for part in ("group", "distinct", "order", "limit")) or _sums_up(query):
        return False
    if any(isinstance(found, exp.Column) and found.name == POSITION for found in query.expressions):
        return True
    if not _expose_source(query, positioned):
        return False
    _hide(query)  # a column of its own stays where `row_number()` later hides what `*` shows
    query.append("expressions", column())
    return True


def _expose_source(select: exp.Select, positioned: Mapping[str, str]) -> bool:
    source = select.args.get("from_")
    if source is None or select.args.get("joins"):
        return False
    table = source.this
    if isinstance(table, exp.Subquery):
        return expose(table.this, positioned)
    if table.name in positioned.values():
        return True
    if table.name in positioned:
        alias = table.args.get("alias")
        table.replace(exp.to_table(positioned[table.name], alias=alias or table.name))
        return True
    return False


def _hide(select: exp.Select) -> None:
    for found in select.expressions:
        if isinstance(found, exp.Star) and not found.args.get("except_"):
            found.set("except_", [exp.to_identifier(POSITION, quoted=True)])


def _sums_up(query: exp.Select) -> bool:
    return any(
        not isinstance(found.parent, exp.Window) and found.parent_select is query
        for projection in query.expressions
        for found in projection.find_all(exp.AggFunc)
    )
