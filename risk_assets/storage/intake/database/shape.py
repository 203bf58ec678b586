"""What a source's columns are, and the SQL that reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from risk_assets.domain.columns import Columns
from risk_assets.engine.intake.header import match_header
from risk_assets.settings import SqlSourceSetting
from risk_assets.storage.intake.database.database import Database, SourceError

if TYPE_CHECKING:
    import sqlalchemy as sa

#: How a column is landed. Whatever is no whole number, float or truth value of PostgreSQL is landed as text.
Kind = Literal["integer", "float", "boolean", "text"]
KINDS: dict[str, Kind] = {"int2": "integer", "int4": "integer", "int8": "integer", "bool": "boolean"}
KINDS |= {"float4": "float", "float8": "float", "varchar": "text", "bpchar": "text", "text": "text"}


@dataclass(frozen=True)
class Shape:
    """The declared columns as the source spells them (in declared order), their types, the cursor and the id."""

    columns: Mapping[str, str]
    types: Mapping[str, str]
    cursor: str
    id: str
    is_postgres: bool

    @property
    def kinds(self) -> dict[str, Kind]:
        """How each declared column is landed."""
        if not self.is_postgres:
            return dict.fromkeys(self.columns, "text")
        return {name: KINDS.get(self.types[spelled], "text") for name, spelled in self.columns.items()}

    @property
    def type_names(self) -> dict[str, str]:
        """The types of the columns that are read, as far as a change of them would matter."""
        used = (*self.columns.values(), self.cursor, self.id)
        return {name: KINDS.get(self.types[name], self.types[name]) for name in used}

    @property
    def cursor_is_decimal(self) -> bool:
        """Whether the cursor's decimal numbers come as text."""
        return self.is_postgres and self.cursor_type == "numeric"

    @property
    def cursor_type(self) -> str:
        """The type of the cursor as the database calls it."""
        return self.types[self.cursor]


def describe(database: Database, columns: Columns) -> Shape:
    """Look at the source's columns. Raises SourceError naming the source, table and column that lacks."""
    source = database.source
    types = _types(database)
    header = match_header(list(types), columns)
    if header.fault:
        raise SourceError(f"{source.name}: {where(source)} has {header.fault}")
    return Shape(
        columns={
            name: list(types)[position]
            for name, position in zip(columns.names, header.positions, strict=True)
            if position is not None
        },
        types=types,
        cursor=_found(source, types, source.cursor),
        id=_found(source, types, source.id or columns.id),
        is_postgres=database.is_postgres,
    )


def where(source: SqlSourceSetting) -> str:
    """Name the table, or the query, in words."""
    if source.table is None:
        return "the query"
    return f"table {source.db_schema}.{source.table}" if source.db_schema else f"table {source.table}"


def _found(source: SqlSourceSetting, types: Mapping[str, str], name: str) -> str:
    """Return the column of this name, in whatever case when only one fits."""
    fitting = [column for column in types if column.casefold() == name.casefold()]
    if name in types or len(fitting) == 1:
        return name if name in types else fitting[0]
    raise SourceError(f'{source.name}: {where(source)} has no column "{name}"')


def _types(database: Database) -> dict[str, str]:
    """Return the type of each column, "" where the database does not tell that of a query."""
    import sqlalchemy as sa

    nothing = sa.select(sa.text("*")).select_from(rows_of(database.source)).where(sa.false())
    found = database.connection.execute(nothing)
    names = list(found.keys())
    if database.is_postgres:
        codes = [cast("int", column[1]) for column in found.cursor.description] if found.cursor else []
        return dict(zip(names, _type_names(database, codes), strict=True))
    if database.source.table is None:
        return dict.fromkeys(names, "")
    inspected = sa.inspect(database.connection).get_columns(database.source.table, database.source.db_schema)
    families = {column["name"]: _family(column["type"]) for column in inspected}
    return {name: families.get(name, "") for name in names}


def rows_of(source: SqlSourceSetting) -> sa.FromClause:
    """Return the table, or the query as one."""
    import sqlalchemy as sa

    if source.table is not None:
        return sa.table(source.table, schema=source.db_schema)
    # A colon would begin a parameter.
    return sa.text(str(source.query).replace(":", r"\:")).columns().subquery("risk_assets_rows")


def _type_names(database: Database, codes: Sequence[int]) -> list[str]:
    import sqlalchemy as sa

    known = sa.table("pg_type", sa.column("oid"), sa.column("typname"), schema="pg_catalog")
    wanted = sa.select(known.c.oid, known.c.typname).where(
        known.c.oid.in_([sa.literal_column(str(code)) for code in codes])
    )
    names = {int(oid): str(name) for oid, name in database.connection.execute(wanted)}
    return [names[code] for code in codes]


def _family(kind: sa.types.TypeEngine[Any]) -> str:
    """Return what a type is in Python, which does not change with a length or a precision."""
    try:
        return kind.python_type.__name__
    except NotImplementedError:
        return type(kind).__name__.lower()
