"""The model that serves: how good it is, what it is made of, and where it came from."""

from __future__ import annotations

from flask import Response

from risk_assets.domain.scoring.metrics import Metrics
from risk_assets.reporting.charts.marks import confusion_cells
from risk_assets.reporting.contact_words import UNTREATED_HEADS, untreated_table
from risk_assets.reporting.wording import outcome_words, what_the_score_means
from risk_assets.serve.pages.calls import calls
from risk_assets.serve.pages.curves import drawings, maps, usual_risk
from risk_assets.serve.pages.plots import calibration
from risk_assets.serve.pages.quality import squares
from risk_assets.serve.pages.site import challenger_of, find, show
from risk_assets.serve.state import find_version, serving

#: Each metric with what it says.
METRICS = (
    ("f1", "F1 score", "balance of precision and recall"),
    ("precision", "Precision", "of those flagged, the share that truly left"),
    ("recall", "Recall", "of those that left, the share that was flagged"),
    ("accuracy", "Accuracy", "share of clients told rightly"),
    ("roc_auc", "ROC AUC", "how well the ranking separates the two; 0.5 is chance"),
    ("average_precision", "Average precision", "precision over all thresholds"),
    ("brier", "Brier score", "squared error of the risks; lower is better"),
    ("log_loss", "Log loss", "surprise at what happened; lower is better"),
)


def model() -> Response:
    """Show the version that serves."""
    version, here = find_version(), serving()
    if version is None:
        return show("model", version=None)
    metrics = find(lambda: here.generated.metrics(version))
    reference = find(lambda: here.generated.reference(version))
    found = metrics.value
    labels = outcome_words(here.columns)
    return show(
        "model",
        version=version,
        metrics=metrics,
        estimates=_estimates(found) if found else [],
        meaning=what_the_score_means(found, labels) if found else "",
        labels=labels,
        challenger=challenger_of(version),
        cells=confusion_cells(found.confusion) if found else (),
        plot=calibration(found) if found else None,
        untreated_heads=UNTREATED_HEADS,
        untreated=untreated_table(found.untreated) if found and found.untreated else (),
        calls=calls(found, here.columns) if found else None,
        squares=squares(found) if found else (),
        reference=reference,
        curves=drawings(version.scorecard, reference.value.profile if reference.value else None),
        maps=maps(version.scorecard, reference.value.profile if reference.value else None),
        usual=usual_risk(version.scorecard),
    )


def _estimates(metrics: Metrics) -> list[tuple[str, str, str, object]]:
    return [(field, name, says, getattr(metrics, field)) for field, name, says in METRICS]
