"""Whom to call and by what the score is told apart, through the graph."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from pypdf import PdfReader

from risk_assets.domain.scoring.metrics import Metrics
from risk_assets.storage.intake.set_apart import read_test_rows
from risk_assets.storage.model.trained_model import read_model
from risk_assets.storage.records import read_record
from risk_assets_tests.assets.panel import ASSETS, panel_in, settings
from risk_assets_tests.assets.project import MODEL, Project, failed_checks

pytestmark = pytest.mark.slow

COST, KEPT, CAPACITY = 400.0, 0.2, 40


@pytest.fixture(scope="module")
def valued(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Months of clients of whom those are called for whom it pays; country and size are sensitive."""
    columns = settings()["columns"]
    assert isinstance(columns, dict)
    *numeric, employees = columns["numeric"]
    marked = {
        "numeric": [*numeric, {"name": employees["name"], "sensitive": True}],
        "carried": ["manager", {"name": "country", "sensitive": True}],
    }
    project = panel_in(
        tmp_path_factory.mktemp("valued") / "home",
        columns={**columns, **marked},
        threshold_for="value",
        call_cost=COST,
        share_kept=KEPT,
    )
    project.materialize(*ASSETS)
    return project


def score_of(project: Project) -> Metrics:
    return read_record(project.layout.metrics, Metrics)


def test_by_value_the_threshold_is_where_a_call_pays_for_a_client_of_median_value(valued: Project) -> None:
    ranking = pd.read_csv(valued.layout.client_risk_csv)
    _, scorecard = read_model(valued.layout)
    assert scorecard.threshold == pytest.approx(COST / (KEPT * ranking["value"].median()))


def test_what_follows_of_each_rule_is_counted_on_the_test_rows(valued: Project) -> None:
    _, scorecard = read_model(valued.layout)
    with valued.home.session() as session:
        rows, _ = read_test_rows(valued.layout, session)
    risk, left = scorecard.risk(rows.columns_for(scorecard)), rows.target == 1
    assert rows.value is not None
    found = {each.rule: each for each in score_of(valued).rules}
    assert [rule for rule, each in found.items() if each.in_use] == ["value"]
    for rule in ("f1", "capacity", "value"):
        each = found[rule]
        called = risk * rows.value * KEPT > COST if rule == "value" else risk >= each.threshold
        assert (each.calls, each.reached) == (called.sum(), (called & left).sum())
        assert each.money == pytest.approx(rows.value[called & left].sum() * KEPT - called.sum() * COST)


def test_sensitive_columns_teach_nothing_and_are_shown(valued: Project) -> None:
    _, scorecard = read_model(valued.layout)
    assert scorecard.features == ("lastmonth_activity", "lastyear_activity")
    ranking = pd.read_csv(valued.layout.client_risk_csv)
    assert {"country", "number_of_employees"} <= set(ranking.columns)
    assert ranking["number_of_employees"].notna().all()


def test_the_score_is_told_apart_by_sensitive_columns(valued: Project) -> None:
    metrics = score_of(valued)
    sensitive = [each for each in metrics.groups if each.sensitive]
    assert {each.column for each in sensitive} == {"country", "number_of_employees"}
    ranges = [each.rows for each in sensitive if each.column == "number_of_employees"]
    assert len(ranges) == 4
    assert sum(ranges) == metrics.n
    assert max(ranges) < 1.1 * min(ranges)
    assert {each.column for each in metrics.groups if not each.sensitive} == {"manager"}


def test_the_report_and_dagster_say_whom_to_call_and_where_it_is_weak(valued: Project) -> None:
    text = " ".join(page.extract_text() for page in PdfReader(valued.layout.summary_report).pages)
    assert "whom a call pays for (in use)" in text
    assert "By sensitive columns" in text
    event = valued.instance.get_latest_materialization_event(dg.AssetKey("latest_score"))
    assert event is not None
    assert event.asset_materialization is not None
    told = {name: each.value for name, each in event.asset_materialization.metadata.items()}
    assert "by value at risk" in str(told["first to call"])
    assert str(told["calibration"]).startswith("Risks are off by")
    assert str(told["calls"]).startswith("![")


def test_by_capacity_as_many_current_clients_are_flagged_as_can_be_called(tmp_path: Path) -> None:
    project = Project(tmp_path, threshold_for="capacity", call_capacity=CAPACITY)
    project.write_clients("a.csv", 1500, seed=1, first_id=0)
    project.write_test_clients(1500)
    project.materialize(*MODEL, "client_risk")
    ranking = pd.read_parquet(project.layout.client_risk_parquet)
    _, scorecard = read_model(project.layout)
    assert (ranking["risk"] >= scorecard.threshold).sum() == CAPACITY
    [in_use] = [each for each in score_of(project).rules if each.in_use]
    assert in_use.rule == "capacity"


def test_a_fixed_threshold_is_what_is_in_use(tmp_path: Path) -> None:
    project = Project(tmp_path, threshold=0.4)
    project.write_clients("a.csv", 600, seed=1, first_id=0)
    project.write_test_clients(600)
    assert failed_checks(project.materialize(*MODEL)) == []
    [rule] = score_of(project).rules
    assert (rule.rule, rule.threshold, rule.in_use) == ("fixed", 0.4, True)
