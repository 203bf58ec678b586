"""From plain replies to Flask's, and the parts of the OpenAPI document that all endpoints share."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask_openapi.types import ResponseDict
from pydantic import BaseModel

from risk_assets.serve.api.answers import dump
from risk_assets.serve.http.replies import (
    JSON,
    PROBLEM,
    SHOWN_CHARACTERS,
    Fault,
    Reply,
    RequestError,
    faulty,
    shown,
)

STATUSES = {
    400: "the request is malformed",
    401: "an API key is needed",
    403: "this may not be read, or the key has not the right",
    404: "not there, or not generated yet",
    408: "the body did not arrive in time",
    409: "somebody else wrote in the meantime",
    411: "the length of the body is not stated",
    413: "too large, or too many clients",
    415: "neither JSON nor CSV",
    422: "the content is wrong; the faults name row and field",
    503: "no model serves, or a file is damaged",
}

#: For the OpenAPI document: this needs no key (guard.OPEN_PATHS).
OPEN: dict[str, Any] = {"security": []}


def respond(reply: Reply) -> Response:
    """Return a reply as Flask's response."""
    response = Response(reply.body, reply.status, content_type=reply.media_type)
    if reply.version:
        response.headers["X-Model-Version"] = reply.version
    return response


def answer(content: BaseModel, status: int = 200) -> Response:
    """Return a model as JSON; `after_request` adds the version that the request saw."""
    return Response(dump(content), status, content_type=JSON)


def problems(*statuses: int) -> ResponseDict:
    """Return the OpenAPI responses of refusals."""
    schema = {"$ref": "#/components/schemas/ProblemAnswer"}
    return {
        status: {"description": STATUSES[status], "content": {PROBLEM: {"schema": schema}}} for status in statuses
    }


def body_fault() -> RequestError:
    """Return the error of a body that is no JSON object: 415 by its media type, 400 by its content."""
    if request.mimetype != JSON:
        return RequestError(415, f"send {JSON}, not {shown(request.mimetype or 'no content type')}")
    return RequestError(400, "the body is not a JSON object")


def refuse_parameters() -> None:
    """Refuse a query where none is known. Raises RequestError (422)."""
    for name in request.args:
        raise faulty([Fault(None, name[:SHOWN_CHARACTERS], "is not known here; there are no parameters")])
