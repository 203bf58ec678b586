from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import joblib
import pandas as pd
import pytest

from risk_assets.domain.drift.verdict import DriftVerdict
from risk_assets.domain.intake.ingestion import Ingestion
from risk_assets.domain.ranking.risk_summary import RankingOrigin
from risk_assets.domain.scoring.metrics import Metrics
from risk_assets.domain.simulate import simulate
from risk_assets.storage.deployment.manual_decisions import rollback
from risk_assets.storage.deployment.versions import live_version, read_decisions, read_manifest, version_folder
from risk_assets.storage.intake.refusal import IngestionError
from risk_assets.storage.model.trained_model import read_model
from risk_assets.storage.records import RecordError, read_record
from risk_assets.storage.scoring.boosting import compare_boosting
from risk_assets_tests.assets.project import MODEL, Project, failed_checks

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    project.write_clients("a.csv", 1500, seed=1, first_id=0)
    project.write_test_clients(1500)
    return project


def verdicts(project: Project) -> list[str]:
    return [decision.verdict for decision in read_decisions(project.layout)]


def test_the_first_model_goes_live_with_its_files(project: Project) -> None:
    result = project.materialize(*MODEL)
    live = live_version(project.layout)
    assert live is not None
    assert verdicts(project) == ["promoted"]
    assert project.version_of("deployed_model") == live
    assert failed_checks(result) == []
    pipeline = joblib.load(version_folder(project.layout, live) / "trainedmodel.pkl")
    assert hasattr(pipeline, "predict_proba")


def test_a_first_model_that_does_not_beat_always_yes_goes_live_with_a_warning(project: Project) -> None:
    world = pd.read_csv(project.layout.testdata / "testdata.csv")
    world["exited"] = world["exited"].sample(frac=1, random_state=0).to_numpy()
    world.to_csv(project.layout.testdata / "testdata.csv", index=False)
    frame = pd.read_csv(project.layout.input / "a.csv")
    frame["exited"] = frame["exited"].sample(frac=1, random_state=0).to_numpy()
    frame.to_csv(project.layout.input / "a.csv", index=False)
    result = project.materialize(*MODEL)
    assert verdicts(project) == ["promoted"]
    assert "beats_all_positive" in failed_checks(result)


def test_the_same_data_again_changes_nothing_and_leaves_everything_fresh(project: Project) -> None:
    project.materialize(*MODEL)
    versions = {key: project.version_of(key) for key in MODEL}
    result = project.materialize(*MODEL)
    assert {key: project.version_of(key) for key in MODEL} == versions
    assert verdicts(project) == ["promoted"]
    assert failed_checks(result) == []


def test_a_poisoned_batch_is_held_or_rejected_with_a_failed_check_while_the_champion_serves_on(
    project: Project,
) -> None:
    project.materialize(*MODEL)
    champion = live_version(project.layout)
    poison = project.write_clients("b.csv", 1500, seed=2, first_id=1500)
    poison["exited"] = 1 - poison["exited"]
    poison.to_csv(project.layout.input / "b.csv", index=False)
    result = project.materialize(*MODEL)
    assert (verdicts(project), live_version(project.layout)) == (["promoted"], champion)
    assert failed_checks(result) == ["files_sound"]  # its file is not even learnt from

    project.configure(hold_suspect_files=False)
    result = project.materialize(*MODEL)
    assert verdicts(project)[1:] in (["held"], ["rejected"])
    assert live_version(project.layout) == champion
    assert "gate" in failed_checks(result)
    again = project.materialize("deployed_model")
    assert len(verdicts(project)) == 2
    assert "gate" in failed_checks(again)
    assert project.version_of("deployed_model") == champion


