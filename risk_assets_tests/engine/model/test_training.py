from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from risk_assets.domain.columns import Columns, NumericColumn
from risk_assets.domain.model import training_rows
from risk_assets.domain.model.training_rows import TrainingError
from risk_assets.domain.simulate import simulate
from risk_assets.engine.model import column_statistics, moments
from risk_assets.engine.model.training import Training
from risk_assets.engine.select import SelectionError
from risk_assets_tests.domain.clients import MIXED, SIMULATED, arrays, mixed_clients, trained_on_mixed_clients
from risk_assets_tests.engine.clients import trained, write_clients

MEMORY, ENGINE = 10**9, 1


def mixed(rows: int, seed: int = 0) -> pd.DataFrame:
    frame, target = mixed_clients(rows, seed)
    return frame.assign(client=[f"client {place}" for place in range(rows)], left=target)


def table_of(columns: Columns, target: NDArray[np.int64], **cells: object) -> pd.DataFrame:
    ids = [f"client {place}" for place in range(len(target))]
    return pd.DataFrame({columns.id: ids, columns.target: target} | cells)


def bent_columns(count: int, rows: int) -> tuple[Columns, pd.DataFrame]:
    """So many columns, each of which bends the risk."""
    rng = np.random.default_rng(0)
    cells = {f"x{place}": rng.normal(size=rows) for place in range(count)}
    odds = sum(2 * np.cos(3 * values) for values in cells.values())
    columns = Columns("client", "left", "1", "0", tuple(NumericColumn(name) for name in cells))
    return columns, table_of(columns, (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(int), **cells)


def both(tmp_path: Path, columns: Columns, frame: pd.DataFrame) -> tuple[Training, Training]:
    part = write_clients(tmp_path / "part.parquet", columns, frame)
    return tuple(trained([part], columns, rows_in_memory=rows) for rows in (MEMORY, ENGINE))  # type: ignore[return-value]


def steps_of(pipeline: Pipeline) -> Mapping[str, Any]:
    fitted = pipeline.named_steps["columns"].transformers_
    return {names[0]: steps for _, steps, names in fitted if not isinstance(steps, str)}


def assert_same_columns(one: Pipeline, other: Pipeline) -> None:
    """Medians, knots and categories are the same to the last bit."""
    expected, found = steps_of(one), steps_of(other)
    assert list(expected) == list(found)
    for name, steps in expected.items():
        twin = found[name]
        assert np.array_equal(steps[0].statistics_, twin[0].statistics_)
        if hasattr(steps[-1], "bsplines_"):
            assert np.array_equal(steps[-1].bsplines_[0].t, twin[-1].bsplines_[0].t)
        else:
            assert steps[-1].categories_[0].tolist() == twin[-1].categories_[0].tolist()
            assert str(steps[-1].infrequent_categories_) == str(twin[-1].infrequent_categories_)


def assert_alike(memory: Training, engine: Training, columns: Columns, frame: pd.DataFrame) -> None:
    """The same choice, coefficients to 1e-6, and risks to 1e-9 of those at the optimum."""
    assert engine.model.report == memory.model.report
    assert_same_columns(memory.model.pipeline, engine.model.pipeline)
    # scikit-learn, let go on until nothing moves any more
    optimum = clone(memory.model.pipeline).set_params(regression__tol=1e-13).fit(frame, frame[columns.target])
    found, usual, best = (
        np.concatenate([model.intercept_, model.coef_[0]])
        for model in (
            fitted.named_steps["regression"] for fitted in (engine.model.pipeline, memory.model.pipeline, optimum)
        )
    )
    assert found == pytest.approx(best, rel=0, abs=1e-6)
    # where classes are separated, its usual tolerance leaves it a little away from there
    assert found == pytest.approx(usual, rel=1e-6, abs=1e-6)
    expected, cells = optimum.predict_proba(frame)[:, 1], arrays(frame, columns)
    assert engine.model.scorecard.risk(cells) == pytest.approx(expected, rel=0, abs=1e-9)
    assert engine.model.pipeline.predict_proba(frame)[:, 1] == pytest.approx(expected, rel=0, abs=1e-9)
    assert engine.model.scorecard.contributions(cells).mean(axis=0) == pytest.approx(0, abs=1e-9)
    assert engine.risks.quantiles == pytest.approx(np.quantile(expected, np.linspace(0, 1, 201)), abs=1e-9)
    assert (engine.risks.mean, engine.risks.std) == pytest.approx(
        (expected.mean(), expected.std(ddof=1)), abs=1e-9
    )


@pytest.mark.parametrize("rows", [300, 3001])
def test_numbers_and_categories_with_blanks_and_rare_ones_give_the_model_of_scikit_learn(
    tmp_path: Path, rows: int
) -> None:
    frame = mixed(rows)
    assert_alike(*both(tmp_path, MIXED, frame), MIXED, frame)


def test_splines_give_the_model_of_scikit_learn_in_however_many_passes_over_the_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns, frame = bent_columns(3, 1500)
    memory, engine = both(tmp_path, columns, frame)
    assert set(engine.model.report.forms.values()) == {"spline"}
    assert_alike(memory, engine, columns, frame)
    monkeypatch.setattr(moments, "MOST_COMBINATIONS", 1)
    again = trained([tmp_path / "part.parquet"], columns, rows_in_memory=ENGINE)
    assert pickled(again) == pickled(engine)


def test_clients_with_several_rows_are_sampled_alike_and_the_fit_takes_all_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_rows, "MOST_SELECTION_ROWS", 600)
    frame = simulate(4000, seed=1).frame
    frame["corporation"] = [f"client {place // 3}" for place in range(len(frame))]
    memory, engine = both(tmp_path, SIMULATED, frame)
    assert_alike(memory, engine, SIMULATED, frame.astype(dict.fromkeys(SIMULATED.features, float)))
    assert engine.model.report.rows == 4000


