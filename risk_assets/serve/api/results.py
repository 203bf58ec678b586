"""What the graph generated: /scoring, /summarystats, /diagnostics, /drift, /model, /deployments and /report."""

from __future__ import annotations

from flask import Response, send_file
from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.tag import Tag

from risk_assets.serve.api.answers import (
    Deployments,
    DiagnosticsAnswer,
    DriftAnswer,
    ModelAnswer,
    Scoring,
    SummaryStats,
)
from risk_assets.serve.api.replying import answer, problems, refuse_parameters
from risk_assets.serve.state import live_name, live_version, serving

PDF = "application/pdf"

results = APIBlueprint(
    "results",
    __name__,
    abp_tags=[Tag(name="results", description="what the graph generated")],
    abp_responses=problems(401, 404, 422, 503),
)


results.before_request(refuse_parameters)


@results.get("/scoring", responses={200: Scoring})
def scoring() -> Response:
    """Say the F1 score of the live version, and every other metric with its interval."""
    version = live_version()
    metrics = serving().generated.metrics(version)
    return answer(Scoring(version=version.name, f1=metrics.f1.value, metrics=metrics))


@results.get("/summarystats", responses={200: SummaryStats})
def summarystats() -> Response:
    """Say mean, median, standard deviation and missing values of each column."""
    found = serving().generated.diagnostics()
    return answer(SummaryStats(version=live_name(), at=found.at, profile=found.profile))


@results.get("/diagnostics", responses={200: DiagnosticsAnswer})
def diagnostics() -> Response:
    """Say how long the assets took, what is missing in the data, and the state of the dependencies."""
    return answer(DiagnosticsAnswer(version=live_name(), diagnostics=serving().generated.diagnostics()))


@results.get("/drift", responses={200: DriftAnswer})
def drift() -> Response:
    """Say whether the clients have changed since the live model was trained."""
    return answer(DriftAnswer(version=live_name(), drift=serving().generated.drift()))


@results.get("/model", responses={200: ModelAnswer})
def model() -> Response:
    """Return the live version: its manifest and its scorecard with every shape."""
    version = live_version()
    return answer(ModelAnswer(version=version.name, manifest=version.manifest, scorecard=version.scorecard))


@results.get("/deployments", responses={200: Deployments})
def deployments() -> Response:
    """Return all decisions about deployments, oldest first."""
    return answer(Deployments(version=live_name(), decisions=list(serving().generated.decisions())))


@results.get("/report", responses={200: {"content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}})
def report() -> Response:
    """Return the report for people as a PDF."""
    return send_file(serving().generated.report(), PDF, conditional=False, etag=False)
