from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_assets.domain.drift.profile import Profile, profile_of
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.model.shapes import NumericShape
from risk_assets.domain.ranking.risk_summary import RiskSummary
from risk_assets.domain.scoring.metrics import CalibrationBin, Estimate, ScorePoint
from risk_assets.serve.pages.bars import changes, deviations, histogram
from risk_assets.serve.pages.curves import Curve, Table, drawings, maps
from risk_assets.serve.pages.plots import calibration, score_plot
from risk_assets.serve.pages.quality import squares
from risk_assets_tests.reporting import samples
from risk_assets_tests.serve.deployed import SCORECARD, SURE, metrics, profile

Cells = dict[str, float | str | None]
CLIENT: Cells = {"activity": 12.5, "employees": 40.0, "industry": "mining"}


def risks(*bins: int, threshold: float = 0.5) -> RiskSummary:
    return RiskSummary(sum(bins), 0, threshold, bins, ())


def curve_of(column: str, client: Cells | None = None, scorecard: Scorecard = SCORECARD) -> Curve:
    [found] = [each for each in drawings(scorecard, profile(), client) if each.column == column]
    assert isinstance(found, Curve)
    return found


def table_of(client: Cells | None = None, scorecard: Scorecard = SCORECARD) -> Table:
    [found] = [each for each in drawings(scorecard, profile(), client) if isinstance(each, Table)]
    return found


def with_level(level: float, log_odds: float) -> Scorecard:
    """A model in which one number of activity has a value of its own."""
    activity, employees = SURE.numeric
    return replace(SURE, numeric=(replace(activity, levels=((level, log_odds),)), employees))


def places(points: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (point.split(",") for point in points.split())]


def test_bars_are_as_high_as_their_clients_and_even_one_client_can_be_seen() -> None:
    drawn = histogram(risks(1000, 500, 0, 1)).bars

    assert [bar.height for bar in drawn] == [100.0, 50.0, 0.8]
    assert all(bar.y + bar.height == pytest.approx(100) for bar in drawn)


def test_the_bar_of_the_threshold_is_parted_there() -> None:
    drawn = histogram(risks(1, 1, 1, 1, threshold=0.4))

    assert [bar.flagged for bar in drawn.bars] == [False, False, True, True, True]
    before, after = drawn.bars[1:3]
    assert before.x + before.width == pytest.approx(drawn.threshold_x) == after.x
    assert (before.y, before.height) == (after.y, after.height)
    assert after.x + after.width < drawn.bars[3].x


@pytest.mark.parametrize("threshold", [0.0, 0.25, 0.5, 1.0])
def test_a_threshold_between_two_bars_parts_none(threshold: float) -> None:
    drawn = histogram(risks(1, 1, 1, 1, threshold=threshold))

    assert [bar.flagged for bar in drawn.bars] == [bar.x >= 100 * threshold for bar in drawn.bars]
    assert len(drawn.bars) == 4


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=20))
def test_the_scale_of_clients_is_round_and_reaches_beyond_every_bar(bins: list[int]) -> None:
    drawn = histogram(risks(*bins))
    (bottom, nothing), *others, (top, most) = drawn.ticks

    assert (bottom, nothing, top) == (100, 0, 0)
    assert most >= max(bins)
    assert len(others) <= 4
    assert int(str(most - others[-1][1] if others else most).rstrip("0")) in {1, 2, 5}
    assert all(0 <= bar.y < bar.y + bar.height <= 100.01 for bar in drawn.bars)


def test_without_clients_the_histogram_is_flat() -> None:
    assert histogram(risks(0, 0)).highest == 0


@given(st.lists(st.floats(-50, 50), min_size=1))
def test_bars_of_effects_stay_in_the_drawing_on_their_own_side(values: list[float]) -> None:
    for value, bar in zip(values, deviations(values), strict=True):
        assert bar.x >= 0
        assert bar.x + bar.width <= 100
        assert bar.rises is (value > 0)
        assert bar.x == 50 if value > 0 else bar.x + bar.width == pytest.approx(50)


def test_a_client_stands_on_the_curve() -> None:
    drawn = curve_of("activity", {**CLIENT, "activity": 25.0})
    assert drawn.client
    x, y = drawn.client
    before, after = next(
        pair
        for pair in zip(places(drawn.line), places(drawn.line)[1:], strict=False)
        if pair[0][0] <= x <= pair[1][0]
    )

    assert min(before[1], after[1]) - 0.1 <= y <= max(before[1], after[1]) + 0.1


@pytest.mark.parametrize(("value", "end"), [(-1e9, 0), (1e9, -1)])
def test_a_client_beyond_the_drawing_stands_at_its_edge(value: float, end: int) -> None:
    drawn = curve_of("employees", {**CLIENT, "employees": value})

    assert drawn.client
    assert drawn.client[0] == places(drawn.line)[end][0]


