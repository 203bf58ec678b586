from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as sk

from risk_assets.domain.scoring import score as scoring
from risk_assets.domain.scoring.metrics import Metrics
from risk_assets.domain.scoring.score import ScoringError, score
from risk_assets.domain.simulate import simulate

FIGURES = ("f1", "precision", "recall", "accuracy", "roc_auc", "average_precision", "brier", "log_loss")

rows = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 12).map(lambda part: part / 12)), min_size=2, max_size=40
).filter(lambda found: 0 < sum(label for label, _ in found) < len(found))


def expected(target: NDArray[np.int64], risk: NDArray[np.float64], threshold: float) -> dict[str, float]:
    """The same figures by scikit-learn."""
    predicted = (risk >= threshold).astype(int)
    return {
        "f1": sk.f1_score(target, predicted, zero_division=0),
        "precision": sk.precision_score(target, predicted, zero_division=0),
        "recall": sk.recall_score(target, predicted),
        "accuracy": sk.accuracy_score(target, predicted),
        "roc_auc": sk.roc_auc_score(target, risk),
        "average_precision": sk.average_precision_score(target, risk),
        "brier": sk.brier_score_loss(target, risk),
        "log_loss": sk.log_loss(target, risk),
    }


def values(metrics: Metrics) -> dict[str, float]:
    return {name: getattr(metrics, name).value for name in FIGURES}


def simulated(rows: int, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    world = simulate(rows, seed=seed)
    return world.frame["exited"].to_numpy(), world.risk


@given(found=rows, threshold=st.sampled_from([0.05, 0.25, 0.5, 0.999]))
def test_every_figure_is_scikit_learns(found: list[tuple[int, float]], threshold: float) -> None:
    target, risk = (np.array(column) for column in zip(*found, strict=True))
    metrics = score(target, risk, threshold=threshold, samples=3, seed=0)
    assert values(metrics) == pytest.approx(expected(target, risk, threshold), abs=1e-12)
    cells = metrics.confusion
    counts = [[cells.true_negatives, cells.false_positives], [cells.false_negatives, cells.true_positives]]
    assert counts == sk.confusion_matrix(target, risk >= threshold, labels=[0, 1]).tolist()


def test_intervals_are_those_of_resampling_the_rows_one_class_at_a_time() -> None:
    target, risk = simulated(150)
    metrics = score(target, risk, threshold=0.3, samples=4000, seed=0)
    rng = np.random.default_rng(1)
    classes = [np.flatnonzero(target == label) for label in (0, 1)]
    drawn = [np.concatenate([rng.choice(rows, len(rows)) for rows in classes]) for _ in range(800)]
    for name, figure in (("roc_auc", sk.roc_auc_score), ("average_precision", sk.average_precision_score)):
        estimate = getattr(metrics, name)
        low, high = np.percentile([figure(target[rows], risk[rows]) for rows in drawn], [2.5, 97.5])
        assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=0.15 * (high - low))


def test_about_95_of_100_intervals_hold_the_truth() -> None:
    truth = score(*simulated(400_000, seed=1), threshold=0.3, samples=1, seed=0).roc_auc.value
    found = [
        score(*simulated(500, seed), threshold=0.3, samples=300, seed=seed).roc_auc for seed in range(100, 200)
    ]
    assert 88 <= sum(estimate.low <= truth <= estimate.high for estimate in found) <= 100


def test_the_same_seed_gives_the_same_intervals_in_any_order_of_rows() -> None:
    target, risk = simulated(200)
    order = np.random.default_rng(0).permutation(200)
    once = score(target, risk, threshold=0.3, samples=100, seed=5)
    again = score(target[order], risk[order], threshold=0.3, samples=100, seed=5)
    other = score(target, risk, threshold=0.3, samples=100, seed=6)
    assert again.f1 == once.f1
    assert again.roc_auc == once.roc_auc
    assert other.f1 != once.f1


def test_memory_is_bounded_by_chunks_of_samples_that_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "CHUNK", 1000)
    target, risk = simulated(300)
    metrics = score(target, risk, threshold=0.3, samples=200, seed=0)
    monkeypatch.undo()
    whole = score(target, risk, threshold=0.3, samples=200, seed=0)
    assert metrics.f1.low == pytest.approx(whole.f1.low, abs=0.03)
    assert metrics.f1.value == whole.f1.value


def test_calibration_bins_hold_a_tenth_each_and_tell_mean_risk_and_outcome() -> None:
    target, risk = simulated(2000)
    bins = score(target, risk, threshold=0.3, samples=1, seed=0).calibration
    assert [item.n for item in bins] == [200] * 10
    assert sum(item.n * item.mean_risk for item in bins) == pytest.approx(risk.sum())
    assert sum(item.n * item.positive_rate for item in bins) == pytest.approx(target.sum())
    assert all(before.high <= after.low for before, after in itertools.pairwise(bins))


def test_equal_risks_share_a_calibration_bin() -> None:
    target, risk = np.array([0, 1] * 30), np.array([0.2, 0.4, 0.4] * 20)
    bins = score(target, risk, threshold=0.3, samples=1, seed=0).calibration
    assert [(item.low, item.high, item.n) for item in bins] == [(0.2, 0.2, 20), (0.4, 0.4, 40)]


def test_curves_run_from_corner_to_corner_and_are_thin_enough_to_draw() -> None:
    target, risk = simulated(3000)
    metrics = score(target, risk, threshold=0.3, samples=1, seed=0)
    assert (metrics.roc[0], metrics.roc[-1]) == ((0.0, 0.0), (1.0, 1.0))
    assert metrics.precision_recall[-1] == (1.0, target.mean())
    assert len(metrics.roc) <= 201
    area = np.trapezoid([y for _, y in metrics.roc], [x for x, _ in metrics.roc])
    assert area == pytest.approx(metrics.roc_auc.value, abs=0.002)


def test_always_yes_is_the_f1_to_beat() -> None:
    target, risk = np.array([0, 0, 0, 1]), np.array([0.1, 0.2, 0.3, 0.4])
    metrics = score(target, risk, threshold=0.35, samples=1, seed=0, model_sha256="abc", quarantined=2)
    assert metrics.all_positive_f1 == sk.f1_score(target, np.ones(4))
    assert (metrics.model_sha256, metrics.quarantined, metrics.n, metrics.positives) == ("abc", 2, 4, 1)


@pytest.mark.parametrize("target", [[], [0, 0, 0], [1, 1]])
def test_no_rows_or_one_class_cannot_score_a_model(target: list[int]) -> None:
    with pytest.raises(
        ScoringError, match=f"{len(target)} test rows of which {sum(target)} are positive.*raise test_share"
    ):
        score(np.array(target), np.full(len(target), 0.5), threshold=0.5, samples=10, seed=0)


def test_certain_risks_have_a_finite_log_loss() -> None:
    metrics = score(np.array([0, 1]), np.array([1.0, 0.0]), threshold=0.5, samples=10, seed=0)
    assert np.isfinite(metrics.log_loss.value)
    assert metrics.f1.value == 0.0
