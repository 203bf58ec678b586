"""The answer about clients whose risk was asked for: its fields, as JSON, as CSV and as a schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from risk_assets.domain.columns import Columns
from risk_assets.domain.model.reasons import reasons
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.spreadsheet import write_csv
from risk_assets.serve.http.client_validation import Clients
from risk_assets.serve.http.replies import dump
from risk_assets.serve.model.options import Options

#: Whole numbers below this are written without a decimal point.
WHOLE_BELOW = 1e15
#: The schema of an id.
ID = {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]}


class Scored(NamedTuple):
    """Clients with what one version says of them: risk and predicted label, and what else was asked for.

    `unknown` names the columns of a client whose category has no level of its own in the model. `bounds` are those
    of the 90 % interval, empty where the model cannot tell; `contributions` hold one row per client and one column
    per name of `parts`, which with `base` add up to the log-odds.
    """

    version: str
    threshold: float
    clients: Clients
    risk: Sequence[float]
    predicted: Sequence[int | str]
    unknown: Mapping[int, Sequence[str]]
    reasons: Sequence[tuple[str, ...]] | None = None
    bounds: Sequence[tuple[float | None, float | None]] | None = None
    contributions: Sequence[Sequence[float]] | None = None
    parts: tuple[str, ...] = ()
    base: float = 0.0


def arrays(scorecard: Scorecard, clients: Clients) -> dict[str, NDArray[np.float64] | NDArray[np.object_]]:
    """Return the features as a scorecard takes them: float64 (missing is NaN) or object arrays (None)."""
    columns = clients.columns
    numeric = {shape.column: np.array(columns[shape.column], dtype=np.float64) for shape in scorecard.numeric}
    return numeric | {
        shape.column: np.array(columns[shape.column], dtype=object) for shape in scorecard.categorical
    }


def unknown_in(scorecard: Scorecard, clients: Clients) -> dict[int, list[str]]:
    """Return the columns of each client (from 0) whose category has no level of its own in the model."""
    found: dict[int, list[str]] = {}
    for shape in scorecard.categorical:
        cells = clients.columns[shape.column]
        new = set(cells) - shape.values.keys() - {None}
        if new:
            for row, cell in enumerate(cells):
                if cell in new:
                    found.setdefault(row, []).append(shape.column)
    return found


def with_options(scored: Scored, scorecard: Scorecard, options: Options, schema: Columns) -> Scored:
    """Return the scored clients with what the options ask for."""
    columns = arrays(scorecard, scored.clients)
    if options.reasons:
        found = reasons(scorecard, columns, int(options.reasons), schema=schema)
        scored = scored._replace(reasons=[tuple(reason.text for reason in client) for client in found])
    if options.interval:
        bounds = scorecard.interval(columns)
        nothing = [(None, None)] * scored.clients.n
        pairs = nothing if bounds is None else list(zip(*(bound.tolist() for bound in bounds), strict=True))
        scored = scored._replace(bounds=pairs)
    if options.contributions:
        added = scorecard.contributions(columns)
        base = float(scorecard.log_odds(columns)[0] - added[0].sum())
        scored = scored._replace(contributions=added.tolist(), parts=scorecard.parts, base=base)
    return scored


def as_json(scored: Scored) -> bytes:
    """Return the answer per client in the order asked: id if one was given, risk, predicted, missing and more."""
    ids = scored.clients.ids
    found: list[dict[str, object]] = [
        {"id": name, "risk": risk, "predicted": label}
        for name, risk, label in zip(ids or repeat(None), scored.risk, scored.predicted, strict=False)
    ]
    if ids is None:
        for client in found:
            del client["id"]
    for name, cells in _more_columns(scored).items():
        for client, cell in zip(found, cells, strict=True):
            client[name] = cell
    for name, rows in (("missing", scored.clients.missing), ("unknown", scored.unknown)):
        for row, columns in rows.items():
            found[row][name] = columns
    answer: dict[str, object] = {"version": scored.version, "threshold": scored.threshold}
    if scored.contributions is not None:
        answer["base_log_odds"] = scored.base
    if scored.clients.left_out:
        answer["left_out"] = scored.clients.left_out
    return dump({**answer, "predictions": found})


def _more_columns(scored: Scored) -> dict[str, Iterable[object]]:
    """Return what was asked for beyond risk and label, a value per client."""
    more: dict[str, Iterable[object]] = {}
    if scored.bounds is not None:
        more["risk_low"], more["risk_high"] = zip(*scored.bounds, strict=True)
    if scored.contributions is not None:
        more["contributions"] = (dict(zip(scored.parts, row, strict=True)) for row in scored.contributions)
    if scored.reasons is not None:
        more["reasons"] = scored.reasons
    return more


def as_csv(scored: Scored, id_column: str) -> bytes:
    """Return the clients as they were understood, with risk, predicted label and what else was asked for."""
    k = max(map(len, scored.reasons), default=0) if scored.reasons else 0
    header = [id_column, *scored.clients.parts, *scored.clients.columns, "risk", "predicted"]
    header += ["risk_low", "risk_high"] * (scored.bounds is not None)
    header += [f"contribution of {name}" for name in scored.parts]
    header += [f"reason_{place}" for place in range(1, k + 1)]
    return write_csv(header, _csv_rows(scored, k))


def _csv_rows(scored: Scored, k: int) -> Iterator[Sequence[object]]:
    count = scored.clients.n
    ids = scored.clients.ids or [None] * count
    features = zip(*scored.clients.parts.values(), *scored.clients.columns.values(), strict=True)
    texts = scored.reasons or [()] * count
    bounds: Sequence[Sequence[object]] = scored.bounds or [()] * count
    parts: Sequence[Sequence[object]] = scored.contributions or [()] * count
    for name, cells, risk, predicted, bound, part, words in zip(
        ids, features, scored.risk, scored.predicted, bounds, parts, texts, strict=True
    ):
        blanks = [""] * (k - len(words))
        yield [name, *map(_cell, cells), risk, predicted, *bound, *part, *words, *blanks]


def _cell(value: float | str | None) -> float | str | None:
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < WHOLE_BELOW else value


def answer_schema(columns: Columns) -> dict[str, Any]:
    """Return the JSON schema of an answer."""
    label = "integer" if columns.has_numeric_labels else "string"
    client = {
        "type": "object",
        "required": ["risk", "predicted"],
        "properties": {
            "id": ID,
            "risk": {"type": "number", "minimum": 0, "maximum": 1},
            "predicted": {"type": label},
            "missing": {"type": "array", "items": {"type": "string"}},
            "unknown": {
                "type": "array",
                "items": {"type": "string"},
                "description": "columns whose category has no level of its own in the model",
            },
            "risk_low": nullable({"type": "number", "minimum": 0, "maximum": 1}),
            "risk_high": nullable({"type": "number", "minimum": 0, "maximum": 1}),
            "contributions": {"type": "object", "additionalProperties": {"type": "number"}},
            "reasons": {"type": "array", "items": {"type": "string"}},
        },
    }
    return {
        "type": "object",
        "required": ["version", "threshold", "predictions"],
        "properties": {
            "version": {"type": "string"},
            "threshold": {"type": "number"},
            "base_log_odds": {"type": "number"},
            "left_out": {
                "type": "array",
                "items": {"type": "string"},
                "description": "columns of the file that are not declared",
            },
            "predictions": {"type": "array", "items": client},
        },
    }


def nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON schema of a value that may be missing."""
    return {"anyOf": [schema, {"type": "null"}], "description": "null is missing"}
