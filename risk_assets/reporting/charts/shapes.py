"""One chart per feature: how its values multiply the odds of leaving, and how many clients have them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from risk_assets.domain.drift.profile import Profile
from risk_assets.domain.figures import figure as number
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.reporting.charts.canvas import POINTS, axes, figure, label, png, sentence_alone, title
from risk_assets.reporting.charts.effects import CategoricalEffect, Effect, NumericEffect, effects
from risk_assets.reporting.style import (
    BLUE,
    CHART_TEXT,
    INK,
    MUTED,
    ORANGE,
    PALE_BLUE,
    PALE_ORANGE,
    RULE,
    TEXT_WIDTH,
)
from risk_assets.reporting.typeface import width
from risk_assets.reporting.wording import distinct, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PER_PAGE = 15
#: Characters of a name that fit above a chart.
LONGEST_NAME = 22
#: Six rows fit on a page of the report.
ROW_HEIGHT = 1.7
MOST_CATEGORIES = 6
#: Bars are as thin as if there were this many of them.
FEW = 5
#: Inches for the names of categories, for the ticks of a curve, and for the gap between two charts.
NAMES, CURVE_LEFT, RIGHT = 1.15, 0.5, 0.12
#: Factors that may stand on an axis of odds.
FACTORS = (1.1, 1.2, 1.5, 2, 3, 5, 10, 30, 100, 1000, 10_000, 1e6, 1e9, 1e15, 1e30, 1e100)
#: The least reach of an axis: below it, a feature that does nothing would look like one that does.
LEAST_REACH = math.log(1.25)
#: Share of a panel's height kept for the distribution, and of its width for the curve; "missing" stands beyond it.
BASE, CURVE = 0.17, 0.92


def shapes(scorecard: Scorecard, profile: Profile) -> tuple[bytes, ...]:
    """Return pictures (PNG) of up to 15 shape charts each, the strongest feature first.

    The height is the factor on the odds of leaving against the average client, on one scale per picture;
    beneath stands how the training rows in `profile` are distributed. A diamond marks a missing value.
    """
    found = effects(scorecard, profile, MOST_CATEGORIES)
    if not found:
        return (sentence_alone("The model has no features: every client has the same risk."),)
    columns = 2 if len(found) in {1, 2, 4} else 3
    names = distinct([effect.column for effect in found], LONGEST_NAME)
    found = tuple(replace(effect, column=name) for effect, name in zip(found, names, strict=True))
    return tuple(_page(found[start : start + PER_PAGE], columns) for start in range(0, len(found), PER_PAGE))


def _page(found: tuple[Effect, ...], columns: int) -> bytes:
    rows = math.ceil(len(found) / columns)
    chart = figure(TEXT_WIDTH, rows * ROW_HEIGHT)
    reach = max(LEAST_REACH, *(_reach(effect) for effect in found)) * 1.1
    across = TEXT_WIDTH / columns
    for place, effect in enumerate(found):
        left, bottom = place % columns * across, (rows - 1 - place // columns) * ROW_HEIGHT
        room = across - (CURVE_LEFT if isinstance(effect, NumericEffect) else NAMES) - RIGHT
        drawn = axes(chart, left + across - RIGHT - room, bottom + 0.24, room, ROW_HEIGHT - 0.52)
        if isinstance(effect, NumericEffect):
            _curve(drawn, effect, reach, room)
        else:
            _bars(drawn, effect, reach, room)
    return png(chart)


def _reach(effect: Effect) -> float:
    return max(abs(effect.missing), max((float(abs(value)) for value in effect.log_odds), default=0.0))


def odds_ticks(reach: float) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """Return places (log-odds) and texts of three ticks within +-reach, such as "÷ 2", "× 1", "× 2"."""
    factor = max((factor for factor in FACTORS if math.log(factor) <= reach), default=FACTORS[0])
    place = math.log(factor)
    return (-place, 0.0, place), (f"÷ {factor:g}", "× 1", f"× {factor:g}")


def _curve(drawn: Axes, effect: NumericEffect, reach: float, room: float) -> None:
    low, high = float(effect.edges[0]), float(effect.edges[-1])
    span = high - low
    bottom = -reach - 2 * reach * BASE / (1 - BASE)
    title(drawn, effect.column, room)
    drawn.set(xlim=(low, low + span / CURVE), ylim=(bottom, reach))
    tallest = max(float(effect.shares.max()), 1e-12)
    heights = effect.shares / tallest * (-reach - bottom) * 0.9
    drawn.stairs(bottom + heights, effect.edges, baseline=bottom, fill=True, color=RULE)
    up, down = effect.log_odds.clip(min=0), effect.log_odds.clip(max=0)
    drawn.fill_between(effect.x, up, color=PALE_ORANGE, linewidth=0)
    drawn.fill_between(effect.x, down, color=PALE_BLUE, linewidth=0, alpha=0.7)
    drawn.axhline(0, color=MUTED, linewidth=0.6)
    drawn.plot(effect.x, effect.log_odds, color=INK, linewidth=1.5)
    _diamond(drawn, low + span * (1 + CURVE) / (2 * CURVE), effect.missing)
    places, texts = odds_ticks(reach)
    drawn.set_yticks(places, texts)
    drawn.locator_params(axis="x", nbins=4)
    drawn.xaxis.set_major_formatter(lambda value, _: number(value))


def _bars(drawn: Axes, effect: CategoricalEffect, reach: float, room: float) -> None:
    rows = len(effect.names) + 1
    title(drawn, effect.column, room + NAMES, indent=(0.03 - NAMES) / room)
    drawn.set(xlim=(-reach, reach), ylim=(max(rows, FEW) - 0.4, -0.6), yticks=[])
    drawn.spines["left"].set_visible(False)
    colours = [ORANGE if value > 0 else BLUE for value in effect.log_odds]
    drawn.barh(range(rows - 1), effect.log_odds, height=0.62, color=colours, linewidth=0)
    drawn.axvline(0, color=MUTED, linewidth=0.6)
    _diamond(drawn, effect.missing, rows - 1)
    places, texts = odds_ticks(reach)
    drawn.set_xticks(places, texts)
    for row, (name, share) in enumerate(zip(effect.names, effect.shares, strict=True)):
        _name(drawn, row, name, "" if math.isnan(share) else percent(share))
    _name(
        drawn, rows - 1, f"missing, {effect.left_out} rarer left out" if effect.left_out else "missing", "", MUTED
    )


def _name(drawn: Axes, row: int, name: str, share: str, color: str = INK) -> None:
    """Write the name of a category, and what share of the clients has it, beside its bar."""
    size = CHART_TEXT - 1.5
    room = NAMES - 0.07 - width(share, size) / POINTS
    text = f"{label(name, room - 0.08, size)}  {share}" if share else label(name, room, size)
    drawn.text(
        -0.03, row, text, size=size, color=color, ha="right", va="center", transform=drawn.get_yaxis_transform()
    )


def _diamond(drawn: Axes, x: float, y: float) -> None:
    drawn.plot([x], [y], "D", markersize=4, color="white", markeredgecolor=INK, markeredgewidth=0.9, clip_on=False)
