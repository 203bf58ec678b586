"""POST /prediction: clients as JSON, as CSV, or as a file below the data root."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.tag import Tag

from risk_assets.domain.columns import Columns, NumericColumn
from risk_assets.domain.scoring.scored_file import MOST_REASONS
from risk_assets.serve.api.replying import problems, respond
from risk_assets.serve.http.replies import JSON
from risk_assets.serve.model.options import OPTIONS
from risk_assets.serve.model.prediction import Question
from risk_assets.serve.model.prediction_answer import ID, answer_schema, nullable
from risk_assets.serve.state import serving
from risk_assets.settings import Settings

PREDICTION = "/prediction"


def prediction_blueprint(settings: Settings) -> APIBlueprint:
    """Return the endpoint, documented with the declared columns."""
    blueprint = APIBlueprint(
        "prediction",
        __name__,
        abp_tags=[Tag(name="prediction", description="the risk of clients that you send")],
        abp_responses=problems(400, 401, 403, 404, 408, 411, 413, 415, 422, 503),
    )
    columns = settings.client_columns
    parameters = [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in _options_schema().items()
    ]
    blueprint.post(
        PREDICTION,
        request_body={"required": True, "content": _request_content(columns, settings.max_rows)},
        responses={
            200: {"description": "risk and label per client, in order", "content": _answer_content(columns)}
        },
        openapi_extensions={"parameters": parameters},
    )(prediction)
    return blueprint


def prediction() -> Response:
    """Say the risk and the predicted label of each client.

    Values are checked strictly and faults name row and field; a missing value is allowed, the answer tells which.
    The target column, if sent, is ignored. The reasons (at most ten a client) come with ?reasons=3 or in the body,
    the 90 % interval of the risk with ?interval=true, and with ?contributions=true what each column and pair of
    columns adds to the log-odds: with base_log_odds they add up to the client's.
    Where `Accept` prefers text/csv to JSON the answer is a CSV of what was sent and what it means.
    """
    question = Question(
        request.content_type or "",
        request.headers.get("Accept", ""),
        request.query_string.decode("latin-1"),
        request.get_data(),
    )
    return respond(serving().predictions.answer(question))


def _request_content(columns: Columns, max_rows: int) -> dict[str, Any]:
    clients = {"type": "array", "minItems": 1, "maxItems": max_rows, "items": client_schema(columns)}
    forms = {"clients": clients, "filepath": {"type": "string", "description": "a .csv file below the data root"}}
    either = [
        {
            "type": "object",
            "additionalProperties": False,
            "required": [form],
            "properties": {form: schema, **_options_schema()},
        }
        for form, schema in forms.items()
    ]
    text = {
        "type": "string",
        "description": f"a header, a line per client; what is not among {', '.join(columns.names)} is left out",
    }
    return {JSON: {"schema": {"oneOf": either}}, "text/csv": {"schema": text}}


def client_schema(columns: Columns) -> dict[str, Any]:
    """Return the JSON schema of one client."""
    numeric = {column.name: nullable(number_schema(column)) for column in columns.numeric}
    texts = [name for name in (*columns.categorical, *columns.dated) if name in columns.inputs]
    text = {name: nullable({"type": "string"}) for name in texts}
    properties = {columns.id: ID, **numeric, **text, columns.target: {"description": "ignored"}}
    known = {name: {"type": "number"} for name in numeric}
    known |= {name: {"type": "string", "pattern": r"\S"} for name in text}
    enough: list[tuple[str, ...]] = [(name,) for name in columns.inputs if name in columns.features]
    enough += [column.parts for column in columns.derived if not {*column.parts} & {*columns.features}]
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties | {name: {"description": "ignored"} for name in columns.ignored},
        "anyOf": [{"required": [*names], "properties": {name: known[name] for name in names}} for names in enough],
    }


def number_schema(column: NumericColumn) -> dict[str, Any]:
    """Return the JSON schema of a value."""
    low, high = column.bounds
    return {"type": "number", "minimum": low, "maximum": high}


def _answer_content(columns: Columns) -> dict[str, Any]:
    return {JSON: {"schema": answer_schema(columns)}, "text/csv": {"schema": {"type": "string"}}}


def _options_schema() -> dict[str, Any]:
    reasons = {"type": "integer", "minimum": 0, "maximum": MOST_REASONS}
    return {name: reasons if name == "reasons" else {"type": "boolean"} for name in OPTIONS}
