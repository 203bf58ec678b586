from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from risk_assets.domain.diagnostics import Dependency, DependencyReport, Diagnostics, Timing
from risk_assets.domain.drift.verdict import DriftVerdict
from risk_assets.settings import Settings
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import write_record
from risk_assets_tests.serve.conftest import Home, opened
from risk_assets_tests.serve.deployed import CLIENT, make_settings, profile

GENERATED = ["/summarystats", "/diagnostics", "/drift", "/clients", "/clients/abcd", "/report"]
OF_A_VERSION = ["/scoring", "/model", "/v2/models/risk"]
DIAGNOSTICS = Diagnostics(
    at="2026-03-01T12:00:00+00:00",
    profile=profile(),
    timings=(Timing("finaldata", "run-1", "2026-03-01T12:00:00+00:00", 1.5),),
    prediction_rows=100,
    prediction_seconds=0.01,
    dependencies=DependencyReport("complete", "unavailable: offline", (Dependency("flask", "3.1", "3.1", None),)),
)
VERDICT = DriftVerdict("stable", "no sign of drift", 100, "default")


def test_what_is_not_generated_yet_is_said_in_a_sentence(home: Home) -> None:
    answers = {path: home.http.get(path) for path in GENERATED}

    assert {answer.status_code for answer in answers.values()} == {404}
    assert answers["/drift"].get_json()["detail"] == "drift.json is not generated yet; materialize drift"
    assert all("materialize" in answer.get_json()["detail"] for answer in answers.values())


def test_before_the_first_deployment_everything_answers_without_a_stack_trace(settings: Settings) -> None:
    with opened(settings) as empty:
        for path in OF_A_VERSION:
            assert (path, empty.http.get(path).status_code) == (path, 503)
        for path in GENERATED:
            assert (path, empty.http.get(path).status_code) == (path, 404)
        assert empty.http.get("/deployments").get_json() == {"version": None, "decisions": []}
        assert empty.http.get("/healthz").status_code == 200
        assert empty.http.get("/readyz").get_json() == {"ready": False, "version": None, "refused": None}
        assert empty.http.get("/v2/health/ready").status_code == 503


def test_the_score_of_the_live_version_is_its_own(home: Home) -> None:
    answer = home.http.get("/scoring").get_json()

    assert (answer["version"], answer["f1"]) == (home.version, 0.6)
    assert answer["metrics"]["roc_auc"] == {"value": 0.6, "low": 0.5, "high": 0.7}


def test_the_model_is_told_with_its_manifest_and_shapes(home: Home) -> None:
    answer = home.http.get("/model").get_json()

    assert answer["manifest"]["version"] == home.version
    assert [shape["column"] for shape in answer["scorecard"]["numeric"]] == ["activity", "employees"]


def test_the_decisions_are_told(home: Home) -> None:
    [decision] = home.http.get("/deployments").get_json()["decisions"]

    assert (decision["verdict"], decision["live"], decision["reason"]) == (
        "promoted",
        home.version,
        "it is better",
    )


def test_generated_results_are_told_as_they_are(settings: Settings) -> None:
    layout = Layout.of(settings)
    write_record(layout.diagnostics, DIAGNOSTICS)
    write_record(layout.drift, VERDICT)
    layout.summary_report.write_bytes(b"%PDF-1.4 a report")

    with opened(settings, deployed=True) as full:
        statistics = full.http.get("/summarystats").get_json()
        assert statistics["profile"]["numeric"][0]["mean"] == 40.0
        assert full.http.get("/diagnostics").get_json()["diagnostics"]["timings"][0]["seconds"] == 1.5
        assert full.http.get("/drift").get_json()["drift"]["verdict"] == "stable"
        report = full.http.get("/report")
        assert (report.content_type, report.get_data()) == ("application/pdf", b"%PDF-1.4 a report")
        report.close()


def scribble(layout: Layout) -> None:
    layout.drift.write_text("{")


def scribble_pending(layout: Layout) -> None:
    layout.pending.write_text("{}")


def remove_metrics(layout: Layout) -> None:
    (next(layout.versions.iterdir()) / "metrics.json").unlink()


def scribble_metrics(layout: Layout) -> None:
    (next(layout.versions.iterdir()) / "metrics.json").write_text("{}")


def scribble_ranking(layout: Layout) -> None:
    layout.client_risk_parquet.write_bytes(b"no parquet")


