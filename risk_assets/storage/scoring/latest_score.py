"""The score of the trained model on disk, and all scores so far."""

from __future__ import annotations

from datetime import datetime

from risk_assets.domain.scoring.metrics import Metrics, ScorePoint
from risk_assets.storage import atomic
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import append_record, read_history, write_record


def save_score(layout: Layout, metrics: Metrics, *, test_version: str, now: datetime) -> None:
    """Write latestscore.txt and metrics.json, and add the score to the history."""
    atomic.write_text(layout.latestscore, f"f1 score = {metrics.f1.value}\n")
    write_record(layout.metrics, metrics)
    point = ScorePoint(
        at=now.isoformat(timespec="seconds"),
        model_sha256=metrics.model_sha256,
        n=metrics.n,
        f1=metrics.f1,
        roc_auc=metrics.roc_auc,
        test_version=test_version,
    )
    append_record(layout.score_history, point)


def last_score(layout: Layout, *, test_version: str, besides: str) -> ScorePoint | None:
    """Return the newest score of another model than `besides` on the same test rows; others cannot be compared."""
    comparable = (
        point
        for point in reversed(read_history(layout.score_history, ScorePoint))
        if point.test_version == test_version and point.model_sha256 != besides
    )
    return next(comparable, None)
