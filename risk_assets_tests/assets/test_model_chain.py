from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import joblib
import pandas as pd
import pytest

from risk_assets.domain.drift.verdict import DriftVerdict
from risk_assets.domain.intake.ingestion import Ingestion
from risk_assets.domain.simulate import simulate
from risk_assets.storage.deployment.manual_decisions import rollback
from risk_assets.storage.deployment.versions import live_version, read_decisions, read_manifest, version_folder
from risk_assets.storage.records import read_record
from risk_assets_tests.assets.house import MODEL, House, failed_checks

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path)
    house.write_clients("a.csv", 1500, seed=1, first_id=0)
    house.write_test_clients(1500)
    return house


def verdicts(house: House) -> list[str]:
    return [decision.verdict for decision in read_decisions(house.layout)]


def test_the_first_model_goes_live_with_its_files(house: House) -> None:
    result = house.materialize(*MODEL)
    live = live_version(house.layout)
    assert live is not None
    assert verdicts(house) == ["promoted"]
    assert house.version_of("deployed_model") == live
    assert failed_checks(result) == []
    pipeline = joblib.load(version_folder(house.layout, live) / "trainedmodel.pkl")
    assert hasattr(pipeline, "predict_proba")


def test_a_first_model_that_does_not_beat_always_yes_goes_live_with_a_warning(house: House) -> None:
    world = pd.read_csv(house.layout.testdata / "testdata.csv")
    world["exited"] = world["exited"].sample(frac=1, random_state=0).to_numpy()
    world.to_csv(house.layout.testdata / "testdata.csv", index=False)
    frame = pd.read_csv(house.layout.input / "a.csv")
    frame["exited"] = frame["exited"].sample(frac=1, random_state=0).to_numpy()
    frame.to_csv(house.layout.input / "a.csv", index=False)
    result = house.materialize(*MODEL)
    assert verdicts(house) == ["promoted"]
    assert "beats_always_yes" in failed_checks(result)


def test_the_same_data_again_changes_nothing_and_leaves_everything_fresh(house: House) -> None:
    house.materialize(*MODEL)
    versions = {key: house.version_of(key) for key in MODEL}
    result = house.materialize(*MODEL)
    assert {key: house.version_of(key) for key in MODEL} == versions
    assert verdicts(house) == ["promoted"]
    assert failed_checks(result) == []


def test_a_poisoned_batch_is_held_or_rejected_with_a_failed_check_while_the_champion_serves_on(
    house: House,
) -> None:
    house.materialize(*MODEL)
    champion = live_version(house.layout)
    poison = house.write_clients("b.csv", 1500, seed=2, first_id=1500)
    poison["exited"] = 1 - poison["exited"]
    poison.to_csv(house.layout.input / "b.csv", index=False)
    result = house.materialize(*MODEL)
    assert verdicts(house)[1:] in (["held"], ["rejected"])
    assert live_version(house.layout) == champion
    assert "gate" in failed_checks(result)
    again = house.materialize("deployed_model")
    assert len(verdicts(house)) == 2
    assert "gate" in failed_checks(again)
    assert house.version_of("deployed_model") == champion


def test_a_rolled_back_version_stays_away_until_the_data_changes(house: House) -> None:
    house.materialize(*MODEL)
    first = live_version(house.layout)
    house.write_clients("b.csv", 4000, seed=3, first_id=1500)
    house.materialize(*MODEL)
    second = live_version(house.layout)
    assert second != first, read_decisions(house.layout)[-1].reason
    rollback(house.layout, None, now=NOW)
    house.materialize(*MODEL)
    assert live_version(house.layout) == first
    house.write_clients("c.csv", 1000, seed=4, first_id=9000)
    house.materialize(*MODEL)
    assert verdicts(house)[3] in {"promoted", "rejected"}


def test_a_score_of_another_model_is_not_taken_for_this_one(house: House) -> None:
    house.materialize(*MODEL)
    house.write_clients("b.csv", 500, seed=5, first_id=1500)
    house.materialize("finaldata", "trained_model")
    result = house.materialize("deployed_model", raise_on_error=False)
    assert not result.success
    failure = result.failure_data_for_node("deployed_model")
    assert failure is not None
    assert failure.error is not None
    assert "materialize latest_score first" in str(failure.error.cause)


@pytest.mark.parametrize("rows", [5, 60])
def test_rows_that_cannot_teach_fail_and_the_earlier_model_stays(house: House, rows: int) -> None:
    house.materialize(*MODEL)
    before = {file: file.read_bytes() for file in house.layout.models.glob("trained*")}
    (house.layout.input / "a.csv").unlink()
    frame = house.write_clients("b.csv", rows, seed=6, first_id=0)
    frame["exited"] = 0
    frame.to_csv(house.layout.input / "b.csv", index=False)
    assert not house.materialize(*MODEL, raise_on_error=False).success
    assert {file: file.read_bytes() for file in house.layout.models.glob("trained*")} == before
    assert verdicts(house) == ["promoted"]


def test_a_version_is_published_with_the_account_of_the_data_it_was_trained_on(house: House) -> None:
    house.write_clients("b.csv", 4000, seed=3, first_id=1500)
    house.materialize("finaldata", "trained_model")
    house.write_clients("c.csv", 500, seed=7, first_id=9000)
    house.materialize("finaldata", "latest_score", "deployed_model")
    live = live_version(house.layout)
    assert live is not None
    account = read_record(version_folder(house.layout, live) / "ingestion.json", Ingestion)
    assert [file.name for file in account.files] == ["a.csv", "b.csv"]
    assert account.data_version == read_manifest(house.layout, live).data_version


