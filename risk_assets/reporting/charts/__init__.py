"""The charts, each a function from plain results to PNG bytes; matplotlib is loaded by the first that is drawn."""

from risk_assets.reporting.charts.backtest import backtest_chart
from risk_assets.reporting.charts.confusion import confusion_matrix
from risk_assets.reporting.charts.drifting import drift_history
from risk_assets.reporting.charts.gains import gains_chart
from risk_assets.reporting.charts.history import history
from risk_assets.reporting.charts.moved import moved
from risk_assets.reporting.charts.pairs import pairs
from risk_assets.reporting.charts.quality import calibration, precision_recall, quality, roc
from risk_assets.reporting.charts.risks import risk_histogram
from risk_assets.reporting.charts.shapes import shapes
from risk_assets.reporting.charts.timings import timings

__all__ = [
    "backtest_chart",
    "calibration",
    "confusion_matrix",
    "drift_history",
    "gains_chart",
    "history",
    "moved",
    "pairs",
    "precision_recall",
    "quality",
    "risk_histogram",
    "roc",
    "shapes",
    "timings",
]
