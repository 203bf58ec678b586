from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_assets.domain.drift.counts import ColumnCounts, CountedRows, count_rows
from risk_assets.domain.drift.measure import measure_drift
from risk_assets.domain.drift.profile import Profile
from risk_assets.domain.drift.verdict import DriftReference, DriftRules, NewRows
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.model.shapes import CategoricalShape, NumericShape
from risk_assets.domain.scoring.bootstrap import count_pairs as count_pairs_in_numpy
from risk_assets.domain.scoring.performance_estimate import ExpectedPositives
from risk_assets.engine.dataset import Dataset
from risk_assets.engine.drift.new_rows import count_new_rows, count_pairs
from risk_assets.engine.drift.profile import dataset_rows, profile
from risk_assets.engine.model.training_rows import training_table, write_fingerprints
from risk_assets.engine.select import labelled_query, labelled_rows, read_labelled_rows
from risk_assets.engine.session import Session
from risk_assets_tests.domain.drifting import numeric_profile, recorded_score
from risk_assets_tests.engine.parts import COLUMNS, Row, session_of, write_part

CARD = Scorecard(
    intercept=0.2,
    threshold=0.3,
    numeric=(
        NumericShape("activity", (0.0, 10.0, 40.0), ((-2.0, 1.0), (-3.0, -1.0)), missing=0.0, mean=-1.0),
        NumericShape("size", (0.0, 100.0), ((-0.5, 0.25),), missing=0.1, mean=0.0),
    ),
    categorical=(CategoricalShape("region", {"north": 0.8, "west": 0.3}, unknown=0.0, missing=-0.2, mean=0.1),),
)
CELL = st.tuples(
    st.none() | st.integers(0, 45) | st.floats(0, 50),
    st.none() | st.sampled_from([0.0, 5.0, 50.0, 200.0]),
    st.sampled_from(["north", "south", "it's", None]),
    st.integers(0, 1),
)


def client_rows(n: int, seed: int) -> list[Row]:
    rng = np.random.default_rng(seed)
    regions = rng.choice(np.array(["north", "south", "west", None], dtype=object), n)
    return [
        (f"c{place}", None if place % 11 == 3 else float(activity), float(size), region, int(left))
        for place, (activity, size, region, left) in enumerate(
            zip(rng.integers(0, 45, n), rng.lognormal(3, 1, n), regions, rng.random(n) < 0.3, strict=True)
        )
    ]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with session_of(COLUMNS, tmp_path_factory.mktemp("spill")) as opened:
        yield opened


@pytest.fixture(scope="module")
def known(session: Session, tmp_path_factory: pytest.TempPathFactory) -> Profile:
    part = write_part(tmp_path_factory.mktemp("known") / "a.parquet", COLUMNS, client_rows(3000, seed=0))
    return profile(session, dataset_rows(session.columns, Dataset((part,))))


@pytest.fixture(scope="module")
def reference(known: Profile) -> DriftReference:
    risks = numeric_profile("risk", np.random.default_rng(0).beta(2, 5, 1000))
    return DriftReference(known, risks, recorded_score())


def at_hand(session: Session, query: str) -> NewRows:
    rows = read_labelled_rows(session, query)
    columns = rows.columns_for(CARD)
    return NewRows(columns, CARD.risk(columns), rows.target == 1)


def assert_equal(counted: CountedRows, expected: CountedRows) -> None:
    """Counts are equal, and sums nearly so."""
    exact = ("n", "confusion")
    assert [getattr(counted, name) for name in exact] == [getattr(expected, name) for name in exact]
    for name, column in {"risk": expected.score, **expected.features}.items():
        found = counted.score if name == "risk" else counted.features[name]
        assert found.bins == column.bins, name
        assert found.unlisted == column.unlisted, name
        assert found.median == (None if column.median is None else pytest.approx(column.median, rel=1e-12))
    for found_sum, sum_ in ((counted.flagged, expected.flagged), (counted.others, expected.others)):
        assert found_sum.n == sum_.n
        assert (found_sum.mean, found_sum.variance) == pytest.approx(
            (sum_.mean, sum_.variance), rel=1e-9, abs=1e-12
        )


