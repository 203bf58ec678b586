"""The columns of tables as Dagster's UI shows them: their types, what they mean and where they come from."""

import dagster as dg

from risk_assets.domain.columns import Columns, NumericColumn
from risk_assets.domain.ranking.risk_summary import FIGURES, TEXTS
from risk_assets.resources.declaration import Metadata

WHOLE = ("rank", "decile")
#: What the figures of a ranking mean.
MEANINGS = {
    "risk": "the probability that the client leaves",
    "risk_low": "where the 90 % interval of the risk begins",
    "risk_high": "where it ends",
    "rank": "1 is the highest risk",
    "decile": "1 is the riskiest tenth",
    "previous_risk": "that of the client's row before, by the same model",
    "change": "of the risk since",
    "value_at_risk": "risk times value",
    "reason_1": "the strongest reason",
    "change_reason": "what moved the risk most",
}


def column_metadata(columns: Columns, source: str) -> Metadata:
    """Return the schema of a table of client rows, and its lineage: each column comes from the source."""
    named = [name for name in columns.names if columns.has_target or name != columns.target]
    key = dg.AssetKey(source)
    return {
        "dagster/column_schema": _schema(columns),
        "dagster/column_lineage": dg.TableColumnLineage({name: [dg.TableColumnDep(key, name)] for name in named}),
    }


def ranking_metadata(columns: Columns) -> Metadata:
    """Return the schema of the ranking, and its lineage: risks come from all that is learnt from."""
    finaldata, value = dg.AssetKey("finaldata"), columns.value
    taken = [columns.id, *(name for name in (columns.as_of, value) if name), *columns.shown]
    learnt = [dg.TableColumnDep(finaldata, name) for name in columns.inputs]
    lineage = {name: [dg.TableColumnDep(finaldata, name)] for name in taken} | dict.fromkeys(FIGURES, learnt)
    if value:
        lineage["value_at_risk"] = [*learnt, dg.TableColumnDep(finaldata, value)]
    kinds = dict.fromkeys((columns.id, *columns.shown, *TEXTS), "text") | dict.fromkeys(WHOLE, "integer")
    kinds |= {columns.as_of: "timestamp"} if columns.as_of else {}
    schema = [dg.TableColumn(name, kinds.get(name, "double"), description=MEANINGS.get(name)) for name in lineage]
    return {
        "dagster/column_schema": dg.TableSchema(schema),
        "dagster/column_lineage": dg.TableColumnLineage(lineage),
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
