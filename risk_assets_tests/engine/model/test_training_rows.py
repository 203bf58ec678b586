from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from risk_assets.domain.model.training_rows import TrainingRows, canonical
from risk_assets.domain.simulate import simulate
from risk_assets.engine.dataset import Dataset
from risk_assets.engine.model import training_rows as module
from risk_assets.engine.model.training_rows import selection_rows, training_rows
from risk_assets_tests.domain.clients import SIMULATED
from risk_assets_tests.engine.clients import write_clients
from risk_assets_tests.engine.parts import session_of


def sample_of(parts: list[Path], sizes: tuple[int, int]) -> TrainingRows:
    with session_of(SIMULATED, parts[0].parent / "spill") as session:
        table = f"({training_rows(SIMULATED, Dataset(tuple(parts)), 'all')})"
        return canonical(selection_rows(session, table, sizes), SIMULATED)


def clients(rows: int, rows_per_client: int) -> pd.DataFrame:
    frame = simulate(rows, seed=1).frame
    return frame.assign(corporation=[f"client {place // rows_per_client}" for place in range(rows)])


def test_a_sample_has_the_wanted_rows_of_each_class_and_hardly_more(tmp_path: Path) -> None:
    part = write_clients(tmp_path / "part.parquet", SIMULATED, clients(4000, 2))
    sample = sample_of([part], (300, 60))
    negatives, positives = np.bincount(sample.target)
    assert 300 <= negatives < 310
    assert 60 <= positives < 70


def test_the_same_rows_in_other_files_give_the_same_sample(tmp_path: Path) -> None:
    frame = clients(3000, 2)
    once = sample_of([write_clients(tmp_path / "all.parquet", SIMULATED, frame)], (300, 100))
    mixed = frame.sample(frac=1, random_state=0)
    parts = [
        write_clients(tmp_path / f"{start}.parquet", SIMULATED, mixed[start : start + 1000])
        for start in (2000, 0, 1000)
    ]
    again = sample_of(parts, (300, 100))
    pd.testing.assert_frame_equal(again.features, once.features)
    assert np.array_equal(again.target, once.target)
    assert again.folds is not None
    assert once.folds is not None
    assert np.array_equal(again.folds, once.folds)


def test_the_rows_of_a_client_share_their_fold(tmp_path: Path) -> None:
    frame = clients(2000, 4).assign(number_of_employees=np.arange(2000) // 4)
    sample = sample_of([write_clients(tmp_path / "part.parquet", SIMULATED, frame)], (500, 100))
    assert sample.folds is not None
    folds = pd.Series(sample.folds).groupby(sample.features["number_of_employees"]).nunique()
    assert (folds == 1).all()
    assert set(sample.folds) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("most", [1, 4])
def test_a_client_with_nearly_all_rows_does_not_make_the_sample_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(module, "MOST_OVERSHOOT", most)
    frame = simulate(6000, seed=1).frame.assign(corporation="the one")
    sample = sample_of([write_clients(tmp_path / "part.parquet", SIMULATED, frame)], (100, 50))
    negatives, positives = np.bincount(sample.target)
    assert 100 <= negatives < 2 * most * 100
    assert 50 <= positives < 2 * most * 50
