"""How well a model ranks, as curves: lift, ROC, and precision by recall."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from risk_assets.domain.scoring.metrics import Metrics
from risk_assets.reporting.wording import count, percent, score
from risk_assets.serve.pages.curves import Point, points
from risk_assets.serve.pages.plots import ABOVE, MARGIN, SIDE

#: Among fewer clients a lift says little.
LEAST_CALLS = 20


@dataclass(frozen=True)
class Square:
    """A curve in a square; `dashed` is that of chance, and `mark` the place of the threshold or of the calls made.

    `ticks` are three heights with their text, from the bottom up.
    """

    name: str
    says: str
    across: str
    ticks: tuple[tuple[float, str], ...]
    line: str
    dashed: tuple[Point, Point]
    mark: Point | None


def squares(metrics: Metrics) -> tuple[Square, ...]:
    """Return the curves that a score holds."""
    found = (_lift(metrics), _roc(metrics), _precision(metrics))
    return tuple(square for square in found if square is not None)


def _lift(metrics: Metrics) -> Square | None:
    gains = metrics.gains
    if gains is None:
        return None
    least = min(LEAST_CALLS, gains.size) / metrics.n
    known = (gains.size / metrics.n, gains.lift.value)
    lifts = sorted({known, *((share, reached / share) for share, reached in gains.curve if share >= least)})
    top = max(2, math.ceil(max(lift for _, lift in lifts)))
    curve = [(share, lift / top) for share, lift in lifts]
    many = "much value of leavers" if gains.by_value else "many leavers"
    return Square(
        f"Lift: {gains.lift.value:.1f} times among the first {count(gains.size)}",
        f"Up: how many times as {many} as at random, which is the dashed line, are among those called.",
        "test clients called",
        tuple((_up(place), f"{place * top:.15g}") for place in (0.0, 0.5, 1.0)),
        _line(curve),
        (_spot(0.0, 1 / top), _spot(1.0, 1 / top)),
        _spot(known[0], known[1] / top),
    )


def _roc(metrics: Metrics) -> Square | None:
    if not metrics.roc:
        return None
    cells, mark = metrics.confusion, None
    if cells.positives and cells.negatives:
        mark = _spot(cells.false_positives / cells.negatives, cells.true_positives / cells.positives)
    return Square(
        f"ROC: area {score(metrics.roc_auc.value)}",
        "Up: the share of leavers that is flagged. Across: the share of the others that is. Dashed: by chance.",
        "of those that stayed, flagged",
        SHARES,
        _line(metrics.roc),
        (_spot(0.0, 0.0), _spot(1.0, 1.0)),
        mark,
    )


def _precision(metrics: Metrics) -> Square | None:
    if not metrics.precision_recall:
        return None
    base = metrics.positives / metrics.n if metrics.n else 0.0
    return Square(
        f"Precision and recall: {score(metrics.average_precision.value)}",
        f"Up: the share of those flagged that leaves. Across: the share of leavers that is flagged. Dashed: by "
        f"chance, {percent(base)}.",
        "of those that left, flagged",
        SHARES,
        _line(metrics.precision_recall),
        (_spot(0.0, base), _spot(1.0, base)),
        _spot(metrics.recall.value, metrics.precision.value),
    )


def _up(share: float) -> float:
    return round(ABOVE + SIDE * (1 - share), 1)


def _spot(across: float, up: float) -> Point:
    return round(MARGIN + SIDE * across, 1), _up(up)


def _line(curve: Sequence[Point]) -> str:
    return points(*zip(*(_spot(*place) for place in curve), strict=True))


SHARES = tuple((_up(share), f"{share:.0%}".replace("%", " %")) for share in (0.0, 0.5, 1.0))
