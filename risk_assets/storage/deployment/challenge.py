"""Champion and challenger side by side: what the gate judges, gathered from disk, and its verdict carried out."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from risk_assets.domain.deployment.comparison import PairedPredictions
from risk_assets.domain.deployment.decisions import (
    Decision,
    barred_models,
    data_rolled_back,
    decided_by_hand_since,
)
from risk_assets.domain.deployment.gate import GateEvidence, GateVerdict, smoke_test
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.scoring.bootstrap import PairedCounts
from risk_assets.domain.scoring.f1 import f1_at
from risk_assets.domain.scoring.metrics import Metrics
from risk_assets.domain.scoring.untreated import Calls, weights
from risk_assets.engine.drift.new_rows import count_pairs
from risk_assets.engine.select import LabelledRows
from risk_assets.engine.session import Session
from risk_assets.storage.deployment.new_rows import new_held_out_rows
from risk_assets.storage.deployment.versions import (
    deployed_scorecard,
    live_version,
    next_version,
    publish_version,
    read_decisions,
    read_manifest,
    record_decision,
)
from risk_assets.storage.intake.finaldata import require_ingestion
from risk_assets.storage.intake.set_apart import read_test_rows
from risk_assets.storage.layout import Layout
from risk_assets.storage.lock import writing
from risk_assets.storage.model.trained_model import ModelRecord, read_model
from risk_assets.storage.records import RecordError, read_record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LIBRARIES = ("scikit-learn", "numpy", "scipy", "pandas", "joblib")
#: The pickle must say what the scorecard says.
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Challenge:
    """The trained model against the one that serves, with the rows both are judged on."""

    model: ModelRecord
    challenger: Scorecard
    champion: Scorecard | None
    champion_sha256: str | None
    champion_scorecard_sha256: str | None
    tested: LabelledRows
    recent: PairedCounts
    smoke_faults: tuple[str, ...]

    @property
    def is_champion(self) -> bool:
        """Whether the trained model is the one that serves, threshold included."""
        return (self.model.model_sha256, self.model.scorecard_sha256) == (
            self.champion_sha256,
            self.champion_scorecard_sha256,
        )

    def evidence(self, decisions: Sequence[Decision]) -> GateEvidence:
        """Return what the gate judges; pickle and threshold together identify a model here."""
        me = self.model.version
        return GateEvidence(
            challenger_sha256=me,
            champion_sha256=me if self.is_champion else self.champion_sha256,
            data_version=self.model.data_version,
            testdata=self._pair(self.tested),
            recent=self.recent,
            smoke_faults=self.smoke_faults,
            barred=frozenset({(me, self.model.data_version)} if self._is_barred(decisions) else ()),
        )

    def untreated(self, calls: Calls) -> dict[str, float]:
        """Return F1 of both on test rows that were not called, weighted to stand for all; nothing goes by it."""
        rows, models = self.tested, {"challenger": self.challenger}
        treatment = calls.of(rows.ids, rows.dates)
        if not treatment.is_called.any():
            return {}
        weight = weights(treatment, self.challenger.risk(rows.columns_for(self.challenger)))
        models |= {} if self.champion is None else {"champion": self.champion}
        return {
            f"testdata_untreated_{name}_f1": f1_at(
                rows.target, model.risk(rows.columns_for(model)), model.threshold, weight
            )
            for name, model in models.items()
        }

    def _is_barred(self, decisions: Sequence[Decision]) -> bool:
        """Whether people decided against this model or its data, or chose what serves after it was trained."""
        model = (self.model.model_sha256, self.model.data_version)
        return (
            model in barred_models(decisions)
            or self.model.data_version == data_rolled_back(decisions)
            or decided_by_hand_since(decisions, datetime.fromisoformat(self.model.trained_at))
        )

    def _pair(self, rows: LabelledRows) -> PairedPredictions:
        champion = None if self.champion is None else _flagged(self.champion, rows)
        return PairedPredictions(rows.target == 1, _flagged(self.challenger, rows), champion)


def read_challenge(layout: Layout, session: Session) -> Challenge:
    """Gather the trained model, the live one, the test rows and the recent held-out rows, a client once.

    Raises RecordError when the score on disk is of another model than the trained one.
    """
    model, challenger = read_model(layout)
    scored = read_record(layout.metrics, Metrics)
    if (scored.model_sha256, scored.threshold) != (model.model_sha256, challenger.threshold):
        raise RecordError(f"{layout.metrics}: is the score of another model; materialize latest_score first")
    tested, _ = read_test_rows(layout, session, independent=True)
    live = live_version(layout)
    champion = deployed_scorecard(layout, live) if live else None
    manifest = read_manifest(layout, live) if live else None
    return Challenge(
        model=model,
        challenger=challenger,
        champion=champion,
        champion_sha256=manifest.model_sha256 if manifest else None,
        champion_scorecard_sha256=manifest.files["scorecard.json"][0] if manifest else None,
        tested=tested,
        recent=_recent_rows(layout, session, live if model.held_out else None, champion, challenger),
        smoke_faults=_smoke(layout, challenger, tested),
    )


def carry_out(
    layout: Layout, challenge: Challenge, verdict: GateVerdict, *, run_id: str, now: datetime
) -> Decision | None:
    """Publish, point and record as the verdict says; return the decision, None when there was none to make.

    A verdict that repeats the last one on the same model and data adds no line.
    """
    if verdict.word == "unchanged":
        return None
    with writing(layout.deployment, "deployed_model"):
        before = live_version(layout)
        if verdict.word == "rejected":
            version, live = next_version(layout, challenge.model.model_sha256), before
        else:
            version = _publish(layout, challenge, before, now)
            live = version if verdict.word == "promoted" else before
        decision = Decision(
            at=now.isoformat(timespec="seconds"),
            verdict=verdict.word,
            version=version,
            before=before,
            live=live,
            reason=verdict.reason,
            model_sha256=challenge.model.model_sha256,
            data_version=challenge.model.data_version,
            figures=verdict.figures,
            run_id=run_id,
        )
        if _is_repeated(layout, decision):
            return None
        record_decision(layout, decision)
    return decision


def _is_repeated(layout: Layout, decision: Decision) -> bool:
    """Whether the newest line turned down the same model for the same data, with the same champion serving."""
    lines = read_decisions(layout)
    if decision.verdict != "rejected" or not lines:
        return False
    last = lines[-1]
    return (last.verdict, last.model_sha256, last.data_version, last.live) == (
        decision.verdict,
        decision.model_sha256,
        decision.data_version,
        decision.live,
    )


def _publish(layout: Layout, challenge: Challenge, parent: str | None, now: datetime) -> str:
    sources = (
        layout.trainedmodel,
        layout.scorecard,
        layout.reference,
        layout.latestscore,
        layout.metrics,
        layout.trained_on_files,
        layout.trained_on,
        layout.trained_rows,
    )
    manifest = publish_version(
        layout,
        {source.name: source for source in sources},
        model_sha256=challenge.model.model_sha256,
        data_version=challenge.model.data_version,
        parent=parent,
        features=challenge.challenger.features,
        libraries={name: importlib.metadata.version(name) for name in LIBRARIES},
        now=now,
    )
    return manifest.version


def _recent_rows(
    layout: Layout, session: Session, since: str | None, champion: Scorecard | None, challenger: Scorecard
) -> PairedCounts:
    """Count the held-out clients of files new to a version; none without one that held clients out of training."""
    ingestion = require_ingestion(layout)
    if since is None or champion is None:
        return PairedCounts((0, 0, 0, 0), (0, 0, 0, 0))
    rows = new_held_out_rows(layout, session, ingestion, since)
    return count_pairs(session, rows, champion, challenger)


def _flagged(scorecard: Scorecard, rows: LabelledRows) -> NDArray[np.bool_]:
    return scorecard.risk(rows.columns_for(scorecard)) >= scorecard.threshold


def _smoke(layout: Layout, scorecard: Scorecard, golden: LabelledRows) -> tuple[str, ...]:
    """Load the pickle as its users would, and compare it with the scorecard on golden rows."""
    import joblib
    import numpy as np

    risks = scorecard.risk(golden.columns)
    faults = smoke_test(risks)
    pickled = joblib.load(layout.trainedmodel).predict_proba(golden.features)[:, 1]
    difference = float(np.abs(pickled - risks).max())
    return faults if difference <= TOLERANCE else (*faults, f"pickle and scorecard differ by {difference:.3g}")
