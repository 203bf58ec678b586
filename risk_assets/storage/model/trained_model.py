"""The trained model on disk: pipeline, scorecard, reference profile, and the record that binds them."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from datetime import datetime

from risk_assets.domain.drift.profile import TrainingReference
from risk_assets.domain.intake.ingestion import Ingestion
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.model.training import TrainedModel, TrainingReport
from risk_assets.engine.model.training_rows import TrainingTable, write_fingerprints
from risk_assets.engine.session import Session
from risk_assets.storage import atomic
from risk_assets.storage.digest import sha256_of
from risk_assets.storage.layout import Layout
from risk_assets.storage.lock import writing
from risk_assets.storage.records import RecordError, read_record, write_record


@dataclass(frozen=True)
class ModelRecord:
    """A trained model: the hashes of trainedmodel.pkl and scorecard.json, and how they came about.

    `held_out` tells whether a tenth of the clients was kept out of training; `left_out` counts the rows with a
    known outcome of test clients, of which none is trained on.
    """

    model_sha256: str
    scorecard_sha256: str
    data_version: str
    trained_at: str
    seconds: float
    held_out: bool
    report: TrainingReport
    left_out: int = 0

    @property
    def version(self) -> str:
        """The data version of trained_model: it changes with the pipeline and with the threshold."""
        return hashlib.sha256(f"{self.model_sha256} {self.scorecard_sha256}".encode()).hexdigest()[:16]


def save_model(
    layout: Layout,
    session: Session,
    model: TrainedModel,
    reference: TrainingReference,
    *,
    ingestion: Ingestion,
    rows: TrainingTable,
    left_out: int,
    seconds: float,
    now: datetime,
) -> ModelRecord:
    """Write the model with what it was trained on and, last, its record; without its record it does not count."""
    import joblib

    content = io.BytesIO()
    joblib.dump(model.pipeline, content)
    with writing(layout.models, "trained_model"):
        atomic.write_bytes(layout.trainedmodel, content.getvalue())
        write_record(layout.scorecard, model.scorecard)
        write_record(layout.reference, reference)
        write_record(layout.trained_on, ingestion)
        names = (file.name for file in ingestion.files if file.part)
        atomic.write_text(layout.trained_on_files, "\n".join((ingestion.ingested_at, *names)) + "\n")
        with atomic.replacing(layout.trained_rows) as staged:
            write_fingerprints(session, rows, staged)
        record = ModelRecord(
            *_hashes(layout),
            data_version=ingestion.data_version,
            trained_at=now.isoformat(timespec="seconds"),
            seconds=seconds,
            held_out=rows.keep == "training",
            report=model.report,
            left_out=left_out,
        )
        write_record(layout.training, record)
    return record


def read_model(layout: Layout) -> tuple[ModelRecord, Scorecard]:
    """Return the trained model's record and scorecard. Raises RecordError when the files do not fit together."""
    record = read_record(layout.training, ModelRecord)
    account = read_record(layout.trained_on, Ingestion).data_version
    if (*_hashes(layout), account) != (record.model_sha256, record.scorecard_sha256, record.data_version):
        raise RecordError(f"{layout.models}: the model's files do not belong together; make trained_model again")
    return record, read_record(layout.scorecard, Scorecard)


def _hashes(layout: Layout) -> tuple[str, str]:
    return sha256_of(layout.trainedmodel), sha256_of(layout.scorecard)
