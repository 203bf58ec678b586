from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from risk_assets.domain.simulate_panel import Panel, simulate_panel

START = date(2025, 1, 1)


@pytest.fixture(scope="module")
def panel() -> Panel:
    return simulate_panel(months=9, clients=4000, horizon_days=90, seed=3, start=START, reported_within_days=20)


def test_who_has_left_is_in_no_later_month_and_is_replaced(panel: Panel) -> None:
    rows = pd.concat(panel.rows)
    assert [len(month) for month in panel.rows] == [4000] * 9
    assert not panel.leavings["corporation"].duplicated().any()
    joined = rows.merge(panel.leavings, on="corporation")
    assert (pd.to_datetime(joined["as_of"]) < pd.to_datetime(joined["left_on"])).all()


def test_leavings_are_reported_in_time(panel: Panel) -> None:
    late = pd.to_datetime(panel.leavings["reported"]) - pd.to_datetime(panel.leavings["left_on"])
    assert late.dt.days.between(0, 20).all()
    assert set(late.dt.days) == set(range(21))


def test_as_many_leave_as_the_true_risks_say_and_no_ranking_is_better(panel: Panel) -> None:
    assert panel.period is not None
    rows = panel.rows[panel.period]
    left_on = pd.to_datetime(rows.merge(panel.leavings, on="corporation", how="left")["left_on"])
    days = (left_on - pd.Timestamp(panel.months[panel.period])).dt.days
    left = ((days > 0) & (days <= 90)).to_numpy()
    error = np.sqrt((panel.risk * (1 - panel.risk)).sum())
    assert abs(left.sum() - panel.risk.sum()) < 4 * error
    assert roc_auc_score(left, panel.risk) == pytest.approx(panel.best_auc, abs=0.04)


def test_the_same_arguments_give_the_same_panel(panel: Panel) -> None:
    again = simulate_panel(months=9, clients=4000, horizon_days=90, seed=3, start=START, reported_within_days=20)
    assert all(one.equals(other) for one, other in zip(again.rows, panel.rows, strict=True))
    assert again.leavings.equals(panel.leavings)
    assert again.best_auc == panel.best_auc


@pytest.mark.parametrize(
    "wrong", [{"months": 0}, {"clients": 0}, {"horizon_days": 0}, {"reported_within_days": -1}]
)
def test_a_panel_of_nothing_is_refused(wrong: dict[str, int]) -> None:
    arguments = {"months": 2, "clients": 10, "horizon_days": 30, "reported_within_days": 0} | wrong
    with pytest.raises(ValueError, match="at least"):
        simulate_panel(seed=0, start=START, **arguments)  # type: ignore[arg-type]
