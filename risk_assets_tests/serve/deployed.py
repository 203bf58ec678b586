"""A small deployed home, written by hand: no training takes part in the tests of serving."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from risk_assets.domain.deployment.decisions import Decision, Manifest
from risk_assets.domain.drift.profile import CategoricalProfile, NumericProfile, Profile, TrainingReference
from risk_assets.domain.model.forms import Basis
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.model.shapes import CategoricalShape, NumericShape, PairTable
from risk_assets.domain.model.uncertainty import Side, Uncertainty
from risk_assets.domain.scoring.metrics import Confusion, Estimate, Metrics
from risk_assets.settings import ColumnsSetting, NumericSetting, Settings
from risk_assets.storage.deployment.versions import point_to, publish_version, record_decision
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import write_record

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
COLUMNS = ColumnsSetting(
    id="corporation",
    target="exited",
    positive=1,
    numeric=(NumericSetting(name="activity", min=0), NumericSetting(name="employees", min=0, max=1e6)),
    categorical=("industry",),
)
SCORECARD = Scorecard(
    intercept=-0.5,
    threshold=0.4,
    numeric=(
        NumericShape(
            "activity", (0.0, 50.0, 100.0), ((-1.0, 1.5), (-0.5, 0.5)), missing=0.25, mean=0.5, usual=30.0
        ),
        NumericShape("employees", (0.0, 1000.0), ((0.8, -0.2),), missing=0.0, mean=0.1, usual=100.0),
    ),
    categorical=(
        CategoricalShape("industry", {"mining": 0.7, "retail": -0.3}, 0.05, missing=0.0, mean=0.1, usual="retail"),
    ),
)
#: The same shapes with a pair, and with what is known of how sure they are.
SURE = replace(
    SCORECARD,
    pairs=(
        PairTable(
            Basis("activity", (0.0, 100.0), 1),
            Basis("industry", (), 1, ("mining",), categorical=True),
            ((0.5, 0.0, -0.1), (-0.5, 0.0, 0.1), (0.0, 0.0, 0.0)),
            mean=0.05,
        ),
    ),
    uncertainty=Uncertainty(
        (Side(Basis("activity", (0.0, 100.0), 1), ((-1.0,), (1.0,), (0.0,))),), (), (0.04, 0, 0.1)
    ),
    format=2,
)
CLIENT = {"corporation": "abcd", "activity": 12.5, "employees": 40, "industry": "mining"}


def make_settings(root: Path, **changes: object) -> Settings:
    given: dict[str, object] = {
        "data_root": root,
        "input_folder_path": "sourcedata",
        "output_folder_path": "ingesteddata",
        "test_data_path": "testdata",
        "output_model_path": "models",
        "prod_deployment_path": "production_deployment",
        "columns": COLUMNS,
        **changes,
    }
    return Settings.model_validate(given)


def scorecard_of(number: int) -> Scorecard:
    """A scorecard like no other: the risk of each client tells which one gave it."""
    return replace(SCORECARD, intercept=-0.5 + number * 0.01)


def deploy(
    settings: Settings,
    scorecard: Scorecard = SCORECARD,
    *,
    now: datetime = NOON,
    score: Metrics | None = None,
) -> str:
    """Publish a version with this scorecard and score, put it live, and return its name."""
    manifest = publish(settings, scorecard, now=now, score=score)
    layout = Layout.of(settings)
    decision = Decision(
        at=now.isoformat(),
        verdict="promoted",
        version=manifest.version,
        before=None,
        live=manifest.version,
        reason="it is better",
        model_sha256=manifest.model_sha256,
        data_version="data-1",
        figures={"f1": 0.6},
    )
    record_decision(layout, decision)
    return manifest.version


def publish(
    settings: Settings,
    scorecard: Scorecard = SCORECARD,
    *,
    now: datetime = NOON,
    score: Metrics | None = None,
) -> Manifest:
    """Publish a version that nothing points to yet."""
    layout = Layout.of(settings)
    pickle = repr(scorecard).encode()
    layout.models.mkdir(parents=True, exist_ok=True)
    layout.trainedmodel.write_bytes(pickle)
    write_record(layout.scorecard, scorecard)
    write_record(layout.metrics, score or metrics())
    write_record(layout.reference, TrainingReference(profile(), profile().numeric[0]))
    names = ("trainedmodel.pkl", "scorecard.json", "metrics.json", "reference.json")
    return publish_version(
        layout,
        {name: layout.models / name for name in names},
        model_sha256=hashlib.sha256(pickle).hexdigest(),
        data_version="data-1",
        parent=None,
        features=scorecard.features,
        libraries={"scikit-learn": "1.9.0"},
        now=now,
    )


def point(settings: Settings, version: str) -> None:
    """Let a sound version serve, without a decision."""
    point_to(Layout.of(settings), version)


def metrics() -> Metrics:
    some = Estimate(0.6, 0.5, 0.7)
    return Metrics(
        n=100,
        positives=30,
        threshold=0.4,
        f1=some,
        precision=some,
        recall=some,
        accuracy=some,
        roc_auc=some,
        average_precision=some,
        brier=some,
        log_loss=some,
        confusion=Confusion(50, 20, 10, 20),
        calibration=(),
        roc=((0.0, 0.0), (1.0, 1.0)),
        precision_recall=((0.0, 1.0), (1.0, 0.3)),
        all_positive_f1=0.46,
    )


def profile() -> Profile:
    return Profile(
        rows=100,
        clients=90,
        positives=30,
        numeric=(NumericProfile("activity", 100, 2, 40.0, 38.0, 10.0, 0.0, 120.0),),
        categorical=(CategoricalProfile("industry", 100, 0, 2, (("mining", 60), ("retail", 40))),),
    )
