from __future__ import annotations

import hashlib
import io
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from risk_assets.domain.columns import Columns, NumericColumn
from risk_assets.domain.model.training_rows import TrainingError, TrainingRows
from risk_assets.domain.simulate import simulate
from risk_assets.engine.dataset import Dataset
from risk_assets.engine.model.training_rows import read_training_rows, training_table
from risk_assets.engine.select import SelectionError
from risk_assets_tests.domain.clients import MIXED, SIMULATED, mixed_clients, trained_on_mixed_clients
from risk_assets_tests.engine.clients import trained, write_clients
from risk_assets_tests.engine.parts import session_of


def mixed(rows: int, seed: int = 0) -> pd.DataFrame:
    frame, target = mixed_clients(rows, seed)
    return frame.assign(client=[f"client {place}" for place in range(rows)], left=target)


def table_of(columns: Columns, target: NDArray[np.int64], **cells: object) -> pd.DataFrame:
    ids = [f"client {place}" for place in range(len(target))]
    return pd.DataFrame({columns.id: ids, columns.target: target} | cells)


def pickle_of(pipeline: Pipeline) -> str:
    buffer = io.BytesIO()
    joblib.dump(pipeline, buffer)
    return hashlib.sha256(buffer.getvalue()).hexdigest()


def test_rows_on_disk_give_the_model_of_the_same_rows_in_memory(tmp_path: Path) -> None:
    part = write_clients(tmp_path / "part.parquet", MIXED, mixed(600))
    assert pickle_of(trained([part], MIXED).pipeline) == pickle_of(trained_on_mixed_clients().pipeline)


@pytest.mark.parametrize("most_rows", [10**6, 1000])
def test_the_same_rows_in_any_files_order_and_threads_give_the_same_bytes(tmp_path: Path, most_rows: int) -> None:
    frame = mixed(4000)
    once = trained([write_clients(tmp_path / "all.parquet", MIXED, frame)], MIXED, most_rows=most_rows, threads=1)
    shuffled = frame.sample(frac=1, random_state=1)
    parts = [
        write_clients(tmp_path / f"{place}.parquet", MIXED, shuffled[start : start + 1500])
        for place, start in enumerate(range(0, 4000, 1500))
    ]
    again = trained(parts, MIXED, most_rows=most_rows, threads=2)
    assert pickle_of(again.pipeline) == pickle_of(once.pipeline)
    assert (again.scorecard, again.report) == (once.scorecard, once.report)


def panel(rows: int, rows_per_client: int) -> pd.DataFrame:
    frame = simulate(rows, seed=1).frame
    return frame.assign(corporation=[f"client {place // rows_per_client}" for place in range(rows)])


def sample_of(tmp_path: Path, frame: pd.DataFrame, most_rows: int) -> TrainingRows:
    part = write_clients(tmp_path / "part.parquet", SIMULATED, frame)
    with (
        session_of(SIMULATED, tmp_path / "spill") as session,
        training_table(session, Dataset((part,)), "all", most_rows=most_rows) as rows,
    ):
        return read_training_rows(session, rows)


def test_a_sample_holds_whole_clients_all_leavers_and_stands_for_all_rows(tmp_path: Path) -> None:
    frame = panel(12_000, 2)
    sample = sample_of(tmp_path, frame, 9000)
    assert sample.clients is not None
    assert sample.weights is not None
    assert len(sample.target) == pytest.approx(9000, rel=0.05)
    assert sample.target.sum() == frame["exited"].sum()
    assert sample.weights.sum() == pytest.approx(12_000, rel=0.05)
    counts = pd.Series(sample.clients).value_counts()
    assert (counts == 2).all()
    assert set(sample.weights[sample.target == 1]) == {1.0}


def test_where_leavers_are_too_many_they_are_thinned_too(tmp_path: Path) -> None:
    frame = panel(12_000, 1)
    sample = sample_of(tmp_path, frame, 1000)
    assert len(sample.target) == pytest.approx(1000, rel=0.15)
    assert sample.target.sum() == pytest.approx(500, rel=0.2)
    assert sample.weights is not None
    assert sample.weights @ sample.target == pytest.approx(frame["exited"].sum(), rel=0.2)


def test_few_rows_are_all_taken_and_weigh_nothing(tmp_path: Path) -> None:
    sample = sample_of(tmp_path, panel(300, 2), 300)
    assert sample.weights is None
    assert len(sample.target) == 300


def test_rows_of_one_client_are_known_to_be_alike(tmp_path: Path) -> None:
    frame = simulate(1000, seed=1).frame
    repeated = pd.concat([frame] * 4)
    report = trained([write_clients(tmp_path / "part.parquet", SIMULATED, repeated)], SIMULATED).report
    assert report.dispersion == pytest.approx(4, rel=0.15)


def numbers(*names: str) -> Columns:
    return Columns("client", "left", "1", "0", tuple(NumericColumn(name) for name in names))


@pytest.mark.parametrize(
    ("target", "x", "message"),
    [
        ([0] * 12, list(range(12)), "0 of 12 rows have left = 1"),
        ([1] + [0] * 11, list(range(12)), "1 of 12 rows have left = 1"),
        ([0, 1] * 3, list(range(6)), "6 rows: at least 10 are needed"),
        ([0, 1] * 6, [3.0] * 12, "one value only"),
        ([0, 1] * 6, [None] * 12, "one value only"),
    ],
)
def test_rows_that_cannot_teach_are_refused(
    tmp_path: Path, target: list[int], x: list[float], message: str
) -> None:
    columns = numbers("x")
    frame = table_of(columns, np.array(target), x=np.array(x, dtype=float))
    part = write_clients(tmp_path / "part.parquet", columns, frame)
    with pytest.raises(TrainingError, match=message):
        trained([part], columns)
    assert not list(tmp_path.glob("spill/*"))


def test_a_column_that_finaldata_lacks_is_told(tmp_path: Path) -> None:
    part = write_clients(tmp_path / "part.parquet", MIXED, mixed(50))
    with pytest.raises(SelectionError, match="materialize finaldata"):
        trained([part], numbers("unknown"))


def test_nothing_is_left_in_the_folder_of_what_does_not_fit_into_memory(tmp_path: Path) -> None:
    part = write_clients(tmp_path / "part.parquet", MIXED, mixed(1400))
    trained([part], MIXED, most_rows=1000)
    assert not list((tmp_path / "spill").glob("*"))
