from __future__ import annotations

import dataclasses
import io
import math
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from risk_assets.domain.deployment.decisions import Decision
from risk_assets.domain.drift.profile import Profile
from risk_assets.domain.model.forms import Basis
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.model.shapes import CategoricalShape, PairTable
from risk_assets.domain.scoring.metrics import Confusion, Estimate, Metrics
from risk_assets.reporting import charts
from risk_assets.reporting.charts.once import kept
from risk_assets_tests.domain.clients import trained_on_every_form
from risk_assets_tests.reporting import samples

LONG = "Ünïcode<b>&amp;$x^2$ 客户 " + "W" * 200
NAN = Estimate(math.nan, math.nan, math.nan)

USUAL: dict[str, Callable[[], bytes]] = {
    "confusion matrix": lambda: charts.confusion_matrix(samples.metrics()),
    "roc": lambda: charts.roc(samples.metrics()),
    "precision-recall": lambda: charts.precision_recall(samples.metrics()),
    "calibration": lambda: charts.calibration(samples.metrics()),
    "quality": lambda: charts.quality(samples.metrics()),
    "calls": lambda: charts.gains_chart(samples.scored_metrics()),
    "calls of an earlier score": lambda: charts.gains_chart(samples.metrics()),
    "risk histogram": lambda: charts.risk_histogram(samples.risks()),
    "shapes": lambda: charts.shapes(samples.scorecard(), samples.profile())[0],
    "shapes of every form": lambda: charts.shapes(trained_on_every_form().scorecard, samples.profile(()))[0],
    "pairs": lambda: charts.pairs(trained_on_every_form().scorecard, samples.profile(()))[0],
    "history": lambda: charts.history(samples.scores(9), [samples.decision(day) for day in (1, 2, 3)]),
    "drift history": lambda: charts.drift_history([samples.drift(), samples.drift("drifted")]),
    "timings": lambda: charts.timings(samples.timings()),
}


def pixels(png: bytes) -> NDArray[np.uint8]:
    from PIL import Image

    with Image.open(io.BytesIO(png)) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("L"))


def assert_readable(png: bytes) -> None:
    """Something is drawn, and nothing runs out of the picture."""
    shades = pixels(png)
    assert (shades < 200).mean() > 0.002
    edges = np.concatenate([shades[0], shades[-1], shades[:, 0], shades[:, -1]])
    assert edges.min() == 255


@pytest.mark.parametrize("draw", USUAL.values(), ids=USUAL)
def test_a_chart_is_a_picture_with_nothing_cut_off(draw: Callable[[], bytes]) -> None:
    assert_readable(draw())


@pytest.mark.parametrize("draw", USUAL.values(), ids=USUAL)
def test_the_same_results_give_the_same_bytes(draw: Callable[[], bytes]) -> None:
    first = draw()
    kept.cache_clear()
    assert draw() == first


def test_other_counts_give_another_confusion_matrix() -> None:
    other = dataclasses.replace(samples.metrics(), confusion=Confusion(1_355, 233, 155, 257))
    assert charts.confusion_matrix(other) != charts.confusion_matrix(samples.metrics())


def test_long_outcome_labels_stay_within_the_confusion_matrix() -> None:
    assert_readable(charts.confusion_matrix(samples.metrics(), ("Existing Customer", LONG)))


def test_metrics_of_rows_without_positives_can_be_drawn() -> None:
    metrics = dataclasses.replace(
        samples.metrics(),
        positives=0,
        confusion=Confusion(10, 0, 0, 0),
        roc=(),
        precision_recall=(),
        calibration=(),
        roc_auc=NAN,
        average_precision=NAN,
        precision=NAN,
        recall=NAN,
    )
    for png in (charts.confusion_matrix(metrics), charts.quality(metrics)):
        assert_readable(png)


@pytest.mark.parametrize(("features", "pictures"), [(1, 1), (2, 1), (4, 1), (15, 1), (16, 2)])
def test_fifteen_shapes_stand_on_a_picture(features: int, pictures: int) -> None:
    names = [f"feature_{place}" for place in range(features)]
    found = charts.shapes(samples.scorecard(names), samples.profile(names))
    assert len(found) == pictures
    for png in found:
        assert_readable(png)


def test_numeric_and_categorical_shapes_share_a_picture() -> None:
    names = ("contract", "payment")
    (png,) = charts.shapes(samples.scorecard(categorical=names), samples.profile(categorical=names))
    assert_readable(png)


def test_a_model_without_features_has_a_sentence_in_place_of_shapes() -> None:
    (png,) = charts.shapes(samples.scorecard(()), samples.profile(()))
    assert_readable(png)


def test_shapes_need_no_profile_of_their_columns() -> None:
    unknown = Profile(0, 0, 0, (), ())
    (png,) = charts.shapes(samples.scorecard(categorical=("contract",)), unknown)
    assert_readable(png)


@pytest.mark.parametrize("scale", [1e-100, 1e-9, 1e12, 1e100])
def test_shapes_of_tiny_and_huge_columns_can_be_drawn(scale: float) -> None:
    shape = samples.numeric_shape("x")
    column = samples.numeric_profile("x")
    shape = dataclasses.replace(shape, breaks=tuple(edge * scale for edge in shape.breaks))
    column = dataclasses.replace(column, quantiles=tuple(value * scale for value in column.quantiles))
    scorecard = dataclasses.replace(samples.scorecard(()), numeric=(shape,))
    (png,) = charts.shapes(scorecard, Profile(1, 1, 1, (column,), ()))
    assert_readable(png)


