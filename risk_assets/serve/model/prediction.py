"""Predictions: a question in one of three forms, the live scorecard, and the answer as JSON or CSV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from risk_assets.domain.columns import Columns
from risk_assets.domain.model.reasons import reasons
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.spreadsheet import write_csv
from risk_assets.serve.http.client_validation import Clients, ClientValidator
from risk_assets.serve.http.content_type import media_type
from risk_assets.serve.http.csv_form import read_csv
from risk_assets.serve.http.files import read_below
from risk_assets.serve.http.json_form import read_clients_quickly, read_object
from risk_assets.serve.http.negotiation import wants_csv
from risk_assets.serve.http.replies import CSV, JSON, Reply, RequestError, dump, shown
from risk_assets.serve.metrics import PREDICTIONS
from risk_assets.serve.model.live import LiveModel, Version
from risk_assets.serve.model.options import NOTHING_MORE, OPTIONS, Options, options_of, options_of_query
from risk_assets.serve.model.prediction_log import PredictionLog
from risk_assets.settings import Settings

#: Whole numbers below this are written without a decimal point.
WHOLE_BELOW = 1e15
FORMS = ("clients", "filepath", *OPTIONS)


class Question(NamedTuple):
    """A request for predictions, as it came."""

    content_type: str
    accept: str
    query: str
    body: bytes


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


class Predictions:
    """Answers questions from the version that serves; counts and logs what it said."""

    def __init__(self, settings: Settings, live: LiveModel, log: PredictionLog) -> None:
        self._root = settings.data_root
        self._max_bytes = settings.max_body_bytes
        self._live = live
        self._log = log
        self.columns = settings.client_columns
        self.validator = ClientValidator(self.columns, max_rows=settings.max_rows)
        self._labels: tuple[int | str, int | str] = (self.columns.negative, self.columns.positive)
        if self.columns.has_numeric_labels:
            self._labels = (int(self.columns.negative), int(self.columns.positive))

    def answer(self, question: Question) -> Reply:
        """Return the whole answer. Raises RequestError."""
        version = self._live.current()
        clients, options = self._read(question)
        scored = self.score(version, clients, options)
        if wants_csv(question.accept):
            return Reply(200, CSV, self.as_csv(scored), version.name)
        return Reply(200, JSON, as_json(scored), version.name)

    def score(self, version: Version, clients: Clients, options: Options = NOTHING_MORE) -> Scored:
        """Score clients by one version, with what else the options ask for."""
        scorecard = version.scorecard
        if clients.n == 1:
            risk = [scorecard.risk_of(clients.client(0))]
        else:
            risk = scorecard.risk(arrays(scorecard, clients)).tolist()
        negative, positive = self._labels
        threshold = scorecard.threshold
        predicted = [positive if value >= threshold else negative for value in risk]
        PREDICTIONS.inc(clients.n)
        self._log.add(version.name, clients.columns, risk)
        scored = Scored(version.name, threshold, clients, risk, predicted, unknown_in(scorecard, clients))
        return scored if options == NOTHING_MORE else with_options(scored, scorecard, options, self.columns)

    def as_csv(self, scored: Scored) -> bytes:
        """Return the clients as they were understood, with risk, predicted label and what else was asked for."""
        k = max(map(len, scored.reasons), default=0) if scored.reasons else 0
        header = [self.columns.id, *scored.clients.parts, *scored.clients.columns, "risk", "predicted"]
        header += ["risk_low", "risk_high"] * (scored.bounds is not None)
        header += [f"contribution of {name}" for name in scored.parts]
        header += [f"reason_{place}" for place in range(1, k + 1)]
        return write_csv(header, _csv_rows(scored, k))

    def _read(self, question: Question) -> tuple[Clients, Options]:
        given = options_of_query(question.query)
        kind = media_type(question.content_type)
        if kind == "application/json":
            return self._read_quickly(question.body, given) or self._asked(
                read_object(question.body, FORMS), given
            )
        if kind == "text/csv":
            return read_csv(question.body, self.validator), options_of({}, given)
        raise RequestError(415, f"send application/json or text/csv, not {shown(kind or 'no content type')}")

    def _read_quickly(self, body: bytes, given: Mapping[str, object]) -> tuple[Clients, Options] | None:
        """Return what most requests ask; the strict reader says what is wrong with others, in its words."""
        content = read_clients_quickly(body, FORMS)
        if content is None:
            return None
        try:
            asked = self._asked(content, given)
        except RequestError:
            return None
        return None if float in set(map(type, asked[0].ids or ())) else asked  # of more digits than a float holds?

    def _asked(self, content: dict[str, object], given: Mapping[str, object]) -> tuple[Clients, Options]:
        options = options_of(content, given)
        return self._from_object(content), options

    def _from_object(self, content: dict[str, object]) -> Clients:
        if "clients" in content and "filepath" in content:
            raise RequestError(422, "give either clients or a filepath, not both")
        if "filepath" in content:
            path = content["filepath"]
            if not isinstance(path, str):
                raise RequestError(422, f"filepath is not a text: {shown(path)}")
            body = read_below(self._root, path, max_bytes=self._max_bytes)
            return read_csv(body, self.validator, is_file=True)
        clients = content.get("clients")
        if not isinstance(clients, list):
            raise RequestError(422, "the body has no list of clients and no filepath")
        return self.validator.clients(clients)


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
