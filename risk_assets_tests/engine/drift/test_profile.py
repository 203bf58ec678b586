from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from risk_assets.domain.columns import MAX_MAGNITUDE, Columns
from risk_assets.domain.drift.profile import CategoricalProfile, NumericProfile, Profile
from risk_assets.engine.dataset import Dataset
from risk_assets.engine.drift import profile as profile_module
from risk_assets.engine.drift.profile import dataset_rows, profile, table_rows
from risk_assets.engine.model.training_rows import training_table
from risk_assets.engine.select import labelled_rows
from risk_assets_tests.engine.parts import COLUMNS, Row, session_of, write_part


def profile_of(parts: Sequence[Sequence[Row]], *, columns: Columns = COLUMNS) -> Profile:
    with tempfile.TemporaryDirectory() as folder, session_of(columns, Path(folder) / "spill") as session:
        files = [write_part(Path(folder) / f"{place}.parquet", columns, rows) for place, rows in enumerate(parts)]
        return profile(session, dataset_rows(columns, Dataset(tuple(files))))


def rows_of(values: Sequence[float | None]) -> list[Row]:
    return [(f"c{place}", value, None, None, 0) for place, value in enumerate(values)]


def test_a_small_table_is_profiled_column_by_column() -> None:
    first: list[Row] = [("c1", 1, None, "north", 1), ("c2", 2, None, "south", 0)]
    second: list[Row] = [("c1", 3, None, "south", 0), ("c3", None, None, None, 0)]

    found = profile_of([first, second])

    assert (found.rows, found.clients, found.positives) == (4, 3, 1)
    activity, size = found.numeric
    assert (activity.name, activity.n, activity.missing) == ("activity", 4, 1)
    assert (activity.mean, activity.median, activity.std, activity.min, activity.max) == (2, 2, 1, 1, 3)
    assert activity.counts == (1, *[0] * 9, 1, *[0] * 8, 1)
    assert activity.edges[:2] == (1, 1.1)
    assert (activity.edges[-1], len(activity.edges), len(activity.quantiles)) == (3, 21, 201)
    assert size == NumericProfile("size", 4, 4, None, None, None, None, None)
    assert found.categorical == (CategoricalProfile("region", 4, 1, 2, (("south", 2), ("north", 1))),)


@settings(max_examples=40)
@given(
    st.lists(
        st.floats(-MAX_MAGNITUDE, MAX_MAGNITUDE) | st.floats(-1000, 1000) | st.none(), min_size=1, max_size=60
    )
)
@example([0.0, 2.55e-267])
def test_the_figures_of_a_numeric_column_are_those_of_numpy(values: list[float | None]) -> None:
    [found, _] = profile_of([rows_of(values[:7]), rows_of(values[7:])]).numeric
    present = np.array([value for value in values if value is not None])

    assert found.missing == len(values) - len(present)
    assert sum(found.counts) == len(present)
    if len(present) == 0:
        assert found.mean is None
        return
    scale = float(np.abs(present).max())
    assert found.mean == pytest.approx(present.mean(), rel=1e-9, abs=1e-12 * scale)
    assert (found.min, found.max) == (present.min(), present.max())
    expected = np.quantile(present, np.linspace(0, 1, 201))
    # between two subnormal numbers there is no middle to agree on
    np.testing.assert_allclose(found.quantiles, expected, rtol=1e-9, atol=max(1e-12 * scale, 1e-300))
    if len(present) > 1:
        spread = scale and scale * (present / scale).std(ddof=1)  # numpy squares tiny values to nothing
        assert found.std == pytest.approx(spread, rel=1e-6, abs=1e-9 * scale)


def test_the_histogram_counts_what_numpy_counts() -> None:
    values = np.random.default_rng(0).lognormal(3, 1, 500)

    [found, _] = profile_of([rows_of(values.tolist())]).numeric

    counts, edges = np.histogram(values, bins=20)
    assert found.counts == tuple(counts)
    np.testing.assert_allclose(found.edges, edges, rtol=1e-12)


@pytest.mark.parametrize("value", [0.0, 7.25, -1e99])
def test_a_constant_column_is_one_bin(value: float) -> None:
    [found, _] = profile_of([rows_of([value, value, None])]).numeric

    assert (found.edges, found.counts) == ((value, value), (2,))
    assert (found.min, found.median, found.max, found.std) == (value, value, value, 0)