def test_a_rolled_back_version_stays_away_until_the_data_changes(project: Project) -> None:
    project.materialize(*MODEL)
    first = live_version(project.layout)
    project.write_clients("b.csv", 4000, seed=3, first_id=1500)
    project.materialize(*MODEL)
    second = live_version(project.layout)
    assert second != first, read_decisions(project.layout)[-1].reason
    rollback(project.layout, None, project.home.settings.client_columns, now=NOW)
    project.materialize(*MODEL)
    assert live_version(project.layout) == first
    project.write_clients("c.csv", 1000, seed=4, first_id=9000)
    project.materialize(*MODEL)
    assert verdicts(project)[3] in {"promoted", "rejected"}


def test_clients_are_not_ranked_by_a_version_that_needs_a_column_no_longer_declared(project: Project) -> None:
    project.materialize(*MODEL, "client_risk")
    ranking = project.layout.client_risk_csv.read_bytes()
    columns = json.loads(project.config.read_text())["columns"]
    project.configure(columns=columns | {"numeric": columns["numeric"][:2]})

    result = project.materialize("client_risk", raise_on_error=False)

    failure = result.failure_data_for_node("client_risk")
    assert failure is not None
    assert failure.error is not None
    why = "cannot serve: the model needs the column 'number_of_employees', which the settings do not declare"
    assert why in str(failure.error.cause)
    assert project.layout.client_risk_csv.read_bytes() == ranking


def test_a_score_of_another_model_is_not_taken_for_this_one(project: Project) -> None:
    project.materialize(*MODEL)
    project.write_clients("b.csv", 500, seed=5, first_id=1500)
    project.materialize("finaldata", "trained_model")
    result = project.materialize("deployed_model", raise_on_error=False)
    assert not result.success
    failure = result.failure_data_for_node("deployed_model")
    assert failure is not None
    assert failure.error is not None
    assert "materialize latest_score first" in str(failure.error.cause)


@pytest.mark.parametrize("rows", [5, 60])
def test_rows_that_cannot_teach_fail_and_the_earlier_model_stays(project: Project, rows: int) -> None:
    project.materialize(*MODEL)
    before = {file: file.read_bytes() for file in project.layout.models.glob("trained*")}
    (project.layout.input / "a.csv").unlink()
    frame = project.write_clients("b.csv", rows, seed=6, first_id=0)
    frame["exited"] = 0
    frame.to_csv(project.layout.input / "b.csv", index=False)
    assert not project.materialize(*MODEL, raise_on_error=False).success
    assert {file: file.read_bytes() for file in project.layout.models.glob("trained*")} == before
    assert verdicts(project) == ["promoted"]


def test_a_version_is_published_with_the_account_of_the_data_it_was_trained_on(project: Project) -> None:
    project.write_clients("b.csv", 4000, seed=3, first_id=1500)
    project.materialize("finaldata", "trained_model")
    project.write_clients("c.csv", 500, seed=7, first_id=9000)
    project.materialize("finaldata", "latest_score", "deployed_model")
    live = live_version(project.layout)
    assert live is not None
    account = read_record(version_folder(project.layout, live) / "ingestion.json", Ingestion)
    assert [file.name for file in account.files] == ["a.csv", "b.csv"]
    assert account.data_version == read_manifest(project.layout, live).data_version


@pytest.mark.parametrize(("name", "takes_over"), [("b.csv", False), ("0.csv", True)])
def test_what_the_champion_was_trained_on_is_not_new_in_a_file_of_all_clients_so_far(
    project: Project, name: str, *, takes_over: bool
) -> None:
    """A file that is read before the other one takes its rows over, and those held out were not trained on."""
    project.materialize(*MODEL)
    old = pd.read_csv(project.layout.input / "a.csv")
    new = simulate(300, seed=8, first_id=5000).frame
    pd.concat([old, new]).to_csv(project.layout.input / name, index=False)
    project.materialize("finaldata", "drift")
    held_out = sum(int(hashlib.md5(each.encode()).hexdigest()[:8], 16) % 10 == 0 for each in old["corporation"])
    assert read_record(project.layout.drift, DriftVerdict).n == len(new) + held_out * takes_over


def columns(numeric: list[str], categorical: list[str]) -> dict[str, object]:
    return {"id": "corporation", "target": "exited", "positive": 1, "numeric": numeric, "categorical": categorical}


