"""The endpoints of the open inference protocol, below /v2."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version as installed
from typing import Any

from flask import Response, request
from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.tag import Tag
from flask_openapi.types import ResponseDict
from pydantic import BaseModel

from risk_assets.domain.columns import Columns
from risk_assets.serve.api.prediction import number_schema
from risk_assets.serve.api.replying import OPEN, answer, problems, refuse_parameters, respond
from risk_assets.serve.http.replies import JSON, RequestError
from risk_assets.serve.model.inference import MODEL, NUMERIC_TYPES, OUTPUTS, metadata
from risk_assets.serve.model.prediction import Question
from risk_assets.serve.state import find_version, live_version, serving
from risk_assets.settings import Settings

INFER = f"/v2/models/{MODEL}/infer"


class Server(BaseModel):
    """The server, as the protocol words it."""

    name: str
    version: str
    extensions: list[str]


class Live(BaseModel):
    """Whether the server answers."""

    live: bool


class Ready(BaseModel):
    """Whether a model serves."""

    ready: bool


class Tensor(BaseModel):
    """One input or output: -1 is any number of clients."""

    name: str
    datatype: str
    shape: list[int]


class Metadata(BaseModel):
    """What the model takes and gives."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[Tensor]
    outputs: list[Tensor]


class OutputTensor(BaseModel):
    """risk (FP64) or predicted (BYTES)."""

    name: str
    datatype: str
    shape: list[int]
    data: list[float | str]


class InferAnswer(BaseModel):
    """The outputs, one value per client."""

    model_name: str
    model_version: str
    outputs: list[OutputTensor]


class ErrorAnswer(BaseModel):
    """A refusal, as the protocol words it."""

    error: str


def inference_blueprint(settings: Settings) -> APIBlueprint:
    """Return the endpoints, documented with the declared columns."""
    blueprint = APIBlueprint(
        "inference",
        __name__,
        abp_tags=[Tag(name="inference", description="the open inference protocol")],
        abp_responses={401: ErrorAnswer, 422: ErrorAnswer},
    )
    blueprint.before_request(refuse_parameters)
    blueprint.register_error_handler(RequestError, _refuse)
    blueprint.get("/v2", responses={200: Server})(server)
    blueprint.get("/v2/health/live", responses={200: Live}, openapi_extensions=OPEN)(live)
    blueprint.get("/v2/health/ready", responses={200: Ready, 503: Ready}, openapi_extensions=OPEN)(ready)
    blueprint.get(f"/v2/models/{MODEL}/ready", responses={200: Ready, 503: Ready})(model_ready)
    blueprint.get(f"/v2/models/{MODEL}", responses={200: Metadata, 503: ErrorAnswer})(model_metadata)
    refusals: ResponseDict = {400: ErrorAnswer, 413: ErrorAnswer, 415: ErrorAnswer, 503: ErrorAnswer}
    schema = infer_schema(settings.client_columns, settings.max_rows)
    blueprint.post(
        INFER,
        request_body={"required": True, "content": {JSON: {"schema": schema}}},
        responses={200: InferAnswer, **refusals, **problems(408, 411)},
    )(infer)
    return blueprint


def server() -> Response:
    """Name the server."""
    return answer(Server(name="risk_assets", version=installed("risk_assets"), extensions=[]))


def live() -> Response:
    """Say that the server answers."""
    return answer(Live(live=True))


def ready() -> Response:
    """Say whether a model serves."""
    return _readiness()


def model_ready() -> Response:
    """Say whether the model serves."""
    return _readiness()


def model_metadata() -> Response:
    """Say what the model takes and gives."""
    return answer(Metadata.model_validate(metadata(live_version(), serving().columns)))


def infer() -> Response:
    """Say the risk and the predicted label of clients given as columns."""
    question = Question(request.content_type or "", "", request.query_string.decode("latin-1"), request.get_data())
    return respond(serving().inference.answer(question))


def infer_schema(columns: Columns, max_rows: int) -> dict[str, Any]:
    """Return the JSON schema of an inference request: each input once; the lengths must be equal."""
    numbers = {column.name: column for column in columns.numeric}
    numeric = [
        _tensor_schema(name, NUMERIC_TYPES, number_schema(numbers[name]), max_rows)
        for name in columns.inputs
        if name in numbers
    ]
    texts = [name for name in columns.inputs if name not in numbers]
    text = [_tensor_schema(name, ("BYTES",), {"type": "string"}, max_rows) for name in texts]
    count = len(columns.inputs)
    inputs = {"type": "array", "minItems": count, "maxItems": count, "items": {"oneOf": [*numeric, *text]}}
    output = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string", "enum": list(OUTPUTS)}},
    }
    properties = {
        "id": {"type": "string"},
        "parameters": {},
        "inputs": inputs,
        "outputs": {"type": "array", "items": output},
    }
    return {"type": "object", "additionalProperties": False, "required": ["inputs"], "properties": properties}


def _tensor_schema(name: str, kinds: Sequence[str], cell: dict[str, Any], max_rows: int) -> dict[str, Any]:
    cells = [cell, {"type": "null"}]
    nested = {"type": "array", "minItems": 1, "maxItems": 1, "items": {"anyOf": cells}}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["name", "shape", "datatype", "data"],
        "properties": {
            "name": {"type": "string", "enum": [name]},
            "shape": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "integer", "minimum": 1}},
            "datatype": {"type": "string", "enum": list(kinds)},
            "parameters": {},
            "data": {"type": "array", "minItems": 1, "maxItems": max_rows, "items": {"anyOf": [*cells, nested]}},
        },
    }


def _refuse(error: RequestError) -> Response:
    """Answer in the protocol's own form of an error."""
    return answer(ErrorAnswer(error=error.detail), error.status)


def _readiness() -> Response:
    ready = find_version() is not None
    return answer(Ready(ready=ready), 200 if ready else 503)
