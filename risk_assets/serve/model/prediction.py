"""Predictions: a question in one of three forms, answered by the live scorecard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from risk_assets.serve.http.client_validation import Clients, ClientValidator
from risk_assets.serve.http.content_type import media_type
from risk_assets.serve.http.csv_form import read_csv
from risk_assets.serve.http.files import read_below
from risk_assets.serve.http.json_form import read_clients_quickly, read_object
from risk_assets.serve.http.negotiation import wants_csv
from risk_assets.serve.http.replies import CSV, JSON, Reply, RequestError, shown
from risk_assets.serve.metrics import PREDICTIONS
from risk_assets.serve.model.live import LiveModel, Version
from risk_assets.serve.model.options import NOTHING_MORE, OPTIONS, Options, options_of, options_of_query
from risk_assets.serve.model.prediction_answer import Scored, arrays, as_csv, as_json, unknown_in, with_options
from risk_assets.serve.model.prediction_log import PredictionLog
from risk_assets.settings import Settings

FORMS = ("clients", "filepath", *OPTIONS)


class Question(NamedTuple):
    """A request for predictions, as it came."""

    content_type: str
    accept: str
    query: str
    body: bytes


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
            return Reply(200, CSV, as_csv(scored, self.columns.id), version.name)
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
