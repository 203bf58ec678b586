"""The trained model on disk: pipeline, scorecard, reference profile, and the record that binds them."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from datetime import datetime

from risk_assets.domain.profile import TrainingReference
from risk_assets.domain.scorecard import Scorecard
from risk_assets.domain.training import TrainedModel, TrainingReport
from risk_assets.storage import atomic
from risk_assets.storage.layout import Layout
from risk_assets.storage.lock import writing
from risk_assets.storage.records import RecordError, read_record, write_record


@dataclass(frozen=True)
class ModelRecord:
    """A trained model: the hashes of trainedmodel.pkl and scorecard.json, and how they came about.

    `held_out` tells whether a tenth of the clients was kept out of training.
    """

    model_sha256: str
    scorecard_sha256: str
    data_version: str
    trained_at: str
    seconds: float
    held_out: bool
    report: TrainingReport

    @property
    def version(self) -> str:
        """The data version of trained_model: it changes with the pipeline and with the threshold."""
        return hashlib.sha256(f"{self.model_sha256} {self.scorecard_sha256}".encode()).hexdigest()[:16]


def save_model(
    layout: Layout,
    model: TrainedModel,
    reference: TrainingReference,
    *,
    data_version: str,
    held_out: bool,
    seconds: float,
    now: datetime,
) -> ModelRecord:
    """Write the model and, last, its record; a model without its record does not count."""
    import joblib

    content = io.BytesIO()
    joblib.dump(model.pipeline, content)
    with writing(layout.models, "trained_model"):
        atomic.write_bytes(layout.trainedmodel, content.getvalue())
        write_record(layout.scorecard, model.scorecard)
        write_record(layout.reference, reference)
        record = ModelRecord(
            *_hashes(layout),
            data_version=data_version,
            trained_at=now.isoformat(timespec="seconds"),
            seconds=seconds,
            held_out=held_out,
            report=model.report,
        )
        write_record(layout.training, record)
    return record


def read_model(layout: Layout) -> tuple[ModelRecord, Scorecard]:
    """Return the trained model's record and scorecard. Raises RecordError when the files do not fit together."""
    record = read_record(layout.training, ModelRecord)
    if _hashes(layout) != (record.model_sha256, record.scorecard_sha256):
        raise RecordError(f"{layout.models}: the model's files do not belong together; make trained_model again")
    return record, read_record(layout.scorecard, Scorecard)


def _hashes(layout: Layout) -> tuple[str, str]:
    model, scorecard = (hashlib.sha256(file.read_bytes()) for file in (layout.trainedmodel, layout.scorecard))
    return model.hexdigest(), scorecard.hexdigest()
