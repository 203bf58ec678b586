"""For whoever operates the server: /healthz, /readyz and /metrics."""

from __future__ import annotations

from dataclasses import asdict

from flask import Response
from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.tag import Tag

from risk_assets.serve.api.answers import Health, Readiness, RefusedVersion
from risk_assets.serve.api.replying import OPEN, answer, problems, refuse_parameters
from risk_assets.serve.metrics import exposition
from risk_assets.serve.state import find_version, serving

TEXT = "text/plain; version=0.0.4; charset=utf-8"

health = APIBlueprint(
    "health", __name__, abp_tags=[Tag(name="health", description="for whoever operates the server")]
)


health.before_request(refuse_parameters)


@health.get("/healthz", responses={200: Health, **problems(422)}, openapi_extensions=OPEN)
def healthz() -> Response:
    """Say that the server answers."""
    return answer(Health(status="ok"))


@health.get("/readyz", responses={200: Readiness, 503: Readiness, **problems(422)}, openapi_extensions=OPEN)
def readyz() -> Response:
    """Say whether a model serves (200, else 503), and which version should and cannot."""
    version, refused = find_version(), serving().live.refused
    refusal = RefusedVersion(**asdict(refused)) if refused else None
    ready = Readiness(ready=version is not None, version=version.name if version else None, refused=refusal)
    return answer(ready, 200 if version else 503)


@health.get(
    "/metrics",
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **problems(401, 422)},
)
def metrics() -> Response:
    """Return the figures of all workers in Prometheus' text format."""
    find_version()
    return Response(exposition(), content_type=TEXT)
