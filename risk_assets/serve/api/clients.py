"""The ranked clients as programs read them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.columns import Columns
from risk_assets.domain.model.reasons import Reason, reasons
from risk_assets.domain.model.scorecard import MAX_LOG_ODDS
from risk_assets.domain.model.words import contribution_text, value_text
from risk_assets.serve.api.answers import (
    ClientAnswer,
    ClientList,
    Explanation,
    ListedClient,
    ObservedRow,
    ShapeValue,
)
from risk_assets.serve.api.questions import ClientQuery
from risk_assets.serve.client_search import ClientRow, KnownClient
from risk_assets.serve.model.live import Version
from risk_assets.serve.state import live_version, ranking_version, serving

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from risk_assets.domain.model.scorecard import FeatureColumns, Scorecard

Cell = float | str | None
#: Reasons that an explanation gives at most.
REASONS = 5


def list_clients(query: ClientQuery) -> ClientList:
    """Return a page of clients, by default the current ones, those at the highest risk first."""
    found = serving().clients.page(**query.search())
    listing = [in_list(client) for client in found.clients]
    return ClientList(
        version=ranking_version(),
        total=found.total,
        page=query.page,
        pages=found.pages,
        clients=listing,
        after=found.after,
    )


def describe_client(name: str) -> ClientAnswer:
    """Return one client: current or left, risk, rank, reasons, the shape values behind them, and its rows."""
    known = serving().clients.client(name)
    rows = serving().clients.history(name)
    return ClientAnswer(
        version=ranking_version(),
        status=known.status,
        left_on=known.left_on,
        client=None if known.ranked is None else in_list(known),
        explanation=explain(live_version(), rows[-1].features) if rows else None,
        history=observed(live_version(), rows) if rows else [],
    )


def in_list(known: KnownClient) -> ListedClient:
    """Return a client as lists show it."""
    figures = {"id": known.id} if known.ranked is None else asdict(known.ranked)
    figures.pop("features", None)
    return ListedClient(**figures, status=known.status, left_on=known.left_on)


def observed(version: Version, rows: Sequence[ClientRow]) -> list[ObservedRow]:
    """Return the rows of a client with their risk by one version and what changed from row to row."""
    scorecard = version.scorecard
    risks = scorecard.risk(_columns(scorecard, [row.features for row in rows]))
    befores: list[Mapping[str, Cell]] = [rows[0].features, *(row.features for row in rows[:-1])]
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
    scorecard: Scorecard, rows: Sequence[Mapping[str, Cell]]
) -> dict[str, NDArray[np.float64] | NDArray[np.object_]]:
    """Return the scorecard's features of rows as arrays; one that is no longer declared is missing."""
    numeric = {shape.column for shape in scorecard.numeric}
    return {
        name: np.array([row.get(name) for row in rows], dtype=np.float64 if name in numeric else object)
        for name in scorecard.features
    }


def explain(version: Version, features: Mapping[str, Cell]) -> Explanation:
    """Return the risk of a client, why, and what each feature and pair does, strongest first, by one version."""
    scorecard = version.scorecard
    columns = _columns(scorecard, [features])
    bounds = scorecard.interval(columns)
    low, high = (None, None) if bounds is None else (float(bound[0]) for bound in bounds)
    schema = serving().columns
    shapes = [*_shape_values(scorecard, columns, features, schema), *_pair_values(scorecard, features, schema)]
    added = sum(shape.log_odds - shape.average for shape in shapes)
    return Explanation(
        version=version.name,
        risk=float(scorecard.risk(columns)[0]),
        risk_low=low,
        risk_high=high,
        reasons=[reason.text for reason in reasons_of(version, features)],
        base_log_odds=float(scorecard.log_odds(columns)[0]) - added,
        shapes=sorted(shapes, key=lambda found: -abs(found.log_odds - found.average)),
    )


def reasons_of(version: Version, features: Mapping[str, Cell]) -> tuple[Reason, ...]:
    """Return up to five reasons of a client by one version, those for its risk first."""
    columns = _columns(version.scorecard, [features])
    [found] = reasons(version.scorecard, columns, REASONS, schema=serving().columns)
    return found


def log_odds_of(version: Version, features: Mapping[str, Cell]) -> float:
    """Return the log-odds of a client by one version."""
    return float(version.scorecard.log_odds(_columns(version.scorecard, [features]))[0])


def _shape_values(
    scorecard: Scorecard, columns: FeatureColumns, features: Mapping[str, Cell], schema: Columns
) -> Iterator[ShapeValue]:
    for shape in scorecard.shapes:
        value, label = features.get(shape.column), schema.label(shape.column)
        log_odds = float(scorecard.shape_value(shape.column, columns[shape.column])[0])
        text = contribution_text(label, value, log_odds - shape.mean, schema.unit(shape.column))
        yield ShapeValue(
            feature=shape.column, label=label, value=value, text=text, **_figures(log_odds, shape.mean)
        )


def _pair_values(scorecard: Scorecard, features: Mapping[str, Cell], schema: Columns) -> Iterator[ShapeValue]:
    for pair in scorecard.pairs:
        log_odds = pair.at(*(features.get(name) for name in pair.columns))
        value = " and ".join(value_text(features.get(name), schema.unit(name)) for name in pair.columns)
        label = " x ".join(map(schema.label, pair.columns))
        text = contribution_text(label, value, log_odds - pair.mean)
        yield ShapeValue(feature=pair.name, label=label, value=value, text=text, **_figures(log_odds, pair.mean))


def _figures(log_odds: float, average: float) -> dict[str, float]:
    factor = math.exp(min(log_odds - average, MAX_LOG_ODDS))
    return {"log_odds": log_odds, "average": average, "odds_factor": factor}