def test_a_feature_that_is_no_longer_declared_is_missing_to_the_champion_and_everything_goes_on(
    project: Project,
) -> None:
    everything = (*MODEL, "client_risk", "drift", "diagnostics", "report")
    project.materialize(*everything)
    project.configure(columns=columns(["lastmonth_activity", "number_of_employees"], []))
    assert project.materialize(*everything).success
    decision = read_decisions(project.layout)[-1]
    assert decision.figures["testdata_champion_f1"] > 0


def test_training_right_after_a_change_of_columns_says_to_make_finaldata_first(project: Project) -> None:
    project.materialize(*MODEL)
    project.configure(columns=columns(["lastmonth_activity", "balance"], []))
    result = project.materialize("trained_model", raise_on_error=False)
    failure = result.failure_data_for_node("trained_model")
    assert failure is not None
    assert "materialize finaldata" in str(failure.error)


def test_a_category_that_never_varies_harms_nobody(project: Project) -> None:
    for file in (project.layout.input / "a.csv", project.layout.testdata / "testdata.csv"):
        pd.read_csv(file).assign(region="north", note="").to_csv(file, index=False)
    project.configure(columns=columns(["lastmonth_activity", "lastyear_activity"], ["region", "note"]))
    assert project.materialize(*MODEL, "client_risk", "drift", "diagnostics", "report").success


def test_a_scorecard_that_was_tampered_with_ranks_nobody(project: Project) -> None:
    project.materialize(*MODEL, "client_risk")
    before = project.layout.client_risk_csv.read_bytes()
    live = live_version(project.layout)
    assert live is not None
    scorecard = version_folder(project.layout, live) / "scorecard.json"
    scorecard.write_text(scorecard.read_text().replace('"intercept": -', '"intercept": '))
    result = project.materialize("client_risk", raise_on_error=False)
    failure = result.failure_data_for_node("client_risk")
    assert failure is not None
    assert "risk rollback VERSION" in str(failure.error)
    assert project.layout.client_risk_csv.read_bytes() == before


def test_lineage_names_the_version_of_the_folder_that_was_read(project: Project) -> None:
    project.materialize("finaldata")
    assert project.input_version("finaldata", "sourcedata") == project.home.source_state().version


def test_an_identical_rebuild_keeps_the_version_and_another_split_of_the_rows_too(project: Project) -> None:
    project.materialize("finaldata")
    before = project.version_of("finaldata")
    frame = pd.read_csv(project.layout.input / "a.csv")
    (project.layout.input / "a.csv").unlink()
    frame[:700].to_csv(project.layout.input / "x.csv", index=False)
    frame[600:].to_csv(project.layout.input / "w.csv", index=False)
    project.materialize("finaldata")
    assert project.version_of("finaldata") == before


def test_a_run_of_everything_reports_on_every_current_client(project: Project) -> None:
    assert project.materialize(*MODEL, "client_risk", "drift", "diagnostics", "report").success
    ranked = pd.read_csv(project.layout.client_risk_csv)
    rows = pd.read_csv(project.layout.finaldata_csv)
    assert set(ranked["corporation"]) == set(rows.loc[rows["exited"] == 0, "corporation"])
    assert list(ranked["rank"]) == list(range(1, len(ranked) + 1))
    origin = read_record(project.layout.client_risk_origin, RankingOrigin)
    assert origin.version == live_version(project.layout)
    assert project.layout.summary_report.read_bytes().startswith(b"%PDF")
    kept = project.instance.get_latest_materialization_event(dg.AssetKey("report"))
    assert kept is not None


def test_a_report_that_was_deleted_is_made_again_to_the_byte(project: Project) -> None:
    project.materialize(*MODEL, "client_risk", "drift", "diagnostics", "report")
    before = project.layout.summary_report.read_bytes()
    project.layout.summary_report.unlink()
    project.materialize("report")
    assert project.layout.summary_report.read_bytes() == before