@pytest.mark.parametrize("strength", [0.0, 1e-6, 50.0, 690.0])
def test_shapes_of_any_strength_can_be_drawn(strength: float) -> None:
    table = dataclasses.replace(samples.categorical_shape("contract"), values={"a": strength, "b": -strength})
    line = dataclasses.replace(samples.numeric_shape("x"), coefficients=((2 * strength, -strength),) * 3)
    scorecard = dataclasses.replace(samples.scorecard(()), numeric=(line,), categorical=(table,))
    (png,) = charts.shapes(scorecard, samples.profile(("x",), ("contract",)))
    assert_readable(png)


def test_a_column_of_one_value_can_be_drawn() -> None:
    column = dataclasses.replace(samples.numeric_profile("x"), quantiles=(7.0,) * 101)
    (png,) = charts.shapes(samples.scorecard(("x",)), Profile(1, 1, 1, (column,), ()))
    assert_readable(png)


def test_names_of_any_length_and_letters_stay_within_the_charts() -> None:
    names, values = (LONG, "$a$ and $b$"), tuple(f"{place} {LONG}" for place in range(9))
    table = samples.categorical_shape(LONG + "!", values)
    scorecard = dataclasses.replace(samples.scorecard(names), categorical=(table,))
    timing = dataclasses.replace(samples.timings()[0], asset=LONG)
    drawn = (
        *charts.shapes(scorecard, samples.profile(names)),
        charts.timings([timing]),
        charts.drift_history([samples.drift(features=names)]),
    )
    for png in drawn:
        assert_readable(png)


@pytest.mark.parametrize("number", [1, 2, 13, 40, 400])
def test_histories_of_any_length_can_be_drawn(number: int) -> None:
    points = samples.scores(number)
    assert_readable(charts.history(points))
    assert_readable(charts.drift_history([samples.drift(at=point.at) for point in points]))


def test_what_has_not_happened_yet_is_said_in_a_picture() -> None:
    empty = dataclasses.replace(samples.risks(), clients=0, flagged=0, histogram=(0,) * 20)
    for png in (charts.history([]), charts.drift_history([]), charts.timings([]), charts.risk_histogram(empty)):
        assert_readable(png)


def test_the_history_shows_decisions_rollbacks_and_new_test_data() -> None:
    points = samples.scores(6)
    plain = charts.history(points)
    rejected = samples.decision(6, "rejected", points[-1].model_sha256)
    rolled_back: Decision = dataclasses.replace(samples.decision(3, "rolled back"), at="2026-05-03T12:00:00+00:00")
    moved = (*points[:3], *(dataclasses.replace(point, test_version="v2") for point in points[3:]))
    pictures = {
        plain,
        charts.history(points, [rejected]),
        charts.history(points, [rolled_back]),
        charts.history(moved),
    }
    assert len(pictures) == 4


def test_an_estimate_that_is_not_a_number_leaves_a_gap_in_the_history() -> None:
    points = samples.scores(3)
    assert_readable(charts.history((points[0], dataclasses.replace(points[1], f1=NAN), points[2])))


def test_the_histogram_marks_the_threshold() -> None:
    risks = samples.risks()
    assert charts.risk_histogram(risks) != charts.risk_histogram(dataclasses.replace(risks, threshold=0.8))
    assert_readable(charts.risk_histogram(dataclasses.replace(risks, threshold=0.99)))


def test_naming_the_charts_loads_no_drawing_library() -> None:
    code = (
        "import sys; from risk_assets.reporting import charts, summary_report;"
        "print(sorted({'matplotlib', 'reportlab', 'PIL', 'pandas', 'dagster'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_charts_can_be_drawn_in_threads() -> None:
    from concurrent.futures import ThreadPoolExecutor

    metrics: Metrics = samples.metrics()
    with ThreadPoolExecutor(4) as pool:
        drawn = set(pool.map(lambda _: charts.confusion_matrix(metrics), range(8)))
    assert drawn == {charts.confusion_matrix(metrics)}


def test_without_pairs_there_is_no_picture_of_them() -> None:
    assert charts.pairs(samples.scorecard(), samples.profile()) == ()


def test_pairs_of_columns_with_long_names_and_levels_stay_within_their_picture() -> None:
    names = tuple(f"{LONG}{place}" for place in range(6))
    left, right = (Basis(f"{LONG}{side}", (), 1, names, categorical=True) for side in "ab")
    shapes = tuple(
        CategoricalShape(side.column, dict.fromkeys(names, 0.3), 0.0, 0.0, 0.0, names[0]) for side in (left, right)
    )
    pair = PairTable(left, right, tuple((0.5 - 0.1 * row,) * 8 for row in range(8)), 0.0)
    scorecard = Scorecard(-1.0, 0.5, (), shapes, (pair,) * 3, format=2)

    pictures = charts.pairs(scorecard, samples.profile(()))

    assert len(pictures) == 2
    for png in pictures:
        assert_readable(png)
