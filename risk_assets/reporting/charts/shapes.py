"""One chart per feature: how its values multiply the odds of leaving, and how many clients have them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from risk_assets.domain.columns import UNDESCRIBED, Columns
from risk_assets.domain.drift.profile import Profile
from risk_assets.domain.figures import figure as number
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.reporting.charts.canvas import POINTS, axes, figure, label, png, sentence_alone, title
from risk_assets.reporting.charts.effects import (
    CategoricalEffect,
    Effect,
    Mark,
    NumericEffect,
    effects,
    reach_of,
)
from risk_assets.reporting.charts.once import drawn_once
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
LEAST_NAMES, MOST_NAMES, CURVE_LEFT, RIGHT = 1.15, 1.4, 0.5, 0.12
NAME_SIZE = CHART_TEXT - 1.5
#: Factors that may stand on an axis of odds.
FACTORS = (1.1, 1.2, 1.5, 2, 3, 5, 10, 30, 100, 1000, 10_000, 1e6, 1e9, 1e15, 1e30, 1e100)
#: Share of a panel's height kept for the distribution, and of its width for the curve; "missing" stands beyond it.
BASE, CURVE = 0.17, 0.92
#: How dark the band of a curve is and the bars that whiskers cross, and how thick the whiskers are.
BAND, BESIDE_WHISKERS, WHISKER = 0.16, 0.65, 1.0


@drawn_once
def shapes(scorecard: Scorecard, profile: Profile, schema: Columns = UNDESCRIBED) -> tuple[bytes, ...]:
    """Return pictures (PNG) of up to 15 shape charts each, named by the labels of `schema`, the strongest first.

    The height is the factor on the odds of leaving against the average client, on one scale per picture;
    beneath stands how the training rows in `profile` are distributed. A diamond marks a missing value, a circle a
    number with a value of its own; bands and whiskers are 90 % intervals.
    """
    found = effects(scorecard, profile, MOST_CATEGORIES)
    if not found:
        return (sentence_alone("The model has no features: every client has the same risk."),)
    columns = 2 if len(found) in {1, 2, 4} else 3
    names = distinct([schema.label(effect.column) for effect in found], LONGEST_NAME)
    found = tuple(replace(effect, column=name) for effect, name in zip(found, names, strict=True))
    return tuple(_page(found[start : start + PER_PAGE], columns) for start in range(0, len(found), PER_PAGE))


def _page(found: tuple[Effect, ...], columns: int) -> bytes:
    rows = math.ceil(len(found) / columns)
    chart = figure(TEXT_WIDTH, rows * ROW_HEIGHT)
    reach = reach_of(found) * 1.1
    across, names = TEXT_WIDTH / columns, _room_for_names(found)
    for place, effect in enumerate(found):
        left, bottom = place % columns * across, (rows - 1 - place // columns) * ROW_HEIGHT
        room = across - (CURVE_LEFT if isinstance(effect, NumericEffect) else names) - RIGHT
        drawn = axes(chart, left + across - RIGHT - room, bottom + 0.24, room, ROW_HEIGHT - 0.52)
        if isinstance(effect, NumericEffect):
            _curve(drawn, effect, reach, room)
        else:
            _bars(drawn, effect, reach, room, names)
    return png(chart)


def _room_for_names(found: tuple[Effect, ...]) -> float:
    """Return the inches that the names of categories take, the same for all charts so that bars compare."""
    texts = [text for effect in found if isinstance(effect, CategoricalEffect) for text in _row_names(effect)]
    widest = max((width("  ".join(text), NAME_SIZE) / POINTS for text in texts), default=0.0)
    return min(max(LEAST_NAMES, widest + 0.16), MOST_NAMES)


def _row_names(effect: CategoricalEffect) -> list[tuple[str, str]]:
    """Return the name of each row, that of a missing value last, with its share where it is known."""
    shares = ["" if math.isnan(share) else percent(share) for share in effect.shares]
    missing = f"missing, {effect.left_out} rarer left out" if effect.left_out else "missing"
    return [*zip(effect.names, shares, strict=True), (missing, "")]


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
    if effect.half is not None:
        low_edge, high_edge = ((effect.log_odds + way * effect.half).clip(-reach, reach) for way in (-1, 1))
        drawn.fill_between(effect.x, low_edge, high_edge, color=INK, alpha=BAND, linewidth=0)
    drawn.plot(effect.x, effect.log_odds, color=INK, linewidth=1.5)
    for level, mark in effect.levels:
        _upright(drawn, level, mark, reach, "o")
    _upright(drawn, low + span * (1 + CURVE) / (2 * CURVE), effect.missing, reach, "D")
    places, texts = odds_ticks(reach)
    drawn.set_yticks(places, texts)
    drawn.locator_params(axis="x", nbins=4)
    drawn.xaxis.set_major_formatter(lambda value, _: number(value))


def _bars(drawn: Axes, effect: CategoricalEffect, reach: float, room: float, names: float) -> None:
    rows = len(effect.names) + 1
    title(drawn, effect.column, room + names, indent=(0.03 - names) / room)
    drawn.set(xlim=(-reach, reach), ylim=(max(rows, FEW) - 0.4, -0.6), yticks=[])
    drawn.spines["left"].set_visible(False)
    colours = [ORANGE if value > 0 else BLUE for value in effect.log_odds]
    pale = 1.0 if effect.half is None else BESIDE_WHISKERS
    drawn.barh(range(rows - 1), effect.log_odds, height=0.62, color=colours, linewidth=0, alpha=pale)
    drawn.axvline(0, color=MUTED, linewidth=0.6)
    for row, half in enumerate(() if effect.half is None else effect.half):
        _lying(drawn, row, Mark(float(effect.log_odds[row]), float(half)), reach)
    _lying(drawn, rows - 1, effect.missing, reach)
    _point(drawn, effect.missing.log_odds, rows - 1, "D")
    places, texts = odds_ticks(reach)
    drawn.set_xticks(places, texts)
    for row, text in enumerate(_row_names(effect)):
        _name(drawn, row, text, names, INK if row < rows - 1 else MUTED)


def _name(drawn: Axes, row: int, text: tuple[str, str], names: float, color: str) -> None:
    """Write the name of a category, and what share of the clients has it, beside its bar."""
    name, share = text
    room = names - 0.07 - width(share, NAME_SIZE) / POINTS
    shown = f"{label(name, room - 0.08, NAME_SIZE)}  {share}" if share else label(name, room, NAME_SIZE)
    place = drawn.get_yaxis_transform()
    drawn.text(-0.03, row, shown, size=NAME_SIZE, color=color, ha="right", va="center", transform=place)


def _upright(drawn: Axes, x: float, mark: Mark, reach: float, sign: str) -> None:
    """Draw a mark above a number, with its interval as a whisker."""
    if mark.half is not None:
        drawn.plot([x, x], _ends(mark, reach), color=INK, linewidth=WHISKER, clip_on=False, solid_capstyle="butt")
    _point(drawn, x, mark.log_odds, sign)


def _lying(drawn: Axes, row: int, mark: Mark, reach: float) -> None:
    """Draw the interval of a bar, or of a mark in a row of bars, as a whisker."""
    if mark.half is not None:
        drawn.plot(_ends(mark, reach), [row, row], color=INK, linewidth=WHISKER, solid_capstyle="butt")


def _ends(mark: Mark, reach: float) -> list[float]:
    half = mark.half or 0.0
    return [max(mark.log_odds - half, -reach), min(mark.log_odds + half, reach)]


def _point(drawn: Axes, x: float, y: float, sign: str) -> None:
    drawn.plot(
        [x],
        [y],
        sign,
        markersize=4,
        color="white",
        markeredgecolor=INK,
        markeredgewidth=0.9,
        clip_on=False,
        zorder=3,
    )
