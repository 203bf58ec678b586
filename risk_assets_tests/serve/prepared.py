"""A home in which everything is generated, written by hand: clients, verdicts, scores and the report."""

from __future__ import annotations

from pathlib import Path

from risk_assets.domain.drift.verdict import DriftVerdict, Judgement, Measurement
from risk_assets.domain.scoring.metrics import Estimate, ScorePoint
from risk_assets.settings import Settings
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import append_record, write_record
from risk_assets_tests.serve.deployed import make_settings
from risk_assets_tests.serve.test_client_table import write_finaldata, write_ranking

PDF = b"%PDF-1.7 the report"
MOVED = Measurement("feature", "activity", 640, "Kolmogorov-Smirnov", 0.3, 0.05, 0.3, 0.1, 0.001)
DRIFTED = DriftVerdict(
    "drifted",
    "the clients are more active than those of the training",
    640,
    "statistical",
    (Judgement(MOVED, drifted=True, sentence="activity is spread unlike the training rows."),),
    at="2026-03-02T08:00:00+00:00",
)


def prepare(root: Path, *, certain: bool = False, **changes: object) -> Settings:
    """Write everything but the deployment; with `certain` each client of the ranking has an interval."""
    settings = make_settings(root, **changes)
    write_ranking(settings, certain=certain)
    write_finaldata(settings)
    layout = Layout.of(settings)
    write_record(layout.drift, DRIFTED)
    append_record(layout.drift_history, DRIFTED)
    for day, f1 in enumerate((0.58, 0.61, 0.6), start=1):
        point = ScorePoint(
            f"2026-03-0{day}T12:00:00+00:00",
            f"model-{day}",
            100,
            Estimate(f1, f1 - 0.05, f1 + 0.04),
            Estimate(0.8, 0.7, 0.9),
            "testdata-1" if day < 3 else "testdata-2",
        )
        append_record(layout.score_history, point)
    layout.summary_report.write_bytes(PDF)
    return settings
