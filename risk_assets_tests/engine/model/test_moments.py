from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from risk_assets.domain.model.assembly import (
    CategoricalStatistics,
    NumericStatistics,
    Statistics,
    with_fitted_columns,
)
from risk_assets.domain.model.moments import gradient_of, hessian_of
from risk_assets.domain.model.piecewise import piecewise_columns
from risk_assets.domain.model.pipeline import Form, knots
from risk_assets.engine.duck.session import DuckSession
from risk_assets.engine.model import moments as module
from risk_assets.engine.model.moments import mean_powers, moments
from risk_assets.engine.model.pieces_sql import pieces_query
from risk_assets_tests.engine.parts import COLUMNS, session_of

FORMS: dict[str, Form] = {"x0": "spline", "x1": "linear", "x2": "spline", "x3": "categorical", "x4": "categorical"}
TEXTS = np.array(["north", "it's", "(missing)", "", None], dtype=object)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckSession]:
    with session_of(COLUMNS, tmp_path_factory.mktemp("spill")) as session:
        yield session


def table_of(seed: int, rows: int) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    numbers = {
        "x0": np.where(rng.random(rows) < 0.1, np.nan, np.floor(rng.lognormal(2, 1.5, rows))),
        "x1": rng.normal(-50, 1e4, rows),
        "x2": rng.standard_cauchy(rows),
    }
    texts = {
        "x3": rng.choice(TEXTS, rows),
        "x4": np.array([f"{level:.0f}" for level in rng.exponential(25, rows)]),
    }
    frame = pd.DataFrame(numbers | {name: pd.Series(values, dtype=object) for name, values in texts.items()})
    return frame, rng.integers(0, 2, rows)


def statistics_of(frame: pd.DataFrame) -> dict[str, Statistics]:
    found: dict[str, Statistics] = {}
    for name, form in FORMS.items():
        if form == "categorical":
            counts = frame[name].fillna("(missing)").value_counts()
            found[name] = CategoricalStatistics(sorted(counts.index, key=lambda text: (-counts[text], text)))
        else:
            found[name] = NumericStatistics(float(frame[name].median()), knots(frame[name].to_numpy(), form))
    return found


def design_of(pipeline: Pipeline, frame: pd.DataFrame) -> NDArray[np.float64]:
    matrix = pipeline.named_steps["columns"].transform(frame)
    return np.column_stack([np.ones(len(frame)), matrix])


@settings(max_examples=8)
@given(seed=st.integers(0, 1000), rows=st.integers(60, 400), combinations=st.sampled_from([1, 4096, 10**9]))
def test_the_sums_over_rows_make_the_gradient_and_hessian_of_the_explicit_design(
    session: DuckSession, seed: int, rows: int, combinations: int
) -> None:
    frame, target = table_of(seed, rows)
    pipeline = with_fitted_columns(statistics_of(frame), FORMS, 10.0)
    columns, design = piecewise_columns(pipeline), design_of(pipeline, frame)
    beta = np.random.default_rng(seed).normal(size=(design.shape[1],))
    session.connection.register("clients", frame.assign(y=target))
    session.run(
        f"CREATE OR REPLACE TABLE narrow AS {pieces_query(columns, {name: name for name in FORMS}, 'clients')}"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MOST_COMBINATIONS", combinations)
        found = moments(session, "narrow", columns, rows, beta, curvature="all")
    gradient, hessian = gradient_of(columns, found, beta, 10.0), hessian_of(columns, found, 10.0)
    log_odds = design @ beta
    risk, penalty = 1 / (1 + np.exp(-log_odds)), np.where(np.arange(len(beta)), 1 / 10.0, 0)
    weight = risk * (1 - risk)
    assert gradient == pytest.approx((design.T @ (risk - target) + penalty * beta) / rows, abs=1e-10)
    assert hessian == pytest.approx((design.T @ (design * weight[:, None]) + np.diag(penalty)) / rows, abs=1e-10)
    assert found.loss == pytest.approx((np.logaddexp(0, log_odds) - target * log_odds).sum(), rel=1e-12)
    means = mean_powers(session, "narrow", columns, rows)
    sums = np.concatenate(
        [np.einsum("pai,pa->i", column.basis, mean) for column, mean in zip(columns, means, strict=True)]
    )
    assert sums == pytest.approx(design[:, 1:].mean(axis=0), abs=1e-12)