def test_a_client_whose_effect_is_beyond_the_drawing_stands_at_its_edge() -> None:
    shape = NumericShape("calls", (0.0, 100.0), ((10.0, 0.0),), missing=0.0, mean=0.0)
    known = Profile(100, 100, 10, (profile_of("calls", np.linspace(0, 20, 100)),), ())
    [drawn] = drawings(Scorecard(0.0, 0.5, (shape,), ()), known, {"calls": 100.0})

    assert isinstance(drawn, Curve)
    assert drawn.client == (316, 10)


def test_a_client_without_a_value_stands_nowhere() -> None:
    assert curve_of("activity", {**CLIENT, "activity": None}).client is None
    assert curve_of("activity").client is None


@pytest.mark.parametrize("known", [profile(), None])
def test_every_drawing_keeps_to_its_field(known: Profile | None) -> None:
    for drawn in drawings(SCORECARD, known, CLIENT):
        if isinstance(drawn, Curve):
            every = [places(points) for points in (drawn.line, drawn.rising, drawn.falling, drawn.spread)]
            assert all(48 <= x <= 316 and 10 <= y <= 158 for points in every for x, y in points)


def test_a_category_is_told_with_its_share_and_the_clients_own_is_marked() -> None:
    [table] = [each for each in drawings(SCORECARD, profile(), CLIENT) if isinstance(each, Table)]

    assert [(row.name, row.share, row.is_client) for row in table.rows] == [
        ("mining", 0.6, True),
        ("retail", 0.4, False),
    ]
    assert table.rows[0].mark.log_odds == pytest.approx(0.6)


def test_the_band_is_wider_where_the_model_is_less_sure() -> None:
    drawn = curve_of("activity", scorecard=SURE)
    band = places(drawn.band)
    upper, lower = band[: len(band) // 2], band[len(band) // 2 :][::-1]
    widths = [below - above for (_, above), (_, below) in zip(upper, lower, strict=True)]
    middle = min(range(len(upper)), key=lambda place: abs(upper[place][0] - (48 + 268 * 50 / 120)))

    assert widths[0] > widths[len(upper) // 8] > widths[middle] >= 0
    assert all(
        above <= y <= below + 0.1
        for (_, above), (_, y), (_, below) in zip(upper, places(drawn.line), lower, strict=True)
    )


def test_a_model_that_cannot_tell_has_no_band_and_no_whiskers() -> None:
    drawn = curve_of("activity")

    assert (drawn.band, drawn.beside, drawn.missing.half) == ("", None, None)
    assert all(row.bar.whisker is None for row in table_of().rows)


def test_a_number_with_a_value_of_its_own_stands_beside_the_curve_and_leaves_it_alone() -> None:
    without, drawn = (curve_of("activity", scorecard=each) for each in (SURE, with_level(0.0, -0.5)))
    [(level, mark)] = drawn.levels
    [spot] = drawn.spots

    assert level == 0.0
    assert mark.log_odds == pytest.approx(-1.0)
    assert spot.x == 48
    assert spot.y > places(drawn.line)[0][1], "below the curve, which begins above the average"
    assert places(drawn.line)[0][1] - drawn.average_y < 0
    assert len(drawn.line) == len(without.line)


def test_a_client_with_that_number_stands_on_its_mark() -> None:
    drawn = curve_of("activity", {**CLIENT, "activity": 0.0}, with_level(0.0, -0.5))

    assert drawn.client == (drawn.spots[0].x, drawn.spots[0].y)


def test_a_missing_value_has_a_mark_with_a_whisker_which_is_the_clients_where_it_has_none() -> None:
    drawn = curve_of("activity", {**CLIENT, "activity": None}, SURE)

    assert drawn.client_is_missing
    assert drawn.beside
    assert drawn.beside.x > 316
    assert drawn.beside.high_y <= drawn.beside.y <= drawn.beside.low_y
    assert not curve_of("activity", CLIENT, SURE).client_is_missing


def test_rare_and_new_categories_have_a_row_which_is_that_of_a_client_with_a_new_one() -> None:
    own, new = (table_of({**CLIENT, "industry": name}, SURE) for name in ("mining", "fishing"))

    assert [row.name for row in own.rows] == ["mining", "retail", "rare or new"]
    assert [row.is_client for row in own.rows] == [True, False, False]
    assert [row.is_client for row in new.rows] == [False, False, True]
    assert table_of({**CLIENT, "industry": None}, SURE).client_is_missing


@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(0, 1e6)), min_size=1))
def test_whiskers_stay_in_the_drawing_around_the_end_of_their_bar(values: list[tuple[float, float]]) -> None:
    log_odds, halves = zip(*values, strict=True)
    for value, bar in zip(log_odds, deviations(log_odds, halves, reach=50.0), strict=True):
        assert bar.whisker
        end = bar.x + bar.width if value > 0 else bar.x
        assert 0 <= bar.whisker[0] <= end + 0.011
        assert end - 0.011 <= bar.whisker[1] <= 100


def test_bars_of_all_tables_are_on_one_scale() -> None:
    second = replace(SCORECARD.categorical[0], column="region", values={"north": 0.4, "south": -0.2})
    scorecard = replace(SCORECARD, categorical=(*SCORECARD.categorical, second))
    first, other = (each for each in drawings(scorecard, profile()) if isinstance(each, Table))

    assert first.rows[0].bar.width == pytest.approx(2 * other.rows[0].bar.width, abs=0.02)


