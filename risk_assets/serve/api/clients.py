"""The ranked clients: /clients and /clients/ID."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
from flask import Response
from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.tag import Tag
from pydantic import BaseModel, Field

from risk_assets.domain.model.reasons import contribution_text
from risk_assets.serve.api.answers import (
    ClientAnswer,
    ClientList,
    ClientQuery,
    Explanation,
    ListedClient,
    ObservedRow,
    ShapeValue,
)
from risk_assets.serve.api.replying import answer, problems, refuse_parameters
from risk_assets.serve.client_table import ClientRow, KnownClient
from risk_assets.serve.model.live import Version
from risk_assets.serve.state import live_name, live_version, serving

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from risk_assets.domain.model.scorecard import Scorecard

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
    """Return a page of clients, by default the current ones, those at the highest risk first."""
    found = serving().clients.page(**query.model_dump())
    listing = [in_list(client) for client in found.clients]
    return answer(
        ClientList(version=live_name(), total=found.total, page=found.page, pages=found.pages, clients=listing)
    )


@clients.get("/clients/<path:id>", responses={200: ClientAnswer})
def client(path: ClientPath) -> Response:
    """Return one client: current or left, risk, rank, reasons, the shape values behind them, and its rows."""
    refuse_parameters()
    known = serving().clients.client(path.id)
    rows = serving().clients.history(path.id)
    return answer(
        ClientAnswer(
            version=live_name(),
            status=known.status,
            left_on=known.left_on,
            client=None if known.ranked is None else in_list(known),
            explanation=explain(live_version(), rows[-1].features) if rows else None,
            history=observed(live_version(), rows) if rows else [],
        )
    )


def in_list(known: KnownClient) -> ListedClient:
    """Return a client as lists show it."""
    figures = {"id": known.id} if known.ranked is None else asdict(known.ranked)
    return ListedClient(**figures, status=known.status, left_on=known.left_on)


def observed(version: Version, rows: Sequence[ClientRow]) -> list[ObservedRow]:
    """Return the rows of a client with their risk by one version and what changed from row to row."""
    scorecard = version.scorecard
    risks = scorecard.risk(_columns(scorecard, [row.features for row in rows]))
    befores: list[Mapping[str, float | str | None]] = [rows[0].features, *(row.features for row in rows[:-1])]
    return [
        ObservedRow(
            as_of=row.as_of,
            risk=float(risk),
            left=row.left,
            features=dict(row.features),
            changed=[name for name, value in row.features.items() if value != before[name]],
        )
        for row, before, risk in zip(rows, befores, risks, strict=True)
    ]


def _columns(
    scorecard: Scorecard, rows: Sequence[Mapping[str, float | str | None]]
) -> dict[str, NDArray[np.float64] | NDArray[np.object_]]:
    """Return the scorecard's features of rows as arrays; one that is no longer declared is missing."""
    numeric = {shape.column for shape in scorecard.numeric}
    return {
        name: np.array([row.get(name) for row in rows], dtype=np.float64 if name in numeric else object)
        for name in scorecard.features
    }


def explain(version: Version, features: Mapping[str, float | str | None]) -> Explanation:
    """Return what each feature of a client does, strongest first, by one version."""
    scorecard = version.scorecard
    columns = _columns(scorecard, [features])
    shapes = []
    for shape in scorecard.shapes:
        value, log_odds = (
            features.get(shape.column),
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
                text=contribution_text(shape.column, value, effect),
            )
        )
    shapes.sort(key=lambda found: -abs(found.log_odds - found.average))
    return Explanation(version=version.name, risk=float(scorecard.risk(columns)[0]), shapes=shapes)