@pytest.mark.long
def test_a_model_of_a_sample_of_the_clients_serves_and_says_what_the_sample_cost(project: Project) -> None:
    everything = (*MODEL, "client_risk", "drift", "diagnostics", "report")
    project.materialize(*everything)
    ranked = pd.read_csv(project.layout.client_risk_csv).set_index("corporation")
    project.configure(max_training_rows=500)
    assert project.materialize(*everything).success
    again = pd.read_csv(project.layout.client_risk_csv).set_index("corporation")
    report = read_model(project.layout)[0].report
    assert report.rows <= 550 < report.rows_known
    assert 1.0 < report.error_factor < 3.0
    assert again["risk"].corr(ranked["risk"]) > 0.9
    version = project.version_of("trained_model")
    project.materialize("trained_model")
    assert project.version_of("trained_model") == version
    assert not list((project.layout.ingested / ".spill").iterdir())


def test_clients_of_testdata_teach_nothing_wherever_their_rows_are(project: Project) -> None:
    project.materialize("finaldata", "trained_model")
    model = project.layout.trainedmodel.read_bytes()
    tested = next(project.layout.testdata.glob("*.csv"))
    (project.layout.input / "tested.csv").write_bytes(tested.read_bytes())
    result = project.materialize("finaldata", "trained_model")
    rows = len(pd.read_csv(tested))
    [check] = [each for each in result.get_asset_check_evaluations() if each.check_name == "test_clients_apart"]
    assert (check.passed, check.metadata["rows left out"].value) == (False, rows)
    assert project.layout.trainedmodel.read_bytes() == model


def test_without_testdata_nothing_is_trained(project: Project) -> None:
    for file in project.layout.testdata.iterdir():
        file.unlink()
    project.materialize("finaldata")
    with pytest.raises(IngestionError, match=r"no client files in .*testdata"):
        project.materialize("trained_model")
    assert not project.layout.trainedmodel.exists()


def test_outcomes_that_come_later_are_evidence_as_soon_as_their_file_is_complete(project: Project) -> None:
    later = project.write_clients("b.csv", 400, seed=2, first_id=10_000)
    later.assign(exited="").to_csv(project.layout.input / "b.csv", index=False)
    project.materialize(*MODEL, "client_risk", "drift")
    model = project.layout.trainedmodel.read_bytes()
    before = read_record(project.layout.drift, DriftVerdict)
    assert (before.verdict, before.n) == ("no labels yet", 400)

    later.to_csv(project.layout.input / "c.csv", index=False)
    project.materialize("finaldata", "client_risk", "drift")

    verdict = read_record(project.layout.drift, DriftVerdict)
    [performance] = [each.measurement for each in verdict.judgements if each.measurement.kind == "performance"]
    assert (verdict.n, performance.n) == (400, 400)
    ranked = set(pd.read_csv(project.layout.client_risk_csv)["corporation"])
    assert not ranked & set(later.loc[later["exited"] == 1, "corporation"])
    project.materialize("trained_model")
    assert project.layout.trainedmodel.read_bytes() != model


def test_boosting_is_compared_on_the_rows_of_the_model_and_on_test_clients(project: Project) -> None:
    project.materialize(*MODEL)
    metrics = read_record(project.layout.metrics, Metrics)
    with project.home.session() as session:
        found = compare_boosting(project.layout, session, most_rows=10**6, seed=0)
    assert found.rows == metrics.n
    assert found.auc == pytest.approx(metrics.roc_auc.value, abs=1e-12)
    assert 0.5 < found.boosting_auc < 1


def test_boosting_is_not_compared_on_rows_that_the_model_never_saw(project: Project) -> None:
    project.materialize(*MODEL)
    simulate(100, seed=9).frame.to_csv(project.layout.input / "more.csv", index=False)
    project.materialize("finaldata")
    with project.home.session() as session, pytest.raises(RecordError, match="run the graph first"):
        compare_boosting(project.layout, session, most_rows=10**6, seed=0)