def test_a_bar_goes_from_the_risk_with_the_usual_value_to_the_risk() -> None:
    rises, falls = changes(0.6, [0.2, 0.9])

    assert (rises.x, rises.width, rises.risk, rises.rises) == (20, 40, 60, True)
    assert (falls.x, falls.width, falls.risk, falls.rises) == (60, 30, 60, False)


def test_the_cell_of_a_client_is_marked_and_no_other() -> None:
    [drawn] = maps(SURE, profile(), {**CLIENT, "activity": 90.0})
    marked = [
        (drawn.row_labels[row], drawn.column_labels[column])
        for row, cells in enumerate(drawn.rows)
        for column, cell in enumerate(cells)
        if cell.is_client
    ]

    assert (drawn.down, drawn.across) == ("activity", "industry")
    assert marked == [("100", "mining")]
    assert not any(cell.is_client for cells in maps(SURE, profile())[0].rows for cell in cells)


def test_true_risks_stand_on_the_diagonal_and_empty_groups_nowhere() -> None:
    bins = (CalibrationBin(0, 0.5, 10, 0.2, 0.2), CalibrationBin(0.5, 1, 0, 0.7, 0.0))
    [dot] = calibration(replace(metrics(), calibration=bins)).dots

    assert (dot.x, dot.y) == (40 + 240 * 0.2, 12 + 240 * 0.8)


def score_point(f1: float, test_version: str = "a") -> ScorePoint:
    return ScorePoint(
        "2026-03-01T12:00:00+00:00",
        "model",
        100,
        Estimate(f1, f1 - 0.04, f1 + 0.04),
        Estimate(0.8, 0.7, 0.9),
        test_version,
    )


def test_scores_on_other_test_data_are_not_joined() -> None:
    drawn = score_plot([score_point(0.5), score_point(0.6), score_point(0.7, "b"), score_point(0.8, "b")], ())

    assert drawn
    first, second, third, fourth = drawn.scores
    assert drawn.lines == ((first, second), (third, fourth))


def test_scores_of_one_day_are_told_apart_by_their_time_and_use_the_whole_width() -> None:
    times = ["2026-03-01T08:00:00+00:00", "2026-03-01T09:30:00+00:00", "2026-03-02T12:00:00+00:00"]
    drawn = score_plot([replace(score_point(0.5), at=at) for at in times], ())

    assert drawn
    assert [score.label for score in drawn.scores] == [
        ("2026-03-01", "08:00"),
        ("2026-03-01", "09:30"),
        ("2026-03-02", "12:00"),
    ]
    gaps = [other.x - one.x for one, other in pairwise(drawn.scores)]
    assert drawn.scores[0].x + 100 - drawn.scores[-1].x == pytest.approx(gaps[0], abs=0.02)


@pytest.mark.parametrize("number", [1, 2, 6, 7, 30, 45])
def test_of_many_scores_a_few_are_labelled_the_last_one_always(number: int) -> None:
    drawn = score_plot([score_point(0.5)] * number, ())

    assert drawn
    assert drawn.scores[-1].label
    assert min(number, 6) <= sum(bool(score.label) for score in drawn.scores) <= 10


@given(st.lists(st.floats(0.05, 0.95), min_size=1, max_size=60))
def test_every_interval_lies_between_the_outer_lines_which_are_few_and_round(values: list[float]) -> None:
    drawn = score_plot([score_point(value) for value in values], ())

    assert drawn
    heights = [height for height, _ in drawn.ticks]
    assert all(heights[-1] <= score.high_y <= score.low_y <= heights[0] for score in drawn.scores)
    assert 2 <= len(heights) <= 8
    assert len({text for _, text in drawn.ticks}) == len(heights)


def test_curves_of_a_score_stay_in_their_square_and_go_through_their_mark() -> None:
    lift, roc, precision = squares(samples.scored_metrics())

    assert lift.name == "Lift: 4.1 times among the first 100"
    assert [text for _, text in lift.ticks] == ["0", "2.5", "5"]
    assert lift.mark == (40 + 240 * 0.05, round(12 + 240 * (1 - 4.1 / 5), 1))
    assert roc.name == "ROC: area 0.823"
    assert roc.mark == (round(40 + 240 * 233 / 1588, 1), round(12 + 240 * (1 - 258 / 412), 1))
    assert precision.name == "Precision and recall: 0.610"
    assert precision.dashed[0][1] == precision.dashed[1][1] == round(12 + 240 * (1 - 412 / 2000), 1)
    assert lift.mark in places(lift.line)
    for square in (lift, roc, precision):
        assert all(40 <= x <= 280 and 12 <= y <= 252 for x, y in places(square.line))


def test_a_score_without_curves_has_none_drawn() -> None:
    assert [square.name for square in squares(metrics())] == ["ROC: area 0.600", "Precision and recall: 0.600"]
    assert squares(replace(metrics(), roc=(), precision_recall=())) == ()


def test_without_scores_there_is_no_drawing() -> None:
    assert score_plot((), ()) is None
