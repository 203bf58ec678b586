from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import f1_score, log_loss

from risk_assets.domain.model.pipeline import Form
from risk_assets.domain.model.selection import best_threshold, choose

labels_and_risks = st.lists(
    st.tuples(st.integers(0, 1), st.integers(1, 9).map(lambda tenth: tenth / 10)), min_size=2, max_size=30
).filter(lambda rows: any(label for label, _ in rows))


def world(log_odds: NDArray[np.float64]) -> NDArray[np.int64]:
    risk = 1 / (1 + np.exp(-log_odds))
    return (np.random.default_rng(1).random(len(risk)) < risk).astype(np.int64)


def every(frame: pd.DataFrame, *forms: Form) -> dict[str, tuple[Form, ...]]:
    return dict.fromkeys(frame.columns.astype(str), forms)


@given(rows=labels_and_risks)
def test_no_threshold_has_a_better_f1_and_no_higher_one_an_equal_one(rows: list[tuple[int, float]]) -> None:
    target, risk = (np.array(column) for column in zip(*rows, strict=True))
    found = best_threshold(target, risk)
    f1 = {cut: f1_score(target, risk >= cut) for cut in np.unique(risk)}
    assert f1[found] == pytest.approx(max(f1.values()))
    assert all(f1[cut] < f1[found] for cut in f1 if cut > found)


def test_a_bent_relation_gets_a_spline_and_a_straight_one_stays_straight() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"bent": rng.uniform(-2, 2, 1000), "straight": rng.uniform(-2, 2, 1000)})
    target = world(2 * frame["bent"].to_numpy() ** 2 - 2 + frame["straight"].to_numpy())
    choice = choose(frame, target, every(frame, "linear", "spline"), seed=0)
    assert choice.forms == {"bent": "spline", "straight": "linear"}


def test_two_columns_that_only_tell_together_both_bend() -> None:
    rng = np.random.default_rng(0)
    before = rng.lognormal(3, 1, 1500)
    frame = pd.DataFrame({"before": before, "after": before * rng.lognormal(0, 0.5, 1500)})
    target = world(3 * np.log((frame["before"] / frame["after"]).to_numpy()))
    choice = choose(frame, target, every(frame, "linear", "spline"), seed=0)
    assert choice.forms == {"before": "spline", "after": "spline"}


def test_the_chosen_penalty_has_the_least_log_loss_of_those_tried_on_held_out_rows() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 6)), columns=list("abcdef"))
    target = world(frame["a"].to_numpy())
    choice = choose(frame, target, every(frame, "linear"), seed=0)
    tried = {item.name: item.log_loss for item in choice.candidates if item.name.startswith("C = ")}
    assert tried[f"C = {choice.c:g}"] == min(tried.values())
    assert log_loss(target, choice.risk) == pytest.approx(min(tried.values()))


def test_noise_is_penalised_more_than_signal() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(200, 8)), columns=list("abcdefgh"))
    possible = every(frame, "linear")
    noise = choose(frame, (rng.random(200) < 0.5).astype(np.int64), possible, seed=0)
    signal = choose(frame, world(3 * frame["a"].to_numpy()), possible, seed=0)
    assert noise.c < signal.c


def test_held_out_risks_do_not_know_their_own_label() -> None:
    """With labels of pure chance an honest log-loss cannot beat that of the share of positives."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(400, 5)), columns=list("abcde"))
    target = (rng.random(400) < 0.5).astype(np.int64)
    choice = choose(frame, target, every(frame, "linear", "spline"), seed=0)
    assert log_loss(target, choice.risk) > np.log(2) - 0.01


def test_folds_by_client_are_kept_and_one_without_both_classes_gives_way_to_stratified_ones() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=300)})
    target, folds = world(frame["a"].to_numpy()), np.arange(300) % 5
    stratified = choose(frame, target, every(frame, "linear"), seed=0).risk
    by_client = choose(frame, target, every(frame, "linear"), seed=0, client_folds=folds).risk
    assert not np.array_equal(by_client, stratified)
    reseeded = choose(frame, target, every(frame, "linear"), seed=1, client_folds=folds).risk
    assert np.array_equal(by_client, reseeded)
    lacking = np.where(target == 1, folds % 4, folds)
    given_way = choose(frame, target, every(frame, "linear"), seed=0, client_folds=lacking).risk
    assert np.array_equal(given_way, stratified)