def test_few_clients_with_nearly_all_rows_still_give_a_sample_of_the_wanted_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_rows, "MOST_SELECTION_ROWS", 300)
    frame = simulate(4000, seed=1).frame
    frame["corporation"] = np.where(np.arange(4000) % 7 == 0, frame["corporation"], "the one")
    memory, engine = both(tmp_path, SIMULATED, frame)
    assert_alike(memory, engine, SIMULATED, frame.astype(dict.fromkeys(SIMULATED.features, float)))


def test_a_class_that_is_very_rare_is_in_the_sample_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_rows, "MOST_SELECTION_ROWS", 200)
    frame = simulate(4000, seed=1).frame
    frame["exited"] = (np.arange(4000) % 900 == 5).astype(int)
    memory, engine = both(tmp_path, SIMULATED, frame)
    assert engine.model.report == memory.model.report
    assert engine.model.report.positives == 5


def test_the_same_rows_in_any_files_order_and_threads_give_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_rows, "MOST_SELECTION_ROWS", 1000)
    frame = mixed(4000)
    once = trained(
        [write_clients(tmp_path / "all.parquet", MIXED, frame)], MIXED, rows_in_memory=ENGINE, threads=1
    )
    shuffled = frame.sample(frac=1, random_state=1)
    parts = [
        write_clients(tmp_path / f"{place}.parquet", MIXED, shuffled[start : start + 1500])
        for place, start in enumerate(range(0, 4000, 1500))
    ]
    again = trained(parts, MIXED, rows_in_memory=ENGINE, threads=2)
    assert pickled(again) == pickled(once)
    assert (again.model.scorecard, again.model.report, again.risks) == (
        once.model.scorecard,
        once.model.report,
        once.risks,
    )


def pickled(training: Training) -> str:
    return pickle_of(training.model.pipeline)


def pickle_of(pipeline: Pipeline) -> str:
    buffer = io.BytesIO()
    joblib.dump(pipeline, buffer)
    return hashlib.sha256(buffer.getvalue()).hexdigest()


def test_few_rows_are_all_chosen_on_and_fitted_as_if_no_engine_were_there(tmp_path: Path) -> None:
    frame = mixed(600)
    part = write_clients(tmp_path / "part.parquet", MIXED, frame)
    assert pickled(trained([part], MIXED, rows_in_memory=MEMORY)) == pickle_of(trained_on_mixed_clients().pipeline)


def test_the_pipeline_is_as_good_as_one_that_scikit_learn_fitted(tmp_path: Path) -> None:
    frame = mixed(400)
    memory, engine = (found.model.pipeline for found in both(tmp_path, MIXED, frame))
    joblib.dump(engine, tmp_path / "model.pkl")
    loaded = joblib.load(tmp_path / "model.pkl")
    assert np.array_equal(loaded.predict_proba(frame), engine.predict_proba(frame))
    assert str(clone(engine).get_params()) == str(clone(memory).get_params())
    names = [pipeline.named_steps["columns"].get_feature_names_out().tolist() for pipeline in (engine, memory)]
    assert names[0] == names[1]
    for step in ("columns", "regression"):
        assert set(vars(engine.named_steps[step])) == set(vars(memory.named_steps[step]))
    for found in ("coef_", "intercept_", "n_iter_", "classes_"):
        one, other = (getattr(pipeline.named_steps["regression"], found) for pipeline in (engine, memory))
        assert (one.shape, one.dtype) == (other.shape, other.dtype)


