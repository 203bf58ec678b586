"""The ranked clients: /clients and /clients/ID."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict

import numpy as np
from flask import Response
from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.tag import Tag
from pydantic import BaseModel, Field

from risk_assets.domain.model.reasons import reason_text
from risk_assets.serve.api.answers import (
    ClientAnswer,
    ClientList,
    ClientQuery,
    Explanation,
    ListedClient,
    ShapeValue,
)
from risk_assets.serve.api.replying import answer, problems, refuse_parameters
from risk_assets.serve.model.live import Version
from risk_assets.serve.state import live_name, live_version, serving

clients = APIBlueprint(
    "clients",
    __name__,
    abp_tags=[Tag(name="clients", description="the clients, ranked by risk")],
    abp_responses=problems(401, 404, 422, 503),
)


class ClientPath(BaseModel):
    """Which client."""

    id: str = Field(min_length=1, description="as in the client files")


@clients.get("/clients", responses={200: ClientList})
def listed(query: ClientQuery) -> Response:
    """Return a page of the current clients, by default those at the highest risk first."""
    found = serving().clients.page(min_risk=query.min_risk, q=query.q, sort=query.sort, page=query.page)
    listing = [ListedClient(**asdict(client)) for client in found.clients]
    return answer(
        ClientList(version=live_name(), total=found.total, page=found.page, pages=found.pages, clients=listing)
    )


@clients.get("/clients/<path:id>", responses={200: ClientAnswer})
def client(path: ClientPath) -> Response:
    """Return one client: current or left, risk, rank, reasons, and the shape values behind them."""
    refuse_parameters()
    ranked = serving().clients.client(path.id)
    features = serving().clients.features(path.id)
    return answer(
        ClientAnswer(
            version=live_name(),
            status="left" if ranked is None else "current",
            client=None if ranked is None else ListedClient(**asdict(ranked)),
            explanation=explain(live_version(), features) if features is not None else None,
        )
    )


def explain(version: Version, features: Mapping[str, float | str | None]) -> Explanation:
    """Return what each feature of a client does, strongest first, by one version."""
    scorecard = version.scorecard
    numeric = {shape.column for shape in scorecard.numeric}
    columns = {
        name: np.array([features[name]], dtype=np.float64 if name in numeric else object)
        for name in scorecard.features
    }
    shapes = []
    for shape in scorecard.shapes:
        value, log_odds = (
            features[shape.column],
            float(scorecard.shape_value(shape.column, columns[shape.column])[0]),
        )
        effect = log_odds - shape.mean
        shapes.append(
            ShapeValue(
                feature=shape.column,
                value=value,
                log_odds=log_odds,
                average=shape.mean,
                odds_factor=math.exp(effect),
                text=reason_text(shape.column, value, effect),
            )
        )
    shapes.sort(key=lambda found: -abs(found.log_odds - found.average))
    return Explanation(version=version.name, risk=float(scorecard.risk(columns)[0]), shapes=shapes)