def test_neighbouring_numbers_fall_into_the_outer_bins() -> None:
    [found, _] = profile_of([rows_of([0.0, 5e-324])]).numeric

    assert (found.counts[0], found.counts[-1], sum(found.counts)) == (1, 1, 2)


def test_one_row_has_no_deviation() -> None:
    [found, _] = profile_of([rows_of([3.0])]).numeric

    assert (found.mean, found.std) == (3, None)


@settings(max_examples=20)
@given(st.lists(st.integers(0, 60).map(str) | st.none(), max_size=200))
def test_categories_are_the_twenty_most_frequent_and_the_rest_is_summed(values: list[str | None]) -> None:
    rows: list[Row] = [(f"c{place}", 1, 1, value, 0) for place, value in enumerate(values)]

    [found] = profile_of([rows]).categorical

    times = Counter(value for value in values if value is not None)
    expected = sorted(times.items(), key=lambda item: (-item[1], item[0]))[:20]
    assert found.counts == tuple(expected)
    assert found.distinct == len(times)
    assert found.n == found.missing + found.other + sum(count for _, count in found.counts)


@pytest.mark.parametrize("parts", [[], [[]]])
def test_no_rows_make_an_empty_profile(parts: list[list[Row]]) -> None:
    found = profile_of(parts)

    assert (found.rows, found.clients, found.positives) == (0, 0, 0)
    assert found.numeric[0] == NumericProfile("activity", 0, 0, None, None, None, None, None)
    assert found.categorical == (CategoricalProfile("region", 0, 0, 0, ()),)


def test_a_schema_without_features_is_profiled() -> None:
    found = profile_of([[("c1", 1), ("c2", 0)]], columns=replace(COLUMNS, numeric=(), categorical=()))

    assert found == Profile(rows=2, clients=2, positives=1, numeric=(), categorical=())


@pytest.mark.parametrize("rows_in_memory", [10, 1000])
def test_the_training_rows_can_be_profiled_alone(tmp_path: Path, rows_in_memory: int) -> None:
    part = write_part(tmp_path / "a.parquet", COLUMNS, rows_of([float(value) for value in range(200)]))

    with session_of(COLUMNS, tmp_path / "spill") as session:
        with training_table(session, Dataset((part,)), "training", most_rows=rows_in_memory) as rows:
            found = profile(session, table_rows(COLUMNS, rows))
        training = labelled_rows(session, Dataset((part,)), "training")

    assert found.rows == len(training.ids) < 200
    assert found.numeric[0].mean == pytest.approx(training.features["activity"].mean())


def test_quantiles_of_a_large_table_come_from_a_sample_and_stay_close(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(1).uniform(0, 1, 3000)
    exact = profile_of([rows_of(values.tolist())]).numeric[0]

    monkeypatch.setattr(profile_module, "QUANTILE_ROWS", 1000)
    sampled = profile_of([rows_of(values.tolist())]).numeric[0]

    assert sampled.quantiles != exact.quantiles
    np.testing.assert_allclose(sampled.quantiles, exact.quantiles, atol=0.06)
    assert (sampled.quantiles[0], sampled.quantiles[-1]) == (exact.min, exact.max)
    assert replace(sampled, quantiles=exact.quantiles, median=exact.median) == exact


def test_the_number_of_threads_does_not_change_a_bit(tmp_path: Path) -> None:
    found = []
    with session_of(COLUMNS, tmp_path / "spill") as session:
        files = [str(tmp_path / f"{place}.parquet") for place in range(4)]
        for place, file in enumerate(files):
            session.run(
                "COPY (SELECT 'c' || i AS corporation, exp(sin(i + ?) * 9) AS activity, 1e0 / (i + 1) AS size, "
                f"'r' || i % 5 AS region, i % 2 AS exited FROM range(130000) AS t(i)) TO '{file}' "
                "(FORMAT parquet)",
                [place],
            )
    for threads in (1, 4):
        with session_of(COLUMNS, tmp_path / "spill", threads) as session:
            found.append(profile(session, dataset_rows(COLUMNS, Dataset(tuple(Path(file) for file in files)))))

    assert found[0] == found[1]


def test_the_order_of_rows_does_not_change_a_bit() -> None:
    values = np.random.default_rng(3).lognormal(3, 2, 3000).tolist()

    assert profile_of([rows_of(values)]).numeric == profile_of([rows_of(values[::-1])]).numeric
