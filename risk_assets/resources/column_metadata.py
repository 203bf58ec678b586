"""The columns of client rows as Dagster's UI shows them: their types, what they mean and where they come from."""

import dagster as dg

from risk_assets.domain.columns import Columns, NumericColumn
from risk_assets.resources.declaration import Metadata


def column_metadata(columns: Columns, source: str) -> Metadata:
    """Return the schema of a table of client rows, and its lineage: each column comes from the source."""
    named = [name for name in columns.names if columns.has_target or name != columns.target]
    key = dg.AssetKey(source)
    return {
        "dagster/column_schema": _schema(columns),
        "dagster/column_lineage": dg.TableColumnLineage({name: [dg.TableColumnDep(key, name)] for name in named}),
    }


def _schema(columns: Columns) -> dg.TableSchema:
    numbers = [dg.TableColumn(column.name, "double", description=_bounds(column)) for column in columns.numbers]
    dates = [
        dg.TableColumn(name, "timestamp", description="observed on" if name == columns.as_of else None)
        for name in columns.dated
    ]
    return dg.TableSchema(
        [
            dg.TableColumn(columns.id, "text", description="identifies the client"),
            *dates,
            *numbers,
            *(dg.TableColumn(name, "text") for name in columns.texts),
            _target(columns),
        ]
    )


def _target(columns: Columns) -> dg.TableColumn:
    kind = "integer" if columns.has_numeric_labels else "text"
    labels = f"{columns.positive} when the client ended its contract, else {columns.negative}"
    return dg.TableColumn(columns.target, kind, description=f"{labels}; empty while nobody knows")


def _bounds(column: NumericColumn) -> str | None:
    bounds = (("at least", column.min), ("at most", column.max))
    return ", ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None) or None
