"""Predictions: a question in one of three forms, the live scorecard, and the answer as JSON or CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, cast
from urllib.parse import parse_qsl

import numpy as np
from numpy.typing import NDArray

from risk_assets.domain.model.reasons import reasons
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.serve.http.client_validation import Clients, ClientValidator
from risk_assets.serve.http.content_type import media_type
from risk_assets.serve.http.csv_form import read_csv, write_csv
from risk_assets.serve.http.files import read_below
from risk_assets.serve.http.json_form import read_object
from risk_assets.serve.http.negotiation import wants_csv
from risk_assets.serve.http.replies import CSV, JSON, Reply, RequestError, encode, shown
from risk_assets.serve.metrics import PREDICTIONS
from risk_assets.serve.model.live import LiveModel, Version
from risk_assets.serve.model.prediction_log import PredictionLog
from risk_assets.settings import Settings

MAX_REASONS = 10
#: Whole numbers below this are written without a decimal point.
WHOLE_BELOW = 1e15
FORMS = ("clients", "filepath", "reasons")


class Question(NamedTuple):
    """A request for predictions, as it came."""

    content_type: str
    accept: str
    query: str
    body: bytes


class Scored(NamedTuple):
    """Clients with what one version says of them: risk, predicted label and, when asked for, reasons."""

    version: str
    threshold: float
    clients: Clients
    risk: Sequence[float]
    predicted: Sequence[int | str]
    reasons: Sequence[tuple[str, ...]] | None = None


class Predictions:
    """Answers questions from the version that serves; counts and logs what it said."""

    def __init__(self, settings: Settings, live: LiveModel, log: PredictionLog) -> None:
        self._root = settings.data_root
        self._max_bytes = settings.max_body_bytes
        self._live = live
        self._log = log
        self.columns = settings.columns.to_columns()
        self.validator = ClientValidator(self.columns, max_rows=settings.max_rows)
        self._labels: tuple[int | str, int | str] = (self.columns.negative, self.columns.positive)
        if self.columns.has_numeric_labels:
            self._labels = (int(self.columns.negative), int(self.columns.positive))

    def answer(self, question: Question) -> Reply:
        """Return the whole answer. Raises RequestError."""
        version = self._live.current()
        clients, k = self._read(question)
        scored = self.score(version, clients, k)
        if wants_csv(question.accept):
            return Reply(200, CSV, self.as_csv(scored), version.name)
        return Reply(200, JSON, as_json(scored), version.name)

    def score(self, version: Version, clients: Clients, k: int = 0) -> Scored:
        """Score clients by one version, with up to `k` reasons each; 0 means none are asked for."""
        scorecard = version.scorecard
        if clients.n == 1:
            risk = [scorecard.risk_of(clients.client(0))]
        else:
            risk = scorecard.risk(arrays(scorecard, clients)).tolist()
        negative, positive = self._labels
        threshold = scorecard.threshold
        predicted = [positive if value >= threshold else negative for value in risk]
        texts = None
        if k:
            found = reasons(scorecard, arrays(scorecard, clients), k)
            texts = [tuple(reason.text for reason in client) for client in found]
        PREDICTIONS.inc(clients.n)
        self._log.add(version.name, clients.columns, risk)
        return Scored(version.name, threshold, clients, risk, predicted, texts)

    def as_csv(self, scored: Scored) -> bytes:
        """Return the clients as they were understood, with risk, predicted label and reasons."""
        k = max(map(len, scored.reasons), default=0) if scored.reasons else 0
        header = [self.columns.id, *scored.clients.columns, "risk", "predicted"]
        header += [f"reason_{place}" for place in range(1, k + 1)]
        return write_csv(header, _csv_rows(scored, k))

    def _read(self, question: Question) -> tuple[Clients, int]:
        k = _reasons_of_query(question.query) if question.query else None
        kind = media_type(question.content_type)
        if kind == "application/json":
            content = read_object(question.body, FORMS)
            asked = _reasons(content.get("reasons", 0))
            return self._from_object(content), asked if k is None else k
        if kind == "text/csv":
            return read_csv(question.body, self.validator), k or 0
        raise RequestError(415, f"send application/json or text/csv, not {shown(kind or 'no content type')}")

    def _from_object(self, content: dict[str, object]) -> Clients:
        if "clients" in content and "filepath" in content:
            raise RequestError(422, "give either clients or a filepath, not both")
        if "filepath" in content:
            path = content["filepath"]
            if not isinstance(path, str):
                raise RequestError(422, f"filepath is not a text: {shown(path)}")
            return read_csv(read_below(self._root, path, max_bytes=self._max_bytes), self.validator)
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


def as_json(scored: Scored) -> bytes:
    """Return the answer per client in the order asked: id if one was given, risk, predicted, missing, reasons.

    The text is put together here: that takes half the time of building objects for the json module to write.
    """
    clients = scored.clients
    labels = {label: encode(label) for label in set(scored.predicted)}
    texts = [
        f'"risk":{risk!r},"predicted":{labels[label]}'
        for risk, label in zip(scored.risk, scored.predicted, strict=True)
    ]
    if clients.ids is not None:
        texts = [f'"id":{encode(name)},{text}' for name, text in zip(clients.ids, texts, strict=True)]
    for row, names in clients.missing.items():
        texts[row] += f',"missing":{encode(names)}'
    if scored.reasons is not None:
        texts = [f'{text},"reasons":{encode(why)}' for text, why in zip(texts, scored.reasons, strict=True)]
    predictions = "},{".join(texts)
    return (
        f'{{"version":{encode(scored.version)},"threshold":{scored.threshold!r},"predictions":[{{{predictions}}}]}}'
    ).encode()


def _csv_rows(scored: Scored, k: int) -> Iterator[Sequence[object]]:
    count = scored.clients.n
    ids = scored.clients.ids or [None] * count
    features = zip(*scored.clients.columns.values(), strict=True)
    texts = scored.reasons or [()] * count
    for name, cells, risk, predicted, words in zip(
        ids, features, scored.risk, scored.predicted, texts, strict=True
    ):
        blanks = [""] * (k - len(words))
        yield [name, *map(_cell, cells), risk, predicted, *words, *blanks]


def _cell(value: float | str | None) -> float | str | None:
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < WHOLE_BELOW else value


def _reasons_of_query(query: str) -> int | None:
    """Return the one parameter there is."""
    given = parse_qsl(query, keep_blank_values=True)
    for name, _ in given:
        if name != "reasons":
            raise RequestError(422, f"the parameter {shown(name)} is not known here; there is reasons")
    if len(given) > 1:
        raise RequestError(422, "reasons is given twice")
    text = given[0][1] if given else ""
    if not given:
        return None
    return _reasons(
        int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_REASONS)) else text
    )


def _reasons(given: object) -> int:
    whole = isinstance(given, int | float) and not isinstance(given, bool) and given in range(MAX_REASONS + 1)
    if not whole:
        raise RequestError(422, f"reasons is not a whole number from 0 to {MAX_REASONS}: {shown(given)}")
    return int(cast("float", given))
