"""What the graph generated, as plain results: of the live version, and of the data as it is now."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TypeVar

from risk_assets.domain.deployment.challenger import Challenger, find_challenger
from risk_assets.domain.deployment.decisions import Decision
from risk_assets.domain.diagnostics import Diagnostics
from risk_assets.domain.drift.profile import TrainingReference
from risk_assets.domain.drift.verdict import DriftVerdict
from risk_assets.domain.intake.ingestion import HeldFile, Ingestion
from risk_assets.domain.ranking.risk_summary import RankingOrigin
from risk_assets.domain.scoring.backtest import Backtest
from risk_assets.domain.scoring.metrics import Metrics, ScorePoint
from risk_assets.serve.http.replies import NotGeneratedError, RequestError
from risk_assets.serve.model.live import Version, message_of, verified_bytes
from risk_assets.storage.deployment.versions import DeploymentError, read_decisions, version_folder
from risk_assets.storage.intake.feed_verdicts import FeedVerdict, standing_verdicts
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import RecordError, parse_record, read_history, read_record

T = TypeVar("T")


class Generated:
    """Reads results as they are asked for. Raises RequestError: 404 before there are any, 503 when damaged."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def metrics(self, version: Version) -> Metrics:
        """Return the score with which a version was deployed."""
        return self._of_version(version, "metrics.json", Metrics)

    def challenger(self, version: Version) -> Challenger | None:
        """Return the model trained last, where it is not this version."""
        trained = _read(self._layout.metrics, Metrics, asset="latest_score")
        return find_challenger(trained, version.manifest, version.scorecard.threshold, self.decisions())

    def reference(self, version: Version) -> TrainingReference:
        """Return the reference of a version: the profile of its training rows and of their risks."""
        return self._of_version(version, "reference.json", TrainingReference)

    def drift(self) -> DriftVerdict:
        """Return the latest verdict on the deployed model."""
        return _read(self._layout.drift, DriftVerdict, asset="drift")

    def backtest(self) -> Backtest:
        """Return what past lists would have been worth."""
        return _read(self._layout.backtest, Backtest, asset="backtest")

    def drift_history(self) -> tuple[DriftVerdict, ...]:
        """Return all verdicts, oldest first; none yet is an empty history."""
        return _history(self._layout.drift_history, DriftVerdict)

    def score_history(self) -> tuple[ScorePoint, ...]:
        """Return all scores, oldest first; none yet is an empty history."""
        path = self._layout.score_history
        scores = _history(path, ScorePoint)
        if not all(math.isfinite(score.f1.value + score.f1.low + score.f1.high) for score in scores):
            raise RequestError(503, f"{path.name} is damaged: one of its scores is not a number")
        return scores

    def diagnostics(self) -> Diagnostics:
        """Return statistics, timings and dependencies."""
        return _read(self._layout.diagnostics, Diagnostics, asset="diagnostics")

    def ingestion(self) -> Ingestion:
        """Return the account of the data."""
        return _read(self._layout.ingestion, Ingestion, asset="finaldata")

    def feed_verdicts(self) -> list[tuple[HeldFile, FeedVerdict | None]]:
        """Return the files that are held back, each with what was said of it last."""
        ingestion, path = self.ingestion(), self._layout.feed_verdicts
        try:
            said = standing_verdicts(path, ingestion)
        except OSError as error:
            raise RequestError(503, f"{path.name} cannot be read: {error.strerror}") from error
        return [(file, said.get(file.name)) for file in ingestion.held]

    def ranking_origin(self) -> RankingOrigin | None:
        """Return what the ranking was made with, None of one that does not say."""
        path = self._layout.client_risk_origin
        return _read(path, RankingOrigin, asset="client_risk") if path.is_file() else None

    def decisions(self) -> tuple[Decision, ...]:
        """Return all decisions about deployments, oldest first."""
        try:
            return read_decisions(self._layout)
        except (OSError, DeploymentError, RecordError, ValueError) as error:
            raise RequestError(
                503, f"deployments.jsonl cannot be read: {message_of(self._layout, error)}"
            ) from error

    def report(self) -> Path:
        """Return the report for people, a PDF."""
        if not self._layout.summary_report.is_file():
            raise NotGeneratedError(self._layout.summary_report.name, "report")
        return self._layout.summary_report

    def _of_version(self, version: Version, name: str, kind: type[T]) -> T:
        path = version_folder(self._layout, version.name) / name
        try:
            return parse_record(path, verified_bytes(self._layout, version.manifest, name), kind)
        except (DeploymentError, RecordError, OSError) as error:
            raise RequestError(503, f"{version.name}: {message_of(self._layout, error)}") from error


def _read(path: Path, kind: type[T], *, asset: str) -> T:
    if not path.is_file():
        raise NotGeneratedError(path.name, asset)
    try:
        return read_record(path, kind)
    except (OSError, RecordError) as error:
        raise RequestError(503, f"{path.name} is damaged; materialize {asset} again") from error


def _history(path: Path, kind: type[T]) -> tuple[T, ...]:
    try:
        return read_history(path, kind)
    except OSError as error:
        raise RequestError(503, f"{path.name} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise RequestError(503, f"{path.name} is damaged") from error
