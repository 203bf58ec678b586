from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import dagster as dg
import pytest

from risk_assets.automation import check_drift
from risk_assets.definitions import defs
from risk_assets.domain.deployment.decisions import Decision
from risk_assets.domain.drift.verdict import DriftVerdict
from risk_assets.resources.declaration import code_version
from risk_assets.resources.home import Home
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import append_record, write_record
from risk_assets_tests.automation.small import SmallHome

CHAMPION, CHALLENGER = "v0001-0123abcd", "v0002-89abcdef"
BELOW_FINALDATA = ["client_risk", "diagnostics", "report"]
ALL = [
    "client_risk",
    "deployed_model",
    "diagnostics",
    "drift",
    "finaldata",
    "latest_score",
    "report",
    "trained_model",
]
FALLEN = "F1 on 5,000 new rows has fallen: 0.41 against 0.59 at deployment."
REPOSITORY = defs.get_repository_def()
NOW = datetime.now(UTC)
SUCCESS, STARTED = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.STARTED


@dataclass
class Graph:
    """The real graph with made-up records: everything is made, by the code of today, and CHAMPION serves."""

    home: SmallHome

    def make_all(self) -> None:
        for key in ("sourcedata", "testdata"):
            tags = {"dagster/data_version": "1"}
            self.home.instance.report_runless_asset_event(dg.AssetObservation(key, tags=tags))
        for key in ALL:
            self.make(key, CHAMPION if key == "deployed_model" else "1")
        self.serve(CHAMPION)
        self.judge("stable", "F1 on 300 new rows holds.")

    def make(self, key: str, version: str, *, code: str | None = None, **inputs: str) -> None:
        """Put a materialization on record, made from the parents as they are unless told otherwise."""
        node = REPOSITORY.asset_graph.get(dg.AssetKey(key))
        parents = {
            parent.to_user_string(): CHAMPION if parent.to_user_string() == "deployed_model" else "1"
            for parent in node.parent_keys
        }
        made_from = {f"dagster/input_data_version/{name}": was for name, was in (parents | inputs).items()}
        code = code or code_version(node.code_version, node.metadata, self.home.resource.settings) or ""
        tags = {"dagster/data_version": version, "dagster/code_version": code}
        event = dg.AssetMaterialization(key, tags={**tags, **made_from})
        self.home.instance.report_runless_asset_event(event)

    def ingest(self, verdict: str, sentence: str) -> None:
        """Let new rows come in: finaldata changes, and drift is judged on it."""
        self.make("finaldata", "2")
        self.make("drift", "2", finaldata="2")
        self.judge(verdict, sentence)

    def serve(self, version: str) -> None:
        self.home.layout.deployment.mkdir(parents=True, exist_ok=True)
        self.home.layout.current.write_text(f"{version}\n")

    def judge(self, verdict: str, sentence: str) -> None:
        at = NOW.isoformat(timespec="seconds")
        judged = DriftVerdict(verdict, sentence, 5000, "statistical", version=CHAMPION, data_version="2", at=at)  # type: ignore[arg-type]
        write_record(self.home.layout.drift, judged)

    def hold(self, data_version: str) -> None:
        held = Decision(NOW.isoformat(), "held", CHALLENGER, CHAMPION, CHAMPION, "worse", "0" * 64, data_version)
        append_record(self.home.layout.deployments, held)

    def tick(self) -> tuple[list[str], str]:
        """Let the schedule look; return what it asks for, and the line in its tick history."""
        decision = check_drift.look(self.home.instance, REPOSITORY, self.home.resource)
        assert "\n" not in decision.reason
        return sorted(decision.selection), decision.reason

    def look(self, cursor: str | None = None) -> dg.SensorResult:
        with dg.build_sensor_context(self.home.instance, cursor, repository_def=REPOSITORY) as context:
            result = check_drift.check_drift_after_ingest(context, home=self.home.resource)
        assert isinstance(result, dg.SensorResult)
        return result


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    home = SmallHome(tmp_path)
    home.build()
    graph = Graph(home)
    graph.make_all()
    return graph


def test_it_looks_by_itself_whenever_the_setting_says() -> None:
    schedule = check_drift.build("*/5 * * * *")
    assert (schedule.name, schedule.cron_schedule) == ("check_drift", "*/5 * * * *")
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING


def test_a_run_under_way_is_waited_for(graph: Graph) -> None:
    run = graph.home.record_run("everything", STARTED)
    assert graph.tick() == ([], f"Run {run.run_id[:8]} is under way.")


@dataclass
class HomeWhereARunEnds:
    """A home in which a run ends while the facts are gathered: its records were read when it was half done."""

    home: Home
    instance: dg.DagsterInstance
    run: dg.DagsterRun

    @property
    def layout(self) -> Layout:
        self.instance.report_run_canceled(self.run)
        return self.home.layout

    def __getattr__(self, name: str) -> object:
        return getattr(self.home, name)


def test_a_run_that_ends_meanwhile_is_waited_for_too(graph: Graph) -> None:
    run = graph.home.record_run("ingest", STARTED)
    home = HomeWhereARunEnds(graph.home.resource, graph.home.instance, run)
    facts = check_drift.gather(graph.home.instance, REPOSITORY, cast("Home", home))
    assert facts.in_flight == run.run_id


