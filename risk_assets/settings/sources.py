"""Databases that new client rows are read from."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Literal
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

#: No two _ in a row: they part the words of a variable's name in the environment.
NAME = r"^[A-Za-z0-9]([_-]?[A-Za-z0-9])*$"
_SECRET = re.compile(r"(?i)\b\w*(?:passw(?:or)?d|pwd|secret|token)\w*\s*=")
_IN_URL = re.compile(r"^[^:/]+://[^/?#]*?:[^/?#]*@")


class SqlSourceSetting(BaseModel):
    """A table or a query of a database, and the column that tells which of its rows are new."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["sql"] = Field(default="sql", description="a database")
    name: str = Field(max_length=60, pattern=NAME, description="begins the names of the files that are landed")
    url: str = Field(min_length=1, description="an SQLAlchemy URL without a password")
    table: str | None = Field(default=None, min_length=1, description="or view, in place of a query")
    db_schema: str | None = Field(default=None, alias="schema", min_length=1, description="of the table")
    query: str | None = Field(default=None, min_length=1, description="a SELECT, in place of a table")
    into: Literal["sourcedata", "outcomes"] = Field(default="sourcedata", description="where its files are landed")
    cursor: str = Field(min_length=1, description="a time, date or number that a new or changed row raises")
    id: str | None = Field(
        default=None, min_length=1, description="orders equal cursors; the id of columns if unset"
    )
    batch_rows: int = Field(default=1_000_000, ge=1, description="rows in one file, at most")
    look_back: float = Field(
        default=600, ge=0, allow_inf_nan=False, description="how late a row may come: seconds, or a number's units"
    )

    @field_validator("url")
    @classmethod
    def _without_a_password(cls, value: str) -> str:
        if "://" not in value:
            raise ValueError("is no SQLAlchemy URL, such as postgresql+psycopg://risk@db/crm")
        if _IN_URL.match(value) or _SECRET.search(unquote(value)):
            raise ValueError(
                "holds a password: give it as RISK_ASSETS_SOURCE_PASSWORDS__<NAME> in the environment"
            )
        return value

    @field_validator("query")
    @classmethod
    def _one_statement(cls, value: str | None) -> str | None:
        return value if value is None else value.strip().rstrip(";").rstrip()

    @model_validator(mode="after")
    def _one_origin(self) -> SqlSourceSetting:
        if (self.table is None) == (self.query is None):
            raise ValueError("needs exactly one of table and query")
        if self.db_schema is not None and self.table is None:
            raise ValueError("schema is for a table")
        return self

    @property
    def key(self) -> str:
        """The name as the environment spells it: small letters, and _ for -."""
        return source_key(self.name)


def source_key(name: str) -> str:
    """Return a source's name as the end of an environment variable, in small letters."""
    return name.lower().replace("-", "_")


def refuse_mistaken(sources: Sequence[SqlSourceSetting], passwords: Collection[str]) -> None:
    """Raise ValueError when two names are as good as the same, or a password is of no source."""
    keys = [source.key for source in sources]
    for source in sources:
        if keys.count(source.key) > 1:
            raise ValueError(f"sources: name {source.name!r} is used twice")
    for name in passwords:
        if source_key(name) not in keys:
            raise ValueError(f"source_passwords: no source is called {name!r}")
