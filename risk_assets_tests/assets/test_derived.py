"""A derived column goes through the whole graph like a column of files, and is served as it was learnt."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from risk_assets.domain.drift.verdict import DriftVerdict
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.serve.app import create_app
from risk_assets.settings import load_settings
from risk_assets.storage.records import read_record
from risk_assets_tests.assets.project import MODEL, ROOT, Project

TREND = {"name": "activity_trend", "ratio": ["lastmonth_activity", "lastyear_activity"], "times": 12}
FEATURES = ("lastmonth_activity", "lastyear_activity", "number_of_employees", "activity_trend")


def columns_with(*derived: Mapping[str, object]) -> dict[str, object]:
    shipped = json.loads((ROOT / "config.json").read_text())["columns"]
    return {**shipped, "derived": [*derived]}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("derived"), columns=columns_with(TREND))
    project.write_clients("a.csv", 1500, seed=1, first_id=0)
    project.write_test_clients(600)
    project.materialize(*MODEL, "client_risk")
    project.write_clients("b.csv", 600, seed=2, first_id=5000, drift="relation", amount=0.5)
    project.materialize("finaldata", "client_risk", "drift", "diagnostics", "report")
    return project


def test_it_is_learnt_ranked_and_watched_like_any_other_column(project: Project) -> None:
    assert read_record(project.layout.scorecard, Scorecard).features == FEATURES
    judged = read_record(project.layout.drift, DriftVerdict).judgements
    assert {each.measurement.name for each in judged if each.measurement.kind == "feature"} == set(FEATURES)
    diagnostics = json.loads(project.layout.diagnostics.read_text(encoding="utf-8"))
    assert "activity_trend" in json.dumps(diagnostics)


def test_finaldata_holds_what_files_hold(project: Project) -> None:
    header = project.layout.finaldata_csv.read_text(encoding="utf-8").splitlines()[0]
    assert header == "corporation,lastmonth_activity,lastyear_activity,number_of_employees,exited"


def test_the_api_gives_each_client_the_risk_that_the_ranking_gives(project: Project) -> None:
    with project.layout.client_risk_csv.open(encoding="utf-8", newline="") as ranking:
        ranked = {row["corporation"]: float(row["risk"]) for row in csv.DictReader(ranking)}
    with project.layout.finaldata_csv.open(encoding="utf-8", newline="") as rows:
        clients = [row for row in csv.DictReader(rows) if row["corporation"] in ranked]
    sent = [
        {name: float(row[name]) if row[name] else None for name in FEATURES[:3]}
        | {"corporation": row["corporation"]}
        for row in clients
    ]

    http = create_app(load_settings(project.config)).test_client()
    answers = http.post("/prediction", json={"clients": sent}).get_json()["predictions"]

    assert len(answers) > 1000
    for answer in answers:
        assert answer["risk"] == pytest.approx(ranked[answer["id"]], abs=1e-6)


def test_another_declaration_trains_anew_without_reading_a_file_again(tmp_path: Path) -> None:
    project = Project(tmp_path, columns=columns_with())
    project.write_clients("a.csv", 600, seed=1, first_id=0)
    project.write_test_clients(300)
    project.materialize("finaldata", "trained_model")
    before, parsed = [project.version_of(key) for key in ("finaldata", "trained_model")], names_in(project)

    project.configure(columns=columns_with(TREND))
    project.materialize("finaldata", "trained_model")

    assert project.version_of("finaldata") == before[0]
    assert project.version_of("trained_model") != before[1]
    assert names_in(project) == parsed


def names_in(project: Project) -> list[tuple[str, int]]:
    return sorted((path.name, path.stat().st_mtime_ns) for path in project.layout.parsed.iterdir())
