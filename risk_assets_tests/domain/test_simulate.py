from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from sklearn.metrics import f1_score, roc_auc_score

from risk_assets.domain.columns import Columns
from risk_assets.domain.model.training import TrainedModel, train
from risk_assets.domain.simulate import Drift, SimulatedClients, best_auc, codes, simulate
from risk_assets_tests.domain.clients import SIMULATED, arrays, labelled

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="module")
def model() -> TrainedModel:
    return train(labelled(simulate(4000, seed=1)), SIMULATED, threshold=None)


def risk_of(model: TrainedModel, world: SimulatedClients) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return model.scorecard.risk(arrays(world.frame, SIMULATED))


def f1_of(model: TrainedModel, world: SimulatedClients) -> float:
    return float(f1_score(world.frame["exited"], risk_of(model, world) >= model.report.threshold))


def test_the_same_arguments_give_the_same_clients_and_another_seed_gives_others() -> None:
    assert_frame_equal(simulate(50, seed=3).frame, simulate(50, seed=3).frame)
    assert not simulate(50, seed=3).frame.equals(simulate(50, seed=4).frame)


def test_clients_have_the_declared_columns_with_whole_counts_that_are_not_negative() -> None:
    frame = simulate(2000, seed=3).frame
    assert tuple(frame.columns) == SIMULATED.names
    counts = frame[list(SIMULATED.features)]
    assert all(kind == np.int64 for kind in counts.dtypes)
    assert counts.min().min() >= 0
    assert set(frame["exited"]) == {0, 1}


def test_activity_has_a_heavy_tail() -> None:
    counts = simulate(5000, seed=3).frame["lastmonth_activity"]
    assert counts.max() > 20 * counts.median()


@pytest.mark.parametrize("drift", ["none", "relation"])
@pytest.mark.parametrize("seed", range(3))
def test_between_15_and_25_percent_leave(drift: Drift, seed: int) -> None:
    assert 0.15 < simulate(5000, seed=seed, drift=drift).frame["exited"].mean() < 0.25


def test_clients_whose_activity_fell_leave_more_often_and_large_ones_less() -> None:
    frame = simulate(5000, seed=3).frame
    fell = frame["lastmonth_activity"] < frame["lastyear_activity"] / 24
    large = frame["number_of_employees"] > frame["number_of_employees"].median()
    left = frame["exited"]
    assert left[fell].mean() > 2 * left[~fell].mean()
    assert left[large].mean() < left[~large].mean()


def test_the_best_auc_is_that_of_ranking_by_the_true_risk() -> None:
    world = simulate(20_000, seed=3)
    assert world.best_auc == pytest.approx(roc_auc_score(world.frame["exited"], world.risk), abs=0.01)
    assert 0.8 < world.best_auc < 0.9


def test_a_world_without_differences_can_only_be_guessed() -> None:
    assert best_auc(np.array([0.2])) == 0.5
    assert best_auc(np.array([0.0, 0.0, 1.0])) == 1.0


def test_the_additive_model_comes_near_the_best_auc_and_not_above(model: TrainedModel) -> None:
    world = simulate(20_000, seed=9)
    found = roc_auc_score(world.frame["exited"], risk_of(model, world))
    best = roc_auc_score(world.frame["exited"], world.risk)
    assert best - 0.01 < found < best


def test_a_turned_relation_costs_the_deployed_model_far_more_than_an_eighth_of_f1(model: TrainedModel) -> None:
    stable, turned = simulate(5000, seed=9), simulate(5000, seed=9, drift="relation")
    assert f1_of(model, stable) - f1_of(model, turned) > 0.25


def test_shifted_features_leave_the_relation_and_the_model_as_they_were(model: TrainedModel) -> None:
    stable, shifted = simulate(20_000, seed=9), simulate(20_000, seed=9, drift="features")
    spread = np.log(stable.frame["number_of_employees"]).std()
    moved = (
        np.log(shifted.frame["number_of_employees"]).mean() - np.log(stable.frame["number_of_employees"]).mean()
    )
    assert moved == pytest.approx(spread, rel=0.05)
    assert shifted.frame["lastyear_activity"].equals(stable.frame["lastyear_activity"])
    assert roc_auc_score(shifted.frame["exited"], risk_of(model, shifted)) > 0.8


def test_drift_by_nothing_is_no_drift() -> None:
    assert_frame_equal(simulate(50, seed=3, drift="relation", amount=0).frame, simulate(50, seed=3).frame)


@given(first=st.integers(0, 4_000_000), rows=st.integers(1, 300))
def test_no_two_clients_share_a_code_and_each_number_keeps_its_own(first: int, rows: int) -> None:
    found = codes(first, rows)
    assert len(set(found)) == rows
    assert codes(first + rows - 1, 1) == found[-1:]
    assert all(code.isascii() and code.islower() and code.isalpha() for code in found)


def test_codes_of_all_lengths_are_different() -> None:
    found = codes(0, 200_000)
    assert len(set(found)) == 200_000
    assert {len(code) for code in found} == {4, 5}


@pytest.mark.parametrize(("rows", "first_id", "amount"), [(0, 0, 1.0), (5, -1, 1.0), (5, 0, 11.0), (5, 0, np.nan)])
def test_impossible_worlds_are_refused(rows: int, first_id: int, amount: float) -> None:
    with pytest.raises(ValueError, match="need rows >= 1"):
        simulate(rows, seed=0, first_id=first_id, amount=amount)


@pytest.mark.parametrize(
    ("files", "rows"),
    [
        (["practicedata/practice1.csv", "practicedata/practice2.csv"], 1_000),
        (["sourcedata/clients1.csv", "sourcedata/clients2.csv"], 10_000),
        (["testdata/testdata.csv"], 2_000),
    ],
)
def test_the_shipped_files_hold_each_client_once_with_the_promised_share_of_leavers(
    files: list[str], rows: int
) -> None:
    frame = shipped(*files)
    assert tuple(frame.columns) == SIMULATED.names
    assert frame["corporation"].nunique() == len(frame) == rows
    assert 0.15 < frame["exited"].mean() < 0.25


def test_the_third_shipped_file_holds_other_clients_whose_outcome_nobody_knows() -> None:
    frame = shipped("sourcedata/clients3.csv")
    others = shipped("sourcedata/clients1.csv", "sourcedata/clients2.csv", "testdata/testdata.csv")
    assert len(frame) == 1_000
    assert frame["exited"].isna().all()
    assert not set(frame["corporation"]) & set(others["corporation"])


def test_the_test_clients_are_in_no_training_file() -> None:
    trained = shipped("sourcedata/clients1.csv", "sourcedata/clients2.csv")
    assert not set(shipped("testdata/testdata.csv")["corporation"]) & set(trained["corporation"])


def shipped(*files: str, columns: Columns = SIMULATED) -> pd.DataFrame:
    return pd.concat([pd.read_csv(DATA / file, dtype={columns.id: str}) for file in files])
