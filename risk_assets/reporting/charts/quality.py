"""How well the risks rank and how true they are: ROC, precision-recall and calibration."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from risk_assets.domain.scoring.metrics import CalibrationFit, Metrics
from risk_assets.reporting.charts.canvas import axes, figure, name_axes, png, title, write
from risk_assets.reporting.charts.marks import calibration_dots
from risk_assets.reporting.style import BLUE, MUTED, ORANGE, PALE_BLUE, RULE, TEXT_WIDTH
from risk_assets.reporting.wording import score

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIDE, LEFT = 1.75, 0.56


def roc(metrics: Metrics) -> bytes:
    """Return the ROC curve with its area and the point of the threshold, as PNG."""
    return _alone(draw_roc, metrics)


def precision_recall(metrics: Metrics) -> bytes:
    """Return the precision-recall curve with its average precision and the point of the threshold, as PNG."""
    return _alone(draw_precision_recall, metrics)


def calibration(metrics: Metrics) -> bytes:
    """Return predicted risk against what happened, a dot per bin whose area grows with its rows, as PNG."""
    return _alone(draw_calibration, metrics)


def quality(metrics: Metrics) -> bytes:
    """Return the three of them side by side, as PNG."""
    chart = figure(TEXT_WIDTH, SIDE + 0.75)
    step = (TEXT_WIDTH - LEFT - SIDE - 0.18) / 2
    for place, draw in enumerate((draw_roc, draw_precision_recall, draw_calibration)):
        draw(axes(chart, LEFT + place * step, 0.42, SIDE, SIDE), metrics)
    return png(chart)


def _alone(draw: Callable[[Axes, Metrics], None], metrics: Metrics) -> bytes:
    chart = figure(3.4, 3.4)
    draw(axes(chart, LEFT, 0.45, 2.6, 2.6), metrics)
    return png(chart)


def _unit_square(drawn: Axes) -> None:
    ticks, texts = (0.0, 0.5, 1.0), ("0", "50 %", "100 %")
    drawn.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.02))
    drawn.set_xticks(ticks, texts)
    drawn.set_yticks(ticks, texts)
    drawn.grid(color=RULE, linewidth=0.4)


def draw_roc(drawn: Axes, metrics: Metrics) -> None:
    """Draw true against false positive rates."""
    _unit_square(drawn)
    title(drawn, f"ROC: area {score(metrics.roc_auc.value)}", SIDE)
    name_axes(drawn, "false positive rate", "true positive rate")
    drawn.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle=(0, (3, 3)))
    if metrics.roc:
        rates, hits = zip(*metrics.roc, strict=True)
        drawn.fill_between(rates, hits, color=PALE_BLUE, alpha=0.45, linewidth=0)
        drawn.plot(rates, hits, color=BLUE, linewidth=1.6)
    cells = metrics.confusion
    stayed = cells.true_negatives + cells.false_positives
    left = cells.true_positives + cells.false_negatives
    if stayed and left:
        _threshold_point(drawn, cells.false_positives / stayed, cells.true_positives / left)


def draw_precision_recall(drawn: Axes, metrics: Metrics) -> None:
    """Draw precision against recall, with the share of positives as the line of a blind guess."""
    _unit_square(drawn)
    title(drawn, f"Precision and recall: {score(metrics.average_precision.value)}", SIDE)
    name_axes(drawn, "recall", "precision")
    if metrics.n:
        drawn.axhline(metrics.positives / metrics.n, color=MUTED, linewidth=0.8, linestyle=(0, (3, 3)))
    if metrics.precision_recall:
        recalls, precisions = zip(*metrics.precision_recall, strict=True)
        drawn.fill_between(recalls, precisions, color=PALE_BLUE, alpha=0.45, linewidth=0)
        drawn.plot(recalls, precisions, color=BLUE, linewidth=1.6)
    _threshold_point(drawn, metrics.recall.value, metrics.precision.value)


def _threshold_point(drawn: Axes, x: float, y: float) -> None:
    drawn.plot([x], [y], "o", color=ORANGE, markersize=5, markeredgecolor="white", markeredgewidth=0.8)


def draw_calibration(drawn: Axes, metrics: Metrics) -> None:
    """Draw the share that truly left against the mean risk of each bin; on the diagonal, risks are true."""
    _unit_square(drawn)
    title(drawn, f"Calibration: Brier {score(metrics.brier.value)}", SIDE)
    name_axes(drawn, "predicted risk", "observed share")
    drawn.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle=(0, (3, 3)))
    dots = calibration_dots(metrics.calibration)
    if not dots:
        write(drawn, 0.5, 0.5, "no rows", color=MUTED, ha="center", within=True)
        return
    means, rates = [dot.bin.mean_risk for dot in dots], [dot.bin.positive_rate for dot in dots]
    drawn.plot(means, rates, color=BLUE, linewidth=0.9, alpha=0.6)
    drawn.scatter(means, rates, s=[8 + 42 * dot.size for dot in dots], color=BLUE, linewidths=0)
    if metrics.calibration_fit is not None:
        said = _how_true(metrics.calibration_fit)
        write(drawn, 0.98, 0.03, said, size=6.5, color=MUTED, ha="right", va="bottom", within=True)


def _how_true(found: CalibrationFit) -> str:
    slope = "" if found.slope is None else f"slope {found.slope.value:.2f}, "
    error = f"off by {found.error:.3f},\nby chance {found.error_by_chance:.3f}"
    return f"{slope}level {found.level.value:+.2f}\n{error}"