@pytest.mark.parametrize(
    ("harm", "path"),
    [
        (scribble, "/drift"),
        (scribble_pending, "/deployments"),
        (remove_metrics, "/scoring"),
        (scribble_metrics, "/scoring"),
        (scribble_ranking, "/clients"),
        (scribble_ranking, "/clients/abcd"),
    ],
)
def test_a_damaged_file_is_a_sentence_and_the_rest_still_answers(
    settings: Settings, harm: Callable[[Layout], None], path: str
) -> None:
    with opened(settings, deployed=True) as damaged:
        harm(Layout.of(settings))

        answer = damaged.http.get(path)

        assert answer.status_code == 503
        assert "Traceback" not in answer.get_data(as_text=True)
        assert str(settings.data_root) not in answer.get_data(as_text=True)
        assert damaged.predict({"clients": [CLIENT]}).status_code == 200


def test_a_damaged_line_of_the_decisions_is_passed_over_and_the_rest_answers(settings: Settings) -> None:
    with opened(settings, deployed=True) as damaged:
        decisions = damaged.http.get("/deployments").get_json()
        journal = Layout.of(settings).deployments
        content = journal.read_bytes() if journal.exists() else b""
        journal.write_bytes(b'{"at": 1}\n' + content)

        assert damaged.http.get("/deployments").get_json() == decisions


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/prediction", 405),
        ("DELETE", "/clients", 405),
        ("GET", "/scoring?colour=red", 422),
        ("GET", "/healthz?x", 422),
        ("GET", "/clients?min_risk=2", 422),
        ("GET", "/clients?min_risk=nan", 422),
        ("GET", "/clients?sort=colour", 422),
        ("GET", "/clients?page=0", 422),
        ("GET", "/clients?page=1e3", 422),
        ("GET", "/clients?colour=red", 422),
        ("GET", "/v2/models/colour", 404),
    ],
)
def test_every_refusal_is_a_problem_document(home: Home, method: str, path: str, status: int) -> None:
    answer = home.http.open(path, method=method)

    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert answer.get_json()["status"] == status
    assert answer.headers["X-Model-Version"] == home.version


def test_a_method_that_is_not_allowed_names_those_that_are(home: Home) -> None:
    assert set(home.http.delete("/scoring").headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_an_unforeseen_error_is_a_sentence_too(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr(type(home.serving.generated), "drift", fail)

    answer = home.http.get("/drift")

    assert answer.status_code == 500
    assert answer.get_json()["detail"] == "the server failed; its log says why"
    assert "secret" not in answer.get_data(as_text=True)


def test_every_answer_tells_browsers_to_be_careful(home: Home) -> None:
    for path in ("/healthz", "/nowhere", "/model", "/openapi/openapi.json"):
        headers = home.http.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe-inline" not in home.http.get("/model").headers["Content-Security-Policy"]


def test_the_documentation_comes_from_this_server_alone(home: Home) -> None:
    document = home.http.get("/openapi/openapi.json").get_json()
    page = home.http.get("/openapi/swagger").get_data(as_text=True)

    assert document["openapi"] == "3.1.0"
    assert {"/prediction", "/scoring", "/clients/{id}", "/v2/models/risk/infer"} <= set(document["paths"])
    assert 'src="http' not in page
    assert 'href="http' not in page
    script = home.http.get("/openapi/swagger/js/swagger-ui-bundle.js")
    assert script.status_code == 200
    script.close()


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Any:
    settings = make_settings(tmp_path_factory.mktemp("locked"), api_keys="first key, second")
    with opened(settings, deployed=True) as home:
        yield home


@pytest.mark.parametrize("path", ["/model", "/clients", "/metrics", "/nowhere", "/v2/models/risk"])
@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic first key", "second", "Bearer sécond"]
)
def test_without_a_key_of_ours_nothing_is_told(locked: Home, path: str, header: str | None) -> None:
    answer = locked.http.get(path, headers={"Authorization": header} if header is not None else {})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("key", ["first key", "second"])
def test_each_key_opens(locked: Home, key: str) -> None:
    assert locked.http.get("/model", headers={"Authorization": f"Bearer {key}"}).status_code == 200


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/v2/health/live", "/v2/health/ready", "/openapi/openapi.json"]
)
def test_probes_and_documentation_need_no_key(locked: Home, path: str) -> None:
    assert locked.http.get(path).status_code == 200


def test_the_document_asks_for_the_key(locked: Home) -> None:
    assert locked.http.get("/openapi/openapi.json").get_json()["security"] == [{"key": []}]


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost:8000", 200), ("127.0.0.1", 200), ("evil.example", 421), ("localhost.evil.example", 421)],
)
def test_on_the_loopback_only_its_own_names_are_answered(tmp_path: Path, host: str, status: int) -> None:
    with opened(make_settings(tmp_path), hosts={"localhost", "127.0.0.1"}) as home:
        assert home.http.get("/healthz", headers={"Host": host}).status_code == status