def test_a_category_that_was_never_seen_counts_as_a_rare_one(tmp_path: Path) -> None:
    frame = mixed(2000)
    _, engine = both(tmp_path, MIXED, frame)
    rare = frame["remainder"].value_counts().index[-1]
    probes = frame.head(2).assign(
        remainder=[rare, "unheard of"], activity=1.0, balance__eur=0.0, flag=0.0, region=""
    )
    known, unknown = engine.model.pipeline.predict_proba(probes)[:, 1]
    assert known == unknown


def test_categories_beyond_those_named_change_no_risk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = mixed(2000)
    memory, engine = both(tmp_path, MIXED, frame)
    monkeypatch.setattr(column_statistics, "MOST_NAMED_CATEGORIES", 60)
    short = trained([tmp_path / "part.parquet"], MIXED, rows_in_memory=ENGINE)
    assert len(steps_of(short.model.pipeline)["remainder"][-1].categories_[0]) == 60
    assert len(steps_of(memory.model.pipeline)["remainder"][-1].categories_[0]) > 60
    assert np.array_equal(short.model.pipeline.predict_proba(frame), engine.model.pipeline.predict_proba(frame))


def numbers(*names: str) -> Columns:
    return Columns("client", "left", "1", "0", tuple(NumericColumn(name) for name in names))


def test_columns_that_say_the_same_share_the_weight_as_in_scikit_learn(tmp_path: Path) -> None:
    columns, rng = numbers("x", "twin", "scaled"), np.random.default_rng(0)
    x = rng.normal(size=800)
    target = (rng.random(800) < 1 / (1 + np.exp(-3 * np.cos(2 * x)))).astype(int)
    frame = table_of(columns, target, x=x, twin=x, scaled=3 * x + 7)
    assert_alike(*both(tmp_path, columns, frame), columns, frame)


def test_classes_that_a_column_separates_completely_are_learnt_as_in_scikit_learn(tmp_path: Path) -> None:
    columns = numbers("x")
    frame = table_of(columns, np.repeat([0, 1], 200), x=np.array([*range(200), *range(1000, 1200)], dtype=float))
    memory, engine = both(tmp_path, columns, frame)
    assert_alike(memory, engine, columns, frame)
    assert engine.model.report.threshold_f1 == 1.0


def test_values_at_the_limit_of_what_is_accepted_train_a_model(tmp_path: Path) -> None:
    columns, rng = numbers("x"), np.random.default_rng(0)
    x = rng.choice([-1e100, 1e100, -0.0, 0.0, 5e-324, 7.0], 300)
    frame = table_of(columns, (x > 1).astype(int), x=x)
    assert_alike(*both(tmp_path, columns, frame), columns, frame)


@pytest.mark.parametrize(
    ("target", "x", "message"),
    [
        ([0] * 12, list(range(12)), "0 of 12 rows have left = 1"),
        ([1] + [0] * 11, list(range(12)), "1 of 12 rows have left = 1"),
        ([0, 1] * 3, list(range(6)), "6 rows: at least 10 are needed"),
        ([0, 1] * 6, [3.0, None] * 6, "one value only"),
        ([0, 1] * 6, [None] * 12, "one value only"),
    ],
)
@pytest.mark.parametrize("rows_in_memory", [MEMORY, ENGINE])
def test_rows_that_cannot_teach_are_refused_both_ways(
    tmp_path: Path, target: list[int], x: list[float], message: str, rows_in_memory: int
) -> None:
    columns = numbers("x")
    frame = table_of(columns, np.array(target), x=np.array(x, dtype=float))
    part = write_clients(tmp_path / "part.parquet", columns, frame)
    with pytest.raises(TrainingError, match=message):
        trained([part], columns, rows_in_memory=rows_in_memory)
    assert not list(tmp_path.glob("spill/*"))


@pytest.mark.parametrize("rows_in_memory", [MEMORY, ENGINE])
def test_a_column_that_finaldata_lacks_is_told(tmp_path: Path, rows_in_memory: int) -> None:
    part = write_clients(tmp_path / "part.parquet", MIXED, mixed(50))
    with pytest.raises(SelectionError, match="materialize finaldata"):
        trained([part], numbers("unknown"), rows_in_memory=rows_in_memory)


def test_nothing_is_left_in_the_folder_of_what_does_not_fit_into_memory(tmp_path: Path) -> None:
    part = write_clients(tmp_path / "part.parquet", MIXED, mixed(400))
    trained([part], MIXED, rows_in_memory=ENGINE)
    assert not list((tmp_path / "spill").glob("*"))