def test_while_nothing_is_deployed_everything_is_made(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    home.build()

    keys, line = Graph(home).tick()

    assert keys == ALL
    assert line.startswith("Nothing is deployed yet. Stale: client_risk (never made);")


def test_a_verdict_on_another_version_is_made_anew_first_and_alone(graph: Graph) -> None:
    graph.make("deployed_model", CHALLENGER)
    graph.serve(CHALLENGER)
    graph.make("client_risk", "2", deployed_model=CHALLENGER)

    keys, line = graph.tick()

    assert keys == ["drift"]
    assert line.startswith("Drift is to be judged: deployed_model changed.")


def test_drift_with_a_stale_model_trains_anew_and_refreshes_all_that_hangs_on_it(graph: Graph) -> None:
    graph.ingest("drifted", FALLEN)

    keys, line = graph.tick()

    assert keys == [key for key in ALL if key != "finaldata"]
    assert line.startswith(f"{FALLEN} Stale: ")


def test_new_rows_without_drift_refresh_what_shows_them_and_leave_the_model(graph: Graph) -> None:
    graph.ingest("stable", "F1 on 5,000 new rows holds.")

    keys, line = graph.tick()

    assert keys == BELOW_FINALDATA
    why = "trained_model is stale (finaldata changed), but there is no drift to train for."
    assert line.startswith(f"F1 on 5,000 new rows holds. {why}")


def test_training_has_a_cooldown_after_the_last_that_succeeded(graph: Graph) -> None:
    graph.ingest("drifted", FALLEN)
    for key in BELOW_FINALDATA:
        graph.make(key, "2", finaldata="2", drift="2", client_risk="2", diagnostics="2")
    graph.home.record_run("refresh", dg.DagsterRunStatus.FAILURE, tags={"risk_assets/retrains": "yes"})
    assert "trained_model" in graph.tick()[0]

    graph.home.record_run("refresh", SUCCESS, tags={"risk_assets/retrains": "yes"})

    keys, line = graph.tick()
    assert keys == []
    assert line.startswith(f"{FALLEN} The model was retrained for drift a short while ago: the next time can be")


def test_a_held_challenger_of_this_very_data_is_for_people_to_decide_on(graph: Graph) -> None:
    graph.ingest("drifted", FALLEN)
    for key in BELOW_FINALDATA:
        graph.make(key, "2", finaldata="2", drift="2", client_risk="2", diagnostics="2")
    graph.hold(data_version="2")

    waits = f"Version {CHALLENGER}, trained on this data, is held: approve or reject it by hand."
    assert graph.tick() == ([], f"{FALLEN} {waits} There is nothing to refresh.")


def test_with_nothing_stale_it_skips_with_the_figures(graph: Graph) -> None:
    assert graph.tick() == ([], "F1 on 300 new rows holds. There is nothing to refresh.")


def test_changed_code_is_a_reason_of_its_own(graph: Graph) -> None:
    graph.make("report", "1", code="0")

    keys, line = graph.tick()

    assert keys == ["report"]
    assert "report (its code has changed (0 -> " in line


def test_a_run_that_failed_is_asked_for_again_after_a_pause_that_grows(graph: Graph) -> None:
    graph.ingest("drifted", FALLEN)
    cause = graph_cause(graph)
    for _ in range(2):
        graph.home.record_run("refresh", dg.DagsterRunStatus.FAILURE, cause=cause)

    keys, line = graph.tick()

    assert keys == []
    assert "2 runs for this failed: the next try is at" in line


def graph_cause(graph: Graph) -> str:
    (request,) = after_ingest(graph).run_requests or []
    return request.tags["risk_assets/cause"]


def after_ingest(graph: Graph, cursor: str | None = None) -> dg.SensorResult:
    graph.home.record_run("ingest", SUCCESS)
    result = graph.look(cursor)
    for run in graph.home.instance.get_runs(dg.RunsFilter(job_name="ingest")):
        graph.home.instance.delete_run(run.run_id)
    return result


def test_the_sensor_decides_as_soon_as_files_are_ingested_and_once(graph: Graph) -> None:
    graph.ingest("drifted", FALLEN)
    run = graph.home.record_run("ingest", SUCCESS)

    first = graph.look()
    again = graph.look(first.cursor)

    (request,) = first.run_requests or []
    assert dg.AssetKey("trained_model") in (request.asset_selection or ())
    assert first.cursor == run.run_id
    assert not again.run_requests
    assert "nothing was ingested since the last look" in str(again.skip_reason)


def test_the_sensor_looks_again_when_another_run_was_under_way(graph: Graph) -> None:
    graph.ingest("drifted", FALLEN)
    graph.home.record_run("ingest", SUCCESS)
    run = graph.home.record_run("everything", STARTED)

    waiting = graph.look()

    assert not waiting.run_requests
    assert f"Run {run.run_id[:8]} is under way." in str(waiting.skip_reason)
    assert waiting.cursor is None


def test_the_schedule_leaves_what_was_just_ingested_to_the_sensor(graph: Graph) -> None:
    graph.ingest("drifted", FALLEN)
    run = graph.home.record_run("ingest", SUCCESS)

    keys, line = graph.tick()

    assert keys == []
    assert line == f"Run {run.run_id[:8]} has just ingested: check_drift_after_ingest decides."
    assert timedelta(minutes=1) >= check_drift.FIRST_LOOK


def test_where_sensors_have_threads_a_run_that_ends_during_a_tick_is_decided_on_in_it(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph.ingest("drifted", FALLEN)
    before = graph.look()
    monkeypatch.setattr(graph.home.instance, "get_sensor_settings", lambda: {"use_threads": True})
    monkeypatch.setattr(
        "risk_assets.automation.watch.time.sleep", lambda _: graph.home.record_run("ingest", SUCCESS)
    )

    meanwhile = graph.look()

    assert not before.run_requests
    assert len(meanwhile.run_requests or []) == 1
