from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from risk_assets.domain.columns import Columns, NumericColumn
from risk_assets.domain.model.training import train
from risk_assets.domain.model.training_rows import TrainingRows
from risk_assets_tests.domain.clients import (
    EVERY_FORM,
    MIXED,
    mixed_clients,
    trained_on_every_form,
    trained_on_mixed_clients,
)


def test_a_column_may_be_named_as_scikit_learn_forbids_in_a_step() -> None:
    columns = Columns("client", "left", "1", "0", (NumericColumn("a__b"), NumericColumn("remainder")))
    cells = {"a__b": np.arange(12.0), "remainder": np.arange(12.0) % 3}
    pipeline = train(TrainingRows(cells, np.arange(12) % 2), columns, threshold=None).pipeline
    assert pipeline.predict_proba(pd.DataFrame(cells)).shape == (12, 2)


@pytest.mark.parametrize("missing", [None, np.nan])
def test_both_spellings_of_a_missing_text_mean_the_same(missing: float | None) -> None:
    frame, _ = mixed_clients()
    row = frame.iloc[[5]].assign(region=pd.Series([missing], index=[5], dtype=object))
    as_text = frame.iloc[[5]].assign(region=pd.Series([None], index=[5], dtype="str"))
    predict = trained_on_mixed_clients().pipeline.predict_proba
    assert predict(row).tolist() == predict(as_text).tolist()


def test_the_order_of_a_tables_columns_plays_no_part() -> None:
    frame, _ = mixed_clients()
    predict = trained_on_mixed_clients().pipeline.predict_proba
    assert predict(frame[frame.columns[::-1]]).tolist() == predict(frame).tolist()


def test_the_outputs_have_names_and_the_pipeline_can_be_cloned() -> None:
    pipeline = trained_on_every_form().pipeline
    names = pipeline.named_steps["columns"].get_feature_names_out()
    assert len(names) == pipeline.named_steps["regression"].n_features_in_
    assert str(clone(pipeline).get_params()) == str(pipeline.get_params())


@pytest.mark.parametrize(
    ("model", "columns"), [(trained_on_mixed_clients, MIXED), (trained_on_every_form, EVERY_FORM)]
)
def test_the_pickle_loads_where_risk_assets_is_not_installed(
    tmp_path: Path, model: object, columns: Columns
) -> None:
    assert callable(model)
    pipeline = model().pipeline
    joblib.dump(pipeline, tmp_path / "trainedmodel.pkl")
    code = (
        "import sys; sys.modules['risk_assets'] = None; import joblib\n"
        "print(type(joblib.load('trainedmodel.pkl')).__name__)"
    )
    command = [sys.executable, "-W", "error", "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert result.stdout.strip() == "Pipeline"
    assert columns.features == tuple(pipeline.feature_names_in_)
