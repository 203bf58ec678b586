from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import confusion_matrix, f1_score

from risk_assets.domain.scoring.bootstrap import (
    Outcomes,
    count_outcomes,
    count_pairs,
    resample,
    resample_pair,
)
from risk_assets.domain.scoring.f1 import f1_of
from risk_assets.domain.scoring.metrics import Confusion

CONFUSION = Confusion(true_negatives=1500, false_positives=200, false_negatives=120, true_positives=180)


def rows_of(confusion: Confusion) -> tuple[np.ndarray, np.ndarray]:
    cells = [
        confusion.true_negatives,
        confusion.false_positives,
        confusion.false_negatives,
        confusion.true_positives,
    ]
    return np.repeat([False, False, True, True], cells), np.repeat([False, True, False, True], cells)


def row_bootstrap_f1(actual: np.ndarray, predicted: np.ndarray, samples: int) -> np.ndarray:
    """Resample rows one by one within each class: the slow definition that counting must equal."""
    rng = np.random.default_rng(1)
    positives, negatives = np.flatnonzero(actual), np.flatnonzero(~actual)
    drawn = [
        np.r_[rng.choice(positives, len(positives)), rng.choice(negatives, len(negatives))] for _ in range(samples)
    ]
    return np.array([f1_score(actual[rows], predicted[rows]) for rows in drawn])


@given(arrays(bool, st.shared(st.integers(1, 60), key="n")), arrays(bool, st.shared(st.integers(1, 60), key="n")))
def test_counts_and_f1_are_those_of_scikit_learn(actual: np.ndarray, predicted: np.ndarray) -> None:
    counted = count_outcomes(actual, predicted)
    tn, fp, fn, tp = confusion_matrix(actual, predicted, labels=[False, True]).ravel()
    assert counted == Confusion(tn, fp, fn, tp)
    assert f1_of(counted) == pytest.approx(f1_score(actual, predicted, zero_division=0.0))


def test_counting_gives_the_same_spread_as_resampling_rows() -> None:
    actual, predicted = rows_of(CONFUSION)
    slow = row_bootstrap_f1(actual, predicted, samples=400)
    fast = resample(CONFUSION, samples=4000, rng=np.random.default_rng(2)).f1
    assert fast.mean() == pytest.approx(slow.mean(), abs=0.004)
    assert fast.std() == pytest.approx(slow.std(), rel=0.15)


def test_each_model_of_a_pair_is_spread_as_if_it_were_alone() -> None:
    actual, predicted = rows_of(CONFUSION)
    other = predicted ^ (np.arange(len(actual)) % 7 == 0)
    first, second = resample_pair(
        count_pairs(actual, predicted, other), samples=4000, rng=np.random.default_rng(3)
    )
    alone = resample(CONFUSION, samples=4000, rng=np.random.default_rng(4)).f1
    assert first.f1.std() == pytest.approx(alone.std(), rel=0.1)
    assert second.f1.mean() == pytest.approx(f1_of(count_outcomes(actual, other)), abs=0.01)


def test_a_model_compared_with_itself_never_differs_on_any_resample() -> None:
    actual, predicted = rows_of(CONFUSION)
    first, second = resample_pair(
        count_pairs(actual, predicted, predicted), samples=200, rng=np.random.default_rng(0)
    )
    assert np.array_equal(first.f1, second.f1)


def test_the_same_seed_gives_the_same_samples() -> None:
    one, two = (resample(CONFUSION, samples=50, rng=np.random.default_rng(9)).f1 for _ in range(2))
    assert np.array_equal(one, two)


@pytest.mark.parametrize("actual", [[], [True, True], [False, False]])
def test_rows_of_one_class_or_none_give_finite_figures(actual: list[bool]) -> None:
    labels = np.array(actual, dtype=bool)
    for outcomes in resample_pair(count_pairs(labels, ~labels, labels), samples=20, rng=np.random.default_rng(0)):
        assert np.isfinite(outcomes.f1).all()
        assert np.isfinite(outcomes.informedness).all()


def test_saying_yes_to_everyone_has_f1_but_no_informedness() -> None:
    outcomes = Outcomes(hits=np.array([20]), alarms=np.array([80]), positives=20, negatives=80)
    assert outcomes.f1[0] == pytest.approx(1 / 3)
    assert outcomes.informedness[0] == 0
