"""The real daemon and code server on a home of their own, told apart by what they leave: records and files."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from risk_assets.domain.drift.verdict import DriftVerdict
from risk_assets.storage.deployment.versions import read_decisions, verify_version
from risk_assets.storage.intake.feed_verdicts import accept
from risk_assets.storage.intake.finaldata import require_ingestion
from risk_assets.storage.records import read_record
from risk_assets_tests.automation.daemon import DaemonHome
from risk_assets_tests.automation.worlds import CALM, DRIFTED, POISONED, home_with_a_model

pytestmark = pytest.mark.slow

BELOW_FINALDATA = "diagnostics report"
TRAINED_ANEW = "client_risk deployed_model diagnostics drift latest_score report trained_model"
SECONDS_BETWEEN_ROWS = 1


@pytest.fixture
def home(tmp_path: Path) -> DaemonHome:
    return home_with_a_model(tmp_path)


def test_files_arrive_and_only_what_they_make_stale_is_refreshed_and_only_the_better_model_goes_live(
    home: DaemonHome,
) -> None:
    with home.daemon():
        write_slowly(home, "clients2.csv", CALM)
        finished(home, runs=3)
        home.drop("clients3.csv", DRIFTED)
        finished(home, runs=5)
        home.drop("clients4.csv", POISONED)
        finished(home, runs=6)
        held = "held back as suspect: clients4.csv"
        home.wait(lambda: held in home.reasons("new_source_files")[-1], "the sensor to name the held file")
        assert [file.name for file in require_ingestion(home.layout).held] == ["clients4.csv"]
        home.wait(lambda: "clients4.csv is held back" in " ".join(home.reasons("decisions")), "the notice of it")
        accept(home.layout, "clients4.csv", now=datetime.now(UTC))
        finished(home, runs=8)
        home.wait_until_quiet()
        last = read_decisions(home.layout)[-1].version
        home.wait(lambda: f"{last} was" in " ".join(home.reasons("decisions")), "the notice of the last decision")

    assert home.told() == [
        ("everything", "SUCCESS", all_assets()),
        ("ingest", "SUCCESS", "client_risk drift finaldata"),
        ("refresh", "SUCCESS", BELOW_FINALDATA),
        ("ingest", "SUCCESS", "client_risk drift finaldata"),
        ("refresh", "SUCCESS", TRAINED_ANEW),
        ("ingest", "SUCCESS", "client_risk drift finaldata"),  # the file looks broken, and is held back
        ("ingest", "SUCCESS", "client_risk drift finaldata"),
        ("refresh", "SUCCESS", TRAINED_ANEW),
    ]
    first, second, third = read_decisions(home.layout)
    assert [first.verdict, second.verdict] == ["promoted", "promoted"]
    assert third.verdict in {"held", "rejected"}
    assert home.serving() == second.live == third.live == second.version
    assert verify_version(home.layout, second.version) == ()
    assert failed_gates(home) == [third.run_id]

    ingestion = require_ingestion(home.layout)
    assert [(file.name, file.accepted) for file in ingestion.files] == [
        ("clients1.csv", 3000),
        ("clients2.csv", 300),
        ("clients3.csv", 3000),
        ("clients4.csv", 6300),
    ]
    rows = pd.read_csv(home.layout.finaldata_csv)
    assert len(rows) == 12_600
    ranked = pd.read_csv(home.layout.client_risk_csv)
    assert set(ranked["corporation"]) == set(rows.loc[rows["exited"] == 0, "corporation"])
    verdict = read_record(home.layout.drift, DriftVerdict)
    assert (verdict.verdict, verdict.version, verdict.n) == ("drifted", second.version, 6300)
    assert verdict.sentence in home.reasons("check_drift")[-1]
    told = " ".join(home.reasons("decisions"))
    assert f"{second.version} was promoted; {second.version} serves." in told
    assert f"{third.version} was {third.verdict}; {second.version} serves." in told
    assert "clients4.csv is held back: the live model ranks the clients upside down" in told


def write_slowly(home: DaemonHome, name: str, rows: pd.DataFrame) -> None:
    """Let a file grow by a row every second until two looks saw it unfinished, then finish it."""
    lines = rows.to_csv(index=False).splitlines(keepends=True)
    file, written = home.layout.input / name, 50
    file.write_text("".join(lines[:written]))
    while sum(f"still being written: {name}" in reason for reason in home.reasons("new_source_files")) < 2:
        assert len(home.runs()) == 1, "a half-written file was ingested"
        time.sleep(SECONDS_BETWEEN_ROWS)
        append(file, lines[written])
        written += 1
    append(file, "".join(lines[written:]))


def append(file: Path, text: str) -> None:
    with file.open("a") as stream:
        stream.write(text)


def finished(home: DaemonHome, runs: int) -> None:
    def are_finished() -> bool:
        found = home.runs()
        return len(found) >= runs and all(run.is_finished for run in found)

    home.wait(are_finished, f"the end of {runs} runs")


def all_assets() -> str:
    return " ".join(sorted([*TRAINED_ANEW.split(), "finaldata"]))


def failed_gates(home: DaemonHome) -> list[str]:
    """Return the runs in which the check `gate` did not pass."""
    found = []
    with home.instance() as instance:
        for run in instance.get_runs():
            for event in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION):
                assert event.dagster_event is not None
                check = event.dagster_event.asset_check_evaluation_data
                if check.check_name == "gate" and not check.passed:
                    found.append(run.run_id)
    return found