@settings(max_examples=25)
@given(cells=st.lists(CELL, max_size=30))
def test_the_engine_counts_what_is_counted_of_rows_at_hand(
    session: Session, reference: DriftReference, tmp_path_factory: pytest.TempPathFactory, cells: Sequence[Row]
) -> None:
    rows = [(f"c{place}", *cell) for place, cell in enumerate(cells)]
    part = write_part(tmp_path_factory.mktemp("new") / "new.parquet", COLUMNS, rows)
    query = labelled_query(session, Dataset((part,)), "all")

    assert_equal(count_new_rows(session, query, CARD, reference), count_rows(at_hand(session, query), reference))


def test_values_at_the_edges_of_bins_are_counted_alike(
    session: Session, reference: DriftReference, tmp_path: Path
) -> None:
    edges = sorted({*reference.profile.numeric[1].quantiles})
    rows = [(f"c{place}", 1.0, edge, "north", place % 2) for place, edge in enumerate(edges)]
    query = labelled_query(session, Dataset((write_part(tmp_path / "new.parquet", COLUMNS, rows),)), "all")

    assert_equal(count_new_rows(session, query, CARD, reference), count_rows(at_hand(session, query), reference))


def test_many_rows_measure_the_same_as_counts_and_as_rows(
    session: Session, reference: DriftReference, tmp_path: Path
) -> None:
    part = write_part(tmp_path / "new.parquet", COLUMNS, client_rows(1200, seed=5))
    query, rules = labelled_query(session, Dataset((part,)), "all"), DriftRules()

    counted = measure_drift(count_new_rows(session, query, CARD, reference), reference, rules)
    of_rows = measure_drift(at_hand(session, query), reference, rules)

    assert counted.measurements == of_rows.measurements
    assert counted.estimated_f1 is not None
    assert of_rows.estimated_f1 is not None
    assert counted.estimated_f1.value == pytest.approx(of_rows.estimated_f1.value, rel=1e-12)


def test_counts_of_few_rows_are_refused_since_these_are_tested_one_by_one(reference: DriftReference) -> None:
    column, nobody = ColumnCounts((40, 0)), ExpectedPositives(20, 1.0, 1.0)
    counted = CountedRows(40, dict.fromkeys(("activity", "size", "region"), column), column, nobody, nobody)

    with pytest.raises(ValueError, match="40 rows are few enough to be tested"):
        measure_drift(counted, reference, DriftRules())


def test_a_feature_that_is_no_longer_declared_counts_as_missing(reference: DriftReference, tmp_path: Path) -> None:
    fewer = replace(COLUMNS, numeric=COLUMNS.numeric[1:], categorical=())
    part = write_part(tmp_path / "new.parquet", fewer, [("c1", 3.0, 1), ("c2", None, 0)])

    with session_of(fewer, tmp_path / "spill") as session:
        query = labelled_query(session, Dataset((part,)), "all")
        found = count_new_rows(session, query, CARD, reference)
        assert_equal(found, count_rows(at_hand(session, query), reference))

    assert [found.features[name].missing for name in ("activity", "size", "region")] == [2, 1, 2]


def test_both_models_are_counted_as_they_say(session: Session, tmp_path: Path) -> None:
    part = write_part(tmp_path / "new.parquet", COLUMNS, client_rows(500, seed=7))
    other = Scorecard(0.1, 0.55, CARD.numeric[:1], ())
    query = labelled_query(session, Dataset((part,)), "held out")

    rows = labelled_rows(session, Dataset((part,)), "held out")
    expected = count_pairs_in_numpy(
        rows.target == 1,
        other.risk(rows.columns) >= other.threshold,
        CARD.risk(rows.columns) >= CARD.threshold,
    )
    assert count_pairs(session, query, other, CARD) == expected
    assert 20 < expected.rows < 100


@pytest.mark.parametrize("trained", [0, 1, 300, 900])
def test_rows_that_were_trained_on_are_left_out_wherever_they_stand_now(
    session: Session, tmp_path: Path, trained: int
) -> None:
    rows = client_rows(600, seed=2)
    others = [(f"other{name}", *cells) for name, *cells in client_rows(300, seed=3)]
    before = write_part(tmp_path / "before.parquet", COLUMNS, [*rows, *others][:trained])
    again = [write_part(tmp_path / f"{place}.parquet", COLUMNS, rows[place::2]) for place in (0, 1)]
    with training_table(session, Dataset((before,)), "all", most_rows=1000) as known:
        write_fingerprints(session, known, tmp_path / "trained_rows.parquet")

    found = labelled_rows(session, Dataset(tuple(again)), "all", besides=tmp_path / "trained_rows.parquet")

    assert sorted(found.ids) == sorted(str(row[0]) for row in rows[trained:])
