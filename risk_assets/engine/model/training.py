"""Training on the rows of finaldata."""

from __future__ import annotations

from typing import TYPE_CHECKING

from risk_assets.engine.model.training_rows import TrainingTable, class_counts, read_training_rows
from risk_assets.engine.session import Session

if TYPE_CHECKING:
    from risk_assets.domain.model.training import TrainedModel


def train_on(session: Session, rows: TrainingTable, *, threshold: float | None) -> TrainedModel:
    """Train on the labelled rows, of many on a sample of the clients.

    The same rows give the same bytes in whatever files, order and number of threads. Raises TrainingError where
    the rows cannot teach anything, and SelectionError where they lack a declared column.
    """
    from risk_assets.domain.model.training import train
    from risk_assets.domain.model.training_rows import require_learnable

    negatives, positives = class_counts(session, rows)
    require_learnable(negatives + positives, positives, session.columns)
    found = read_training_rows(session, rows)
    return train(found, session.columns, threshold=threshold, rows_known=negatives + positives)
