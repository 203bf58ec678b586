from __future__ import annotations

from dataclasses import astuple
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from risk_assets.domain.drift.profile import profile_of
from risk_assets.engine.model.risk_profile import risk_profile
from risk_assets_tests.engine.parts import COLUMNS, session_of


@pytest.mark.parametrize("rows", [1, 2, 7, 200, 4001])
def test_the_profile_of_risks_is_that_of_the_same_risks_in_memory(tmp_path: Path, rows: int) -> None:
    risks = np.round(np.random.default_rng(rows).beta(0.3, 3, rows), 3)
    with session_of(COLUMNS, tmp_path) as session:
        session.connection.register("risks", pd.DataFrame({"risk": risks}))
        found = risk_profile(session, "risks", "risk", rows)
    expected = profile_of("risk", risks)
    for one, other in zip(astuple(found), astuple(expected), strict=True):
        assert one == (
            pytest.approx(other, rel=0, abs=1e-15) if isinstance(other, float | tuple) and other else other
        )