@pytest.mark.parametrize(("name", "takes_over"), [("b.csv", False), ("0.csv", True)])
def test_what_the_champion_was_trained_on_is_not_new_in_a_file_of_all_clients_so_far(
    house: House, name: str, *, takes_over: bool
) -> None:
    """A file that is read before the other one takes its rows over, and those held out were not trained on."""
    house.materialize(*MODEL)
    old = pd.read_csv(house.layout.input / "a.csv")
    new = simulate(300, seed=8, first_id=5000).frame
    pd.concat([old, new]).to_csv(house.layout.input / name, index=False)
    house.materialize("finaldata", "drift")
    held_out = sum(int(hashlib.md5(each.encode()).hexdigest()[:8], 16) % 10 == 0 for each in old["corporation"])
    assert read_record(house.layout.drift, DriftVerdict).n == len(new) + held_out * takes_over


def columns(numeric: list[str], categorical: list[str]) -> dict[str, object]:
    return {"id": "corporation", "target": "exited", "positive": 1, "numeric": numeric, "categorical": categorical}


def test_a_feature_that_is_no_longer_declared_is_missing_to_the_champion_and_everything_goes_on(
    house: House,
) -> None:
    everything = (*MODEL, "client_risk", "drift", "diagnostics", "report")
    house.materialize(*everything)
    house.configure(columns=columns(["lastmonth_activity", "number_of_employees"], []))
    assert house.materialize(*everything).success
    decision = read_decisions(house.layout)[-1]
    assert decision.figures["testdata_champion_f1"] > 0


def test_training_right_after_a_change_of_columns_says_to_make_finaldata_first(house: House) -> None:
    house.materialize(*MODEL)
    house.configure(columns=columns(["lastmonth_activity", "balance"], []))
    result = house.materialize("trained_model", raise_on_error=False)
    failure = result.failure_data_for_node("trained_model")
    assert failure is not None
    assert "materialize finaldata" in str(failure.error)


def test_a_category_that_never_varies_harms_nobody(house: House) -> None:
    for file in (house.layout.input / "a.csv", house.layout.testdata / "testdata.csv"):
        pd.read_csv(file).assign(region="north", note="").to_csv(file, index=False)
    house.configure(columns=columns(["lastmonth_activity", "lastyear_activity"], ["region", "note"]))
    assert house.materialize(*MODEL, "client_risk", "drift", "diagnostics", "report").success


def test_a_scorecard_that_was_tampered_with_ranks_nobody(house: House) -> None:
    house.materialize(*MODEL, "client_risk")
    before = house.layout.client_risk_csv.read_bytes()
    live = live_version(house.layout)
    assert live is not None
    scorecard = version_folder(house.layout, live) / "scorecard.json"
    scorecard.write_text(scorecard.read_text().replace('"intercept": -', '"intercept": '))
    result = house.materialize("client_risk", raise_on_error=False)
    failure = result.failure_data_for_node("client_risk")
    assert failure is not None
    assert "risk rollback VERSION" in str(failure.error)
    assert house.layout.client_risk_csv.read_bytes() == before


def test_lineage_names_the_version_of_the_folder_that_was_read(house: House) -> None:
    house.materialize("finaldata")
    assert house.input_version("finaldata", "sourcedata") == house.home.source_state().version


def test_an_identical_rebuild_keeps_the_version_and_another_split_of_the_rows_too(house: House) -> None:
    house.materialize("finaldata")
    before = house.version_of("finaldata")
    frame = pd.read_csv(house.layout.input / "a.csv")
    (house.layout.input / "a.csv").unlink()
    frame[:700].to_csv(house.layout.input / "x.csv", index=False)
    frame[600:].to_csv(house.layout.input / "w.csv", index=False)
    house.materialize("finaldata")
    assert house.version_of("finaldata") == before


def test_a_run_of_everything_reports_on_every_client(house: House) -> None:
    assert house.materialize(*MODEL, "client_risk", "drift", "diagnostics", "report").success
    ranked = pd.read_csv(house.layout.client_risk_csv)
    assert len(ranked) == 1500
    assert list(ranked["rank"]) == list(range(1, 1501))
    assert house.layout.summary_report.read_bytes().startswith(b"%PDF")
    kept = house.instance.get_latest_materialization_event(dg.AssetKey("report"))
    assert kept is not None


def test_a_model_fitted_by_the_engine_serves_as_one_fitted_in_memory_does(house: House) -> None:
    everything = (*MODEL, "client_risk", "drift", "diagnostics", "report")
    house.materialize(*everything)
    ranked = pd.read_csv(house.layout.client_risk_csv)
    house.configure(training_rows_in_memory=500)
    assert house.materialize(*everything).success
    again = pd.read_csv(house.layout.client_risk_csv)
    assert again["corporation"].tolist() == ranked["corporation"].tolist()
    assert again["risk"].tolist() == pytest.approx(ranked["risk"].tolist(), abs=1e-6)
    version = house.version_of("trained_model")
    house.materialize("trained_model")
    assert house.version_of("trained_model") == version
    assert not list((house.layout.ingested / ".spill").iterdir())
