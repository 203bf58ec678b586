"""What is asked for and sent, as models: they check requests and write the OpenAPI document."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import BaseModel, Field, create_model

from risk_assets.domain.columns import Columns
from risk_assets.domain.contacts.contact import LONGEST_NOTE, Kind
from risk_assets.serve.client_search import Filters, Listed, Sort
from risk_assets.serve.contact_desk import By


class Query(BaseModel, extra="forbid"):
    """The query of a request. Its schema, which flask-openapi reads at each request, is made once."""

    @classmethod
    def model_json_schema(cls, *arguments: Any, **options: Any) -> dict[str, Any]:  # noqa: ANN401  # as pydantic's
        """Return the JSON schema: without arguments one that all share, to be read alone."""
        return super().model_json_schema(*arguments, **options) if arguments or options else cls._shared_schema()

    @classmethod
    @cache
    def _shared_schema(cls) -> dict[str, Any]:
        return super().model_json_schema()


class ClientQuery(Query):
    """Which clients, in which order."""

    status: Listed = Field(default="current", description="all are current, left and known before only")
    min_risk: float = Field(default=0.0, ge=0, le=1, description="the least risk")
    q: str = Field(default="", max_length=200, description="part of the id, in any case")
    sort: Sort = Field(default="-risk", description="- is descending; without a value its order is that of risk")
    page: int = Field(default=1, ge=1, le=1_000_000)
    after: str | None = Field(
        default=None,
        max_length=2000,
        pattern=r"^[A-Za-z0-9_=-]*$",
        description="the cursor of the page before: deep pages come as quickly; another list's begins this one",
    )

    def filters(self) -> Filters:
        """Return the filters by columns."""
        found: dict[str, dict[str, Any]] = {"in": {}, "min": {}, "max": {}}
        for name, field in type(self).model_fields.items():
            kind, dot, column = (field.alias or "").partition(".")
            value = getattr(self, name)
            if dot and value is not None:
                found[kind][column] = value
        return Filters(found["in"], found["min"], found["max"])

    def search(self) -> dict[str, Any]:
        """Return what a client table is asked for."""
        return {**self.model_dump(include=set(ClientQuery.model_fields)), "filters": self.filters()}


def client_query(columns: Columns) -> type[ClientQuery]:
    """Return the query with filters by carried columns (in.NAME) and numeric features (min.NAME, max.NAME)."""
    fields: dict[str, Any] = {}
    for place, name in enumerate(columns.shown):
        about = f"clients with this {name} alone"
        fields[f"in_{place}"] = (str | None, Field(None, alias=f"in.{name}", max_length=200, description=about))
    for place, column in enumerate(columns.numeric_features):
        for bound, word in (("min", "least"), ("max", "greatest")):
            about = f"the {word} {column.name}"
            alias = f"{bound}.{column.name}"
            fields[f"{bound}_{place}"] = (
                float | None,
                Field(None, alias=alias, description=about, allow_inf_nan=False),
            )
    return create_model("ClientFilters", __base__=ClientQuery, **fields)


class CallQuery(Query):
    """Whom to call first."""

    by: By | None = Field(default=None, description="the order; by value at risk where a value is declared")

    def levels(self) -> dict[str, str]:
        """Return the levels of carried columns that narrow the list down."""
        fields = type(self).model_fields
        found = {
            field.alias.removeprefix("in."): getattr(self, name) for name, field in fields.items() if field.alias
        }
        return {column: level for column, level in found.items() if level is not None}


def call_query(columns: Columns) -> type[CallQuery]:
    """Return the query of the call list with a filter for each carried column (in.NAME)."""
    fields: dict[str, Any] = {}
    for place, name in enumerate(columns.shown):
        about = f"clients with this {name} alone"
        fields[f"in_{place}"] = (str | None, Field(None, alias=f"in.{name}", max_length=200, description=about))
    return create_model("CallFilters", __base__=CallQuery, **fields)


class ContactQuery(Query):
    """Which contacts."""

    client: str = Field(default="", max_length=1000, description="of one client alone")
    by: str = Field(default="", max_length=100, description="of one writer alone")
    before: int | None = Field(default=None, ge=1, le=2**53, description="with a smaller number than this")


class ContactBody(BaseModel, extra="forbid"):
    """A contact to write down; dates are ISO 8601."""

    client: str = Field(min_length=1, max_length=1000)
    kind: Kind
    note: str = Field(default="", max_length=LONGEST_NOTE)
    follow_up_on: str | None = Field(default=None, max_length=10)
    snooze_until: str | None = Field(default=None, max_length=10)
    left_on: str | None = Field(default=None, max_length=10)
    seen: int | None = Field(
        default=None,
        ge=0,
        le=2**31 - 1,
        description="the client's last revision that you know; a later one refuses",
    )
